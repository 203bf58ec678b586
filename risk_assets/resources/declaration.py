"""How an asset is declared: in one place what it reads and writes, from which lineage and mirroring follow."""

import functools
import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any, TypeVar, cast

import dagster as dg

from risk_assets.domain.figures import rounded
from risk_assets.resources.home import Home
from risk_assets.resources.page_links import page_of
from risk_assets.settings import Settings
from risk_assets.storage.faults import explain

R = TypeVar("R")

CODE_VERSION_TAG = "dagster/code_version"
INPUT_VERSION_TAG = "dagster/input_data_version"

#: An asset's metadata under these keys names what it reads, and the settings that its result depends on.
READS, SETTINGS = "reads", "settings"
#: What of the columns changes words and no number: who shows them names these too, as "columns.display".
WORDS_OF_COLUMNS = frozenset({"display", "shown"})
#: Dagster's UI folds groups away as soon as there are two.
GROUP = "attrition_risk"

#: What an asset may tell about itself in the UI.
Metadata = Mapping[
    str, dg.MetadataValue[Any] | dg.TableSchema | dg.TableColumnLineage | Path | dict[str, Any] | float | str
]


def graph_asset(
    *,
    upstream: Sequence[str],
    code_version: str,
    owners: Sequence[str],
    kinds: AbstractSet[str],
    also_reads: Sequence[str] = (),
    settings: Sequence[str] = (),
    pool: str | None = None,
    check_specs: Sequence[dg.AssetCheckSpec] = (),
) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """Declare an asset that reads `upstream` and `also_reads`, and writes the files of its own name.

    Names are units (storage/units.py). `upstream` is the lineage: a change of it makes the asset stale. What is in
    `also_reads` is read as it is when the asset is made; its changes alone are no reason to make it again. Where
    folders are URLs, both are pulled before the asset is made, and its own files are pushed afterwards. The result
    depends on `settings`, of the columns without their words unless these are named too. The other arguments are
    those of `dagster.asset`.
    """

    def declare(body: Callable[..., Any]) -> dg.AssetsDefinition:
        reads = (*upstream, *also_reads)
        return dg.asset(
            deps=[*upstream],
            metadata={READS: [*reads], SETTINGS: [*settings]},
            group_name=GROUP,
            code_version=code_version,
            owners=[*owners],
            kinds={*kinds},
            pool=pool,
            check_specs=[*check_specs],
        )(_mirrored(body, body.__name__, reads))

    return declare


def graph_check(*, asset: str, description: str) -> Callable[[Callable[..., Any]], dg.AssetChecksDefinition]:
    """Declare a check that reads the files of its asset."""

    def declare(body: Callable[..., Any]) -> dg.AssetChecksDefinition:
        return dg.asset_check(asset=asset, description=description)(_mirrored(body, None, (asset,)))

    return declare


def _mirrored(body: Callable[..., R], writes: str | None, reads: Sequence[str]) -> Callable[..., R]:
    """Pull what a step reads before it, push what it wrote after it, and round the figures that it tells."""

    @functools.wraps(body)
    def step(*arguments: object, **named: object) -> R:
        home = named["home"]
        assert isinstance(home, Home)
        with home.mirror.working(writes, *reads):
            try:
                return readable(body(*arguments, **named))
            except Exception as error:
                fault = explain(error, home.layout.data_root)
                if fault is None:
                    raise
                raise fault from error

    return step


def readable(result: R) -> R:
    """Round the figures that an asset or a check tells about itself: people read them, programs read the files."""
    if isinstance(result, dg.MaterializeResult):
        checks = [readable(check) for check in result.check_results or ()]
        return result._replace(metadata=_rounded(result.metadata or {}), check_results=checks)
    if isinstance(result, dg.AssetCheckResult):
        return cast("R", result.with_metadata(_rounded(result.metadata)))
    return result


def _rounded(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _rounded_value(getattr(value, "value", value), value) for name, value in metadata.items()}


def _rounded_value(content: object, value: object) -> object:
    """Return a float, or a mapping of names to floats, with four digits; anything else as it is."""
    if isinstance(content, float) and math.isfinite(content):
        return rounded(content)
    if isinstance(content, dict) and content and all(isinstance(each, float) for each in content.values()):
        return dg.MetadataValue.json({name: rounded(each) for name, each in content.items()})
    return value


def with_settings(spec: dg.AssetSpec, settings: Settings) -> dg.AssetSpec:
    """Return the spec with a code version that changes with the settings its metadata names.

    Dagster does not know of settings, so a changed one would leave the asset looking fresh. What is not configured
    is no upstream either. Where the pages have an address, the spec links to the one that shows the asset.
    """
    absent = absent_keys(settings)
    reads = {READS: [key for key in spec.metadata[READS] if key not in absent]} if READS in spec.metadata else {}
    return spec.replace_attributes(
        code_version=code_version(spec.code_version, spec.metadata, settings),
        deps=[dep for dep in spec.deps if dep.asset_key.to_user_string() not in absent],
        metadata={**spec.metadata, **reads, **_page_link(spec, settings)},
    )


def _page_link(spec: dg.AssetSpec, settings: Settings) -> Metadata:
    page = page_of(spec.key.to_user_string())
    if page is None or settings.pages_url is None:
        return {}
    return {"page": dg.MetadataValue.url(f"{settings.pages_url.rstrip('/')}{page}")}


def absent_keys(settings: Settings) -> frozenset[str]:
    """Return the keys of assets that these settings do without."""
    outcomes = settings.outcomes
    configured = {"testdata": settings.test_data_path} | dict.fromkeys(
        ("outcomes", "backtest", "contacts"), outcomes
    )
    return frozenset(key for key, setting in configured.items() if setting is None)


def code_version(declared: str | None, metadata: Mapping[str, Any], settings: Settings) -> str | None:
    """Return a declared code version with a digest of the settings that the metadata names.

    A version that has a digest already gets a new one: the daemon may have loaded it before the settings changed.
    """
    names = metadata.get(SETTINGS)
    if declared is None or not names:
        return declared
    values = _values(settings, frozenset(getattr(names, "value", names)))
    return f"{declared.partition('-')[0]}-{hashlib.sha256(values.encode()).hexdigest()[:8]}"


def _values(settings: Settings, names: AbstractSet[str]) -> str:
    """Return the settings of these names as JSON, those of the columns without words that are not named."""
    shown = {key for key in WORDS_OF_COLUMNS if f"columns.{key}" in names}
    included: dict[str, Any] = {"columns": shown} | {name: True for name in names if "." not in name}
    return settings.model_dump_json(include=included, exclude={"columns": set(WORDS_OF_COLUMNS - shown)})
