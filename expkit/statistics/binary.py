"""Proportions: exact tests of a binary metric, for one arm and for the difference of two, unpaired or paired.

One arm: the binomial test, and Clopper and Pearson's interval, which inverts it (the numbers of
`scipy.stats.binomtest().proportion_ci("exact")`).

Two arms: Fisher's test and the binomial test on discordant seeds know only the bound 0; an interval of the difference
has to test every bound. So all bounds are tested by one exact unconditional test, and the interval inverts it. Tables
are ordered by an approximate lower limit of the difference (Newcombe's, 1998, which rises with every success of the
treatment and falls with every success of the control; in pairs with the correlation that excluding each other gives
the two); the p of "the difference is at most d" is the largest probability of a table at least as far out, over all
pairs of proportions that differ by d. Because the order does not depend on d, this p rises with d, is valid for all
smaller differences as well, and its inversion is an interval: Buehler's limit (1957; Kabaila and Lloyd, 2003).
Fisher's p, or McNemar's exact p, of "no difference" is named beside it and decides nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, betainc, betaincinv, gammaln, xlog1py, xlogy

from expkit.statistics.moments import Floats

_Z = 1.959963984540054  # orders tables; no level of confidence depends on it
_TIE = 1e-12
_NEGLIGIBLE = 1e-18
_EXACT = 1e-14
_NEAR = 0.99
_REFINEMENTS = 6


@dataclass(frozen=True, kw_only=True)
class Proportion:
    """The share of an arm's seeds that succeed: `successes` of `n`."""

    successes: int
    n: int

    @property
    def estimate(self) -> float:
        """The observed share."""
        return self.successes / self.n

    def above(self, bound: float) -> float:
        """One-sided p of "the proportion is at most `bound`": the probability of so many successes or more."""
        if self.successes == 0 or bound >= 1:
            return 1.0
        return 0.0 if bound <= 0 else float(betainc(self.successes, self.n - self.successes + 1, bound))

    def below(self, bound: float) -> float:
        """One-sided p of "the proportion is at least `bound`": the probability of so many successes or fewer."""
        return Proportion(successes=self.n - self.successes, n=self.n).above(1 - bound)

    def interval(self, level: float) -> tuple[float, float]:
        """Clopper and Pearson's interval of confidence 1 - `level`."""
        x, rest = self.successes, self.n - self.successes
        low = float(betaincinv(x, rest + 1, level / 2)) if x else 0.0
        high = 1 - float(betaincinv(rest, x + 1, level / 2)) if rest else 1.0
        return low, high


