"""What the figures of every channel are made with: its declared counts, quantiles and who was left out."""

from typing import Any

import msgspec

from streams.core.counts import Declared, Tally, Unit
from streams.core.rules import SECOND_MS
from streams.core.sketch import SHOWN, quantile_ms
from streams.months.definitions import EXCLUSIONS
from streams.months.report.data import Quantile


def plain_counts(tally: Tally, kind: type[msgspec.Struct]) -> dict[str, Any]:
    """The declared counts that a struct has fields for, by the names of those: `wait_ms` as `wait_seconds`."""
    named = {figure_name(each): each for each in tally.declared if each.is_stored and each.count.by is None}
    return {
        name: in_unit(getattr(tally, named[name].field), named[name].count.unit)
        for name in kind.__struct_fields__
        if name in named
    }


def figure_name(each: Declared) -> str:
    """What the report for programs calls a count: its field, with the unit in which it is shown."""
    ending, unit = each.count.unit.ending, each.count.unit.name
    return f"{each.field.removesuffix(ending)}_{unit}" if ending and each.field.endswith(ending) else each.field


def in_unit(value: int, unit: Unit) -> float:
    """What is counted in ms is shown in seconds; a number of contacts stays whole."""
    return value if unit.per == 1 else value / unit.per


def quantiles_of(tally: Tally, waits: int) -> list[Quantile]:
    """Those that are shown, from the sketch; not known where that does not hold every wait."""
    sketch = tally.sketch if sum(tally.sketch.values()) == waits else {}
    found = ((ratio, quantile_ms(sketch, ratio)) for ratio in SHOWN)
    return [Quantile(ratio, None if wait_ms is None else wait_ms / SECOND_MS) for ratio, wait_ms in found]


def excluded_of(tally: Tally) -> dict[str, int]:
    """By reason, in the order of the report; those of nobody too."""
    reasons = (*EXCLUSIONS, *sorted(tally.excluded.keys() - set(EXCLUSIONS)))
    return {reason: tally.excluded.get(reason, 0) for reason in reasons}
