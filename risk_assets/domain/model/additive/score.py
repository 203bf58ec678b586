"""Which pairs of columns act together: a score test of each pair's table on the residuals of the main effects.

With Z a pair's columns, F the main effects', W = weights x risk x (1 - risk) and r the residuals, the projected
columns are Z - F A, A = (F'WF)^- F'WZ, their score is u = (Z - F A)' r with the variance (Z - F A)' W (Z - F A),
and u' variance^- u is chi-square distributed where the pair does nothing (Cox and Hinkley 1974, section 9.3).

F holds more than was fitted: an indicator of each of many bins of each curve's column. A jump that a curve has
rounded off is then no pair of that column with another that goes along with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, cast

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csr_array
from scipy.special import chdtrc

from risk_assets.domain.model.additive.design import BLOCK_ROWS
from risk_assets.domain.model.additive.interval import client_scores
from risk_assets.domain.model.additive.pairs import Pair

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from risk_assets.domain.model.additive.design import Design
    from risk_assets.domain.model.additive.fit import Fitted
    from risk_assets.domain.model.additive.pairs import Margin
    from risk_assets.domain.model.additive.problem import Problem
    from risk_assets.domain.model.forms import Basis, Values

    Array = NDArray[np.float64]

#: Directions of a table with less information than this (about ten rows of risk 1/2) are left out of the test.
LEAST_INFORMATION = 2.5


@dataclass(frozen=True)
class ScoreTest:
    """What all tests share: residual and working weight (rows,), F'WF, F'r, and F by parts.

    F is the main effects' design beside the bins (rows, bins); `scores` holds F times the residual, summed by
    client, (clients, columns of F), where rows share clients.

    >>> from risk_assets.domain.model.additive.design import of_matrix
    >>> from risk_assets.domain.model.additive.fit import fit
    >>> from risk_assets.domain.model.additive.problem import Problem
    >>> one = Problem(of_matrix(np.ones((40, 1))), np.repeat([0.0, 1.0], 20), np.ones(40), ())
    >>> main = score_test(one, fit(one, np.zeros(0)), csr_array((40, 0)), None)
    >>> table = csr_array(np.repeat([[1.0], [-1.0]], 20, axis=0))
    >>> round(main.p_value(table, np.eye(1)), 6), main.moments(table, np.eye(1))[0].tolist()
    (0.0, [-20.0])
    >>> halves = csr_array(np.repeat(np.eye(2), 20, axis=0))
    >>> score_test(one, fit(one, np.zeros(0)), halves, None).jumps(slice(1, 3))[0].round(6).tolist()
    [10.0]
    """

    residual: Array
    working: Array
    design: Design
    bins: csr_array
    gram: Array
    score: Array
    clients: NDArray[np.intp] | None
    scores: Array | None

    @cached_property
    def _factor(self) -> tuple[Array, bool]:
        """Return the Cholesky factor of F'WF."""
        return ridged_factor(self.gram)

    def p_value(self, functions: csr_array, contrast: Array) -> float:
        """Return the p-value of a table given the main effects; functions (rows, q), contrast (q, width)."""
        return chi_square(*self.moments(functions, contrast))

    def moments(self, functions: csr_array, contrast: Array) -> tuple[Array, Array, Array]:
        """Return a table's projected score (width,), its variance and its information, (width, width) each."""
        table = functions @ contrast
        weighted = table * self.working[:, None]
        curves = self.design.contrast.T @ (self.design.functions.T @ weighted)
        cross = np.vstack([curves, self.bins.T @ weighted])
        rotated = cho_solve(self._factor, cross)
        score = table.T @ self.residual - rotated.T @ self.score
        known = table.T @ weighted - rotated.T @ cross
        if self.clients is None or self.scores is None:
            return score, known, known
        scores = client_scores(functions, self.residual, self.clients) @ contrast - self.scores @ rotated
        return score, scores.T @ scores, known

    def jumps(self, bins: slice) -> tuple[Array, Array, Array]:
        """Return what `moments` does, of the jumps between bins that are columns of F, given the design alone."""
        curves = slice(self.design.width)
        jumps = np.tri(bins.stop - bins.start)[:, 1:]
        cross = self.gram[curves, bins] @ jumps
        rotated = cho_solve(ridged_factor(self.gram[curves, curves]), cross)
        score = jumps.T @ self.score[bins] - rotated.T @ self.score[curves]
        known = jumps.T @ self.gram[bins, bins] @ jumps - rotated.T @ cross
        if self.scores is None:
            return score, known, known
        scores = self.scores[:, bins] @ jumps - self.scores[:, curves] @ rotated
        return score, scores.T @ scores, known


