"""Rows of the spreadsheet that channels share."""

from collections.abc import Iterator
from typing import Any

from streams.months.report.channel import Row
from streams.months.report.data import Part
from streams.months.report.wording import Wording


def count_rows(part: Any, units: dict[str, str], say: Wording) -> Iterator[Row]:
    """Plain counts by their fields, each with its unit."""
    for field, unit in units.items():
        yield (say.words(f"sheet-{field.replace('_', '-')}"), getattr(part, field), unit)


def quantile_rows(part: Any, key: str, say: Wording) -> Iterator[Row]:
    """Those that are known."""
    for each in part.wait_quantiles:
        if each.seconds is not None:
            yield (say.words(key, quantile=say.quantile(each.ratio)), each.seconds, "seconds")


def excluded_rows(part: Part, key: str, unit: str, say: Wording) -> Iterator[Row]:
    """Who was left out, by reason."""
    for reason, count in part.excluded.items():
        yield (say.words(key, reason=say.exclusion(reason)), count, unit)
