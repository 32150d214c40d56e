"""Logistic regression with a weak prior, pure: how much each of a few figures moves the odds.

Newton's method on the penalised likelihood (iteratively reweighted least squares: McCullagh and
Nelder, Generalized Linear Models, 1989, 4.4) with a ridge on the slopes (le Cessie and van
Houwelingen, Ridge estimators in logistic regression, 1992), which is a normal prior around 0; its
width is that of a weakly informative one for figures between 0 and 1 (Gelman and others, 2008).
The intervals are those of the normal approximation at the estimate.

Rules have a handful of criteria and programmes some thousand outcomes a year: that is a second of
plain Python at night, for which no numerical library has to be installed and loaded everywhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log1p, sqrt

PRIOR_WIDTH = 2.5
ENOUGH = 1e-9
"""A step so short ends the search."""
MOST_STEPS = 50
NINETY = 1.6449
"""So many standard errors to each side hold nine of ten."""

Vector = list[float]


@dataclass(frozen=True, slots=True)
class Slope:
    """What one figure adds to the log-odds when it goes from 0 to 1, and how surely."""

    value: float
    error: float

    @property
    def low(self) -> float:
        """The lower end of the 90 % interval."""
        return self.value - NINETY * self.error

    @property
    def high(self) -> float:
        """The upper end of the 90 % interval."""
        return self.value + NINETY * self.error


@dataclass(frozen=True, slots=True)
class Fit:
    """The log-odds where every figure is 0, and the slope of each."""

    base: float
    slopes: tuple[Slope, ...]


def chance(log_odds: float) -> float:
    """Return the probability of log-odds, without overflow."""
    if log_odds < 0:
        grown = exp(log_odds)
        return grown / (1 + grown)
    return 1 / (1 + exp(-log_odds))


def fit(rows: Sequence[Sequence[float]], happened: Sequence[bool]) -> Fit:
    """Fit what happened to the figures of each row; all rows are of one length."""
    many = Counter(zip((tuple(row) for row in rows), happened, strict=True))
    cases = [((1.0, *row), float(won), times) for (row, won), times in many.items()]
    size = len(rows[0]) + 1
    ridge = [0.0] + [1 / PRIOR_WIDTH**2] * (size - 1)
    beta = [0.0] * size
    lowest = _loss(cases, beta, ridge)
    for _step in range(MOST_STEPS):
        gradient, curvature = _around(cases, beta, ridge)
        step = _solve(_triangle(curvature), gradient)
        # far from the top a whole step may overshoot
        share = 1.0
        while True:
            tried = [b + share * s for b, s in zip(beta, step, strict=True)]
            loss = _loss(cases, tried, ridge)
            if loss <= lowest or share < ENOUGH:
                break
            share /= 2
        beta, lowest = tried, loss
        if max(abs(share * s) for s in step) < ENOUGH:
            break
    triangle = _triangle(_around(cases, beta, ridge)[1])
    slopes = []
    for place in range(1, size):
        unit = [float(place == other) for other in range(size)]
        slopes.append(Slope(beta[place], sqrt(_solve(triangle, unit)[place])))
    return Fit(beta[0], tuple(slopes))


Case = tuple[tuple[float, ...], float, int]


def _at(row: Sequence[float], beta: Sequence[float]) -> float:
    return sum(x * b for x, b in zip(row, beta, strict=True))


def _loss(cases: Sequence[Case], beta: Vector, ridge: Vector) -> float:
    """Return the negative penalised log-likelihood."""
    loss = sum(r * b * b for r, b in zip(ridge, beta, strict=True)) / 2
    for row, won, times in cases:
        odds = _at(row, beta)
        # log(1 + exp(odds)), whatever its size
        loss += times * (max(odds, 0.0) + log1p(exp(-abs(odds))) - won * odds)
    return loss


def _around(cases: Sequence[Case], beta: Vector, ridge: Vector) -> tuple[Vector, list[Vector]]:
    """Return gradient and curvature (the lower half) of the log-likelihood at `beta`."""
    size = len(beta)
    gradient = [-r * b for r, b in zip(ridge, beta, strict=True)]
    curvature = [[0.0] * (line + 1) for line in range(size)]
    for line, r in enumerate(ridge):
        curvature[line][line] = r
    for row, won, times in cases:
        expected = chance(_at(row, beta))
        missed, weight = times * (won - expected), times * expected * (1 - expected)
        for line, x in enumerate(row):
            if x:
                gradient[line] += missed * x
                scaled, sums = weight * x, curvature[line]
                for column in range(line + 1):
                    sums[column] += scaled * row[column]
    return gradient, curvature


def _triangle(matrix: list[Vector]) -> list[Vector]:
    """Return the Cholesky factor of a symmetric matrix given by its lower half."""
    factor: list[Vector] = []
    for line, values in enumerate(matrix):
        made: Vector = []
        for column in range(line):
            known = sum(a * b for a, b in zip(made, factor[column], strict=False))
            made.append((values[column] - known) / factor[column][column])
        made.append(sqrt(max(values[line] - sum(a * a for a in made), 1e-12)))
        factor.append(made)
    return factor


def _solve(triangle: list[Vector], wanted: Sequence[float]) -> Vector:
    """Solve a system by its Cholesky factor."""
    size = len(wanted)
    half: Vector = []
    for line in range(size):
        known = sum(a * b for a, b in zip(triangle[line], half, strict=False))
        half.append((wanted[line] - known) / triangle[line][line])
    found = [0.0] * size
    for line in reversed(range(size)):
        known = sum(triangle[below][line] * found[below] for below in range(line + 1, size))
        found[line] = (half[line] - known) / triangle[line][line]
    return found
