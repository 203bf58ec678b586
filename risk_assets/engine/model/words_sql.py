"""Risks and cells as people read them, in SQL: the twins of domain.model.words."""

from __future__ import annotations

from risk_assets.domain.figures import DIGITS
from risk_assets.domain.model.shapes import CategoricalShape, NumericShape
from risk_assets.domain.model.words import (
    LARGEST_PLAIN,
    LEAST_PLAIN,
    LEAST_RISK,
    MISSING,
    ONE_DECIMAL,
    TWO_DECIMALS,
)
from risk_assets.engine.model.shape_sql import number
from risk_assets.engine.sql import literal


def value_text(shape: NumericShape | CategoricalShape, column: str, unit: str | None = None) -> str:
    """Return the twin of domain.model.words.value_text."""
    after = f" || {literal(f' {unit}')}" if unit else ""
    if isinstance(shape, CategoricalShape):
        return f"coalesce({column}{after}, {literal(MISSING)})"
    x = f"CAST({column} AS DOUBLE)"
    text = f"CASE WHEN {x} = 0 THEN '0' WHEN {_is_plain(x)} THEN {_plain(x)} ELSE printf('%.2e', {x}) END"
    return f"CASE WHEN {x} IS NULL OR isnan({x}) THEN {literal(MISSING)} ELSE {text}{after} END"


def _is_plain(x: str) -> str:
    return f"abs({x}) >= {number(LEAST_PLAIN)} AND abs({x}) < {number(LARGEST_PLAIN)}"


def _plain(x: str) -> str:
    """Return the twin of domain.figures.plain."""
    rounded = "".join(
        f" WHEN abs({x}) >= {number(limit)} THEN printf('%.{digits}f', {x})" for limit, digits in DIGITS if digits
    )
    whole = f"printf('%.0f', {x})"
    [least] = (limit for limit, digits in DIGITS if not digits)
    return (
        f"CASE WHEN {x} = floor({x}) THEN {_grouped(x)} "
        f"WHEN abs({x}) >= {number(least)} THEN {_grouped(whole)}{rounded} END"
    )


def _grouped(whole: str) -> str:
    """Return a whole number, or its text, with a comma after each thousand."""
    return f"format('{{:,}}', CAST({whole} AS BIGINT))"


def risk_text(risk: str) -> str:
    """Return the twin of domain.model.words.risk_text."""
    least, most = f"{100 * LEAST_RISK:.1f}", f"{100 * (1 - LEAST_RISK):.1f}"
    nearest = f"least({risk}, 1e0 - {risk})"
    percent = f"(1e2 * {risk})"
    return (
        f"CASE WHEN {risk} < {number(LEAST_RISK)} THEN 'under {least} %' "
        f"WHEN {risk} > {number(1 - LEAST_RISK)} THEN 'over {most} %' "
        f"WHEN {nearest} < {number(TWO_DECIMALS)} THEN printf('%.2f', {percent}) || ' %' "
        f"WHEN {nearest} < {number(ONE_DECIMAL)} THEN printf('%.1f', {percent}) || ' %' "
        f"ELSE printf('%.0f', {percent}) || ' %' END"
    )
