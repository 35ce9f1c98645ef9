"""Repeated measurements as one figure with its spread, and a figure beside its target. Pure."""

from collections.abc import Iterable, Sequence
from operator import truediv
from statistics import median
from typing import NamedTuple


class Spread(NamedTuple):
    """The median of repeated measurements, between the smallest and the largest."""

    low: float
    middle: float
    high: float


def spread(values: Iterable[float]) -> Spread:
    """Of at least one value."""
    found = sorted(values)
    return Spread(found[0], median(found), found[-1])


def growth(costs: Sequence[Sequence[float]]) -> Spread:
    """How much more the costliest costs than the first: of the same turns, since other programs slow whole turns."""
    return max((spread(map(truediv, found, costs[0])) for found in costs), key=lambda ratio: ratio.middle)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of the values do not exceed."""
    found = sorted(values)
    rank = -(-len(found) * share // 1)  # rounded up
    return found[max(0, int(rank) - 1)]
