"""Where official waits fall: at or below the norm of their cluster, and in which of the speed categories."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Final

from streams.core.rules import SECOND_MS, Rules
from streams.core.sketch import known_buckets

UNBOUNDED_MS: Final = 10**12
"""Stands for the missing upper bound of the slowest category: 31 years, longer than any plausible wait."""


def category_label(bound_ms: int) -> str:
    """A speed category by its upper bound, in seconds.

    >>> category_label(30_000), category_label(2_500), category_label(UNBOUNDED_MS)
    ('30', '2.5', '+Inf')
    """
    return "+Inf" if bound_ms == UNBOUNDED_MS else f"{bound_ms / SECOND_MS:g}"


class Places:
    """Where official waits fall under one set of rules."""

    def __init__(self, rules: Rules, norms_ms: Mapping[str, int]) -> None:
        """`norms_ms` by cluster; one that the rules no longer have is judged by 0."""
        self.norms_ms = norms_ms
        self.lead_norm_days = rules.lead_norm_days
        self.short_abandon_ms = rules.short_abandon_ms
        known_buckets()  # made now, and not in the middle of a batch
        self._categories: Final = (*rules.speed_categories_ms, UNBOUNDED_MS)

    def categories(self, sorted_ms: Sequence[int], sign: int) -> dict[int, int]:
        """How many of the waits, times `sign`, are in each speed category, by its upper bound, which it holds."""
        counts: dict[int, int] = {}
        start = 0
        for bound in self._categories:
            end = bisect_right(sorted_ms, bound, start)
            if end > start:
                counts[bound] = sign * (end - start)
                if end == len(sorted_ms):
                    break
                start = end
        return counts
