"""A log-spaced histogram of waits, for quantiles that can be added up and taken back.

The buckets grow by a constant factor, so that any value in a bucket lies within `RELATIVE_ERROR` of the bucket's
representative (the scheme of DDSketch: Masson, Rim and Lee, VLDB 2019). A sketch is a plain dict from bucket to
count: adding is adding counts, and a wait that was counted can be taken back exactly.
"""

import math
from collections.abc import Mapping
from typing import Final

RELATIVE_ERROR: Final = 0.01
"""Largest error of a quantile as a share of its value: 1 %, half a second on a wait of 45 s."""

_GROWTH: Final = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
_PER_NATURAL_LOG: Final = 1 / math.log(_GROWTH)

ZERO_BUCKET: Final = -1
"""Bucket of waits of 0 ms (and of early starts, which count as 0); 1 ms is in bucket 0."""


def bucket_of(wait_ms: int) -> int:
    """The bucket that holds a wait."""
    return math.ceil(math.log(wait_ms) * _PER_NATURAL_LOG) if wait_ms > 0 else ZERO_BUCKET


def bucket_edges(longest_ms: int) -> list[int]:
    """The longest wait of each bucket that holds any, up to and including the bucket of `longest_ms`."""
    edges = [0]
    while edges[-1] < longest_ms:
        bucket = bucket_of(edges[-1] + 1)
        edge = max(int(_GROWTH**bucket), edges[-1] + 1)
        while bucket_of(edge + 1) == bucket:  # the power and the logarithm are not rounded alike
            edge += 1
        while bucket_of(edge) > bucket:
            edge -= 1
        edges.append(edge)
    return edges


def quantile_ms(sketch: Mapping[int, int], quantile: float) -> float | None:
    """The wait below which the share `quantile` (0 to 1) of waits lies, in ms; None when there are none.

    The lower quantile: the value of rank floor(q * (n - 1)), counted from 0.
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
