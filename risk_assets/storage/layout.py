"""The only owner of file and folder names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from risk_assets.engine.intake.formats import SUFFIXES
from risk_assets.settings import Settings, SettingsError
from risk_assets.settings.object_storage import is_url

PREDICTIONS = "predictions"


@dataclass(frozen=True)
class Layout:
    """Where everything lives; each path is absolute and below the data root unless config says otherwise.

    Where `test_share` is given no folder holds test clients, and so many of all clients are set apart. All paths
    are local. Where a folder is named by a URL, `urls` has it, and the folder is the URL's mirror.
    """

    data_root: Path
    input: Path
    testdata: Path
    ingested: Path
    models: Path
    deployment: Path
    outcomes: Path | None = None
    test_share: float | None = None
    urls: tuple[tuple[Path, str], ...] = ()

    @classmethod
    def of(cls, settings: Settings) -> Layout:
        """Return the layout that the settings name."""
        root, urls = settings.data_root, settings.urls

        folders = {
            key: settings.mirror(name) if is_url(name) else root / name for key, name in settings.folders.items()
        }
        remote = [(folder, urls[key]) for key, folder in folders.items() if key in urls]
        if settings.data_root_url:
            remote.append((root / PREDICTIONS, f"{settings.data_root_url}/{PREDICTIONS}"))
        return cls(
            root,
            input=folders["input_folder_path"],
            ingested=folders["output_folder_path"],
            models=folders["output_model_path"],
            deployment=folders["prod_deployment_path"],
            testdata=folders.get("test_data_path", root / "testdata"),
            test_share=settings.test_share if settings.test_data_path is None else None,
            outcomes=folders.get("outcomes"),
            urls=tuple(remote),
        )

    def url_of(self, folder: Path) -> str | None:
        """Return the URL that a folder mirrors, None for one that is only here."""
        return dict(self.urls).get(folder)

    # ingesteddata
    @property
    def finaldata_parquet(self) -> Path:
        """A parquet dataset: one part per source file."""
        return self.ingested / "finaldata.parquet"

    @property
    def redelivered(self) -> Path:
        """Last rows of clients that are in an earlier file too: a client may return to an earlier state."""
        return self.ingested / "redelivered"

    @property
    def parsed(self) -> Path:
        """Distinct valid rows and refused rows of each source file by content; a cache that can be rebuilt."""
        return self.ingested / "parsed"

    @property
    def outcomes_parquet(self) -> Path:
        """The dates of leaving: one part per file of outcomes."""
        return self.ingested / "outcomes.parquet"

    @property
    def outcomes_parsed(self) -> Path:
        """What `parsed` is to files of clients, for files of outcomes."""
        return self.ingested / "outcomes_parsed"

    @property
    def outcomes_quarantine(self) -> Path:
        """Refused rows of outcomes, one CSV per file."""
        return self.ingested / "outcomes_quarantine"

    @property
    def leavings(self) -> Path:
        """Between which dates of leaving each client was there, one file by content."""
        return self.ingested / "leavings"

    @property
    def finaldata_csv(self) -> Path:
        """All rows for people."""
        return self.ingested / "finaldata.csv"

    @property
    def ingestedfiles(self) -> Path:
        """A date line, then the names of the files."""
        return self.ingested / "ingestedfiles.txt"

    @property
    def ingestion(self) -> Path:
        """The account of every file; written last, it is what makes finaldata valid."""
        return self.ingested / "ingestion.json"

    @property
    def source_objects(self) -> Path:
        """The versions of the objects that finaldata was made from, where the input folder is a URL."""
        return self.ingested / "sourceobjects.json"

    @property
    def quarantine(self) -> Path:
        """Refused rows, one CSV per source file."""
        return self.ingested / "quarantine"

    @property
    def ingestion_work(self) -> Path:
        """What an ingestion writes before it is done; there only while it runs, or after a crash."""
        return self.ingested / ".work"

    @property
    def sources(self) -> Path:
        """How far each database is read, one folder per source."""
        return self.ingested / "sources"

    # models
    @property
    def trainedmodel(self) -> Path:
        """The fitted pipeline, by joblib."""
        return self.models / "trainedmodel.pkl"

    @property
    def scorecard(self) -> Path:
        """The same model as portable JSON."""
        return self.models / "scorecard.json"

    @property
    def training(self) -> Path:
        """How the model was trained: rows, seconds, data version, choices."""
        return self.models / "training.json"

    @property
    def reference(self) -> Path:
        """The profile of the training rows."""
        return self.models / "reference.json"

    @property
    def trained_on(self) -> Path:
        """The account of finaldata as it was when the model was trained."""
        return self.models / "ingestion.json"

    @property
    def trained_on_files(self) -> Path:
        """The same as a date line and the names of the files."""
        return self.models / "ingestedfiles.txt"

    @property
    def trained_rows(self) -> Path:
        """Fingerprints of the rows that the model was trained on."""
        return self.models / "trained_rows.parquet"

    @property
    def latestscore(self) -> Path:
        """The F1 score, one line."""
        return self.models / "latestscore.txt"

    @property
    def metrics(self) -> Path:
        """Every metric with its interval."""
        return self.models / "metrics.json"

    @property
    def confusionmatrix(self) -> Path:
        """The confusion matrix as a picture."""
        return self.models / "confusionmatrix.png"

    @property
    def client_risk_parquet(self) -> Path:
        """Every client's risk, rank and reasons."""
        return self.models / "client_risk.parquet"

    @property
    def client_status(self) -> Path:
        """Every client, current or left."""
        return self.models / "client_status.parquet"

    @property
    def client_risk_csv(self) -> Path:
        """The same for spreadsheets."""
        return self.models / "client_risk.csv"

    @property
    def drift(self) -> Path:
        """The verdict on the deployed model."""
        return self.models / "drift.json"

    @property
    def backtest(self) -> Path:
        """What past lists would have been worth."""
        return self.models / "backtest.json"

    @property
    def drift_history(self) -> Path:
        """Every verdict so far, one JSON line each."""
        return self.models / "drift_history.jsonl"

    @property
    def score_history(self) -> Path:
        """Every score so far, one JSON line each."""
        return self.models / "score_history.jsonl"

    @property
    def diagnostics(self) -> Path:
        """Statistics, timings and dependencies."""
        return self.models / "diagnostics.json"

    @property
    def summary_report(self) -> Path:
        """The report for people."""
        return self.models / "summary_report.pdf"

    @property
    def charts(self) -> Path:
        """The report's charts as pictures."""
        return self.models / "charts"

    @property
    def apireturns(self) -> Path:
        """What the API answered to `risk call`."""
        return self.models / "apireturns.txt"

    # production_deployment
    @property
    def versions(self) -> Path:
        """One folder per deployed or held version."""
        return self.deployment / "versions"

    @property
    def current(self) -> Path:
        """A file with the name of the version that serves."""
        return self.deployment / "current"

    @property
    def deployments(self) -> Path:
        """Every decision, one JSON line each."""
        return self.deployment / "deployments.jsonl"

    @property
    def pending(self) -> Path:
        """The decision that is being carried out; there only while it is, or after a crash."""
        return self.deployment / "pending.json"

    @property
    def predictions(self) -> Path:
        """What was served: daily files per worker."""
        return self.data_root / PREDICTIONS

    def source_files(self) -> tuple[Path, ...]:
        """Client files of the input folder, in reading order."""
        return _client_files(self.input, "input_folder_path")

    def nameless_files(self) -> tuple[Path, ...]:
        """Client files of the input folder that take no part, because their names are not UTF-8."""
        return tuple(file for file in self.input.iterdir() if _is_of_a_kind(file) and not _is_utf8(file.name))

    def test_files(self) -> tuple[Path, ...]:
        """Client files of the test folder, in reading order."""
        return _client_files(self.testdata, "test_data_path") if self.test_share is None else ()

    def outcome_files(self) -> tuple[Path, ...]:
        """Files of outcomes, in reading order."""
        return _client_files(self.outcomes, "outcomes") if self.outcomes else ()


