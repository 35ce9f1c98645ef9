"""Files of totals: a row for each day, part of one or queue, with counts instead of contacts: no wait is in them."""

from collections.abc import Sequence
from typing import BinaryIO, Final

from streams.sources.files.unpacking import FileError
from streams.sources.guess.roles import plain
from streams.sources.guess.sample import Sample, look
from streams.sources.guess.written import Kind, kind_of

_COUNTS: Final = (
    *("offered", "answered", "abandoned", "missed", "calls", "contacts", "visitors", "handled", "servicelevel"),
    *("average", "avg", "asa", "aht", "aantal", "totaal", "total", "gemiddeld", "oproepen", "beantwoord", "gemist"),
    *("bezoekers", "moyenne", "nombre", "appels", "percent", "pct", "count", "within"),
)
_MEANS: Final = ("average", "avg", "asa", "aht", "gemiddeld", "moyen", "mean", "langste", "longest", "max")
"""A time of day with such a name is a length of time: how long people waited, and not when."""

_PARTS_OF_HOURS: Final = (":00", ":15", ":30", ":45", ":00:00", ":15:00", ":30:00", ":45:00")
_COUNTED_COLUMNS: Final = 2


def totals(sample: Sample) -> list[str]:
    """The columns of counts, if the file holds totals; else none."""
    kinds = {name: kind_of(sample.values(name)).kind for name in sample.columns if name}
    counted = [
        name for name, kind in kinds.items() if kind is Kind.NUMBER and any(word in plain(name) for word in _COUNTS)
    ]
    clocks = [name for name, kind in kinds.items() if kind in (Kind.MOMENT, Kind.CLOCK)]
    averages = {name for name in clocks if kinds[name] is Kind.CLOCK and any(word in plain(name) for word in _MEANS)}
    single = [name for name in clocks if name not in averages and not _is_a_grid(sample.values(name))]
    return counted if len(counted) >= _COUNTED_COLUMNS and not single else []


def _is_a_grid(texts: Sequence[str]) -> bool:
    """Whether all times are those of quarters of an hour."""
    return all(text.rstrip("Z").endswith(_PARTS_OF_HOURS) for text in texts if text)


def told_of_totals(columns: Sequence[str]) -> str:
    """What to say of such a file."""
    return (
        f"The file holds totals, a row for each period or queue with counts ({', '.join(columns)}): no wait can be "
        "read of them. Ask for the single contacts instead, a row for each call or visit with its times; exchanges "
        "call that call detail records, contact records or a detailed call log."
    )


def totals_in(stream: BinaryIO) -> str:
    """What to say of a file if it holds totals; empty where it does not, or cannot be read."""
    try:
        columns = totals(look(stream))
    except FileError:
        return ""
    return told_of_totals(columns) if columns else ""
