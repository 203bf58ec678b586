"""What benchmarks/scale.py measures, and its results as a table."""

from __future__ import annotations

import textwrap
from typing import Any

ASSETS = (
    "finaldata",
    "trained_model",
    "latest_score",
    "deployed_model",
    "client_risk",
    "drift",
    "diagnostics",
    "report",
)
START, MORE, TENTH, FRESH = "start-up alone", "one more file", "a tenth more", "one more file of new clients"
#: Which waiting file comes in.
LATER = {MORE: 0, TENTH: 1, FRESH: 2}
STEPS = (START, *ASSETS, *(f"{asset}, {later}" for later in LATER for asset in ("finaldata", "drift")))
SIDES = {
    "trained_model": ("fit", "read the parquet with pandas and fit the same pipeline in scikit-learn"),
    "client_risk": ("rank", "predict_proba over pandas chunks and write the same files, reasons included"),
}
#: Of equal rows the first is held: neither changes an earlier part.
REPEATS = {MORE: "repeats rows of every earlier file", FRESH: "repeats none"}
#: Whose time per row is to stay the same.
JUDGED = ("finaldata", "trained_model", "client_risk", f"drift, {TENTH}")
BASE = 10_000_000


def table_of(results: dict[str, Any]) -> str:
    """Return the table in markdown: steps by rows, and the sentences below it."""
    sizes = sorted(results, key=int)
    if not sizes:
        return "Nothing is measured yet."
    largest = sizes[-1]
    ratio = str(BASE) in sizes and int(largest) > BASE
    heads = [f"{int(size) / 1e6:g} M rows: s | CPU s | GB" for size in sizes]
    compared = [f"time per row (CPU), {int(largest) / 1e6:g} M against {BASE / 1e6:g} M"] if ratio else []
    lines = [f"| {' | '.join(['', *heads, *compared])} |", "|---" * (1 + 3 * len(sizes) + len(compared)) + "|"]
    for step in STEPS:
        found = [results[size]["steps"].get(step) for size in sizes]
        cells = [_cells(each) if each else "- | - | -" for each in found]
        lines.append(f"| {' | '.join([step, *cells, *([_per_row(results, step, largest)] if ratio else [])])} |")
    told = [f"{int(size) / 1e6:g} M: {_circumstances(results[size])}" for size in sizes]
    sides = [line for size in sizes for line in _sides(results[size]["steps"], int(size))]
    more = [
        line
        for size in sizes
        for later, told in REPEATS.items()
        if (line := _one_more(results[size]["steps"], int(size), later, told))
    ]
    notes = [textwrap.fill(f"- {line}", 120, subsequent_indent="  ") for line in [*sides, *more, *told]]
    return "\n".join([*lines, "", *notes])


def _cells(step: dict[str, Any]) -> str:
    return f"{step['seconds']:.1f} | {step['cpu_seconds']:.1f} | {step['gigabytes']:.2f}"


def _per_row(results: dict[str, Any], step: str, largest: str) -> str:
    """Return the ratio of the times per row, the start-up of the process taken off both."""
    sizes = [results[size]["steps"] for size in (largest, str(BASE))]
    if not all(step in steps and START in steps for steps in sizes):
        return "-"
    ratios = []
    for clock in ("seconds", "cpu_seconds"):
        above, below = (steps[step][clock] - steps[START][clock] for steps in sizes)
        ratios.append(f"{above / int(largest) / (below / BASE):.2f}" if below > 0 else "-")
    told = f"{ratios[0]} ({ratios[1]})"
    return f"**{told}**" if step in JUDGED else told


def _sides(steps: dict[str, Any], rows: int) -> list[str]:
    lines = []
    for asset, (side, told) in SIDES.items():
        if side in steps and asset in steps:
            ours, theirs = steps[asset], steps[side]
            lines.append(
                f"{rows:,} rows, {asset}: {ours['seconds']:.1f} s and {ours['gigabytes']:.2f} GB, "
                f"{ours['seconds'] / theirs['seconds']:.2f} of the time (CPU "
                f"{ours['cpu_seconds'] / theirs['cpu_seconds']:.2f}) to {told} ({theirs['seconds']:.1f} s, "
                f"{theirs['gigabytes']:.2f} GB{_parts(theirs)}); both with the start of their process"
            )
    if "train" in steps and "fit" in steps:
        ours, theirs = steps["train"], steps["fit"]
        lines.append(
            f"{rows:,} rows, training in the engine by itself, without the profile, the fingerprints "
            f"and charts that trained_model makes too: {ours['seconds']:.1f} s and {ours['gigabytes']:.2f} GB, "
            f"{ours['seconds'] / theirs['seconds']:.2f} of the time (CPU "
            f"{ours['cpu_seconds'] / theirs['cpu_seconds']:.2f}) to read and fit in scikit-learn"
        )
    if "ingest" in steps:
        ours, theirs = steps["ingest"]["sides"]["risk_assets"], steps["ingest"]["sides"]["pandas"]
        speed, memory = theirs["seconds"] / ours["seconds"], ours["gigabytes"] / theirs["gigabytes"]
        told = f"{speed:.1f} times as fast as pandas, with {memory:.2f} of its memory"
        lines.append(f"{rows:,} rows, ingestion as in benchmarks/ingest.py: {told}")
    return lines


def _parts(found: dict[str, Any]) -> str:
    return "".join(f"; {told}: {seconds:.1f} s" for told, seconds in found.get("parts", {}).items())


def _one_more(steps: dict[str, Any], rows: int, later: str, repeats: str) -> str | None:
    full, more, start = (steps.get(name) for name in ("finaldata", f"finaldata, {later}", START))
    if not full or not more or not start:
        return None
    whole, cpu = (more[clock] / full[clock] for clock in ("seconds", "cpu_seconds"))
    work = (more["seconds"] - start["seconds"]) / (full["seconds"] - start["seconds"])
    told = f"{whole:.2f} of the full ingestion (CPU {cpu:.2f}), {work:.2f} without start-up"
    return f"{rows:,} rows: one more file that {repeats} costs {told}"


def _circumstances(size: dict[str, Any]) -> str:
    steps = size["steps"].values()
    loads = [step["load"] for step in steps]
    days = sorted({step["at"][:10] for step in steps})
    load = f"load average {min(loads):.1f} to {max(loads):.1f}"
    return f"{size['machine']}; {size['kind']} files; {load}; {', '.join(days)}"
