"""The counts of a tally under the names that the SQL oracle gives them."""

from typing import Final

from streams.channels.calls.counts import PhoneTally
from streams.channels.visits.counts import DeskTally
from streams.core.places import UNBOUNDED_MS

_CATEGORIES: Final = {
    30_000: "to_30",
    60_000: "to_60",
    90_000: "to_90",
    120_000: "to_120",
    300_000: "to_300",
    UNBOUNDED_MS: "beyond",
}


BOUND_MS: Final = 30_000
"""Of the service level, where nothing else is said."""


def named_counts(tally: object, bound_ms: int = BOUND_MS) -> dict[str, int]:
    """What is counted in a tally, of which the service level has this bound; counts of nothing are left out."""
    if isinstance(tally, PhoneTally):
        own = {"answered": tally.answered, "missed": tally.missed, "offered": tally.offered}
        aside = ("answered_too_late", "callbacks_requested", "called_back", "called_back_after_ms")
        own |= {name: getattr(tally, name) for name in ("missed_wait_ms", *aside)}
        own["short_abandoned"], own["long_abandoned"] = (
            sum(counts.values()) for counts in (tally.missed_short, tally.missed_long)
        )
        own["within_service_level"] = tally.answered_within(bound_ms)
        own |= {_CATEGORIES[bound]: count for bound, count in tally.speed_categories.items()}
        own |= {f"missed_{_CATEGORIES[bound]}": count for bound, count in tally.missed_categories.items()}
    else:
        assert isinstance(tally, DeskTally)
        left_out = {"within_norm", "wait_ms", "excluded", "sketch", "reused_ids", "unclear_ids"}
        own = {name: getattr(tally, name) for name in DeskTally.__struct_fields__ if name not in left_out}
    own |= {"reused_ids": tally.reused_ids, "unclear_ids": tally.unclear_ids}
    own |= {"wait_ms": tally.wait_ms, "within_norm": tally.within_norm, **tally.excluded}
    return {name: count for name, count in own.items() if count}
