from __future__ import annotations

import dagster as dg

from risk_assets.resources.declaration import Metadata, readable


def test_figures_that_people_read_in_the_ui_have_four_digits_and_all_else_is_as_it_was() -> None:
    check = dg.AssetCheckResult(passed=True, check_name="gate", metadata={"F1": 0.59134567891234, "why": "it is"})
    told: Metadata = {
        "AUC": 0.84216789,
        "rows": 123456789,
        "missing": dg.MetadataValue.json({"activity": 0.123456789}),
    }

    result: dg.MaterializeResult[None] = readable(
        dg.MaterializeResult(metadata=told, check_results=[check], data_version=dg.DataVersion("7"))
    )

    metadata = result.metadata or {}
    assert (metadata["AUC"], metadata["rows"]) == (0.8422, 123456789)
    assert metadata["missing"] == dg.MetadataValue.json({"activity": 0.1235})
    assert result.data_version == dg.DataVersion("7")
    [checked] = result.check_results
    assert checked.passed
    assert checked.metadata == {"F1": dg.MetadataValue.float(0.5913), "why": dg.MetadataValue.text("it is")}
