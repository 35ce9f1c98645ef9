"""A log-spaced histogram of waits, for quantiles that can be added up and taken back.

The buckets grow by a constant factor, so that any value in a bucket lies within `RELATIVE_ERROR` of the bucket's
representative (the scheme of DDSketch: Masson, Rim and Lee, VLDB 2019). A sketch is a plain dict from bucket to
count: adding is adding counts, and a wait that was counted can be taken back exactly.
"""

import math
from array import array
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

RELATIVE_ERROR: Final = 0.01
"""Largest error of a quantile as a share of its value: 1 %, half a second on a wait of 45 s."""

SHOWN: Final = (0.5, 0.9)
"""The quantiles that are shown, as shares: the median, and what nine of ten did not wait longer than."""

_GROWTH: Final = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
_PER_NATURAL_LOG: Final = 1 / math.log(_GROWTH)

ZERO_BUCKET: Final = -1
"""Bucket of waits of 0 ms (and of early starts, which count as 0); 1 ms is in bucket 0."""

_KNOWN_MS: Final = 3 * 60_000
"""The buckets of shorter waits are in a table, of 360 KB: hardly anybody waits longer."""


def bucket_of(wait_ms: int) -> int:
    """The bucket that holds a wait.

    >>> bucket_of(0), bucket_of(1), bucket_of(45_000) == bucket_of(45_100)
    (-1, 0, True)
    """
    return math.ceil(math.log(wait_ms) * _PER_NATURAL_LOG) if wait_ms > 0 else ZERO_BUCKET


def buckets_of(waits_ms: Sequence[int]) -> list[int]:
    """The bucket of each wait, as `bucket_of` gives it: looking it up is quicker than working it out.

    At least one wait, and none below 0.
    """
    known = known_buckets()
    if max(waits_ms) < _KNOWN_MS:
        return [known[wait_ms] for wait_ms in waits_ms]
    return [known[wait_ms] if wait_ms < _KNOWN_MS else bucket_of(wait_ms) for wait_ms in waits_ms]


@lru_cache(maxsize=1)
def known_buckets() -> "array[int]":
    """The table of buckets by wait in ms; the first call makes it, in some 25 ms."""
    return array("h", map(bucket_of, range(_KNOWN_MS)))


def quantile_ms(sketch: Mapping[int, int], quantile: float) -> float | None:
    """The wait below which the share `quantile` (0 to 1) of waits lies, in ms; None when there are none.

    `sketch` maps a bucket, as `bucket_of` numbers them, to how many waits are in it. The lower quantile: the value
    of rank floor(q * (n - 1)), counted from 0, within `RELATIVE_ERROR` of itself.

    >>> waits_ms = [12_000, 15_000, 40_000, 90_000]
    >>> round(quantile_ms({bucket_of(wait_ms): 1 for wait_ms in waits_ms}, 0.5) / 15_000, 1)
    1.0
    >>> quantile_ms({}, 0.5) is None
    True
    """
    total = sum(sketch.values())
    if not total:
        return None
    rank = math.floor(quantile * (total - 1))
    for bucket in sorted(sketch):
        rank -= sketch[bucket]
        if rank < 0:
            return _representative_ms(bucket)
    raise AssertionError("a rank below the total lies in some bucket")


def _representative_ms(bucket: int) -> float:
    return 0.0 if bucket == ZERO_BUCKET else 2 * _GROWTH**bucket / (_GROWTH + 1)
