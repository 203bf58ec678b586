from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def modules_after(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(*sorted(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(result.stdout.split())


@pytest.mark.parametrize(
    "library", ["numpy", "pandas", "sklearn", "matplotlib", "reportlab", "duckdb", "scipy", "flask"]
)
def test_loading_the_definitions_leaves_libraries_to_the_assets_that_use_them(library: str) -> None:
    assert library not in modules_after("import risk_assets.definitions")


def test_importing_the_package_imports_nothing() -> None:
    assert not {name for name in modules_after("import risk_assets") if name.startswith("risk_assets.")}


def test_no_registry_address_stands_in_the_lock() -> None:
    assert "://" not in (ROOT / "requirements.lock").read_text()


def test_every_declared_dependency_is_locked_with_hashes() -> None:
    blocks = (ROOT / "requirements.lock").read_text().split("\n")
    pins = [line for line in blocks if "==" in line and not line.startswith(" ")]
    assert len(pins) > 50
    assert all(line.endswith("\\") for line in pins)