def score_test(problem: Problem, fitted: Fitted, bins: csr_array, clients: NDArray[np.intp] | None) -> ScoreTest:
    """Return what the tests of a fit's residuals share; bins (rows, bins), clients (rows,) or None.

    >>> from risk_assets.domain.model.additive.design import of_matrix
    >>> from risk_assets.domain.model.additive.fit import fit
    >>> from risk_assets.domain.model.additive.problem import Problem
    >>> one = Problem(of_matrix(np.ones((40, 1))), np.repeat([0.0, 1.0], 20), np.ones(40), ())
    >>> score_test(one, fit(one, np.zeros(0)), csr_array((40, 0)), None).residual[[0, -1]].tolist()
    [-0.5, 0.5]
    """
    residual, working = problem.residual(fitted.log_odds), problem.working(fitted.log_odds)
    across = np.zeros((bins.shape[1], problem.design.width))
    for block, rows in problem.design.blocks():
        across += bins[block].T @ (rows * working[block, None])
    alone = (bins.multiply(working[:, None]).T @ bins).toarray()
    gram = np.block([[problem.design.gram(working), across.T], [across, alone]])
    score = np.concatenate([problem.design.summed(residual), bins.T @ residual])
    scores = None
    if clients is not None:
        curves = client_scores(problem.design.functions, residual, clients) @ problem.design.contrast
        scores = np.hstack([curves, client_scores(bins, residual, clients).toarray()])
    return ScoreTest(residual, working, problem.design, bins, gram, score, clients, scores)


def ridged_factor(gram: Array) -> tuple[Array, bool]:
    """Return the Cholesky factor of a Gram matrix with a ridge that only matters where it is singular.

    >>> ridged_factor(np.array([[4.0]]))[0].tolist()
    [[2.0]]
    """
    ridge = 1e-8 * np.trace(gram) / len(gram) + 1e-12
    return cast("tuple[Array, bool]", cho_factor(gram + ridge * np.eye(len(gram))))


def chi_square(score: Array, variance: Array, known: Array) -> float:
    """Return the p-value of a score (width,) with a variance and an information, (width, width) each.

    >>> round(chi_square(np.array([6.0]), np.array([[9.0]]), np.array([[9.0]])), 4)
    0.0455
    """
    values, vectors = np.linalg.eigh(known)
    kept = vectors[:, values > LEAST_INFORMATION]
    if not kept.shape[1]:
        return 1.0
    reduced = kept.T @ variance @ kept
    small, turned = np.linalg.eigh(reduced)
    rank = small > 1e-9 * small[-1]
    along = (turned.T @ (kept.T @ score))[rank]
    return float(chdtrc(int(rank.sum()), float(np.sum(along**2 / small[rank]))))


