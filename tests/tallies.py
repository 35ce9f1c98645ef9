"""The counts of a tally under the names that the SQL oracle gives them."""

from typing import Final

from streams.core.tally import UNBOUNDED_MS, DeskTally, PhoneTally

_CATEGORIES: Final = {
    30_000: "to_30",
    60_000: "to_60",
    90_000: "to_90",
    120_000: "to_120",
    300_000: "to_300",
    UNBOUNDED_MS: "beyond",
}


def named_counts(tally: object) -> dict[str, int]:
    """What is counted in a tally; counts of nothing are left out."""
    if isinstance(tally, PhoneTally):
        own = {"answered": tally.answered, "missed": tally.missed, "offered": tally.offered}
        own |= {"missed_wait_ms": tally.missed_wait_ms}
        own |= {_CATEGORIES[bound]: count for bound, count in tally.speed_categories.items()}
        own |= {f"missed_{_CATEGORIES[bound]}": count for bound, count in tally.missed_categories.items()}
    else:
        assert isinstance(tally, DeskTally)
        left_out = {"within_norm", "wait_ms", "excluded", "sketch"}
        own = {name: getattr(tally, name) for name in DeskTally.__struct_fields__ if name not in left_out}
    own |= {"wait_ms": tally.wait_ms, "within_norm": tally.within_norm, **tally.excluded}
    return {name: count for name, count in own.items() if count}
