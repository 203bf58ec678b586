"""The other side of benchmarks/scale.py: pandas and scikit-learn on the same finaldata, as one would write it.

    python benchmarks/scale_sides.py train|fit|rank CONFIG

Prints its seconds by part as JSON. `train` is not another side but training in the engine by itself. `fit` reads
finaldata and fits the pipeline that was trained anew: same forms, knots and C. `rank` scores every row with
predict_proba, chunk by chunk, keeps each client's last one and writes the ranking with reasons as parquet and CSV.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from typing import Any

from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.settings import Settings, load_settings
from risk_assets.storage.intake.finaldata import require_ingestion
from risk_assets.storage.intake.part_files import rows_of, rows_with_redelivered
from risk_assets.storage.layout import Layout
from risk_assets.storage.records import read_record

CHUNK = 1_000_000


def main() -> None:
    """Run one side and print what it took."""
    side, config = sys.argv[1:]
    settings = load_settings(config)
    layout = Layout.of(settings)
    target = settings.columns.to_columns().target
    if side == "train":
        print(json.dumps({"parts": _train(layout, settings)}))
        return
    print(json.dumps({"parts": (_fit if side == "fit" else _rank)(layout, settings.columns.id, target)}))


def _train(layout: Layout, settings: Settings) -> dict[str, float]:
    from risk_assets.engine.model.training import train_on
    from risk_assets.engine.model.training_rows import training_table
    from risk_assets.engine.opening import open_session

    started = time.perf_counter()
    with open_session(
        settings.columns.to_columns(),
        settings.engine,
        memory_limit=settings.memory_limit,
        threads=settings.threads,
        spill=layout.ingested / ".spill",
        shared=layout.ingested / ".spark",
    ) as session:
        found = rows_of(layout, require_ingestion(layout))
        with training_table(session, found, "training", most_rows=settings.max_training_rows) as rows:
            train_on(session, rows, threshold=None)
    return {"train": time.perf_counter() - started}


def _fit(layout: Layout, client: str, target: str) -> dict[str, float]:
    import joblib
    import pandas as pd
    from sklearn.base import clone
    from threadpoolctl import threadpool_limits

    started = time.perf_counter()
    table = pd.concat([pd.read_parquet(part) for part in rows_of(layout, require_ingestion(layout)).parts])
    features = table.drop(columns=[client, target]).astype("float64")
    read = time.perf_counter()
    with threadpool_limits(1):  # the quicker way: the matrices have few columns
        clone(joblib.load(layout.trainedmodel)).fit(features, table[target].to_numpy())
    return {"read": read - started, "fit": time.perf_counter() - read}


def _rank(layout: Layout, client: str, target: str) -> dict[str, float]:
    import joblib
    import pandas as pd

    parquet: Any = importlib.import_module("pyarrow.parquet")
    started = time.perf_counter()
    pipeline = joblib.load(layout.trainedmodel)
    found = []
    for part in rows_with_redelivered(layout, require_ingestion(layout)).parts:
        for batch in parquet.ParquetFile(part).iter_batches(CHUNK):
            chunk: pd.DataFrame = batch.to_pandas().drop(columns=target)
            features = chunk.drop(columns=client).astype("float64")
            found.append(chunk.assign(risk=pipeline.predict_proba(features)[:, 1]))
    ranking = pd.concat(found).drop_duplicates(client, keep="last")
    ranking = ranking.sort_values(["risk", client], ascending=[False, True], ignore_index=True)
    ranking["rank"] = ranking.index + 1
    ranking["decile"] = 1 + ranking.index * 10 // max(len(ranking), 1)
    scored = time.perf_counter()
    for place, texts in enumerate(zip(*_reasons(layout, ranking), strict=True), start=1):
        ranking[f"reason_{place}"] = texts
    worded = time.perf_counter()
    columns = [client, "risk", "rank", "decile", "reason_1", "reason_2", "reason_3"]
    folder = layout.models / ".side"
    folder.mkdir(exist_ok=True)
    ranking[columns].to_parquet(folder / "client_risk.parquet")
    ranking[columns].to_csv(folder / "client_risk.csv", index=False, float_format="%.6f")
    written = time.perf_counter()
    return {"score and rank": scored - started, "reasons": worded - scored, "write": written - worded}


def _reasons(layout: Layout, ranking: Any) -> list[tuple[str | None, ...]]:  # noqa: ANN401  # pandas is loaded late
    """Word the reasons as domain.reasons does, in Python."""
    from risk_assets.domain.model.reasons import reasons

    scorecard = read_record(layout.scorecard, Scorecard)
    columns = {name: ranking[name].to_numpy(dtype="float64") for name in scorecard.features}
    worded = ([reason.text for reason in each] for each in reasons(scorecard, columns))
    return [(*texts, *[None] * (3 - len(texts))) for texts in worded]


if __name__ == "__main__":
    main()
