"""A project made from one's own files: `risk init`."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from risk_assets.domain.columns import Columns
from risk_assets.domain.file_form import MISSING
from risk_assets.domain.intake.column_roles import (
    Choice,
    ColumnFacts,
    ColumnRole,
    find_as_of,
    find_id,
    find_positive,
    find_target,
    role_of,
)
from risk_assets.domain.labels import usual_opposite
from risk_assets.engine.duck.session import open_duckdb
from risk_assets.engine.intake.scan import UnreadableError
from risk_assets.storage.project import ProjectError, write_project

if TYPE_CHECKING:
    from risk_assets.engine.intake.column_facts import FileFacts
    from risk_assets.engine.intake.undescribed import Opened

WIDEST_NAME = 32


@dataclass(frozen=True)
class Given:
    """What was said on the command line, None where a column is to be found."""

    id: str | None
    target: str | None
    positive: str | None
    as_of: str | None
    decimal: str | None


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--from",
    "sources",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    multiple=True,
    help="A file of clients; several are looked at together.",
)
@click.option("--id", help="The column that identifies a client.")
@click.option("--target", help="The column that tells who left.")
@click.option("--positive", help="The label of those that left.")
@click.option("--as-of", help='The date on which a row was observed, where clients have several; "" for none.')
@click.option(
    "--decimal", type=click.Choice([".", ","]), help='What separates decimals, where "1,234" may be either.'
)
def init(folder: Path, sources: tuple[Path, ...], **said: str | None) -> None:
    """Write a project into FOLDER: settings that describe your file, and the file in its place.

    What is not certain is asked on a terminal; elsewhere the options to pass are named.
    """
    from risk_assets.engine.intake.undescribed import open_together

    given, none = Given(**said), Columns("id", "target", "1", "0", ())
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        with open_duckdb(none, memory_limit="2GB", threads=None, spill=work / "spill") as session:
            try:
                with open_together(session, sources, work) as opened:
                    config, roles = _described(opened, given)
            except UnreadableError as error:
                raise click.ClickException(str(error)) from error
    try:
        write_project(folder, config, sources)
    except ProjectError as error:
        raise click.ClickException(str(error)) from error
    _tell(folder, roles)


def _described(opened: Opened, given: Given) -> tuple[dict[str, object], list[ColumnRole]]:
    """Return the settings for a file, and what each of its columns is taken for."""
    from risk_assets.engine.intake.column_facts import read_facts, with_auc

    facts = read_facts(opened.session, opened.rows, given.decimal)
    if facts.numbers.undecided:
        given = replace(given, decimal=_decimal(facts.numbers.fault or ""))
        facts = read_facts(opened.session, opened.rows, given.decimal)
    elif facts.numbers.fault:
        click.echo(f"Not certain: {facts.numbers.fault}. Say it in config.json before the first run.")
    by_name = {column.name: column for column in facts.columns}
    target = _chosen("target", given.target, find_target(facts.columns), by_name)
    positive = _positive(by_name[target.name], given.positive)
    facts = with_auc(opened.session, facts, target.name, positive)
    client = _chosen("id", given.id, find_id(facts.columns, target.name), by_name)
    as_of = _observed(given.as_of, find_as_of(facts.columns, client.name), by_name)
    known = {
        client.name: ColumnRole(client.name, "id", client.why),
        target.name: ColumnRole(target.name, "target", f"{target.why}; {positive!r} left"),
    }
    if as_of is not None:
        known[as_of.name] = ColumnRole(as_of.name, "as of", as_of.why)
    known |= {
        name: ColumnRole(name, "left out", f"not in {file}")
        for name, file in opened.lacking.items()
        if name not in known
    }
    roles = [known.get(column.name) or role_of(column) for column in facts.columns]
    return _config(opened, facts, roles, positive, given.decimal), roles


def _decimal(fault: str) -> str:
    """Ask what separates decimals, or name the option to pass."""
    said = fault.partition(": say which")[0]
    if not sys.stdin.isatty():
        raise click.UsageError(f"{said}: pass --decimal, one of . and ,")
    return str(click.prompt(f"{said}. What separates decimals?", type=click.Choice([".", ","])))


@dataclass(frozen=True)
class Chosen:
    """A column with the reason why it was taken."""

    name: str
    why: str


def _chosen(option: str, given: str | None, choice: Choice, columns: Mapping[str, ColumnFacts]) -> Chosen:
    if given is not None:
        return Chosen(_named(given, columns), "as you said")
    if choice.name is not None:
        return Chosen(choice.name, choice.why)
    candidates = ", ".join(choice.candidates or columns)
    if not sys.stdin.isatty():
        raise click.UsageError(f"not certain which column is the {option}: pass --{option}, one of {candidates}")
    answer = click.prompt(f"Which column is the {option}?", type=click.Choice([*(choice.candidates or columns)]))
    return Chosen(str(answer), "as you said")


def _observed(given: str | None, choice: Choice, columns: Mapping[str, ColumnFacts]) -> Chosen | None:
    """Return the date of observation, None where there is none or the empty option says so."""
    if given == "" or (given is None and not choice.sure and not choice.candidates):
        return None
    return _chosen("as-of", given, choice, columns)


def _named(name: str, columns: Mapping[str, ColumnFacts]) -> str:
    """Return the name as the file spells it."""
    found = next((each for each in columns if each.casefold() == name.casefold()), None)
    if found is None:
        raise click.UsageError(f"no column {name!r}; there are {', '.join(columns)}")
    return found


def _positive(target: ColumnFacts, given: str | None) -> str:
    labels = target.labels
    found = given if given is not None else find_positive(labels)
    if len(labels) != 2:  # noqa: PLR2004
        raise click.UsageError(f"{target.name} has {target.distinct} values, and an outcome has two")
    if found is not None and found in labels:
        return found
    said = " and ".join(f"{label!r} ({count:,} rows)" for label, count in labels.items())
    if given is not None:
        raise click.UsageError(f"{target.name} has no label {given!r}: pass --positive, {said}")
    if not sys.stdin.isatty():
        raise click.UsageError(f"not certain which label of {target.name} means left: pass --positive, {said}")
    return str(click.prompt(f"Which label of {target.name} means left?", type=click.Choice([*labels])))


def _config(
    opened: Opened, facts: FileFacts, roles: Sequence[ColumnRole], positive: str, decimal: str | None
) -> dict[str, object]:
    by_role: dict[str, list[str]] = {}
    for role in roles:
        by_role.setdefault(role.role, []).append(role.name)
    by_name = {column.name: column for column in facts.columns}
    [client], [target] = by_role["id"], by_role["target"]
    columns: dict[str, object] = {"id": client, "target": target, "positive": positive}
    if usual_opposite(positive) not in by_name[target].labels:
        columns["negative"] = next(label for label in by_name[target].labels if label != positive)
    if as_of := by_role.get("as of"):
        columns["as_of"] = as_of[0]
    columns["numeric"] = [
        {"name": name, "special": [int(code) for code in by_name[name].special]} if by_name[name].special else name
        for name in by_role.get("numeric", [])
    ]
    columns["categorical"] = by_role.get("categorical", [])
    columns["ignore"] = by_role.get("left out", [])
    folders = {
        "data_root": "data",
        "input_folder_path": "sourcedata",
        "output_folder_path": "ingesteddata",
        "output_model_path": "models",
        "prod_deployment_path": "production_deployment",
    }
    form = _form(opened, facts, decimal)
    return {**folders, "columns": columns, **({"format": form} if form else {})}


def _form(opened: Opened, facts: FileFacts, decimal: str | None) -> dict[str, object]:
    """Return what is not as programs write it; the rest is found in each file."""
    numbers, form = facts.numbers.format, {}
    if opened.form.delimiter:
        form["delimiter"] = opened.form.delimiter
    if decimal is not None or (not facts.numbers.fault and numbers.decimal != "."):
        form["decimal"] = numbers.decimal
    words = {word for column in facts.columns for word in column.words if word.lower() not in MISSING}
    return {**form, **({"missing": sorted(words)} if words else {})}


def _tell(folder: Path, roles: Sequence[ColumnRole]) -> None:
    """Print what each column was taken for, and what to do next."""
    width = min(max(len(role.name) for role in roles), WIDEST_NAME)
    order = ("id", "target", "as of", "numeric", "categorical", "left out")
    for role in sorted(roles, key=lambda role: order.index(role.role)):
        click.echo(f"{role.name:<{width}}  {role.role:<11}  {role.why}")
    click.echo(f"\n{folder / 'config.json'} says so; change it where it is wrong. Then, in {folder}:")
    click.echo("  risk run      the whole graph, ending with a summary")
    click.echo("  risk serve    the API and the pages")
    click.echo("  risk dev      Dagster's UI with its daemon")
