from __future__ import annotations

from pathlib import Path

import pytest

from risk_assets.serve.metrics import exposition


def test_figures_whose_folder_was_tidied_away_are_none_and_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "tidied" / "away"))

    assert exposition() == b""