@dataclass(frozen=True, kw_only=True)
class ProportionDifference:
    """Treatment's proportion minus control's, of two independent arms or, `in_pairs`, of the same seeds.

    In pairs, `treatment` counts the seeds on which only the treatment succeeds, `control` those on which only the
    control does, and both `n` are the number of pairs; the difference of these two shares is that of the arms.
    """

    treatment: Proportion
    control: Proportion
    in_pairs: bool

    @property
    def estimate(self) -> float:
        """The observed difference of the shares."""
        return self.treatment.estimate - self.control.estimate

    def above(self, bound: float) -> float:
        """One-sided p of "the difference is at most `bound`", exact and unconditional."""
        if bound >= 1:
            return 1.0
        return 0.0 if bound <= -1 else self._largest_tail(bound)

    def below(self, bound: float) -> float:
        """One-sided p of "the difference is at least `bound`", exact and unconditional."""
        return self._mirrored.above(-bound)

    def interval(self, level: float) -> tuple[float, float]:
        """All differences with both one-sided ps above level / 2."""
        return self._lower_limit(level), -self._mirrored._lower_limit(level)

    def conditional_p(self) -> float:
        """Two-sided p of "no difference" by Fisher's exact test; in pairs by the binomial test on discordant seeds."""
        # imported here: only this needs scipy.stats, which takes half a second
        from scipy.stats import binomtest, fisher_exact

        x, y = self.treatment, self.control
        if not self.in_pairs:
            return float(
                fisher_exact(np.array([[x.successes, x.n - x.successes], [y.successes, y.n - y.successes]])).pvalue
            )
        discordant = x.successes + y.successes
        return float(binomtest(x.successes, discordant).pvalue) if discordant else 1.0

    def chance(self, control: float, difference: float) -> float:
        """Probability of a table at least as far out, if these are the control's proportion and the difference."""
        return float(self._tail(np.array([control]), difference)[0])

    @cached_property
    def _mirrored(self) -> ProportionDifference:
        return ProportionDifference(treatment=self.control, control=self.treatment, in_pairs=self.in_pairs)

    def _lower_limit(self, level: float) -> float:
        # imported here: only differences of proportions need it, and it takes 0.2 s
        from scipy.optimize import brentq

        return float(brentq(lambda bound: self.above(bound) - level / 2, -1.0, 1.0, xtol=_EXACT))

    @cached_property
    def _most(self) -> NDArray[np.int64]:
        """For 0..n successes of the treatment: the most successes of the control that are still as far out; or -1."""
        successes = np.arange(self.treatment.n + 1)
        observed = self._order(np.asarray(self.treatment.successes), np.asarray(self.control.successes)) - _TIE
        low = np.full(successes.shape, -1)
        over = (self.control.n - successes if self.in_pairs else np.full(successes.shape, self.control.n)) + 1
        while (over - low > 1).any():
            middle = np.maximum((low + over) // 2, 0)
            far_out = (self._order(successes, middle) >= observed) & (middle < over)
            low, over = np.where(far_out, middle, low), np.where(far_out, over, middle)
        return low

    def _order(self, treatment: NDArray[np.int64], control: NDArray[np.int64]) -> Floats:
        """Newcombe's approximate lower limit of the difference for these successes."""
        p, q = np.asarray(treatment / self.treatment.n), np.asarray(control / self.control.n)
        down = p - _wilson(p, self.treatment.n)[0]
        up = _wilson(q, self.control.n)[1] - q
        variance = down**2 + up**2
        if self.in_pairs:
            # two shares of the same pairs exclude each other; half a success more keeps them off 0 and 1
            r, s = ((x + 0.5) / (self.treatment.n + 2) for x in (treatment, control))
            variance = variance + 2 * np.sqrt(r * s / ((1 - r) * (1 - s))) * down * up
        return np.asarray(p - q - np.sqrt(variance))

    def _largest_tail(self, difference: float) -> float:
        """The largest probability of a table at least as far out, over the control's proportion.

        A grid as fine as the binomial's own scale (even in the arcsine of the root) finds the peaks; around each that
        comes near the highest, finer and finer grids find its top.
        """
        smallest = max(0.0, -difference)
        largest = (1 - difference) / 2 if self.in_pairs else min(1.0, 1 - difference)
        points = 16 + 8 * math.isqrt(max(self.treatment.n, self.control.n))
        angles = np.linspace(math.asin(math.sqrt(smallest)), math.asin(math.sqrt(largest)), points)
        tails = self._tail(np.sin(angles) ** 2, difference)
        walled = np.concatenate([[-1.0], tails, [-1.0]])
        peaks = (tails >= walled[:-2]) & (tails >= walled[2:]) & (tails >= _NEAR * tails.max())
        return min(1.0, max(self._top(angles, tails, int(at), difference) for at in np.flatnonzero(peaks)))

    def _top(self, angles: Floats, tails: Floats, at: int, difference: float) -> float:
        """The top of the peak around `angles[at]`; each round divides the error by 64."""
        top = float(tails[at])
        for _ in range(_REFINEMENTS):
            angles = np.linspace(angles[max(at - 1, 0)], angles[min(at + 1, len(angles) - 1)], 17)
            tails = self._tail(np.sin(angles) ** 2, difference)
            at = int(tails.argmax())
            top = max(top, float(tails[at]))
        return top

    def _tail(self, control: Floats, difference: float) -> Floats:
        """Probability of a table at least as far out. control: float64 [m], its true proportion; result float64 [m]."""
        q = np.clip(control, 0, 1)[:, None]
        p = np.clip(q + difference, 0, 1)
        chances = _binomial(self.treatment.n, p)
        if not self.in_pairs:
            cumulated = np.cumsum(_binomial(self.control.n, q), axis=1)
            return np.asarray((chances * np.where(self._most >= 0, cumulated[:, self._most], 0.0)).sum(axis=1))
        # the control's successes are drawn from the pairs in which the treatment's did not fall
        rest = self.control.n - np.arange(self.treatment.n + 1)
        share = np.clip(np.divide(q, 1 - p, out=np.ones_like(q), where=p < 1), 0, 1)
        tails = np.zeros_like(chances)
        needed = (chances > _NEGLIGIBLE) & (self._most >= 0)
        rows, columns = np.nonzero(needed)
        tails[rows, columns] = np.where(
            self._most[columns] == rest[columns],
            1.0,
            bdtr(self._most[columns].astype(float), rest[columns], share[rows, 0]),
        )
        return np.asarray((chances * tails).sum(axis=1))


def nearest_above(
    treatment: int, control: int, bound: float, *, level: float, in_pairs: bool
) -> ProportionDifference | None:
    """The table nearest to a bound that still lies clearly above it, with level / 2 on this side; None where none does.

    treatment, control: seeds of each arm. All that lies at least as far out is found as well, and nothing else is.
    """

    def table(x: int, y: int) -> ProportionDifference:
        arms = Proportion(successes=x, n=treatment), Proportion(successes=y, n=control)
        return ProportionDifference(treatment=arms[0], control=arms[1], in_pairs=in_pairs)

    x, y = (axis.ravel() for axis in np.indices((treatment + 1, control + 1)))
    if in_pairs:
        x, y = x[x + y <= treatment], y[x + y <= treatment]
    farthest_first = np.argsort(-table(0, 0)._order(x, y), kind="stable")
    found, missed = -1, len(farthest_first)
    while missed - found > 1:
        middle = (found + missed) // 2
        at = farthest_first[middle]
        clear = table(int(x[at]), int(y[at])).above(bound) <= level / 2
        found, missed = (middle, missed) if clear else (found, middle)
    return None if found < 0 else table(int(x[farthest_first[found]]), int(y[farthest_first[found]]))


def _wilson(share: Floats, n: int) -> tuple[Floats, Floats]:
    middle = share + _Z**2 / (2 * n)
    reach = _Z * np.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    return (middle - reach) / (1 + _Z**2 / n), (middle + reach) / (1 + _Z**2 / n)


def _binomial(n: int, share: Floats) -> Floats:
    """Probabilities of 0..n successes. share: float64 [m, 1]; result float64 [m, n + 1]."""
    x = np.arange(n + 1.0)
    return np.asarray(
        np.exp(gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1) + xlogy(x, share) + xlog1py(n - x, -share))
    )
