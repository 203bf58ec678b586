"""How people are told of columns: what changes words and their order, and never a number."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Display:
    """How people are told of one column: its label, the unit of its numbers, and whether they can act on it.

    A column that is not `actionable` explains a risk, but nobody can change it: its reasons come last.

    >>> Display("seats", label="Products held").label
    'Products held'
    """

    name: str
    label: str | None = None
    unit: str | None = None
    actionable: bool = True


class Displayed:
    """What is told of columns where `display` describes some of them; any other has its name alone."""

    display: tuple[Display, ...]

    def label(self, name: str) -> str:
        """Return what people call a column: its name where no label is declared.

        >>> from risk_assets.domain.columns import Columns
        >>> columns = Columns("id", "left", "1", "0", (), display=(Display("seats", "Products held"),))
        >>> columns.label("seats"), columns.label("region")
        ('Products held', 'region')
        """
        found = self._display(name)
        return name if found is None or found.label is None else found.label

    def unit(self, name: str) -> str | None:
        """Return the unit of a column's numbers, None where none is declared.

        >>> from risk_assets.domain.columns import Columns
        >>> columns = Columns("id", "left", "1", "0", (), display=(Display("tenure", unit="months"),))
        >>> columns.unit("tenure"), columns.unit("region")
        ('months', None)
        """
        found = self._display(name)
        return None if found is None else found.unit

    def is_actionable(self, name: str) -> bool:
        """Whether anybody can act on a column, as on any that is not declared otherwise.

        >>> from risk_assets.domain.columns import Columns
        >>> columns = Columns("id", "left", "1", "0", (), display=(Display("age", actionable=False),))
        >>> columns.is_actionable("age"), columns.is_actionable("region")
        (False, True)
        """
        found = self._display(name)
        return found is None or found.actionable

    def _display(self, name: str) -> Display | None:
        return next((each for each in self.display if each.name == name), None)
