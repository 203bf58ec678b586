"""Choosing the form of each column, the strength of the penalty and the threshold, by cross-validation.

Knots, medians and categories come from all rows and are fixed beforehand; they do not depend on the target, so
the held-out log-loss is not biased by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.model.pipeline import Form, column_steps, knots_of, regression
from risk_assets.domain.scoring.f1 import f1_score

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Fold = tuple[NDArray[np.int64], NDArray[np.int64]]

FOLDS = 5
PENALTIES = (0.1, 1.0, 10.0, 100.0, 1000.0)
#: The penalty while forms are compared.
MIDDLE_PENALTY = 10.0


@dataclass(frozen=True)
class Candidate:
    """A model that was tried: its mean log-loss over held-out rows, and the standard error of that mean."""

    name: str
    log_loss: float
    standard_error: float


@dataclass(frozen=True)
class Choice:
    """What was chosen, all that was tried, and the held-out risk (n,) of each row under the chosen model."""

    forms: Mapping[str, Form]
    c: float
    candidates: tuple[Candidate, ...]
    risk: NDArray[np.float64]


def choose(
    features: pd.DataFrame,
    target: NDArray[np.int64],
    possible: Mapping[str, Sequence[Form]],
    *,
    seed: int,
    client_folds: NDArray[np.int64] | None = None,
) -> Choice:
    """Choose among the possible forms and penalties; each class has two rows, and some column varies.

    `client_folds` (n,) keeps the rows of a client in one fold; without it, folds are stratified.

    >>> from risk_assets.domain.simulate import simulate
    >>> from risk_assets_tests.domain.clients import labelled
    >>> features, target = labelled(simulate(500, seed=0))
    >>> choice = choose(features, target, {"lastmonth_activity": ("linear", "spline")}, seed=0)
    >>> choice.forms, choice.c
    ({'lastmonth_activity': 'linear'}, 10.0)
    """
    blocks = _Blocks(features)
    folds = _folds(target, seed, client_folds)
    forms, tried = _choose_forms(blocks, target, possible, folds)
    matrix = blocks.matrix(forms)
    risks = {c: _held_out(matrix, target, folds, c) for c in PENALTIES}
    penalties = [_candidate(f"C = {c:g}", _losses(target, risk)) for c, risk in risks.items()]
    best = min(range(len(penalties)), key=lambda index: penalties[index].log_loss)
    c = PENALTIES[best]
    return Choice(forms, c, (*tried, *penalties), risks[c])


class _Blocks:
    """The transformed columns, each computed once per form."""

    def __init__(self, features: pd.DataFrame) -> None:
        self._features = features
        self._known: dict[tuple[str, Form], NDArray[np.float64]] = {}

    def matrix(self, forms: Mapping[str, Form]) -> NDArray[np.float64]:
        """Return the design matrix of a model with these forms."""
        return np.hstack([self._block(name, form) for name, form in forms.items() if form != "constant"])

    def _block(self, name: str, form: Form) -> NDArray[np.float64]:
        if (name, form) not in self._known:
            steps = column_steps(form, knots_of(self._features, {name: form}).get(name))
            self._known[name, form] = steps.fit_transform(self._features[[name]])
        return self._known[name, form]


def _choose_forms(
    blocks: _Blocks, target: NDArray[np.int64], possible: Mapping[str, Sequence[Form]], folds: Sequence[Fold]
) -> tuple[dict[str, Form], list[Candidate]]:
    """Return the forms chosen and all that was tried: lines first, then one spline after another where it pays.

    The column whose spline alone has the least log-loss is first. A spline pays when the log-loss falls by more
    than one standard error: the rule of Breiman et al. 1984 (Classification and Regression Trees, section 3.4.3),
    here of the paired difference, as both models are scored on the same held-out rows.
    """

    def losses_of(forms: Mapping[str, Form]) -> NDArray[np.float64]:
        return _losses(target, _held_out(blocks.matrix(forms), target, folds, MIDDLE_PENALTY))

    chosen = {name: forms[0] for name, forms in possible.items()}
    losses = losses_of(chosen)
    tried = [_candidate("every column simple", losses)]
    splines = [name for name, forms in possible.items() if "spline" in forms]
    alone = {name: float(losses_of(_with_spline(chosen, name)).mean()) for name in splines}
    for name in sorted(splines, key=alone.__getitem__):
        losses_with = losses_of(_with_spline(chosen, name))
        tried.append(_candidate(f"and {name} as a spline", losses_with))
        gain = losses - losses_with
        if gain.mean() > gain.std(ddof=1) / np.sqrt(len(gain)):
            chosen, losses = _with_spline(chosen, name), losses_with
    return chosen, tried


def _with_spline(forms: Mapping[str, Form], name: str) -> dict[str, Form]:
    return {**forms, name: "spline"}


def _folds(target: NDArray[np.int64], seed: int, client_folds: NDArray[np.int64] | None) -> list[Fold]:
    """Return the folds of the clients, or stratified ones where there are none or one of them lacks a class."""
    from sklearn.model_selection import StratifiedKFold

    if client_folds is not None and np.bincount(client_folds * 2 + target, minlength=2 * FOLDS).all():
        return [
            (np.flatnonzero(client_folds != fold), np.flatnonzero(client_folds == fold)) for fold in range(FOLDS)
        ]
    count = min(FOLDS, int(np.bincount(target, minlength=2).min()))
    return list(StratifiedKFold(count, shuffle=True, random_state=seed).split(target, target))


def _held_out(
    matrix: NDArray[np.float64], target: NDArray[np.int64], folds: Sequence[Fold], c: float
) -> NDArray[np.float64]:
    """Return for each row the risk (n,) given by a model that was fitted without its fold."""
    risk = np.empty(len(target))
    for train, test in folds:
        model = regression(c).fit(matrix[train], target[train])
        risk[test] = model.predict_proba(matrix[test])[:, 1]
    return risk


def _losses(target: NDArray[np.int64], risk: NDArray[np.float64]) -> NDArray[np.float64]:
    tiny = np.finfo(np.float64).eps
    likelihood = np.where(target == 1, risk, 1 - risk)
    return np.asarray(-np.log(np.clip(likelihood, tiny, 1.0)))


def _candidate(name: str, losses: NDArray[np.float64]) -> Candidate:
    return Candidate(name, float(losses.mean()), float(losses.std(ddof=1) / np.sqrt(len(losses))))


def best_threshold(target: NDArray[np.int64], risk: NDArray[np.float64]) -> float:
    """Return the risk from which on calling clients positive gives the best F1; of equal ones the highest.

    F1 is computed at the end of each group of equal risks.

    >>> best_threshold(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.3, 0.8]))
    0.3
    """
    order = np.argsort(-risk, kind="stable")
    descending, hits = risk[order], np.cumsum(target[order])
    f1 = f1_score(hits, flagged=np.arange(1, len(risk) + 1), positives=hits[-1])
    last_of_group = np.concatenate([descending[1:] < descending[:-1], [True]])
    return float(descending[np.argmax(np.where(last_of_group, f1, -1.0))])
