"""The only owner of file and folder names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from risk_assets.domain.file_form import FileForm
from risk_assets.engine.intake.formats import SUFFIXES
from risk_assets.settings import Settings, SettingsError
from risk_assets.settings.object_storage import is_url

PREDICTIONS = "predictions"

#: How names end while a file is being written.
UNFINISHED = (".tmp", ".part", ".crdownload", ".filepart")


@dataclass(frozen=True)
class _Named:
    """A file or folder below one of the folders of a layout."""

    folder: str
    name: str

    def __get__(self, layout: Layout | None, owner: type[Layout]) -> Path:
        if layout is None:
            raise AttributeError(f"{owner.__name__}: which one? its folders are where the settings say")
        folder: Path = getattr(layout, self.folder)
        return folder / self.name


@dataclass(frozen=True)
class Layout:
    """Where everything lives; each path is absolute and below the data root unless config says otherwise.

    Where `test_share` is given no folder holds test clients, and so many of all clients are set apart. Files of
    testdata are written as `test_form` says, by default as client files. All paths are local. Where a folder is
    named by a URL, `urls` has it, and the folder is the URL's mirror.
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
    test_form: FileForm | None = None

    # ingesteddata
    #: A parquet dataset: one part per source file.
    finaldata_parquet = _Named("ingested", "finaldata.parquet")
    #: Last rows of clients that are in an earlier file too: a client may return to an earlier state.
    redelivered = _Named("ingested", "redelivered")
    #: Distinct valid rows and refused rows of each source file by content; a cache that can be rebuilt.
    parsed = _Named("ingested", "parsed")
    #: The dates of leaving: one part per file of outcomes.
    outcomes_parquet = _Named("ingested", "outcomes.parquet")
    #: What `parsed` is to files of clients, for files of outcomes.
    outcomes_parsed = _Named("ingested", "outcomes_parsed")
    #: Refused rows of outcomes, one CSV per file.
    outcomes_quarantine = _Named("ingested", "outcomes_quarantine")
    #: Between which dates of leaving each client was there, one file by content.
    leavings = _Named("ingested", "leavings")
    #: All rows for people.
    finaldata_csv = _Named("ingested", "finaldata.csv")
    #: A date line, then the names of the files.
    ingestedfiles = _Named("ingested", "ingestedfiles.txt")
    #: The account of every file; written last, it is what makes finaldata valid.
    ingestion = _Named("ingested", "ingestion.json")
    #: Whether the content of each file looks sound, and what people said of it, one JSON line each.
    feed_verdicts = _Named("ingested", "feed_verdicts.jsonl")
    #: The versions of the objects that finaldata was made from, where the input folder is a URL.
    source_objects = _Named("ingested", "sourceobjects.json")
    #: Refused rows, one CSV per source file.
    quarantine = _Named("ingested", "quarantine")
    #: Refused rows of the last ingestion that failed for them, one CSV per source file.
    refused = _Named("ingested", "refused")
    #: What an ingestion writes before it is done; there only while it runs, or after a crash.
    ingestion_work = _Named("ingested", ".work")
    #: How far each database is read, one folder per source.
    sources = _Named("ingested", "sources")
    # models
    #: The fitted pipeline, by joblib.
    trainedmodel = _Named("models", "trainedmodel.pkl")
    #: The same model as portable JSON.
    scorecard = _Named("models", "scorecard.json")
    #: How the model was trained: rows, seconds, data version, choices.
    training = _Named("models", "training.json")
    #: The profile of the training rows.
    reference = _Named("models", "reference.json")
    #: The account of finaldata as it was when the model was trained.
    trained_on = _Named("models", "ingestion.json")
    #: The same as a date line and the names of the files.
    trained_on_files = _Named("models", "ingestedfiles.txt")
    #: Fingerprints of the rows that the model was trained on.
    trained_rows = _Named("models", "trained_rows.parquet")
    #: The F1 score, one line.
    latestscore = _Named("models", "latestscore.txt")
    #: Every metric with its interval.
    metrics = _Named("models", "metrics.json")
    #: The confusion matrix as a picture.
    confusionmatrix = _Named("models", "confusionmatrix.png")
    #: Every client's risk, rank and reasons.
    client_risk_parquet = _Named("models", "client_risk.parquet")
    #: The version that the ranking was made with, and its threshold.
    client_risk_origin = _Named("models", "client_risk.json")
    #: Every client, current or left.
    client_status = _Named("models", "client_status.parquet")
    #: The same for spreadsheets.
    client_risk_csv = _Named("models", "client_risk.csv")
    #: The verdict on the deployed model.
    drift = _Named("models", "drift.json")
    #: What past lists would have been worth.
    backtest = _Named("models", "backtest.json")
    #: Every verdict so far, one JSON line each.
    drift_history = _Named("models", "drift_history.jsonl")
    #: Every score so far, one JSON line each.
    score_history = _Named("models", "score_history.jsonl")
    #: Statistics, timings and dependencies.
    diagnostics = _Named("models", "diagnostics.json")
    #: The report for people.
    summary_report = _Named("models", "summary_report.pdf")
    #: The report's charts as pictures.
    charts = _Named("models", "charts")
    #: What the API answered to `risk call`.
    apireturns = _Named("models", "apireturns.txt")
    # production_deployment
    #: One folder per deployed or held version.
    versions = _Named("deployment", "versions")
    #: A file with the name of the version that serves.
    current = _Named("deployment", "current")
    #: Every decision, one JSON line each.
    deployments = _Named("deployment", "deployments.jsonl")
    #: The decision that is being carried out; there only while it is, or after a crash.
    pending = _Named("deployment", "pending.json")
    #: What client managers write down, unless a URL names another database.
    contacts = _Named("deployment", "contacts.sqlite")
    #: Who may ask: names, roles and hashes of keys.
    access_keys = _Named("deployment", "access_keys.json")
    #: Which digests were sent, one JSON line each.
    digests = _Named("deployment", "digests.jsonl")
    #: What signs the sessions of the pages.
    session_secret = _Named("deployment", ".session_secret")
    #: Who wrote or decided what, one JSON line each.
    audit_log = _Named("deployment", "audit.jsonl")
    #: What was served: daily files per worker.
    predictions = _Named("data_root", PREDICTIONS)

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
            test_form=settings.test_data_format.to_form() if settings.test_data_format else None,
            outcomes=folders.get("outcomes"),
            urls=tuple(remote),
        )

    def url_of(self, folder: Path) -> str | None:
        """Return the URL that a folder mirrors, None for one that is only here."""
        return dict(self.urls).get(folder)

    def source_files(self) -> tuple[Path, ...]:
        """Client files of the input folder, in reading order."""
        return _client_files(self.input, "input_folder_path")

    def nameless_files(self) -> tuple[Path, ...]:
        """Client files of the input folder that take no part, because their names are not UTF-8."""
        return tuple(file for file in self.input.iterdir() if _is_of_a_kind(file) and not _is_utf8(file.name))

    def unread_files(self) -> tuple[str, ...]:
        """Names of visible files in the input folder that are of no kind that is read, nor still being written."""
        if not self.input.is_dir():
            return ()
        files = (file for file in self.input.iterdir() if file.is_file() and not file.name.startswith("."))
        names = (file.name for file in files if not _is_of_a_kind(file))
        return tuple(sorted(printable(name) for name in names if not name.lower().endswith(UNFINISHED)))

    def test_files(self) -> tuple[Path, ...]:
        """Client files of the test folder, in reading order."""
        return _client_files(self.testdata, "test_data_path") if self.test_share is None else ()

    def outcome_files(self) -> tuple[Path, ...]:
        """Files of outcomes, in reading order."""
        return _client_files(self.outcomes, "outcomes") if self.outcomes else ()


def printable(name: str) -> str:
    """Return a name with the code of each byte that is not UTF-8."""
    return name.encode(errors="surrogateescape").decode(errors="backslashreplace")


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