def _client_files(folder: Path, key: str) -> tuple[Path, ...]:
    if not folder.is_dir():
        raise SettingsError(f"{key}: no such folder: {folder}")
    files = (file for file in folder.iterdir() if is_client_file(file))
    return tuple(sorted(files, key=lambda file: reading_order(file.name)))


def is_client_file(file: Path) -> bool:
    """Whether a file takes part: visible, a regular file, its name UTF-8, its kind known (not .tmp or .part)."""
    return _is_utf8(file.name) and _is_of_a_kind(file)


def _is_of_a_kind(file: Path) -> bool:
    name = file.name.lower()
    return not name.startswith(".") and name.endswith(SUFFIXES) and file.is_file()


def _is_utf8(name: str) -> bool:
    """Whether a name has no byte that the operating system's names have and UTF-8 has not."""
    return not any("\udc80" <= character <= "\udcff" for character in name)


def reading_order(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return a key that sorts names as people read them: clients2.csv before clients10.csv."""
    parts: list[tuple[int, int, str]] = []
    digits = ""
    for character in [*name, ""]:
        if character.isdecimal() and character.isascii():
            digits += character
            continue
        if digits:
            parts.append((0, int(digits), digits))
            digits = ""
        if character:
            parts.append((1, 0, character))
    return tuple(parts)