def screened(
    margins: Sequence[Margin], columns: Mapping[str, Values], main: ScoreTest, level: float
) -> list[Pair]:
    """Return the pairs of columns that pass a first test at `level`, the strongest first; columns (rows,) by name.

    The first test projects out the two columns' own small bases alone, which leaves more variance than projecting
    out all, and costs far less: sums over the products of each column's own functions hold all that it needs.

    >>> from risk_assets.domain.model.additive.design import of_matrix
    >>> from risk_assets.domain.model.additive.fit import fit
    >>> from risk_assets.domain.model.additive.problem import Problem
    >>> from risk_assets.domain.model.additive.pairs import margin
    >>> x, z = np.arange(400.0) % 20, np.arange(400.0) // 20
    >>> one = Problem(of_matrix(np.ones((400, 1))), ((x > 9) == (z > 9)).astype(float), np.ones(400), ())
    >>> main = score_test(one, fit(one, np.zeros(0)), csr_array((400, 0)), None)
    >>> [pair.name for pair in screened([margin("x", x), margin("z", z)], {"x": x, "z": z}, main, 0.05)]
    ['x x z']
    """
    sums = _Sums.of([(side.basis, columns[side.basis.column]) for side in margins], main)
    found = []
    for left, right in combinations(range(len(margins)), 2):
        pair = Pair(margins[left], margins[right])
        if pair.width:
            found.append((_first(*sums.pair(left, right), pair.contrast, pair.left.basis.size), left, right))
    return [Pair(margins[left], margins[right]) for p_value, left, right in sorted(found) if p_value < level]


def _first(gram: Array, score: Array, contrast: Array, size: int) -> float:
    """Return the first test's p-value; gram (products, products) and score (products,) of two bases' products."""
    other = len(gram) // size
    own = np.hstack([np.kron(np.eye(size), np.ones((other, 1))), np.kron(np.ones((size, 1)), np.eye(other))])
    cross = own.T @ gram @ contrast
    rotated = cho_solve(ridged_factor(own.T @ gram @ own), cross)
    known = contrast.T @ gram @ contrast - rotated.T @ cross
    return chi_square(contrast.T @ score - rotated.T @ (own.T @ score), known, known)


@dataclass(frozen=True)
class _Sums:
    """Sums over rows of products of the functions of two columns, and of products of their squares and neighbours.

    `places` gives for each column, for each two of its functions, which of the columns of `gram` is their product;
    `spans` gives which columns of `scores` are a column's functions.
    """

    places: list[NDArray[np.intp]]
    spans: list[slice]
    gram: Array
    scores: Array

    @classmethod
    def of(cls, sides: list[tuple[Basis, Values]], main: ScoreTest) -> _Sums:
        sizes = [basis.size for basis, _ in sides]
        places: list[NDArray[np.intp]] = []
        for basis, _ in sides:
            places.append(_products_of(basis, int(places[-1].max()) + 1 if places else 0))
        count = int(places[-1].max()) + 1
        ends = np.cumsum([0, *sizes]).tolist()
        gram, scores = np.zeros((count + 1, count + 1)), np.zeros((ends[-1], ends[-1]))
        for start in range(0, len(main.residual), BLOCK_ROWS):
            block = slice(start, start + BLOCK_ROWS)
            functions = [basis.evaluate(values[block]) for basis, values in sides]
            flat = np.hstack(functions)
            scores += flat.T @ (flat * main.residual[block, None])
            squares = np.hstack([_squares(*each) for each in zip(functions, places, strict=True)])
            gram[:-1, :-1] += squares.T @ (squares * main.working[block, None])
        spans = [slice(start, end) for start, end in pairwise(ends)]
        return cls(places, spans, gram, scores)

    def pair(self, left: int, right: int) -> tuple[Array, Array]:
        """Return P'WP and P'r of the products P of two columns' functions."""
        one, two = self.places[left], self.places[right]
        size = len(one) * len(two)
        gram = self.gram[one[:, :, None, None], two[None, None, :, :]].transpose(0, 2, 1, 3)
        return gram.reshape(size, size), self.scores[self.spans[left], self.spans[right]].ravel()


def _products_of(basis: Basis, start: int) -> NDArray[np.intp]:
    """Return the numbers, from `start` on, of a basis's products of two functions; -1 where they never meet."""
    meet = np.eye(basis.size, dtype=bool)
    before = np.arange(basis.curve_size - 1)
    meet[before, before + 1] = True
    found = np.full(meet.shape, -1)
    found[meet] = np.arange(start, start + int(meet.sum()))
    return np.asarray(np.maximum(found, found.T))


def _squares(functions: Array, places: NDArray[np.intp]) -> Array:
    one, two = np.nonzero(np.triu(places >= 0))
    return functions[:, one] * functions[:, two]
