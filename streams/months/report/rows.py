"""Rows of the spreadsheet that channels share, and what they say alike of contacts."""

from collections.abc import Iterator, Sequence
from typing import Any

from streams.core.rules import Channel
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


_IDS = ("reused_ids", "unclear_ids")


def ids_said(parts: Sequence[Any], channel: Channel, say: Wording) -> list[str]:
    """Sentences about ids that were used again, or may have been; none where there are none."""
    contacts = say.words(f"contacts-{channel}")
    counts = {field: sum(getattr(each, field) for each in parts if each.cluster is not None) for field in _IDS}
    return [
        say.words(f"report-{field.replace('_', '-')}", contacts=contacts, count=count)
        for field, count in counts.items()
        if count
    ]


def ids_rows(part: Any, channel: Channel, say: Wording) -> Iterator[Row]:
    """The same as rows, those without any too."""
    contacts = say.words(f"contacts-{channel}")
    for field in _IDS:
        yield (say.words(f"sheet-{field.replace('_', '-')}", contacts=contacts), getattr(part, field), "contacts")
