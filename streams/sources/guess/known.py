"""Files that are known by their look: a mapping for them comes along, and a draft extends it."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import msgspec

from streams.sources.guess.sample import Sample
from streams.sources.mapping import FileFormat
from streams.sources.mapping.packaged import values_of

_QUEUE_VERBS: Final = frozenset({"ENTERQUEUE", "CONNECT", "ABANDON", "COMPLETEAGENT", "COMPLETECALLER", "ADDMEMBER"})
_QUEUE_VERB_PLACE: Final = 4

_THREECX_FIELDS: Final = 26
_THREECX_START_PLACE: Final = 3

_ISSABEL: Final = frozenset({"datetime_entry_queue", "datetime_init", "datetime_end", "status", "uniqueid"})


class Known(NamedTuple):
    """A kind of file that is known."""

    mapping: str
    """The mapping that comes along for it."""
    about: str
    has_zone: bool
    """Whether its times depend on no machine's clock."""
    cluster: str
    """The column of its clusters."""
    delimiter: str


class _Look(NamedTuple):
    mapping: str
    about: str
    fits: Callable[[Sample], bool]


def recognised(sample: Sample) -> tuple[Known | None, Sample]:
    """What the file is, if it is known, and its sample with names for all columns."""
    for look in _LOOKS:
        if look.fits(sample):
            values = values_of(look.mapping)
            names = values["file"].get("columns", ())
            known = Known(
                look.mapping,
                look.about,
                has_zone=not _is_local(values["time"]),
                cluster=values["cluster"]["column"],
                delimiter=values["file"].get("delimiter", FileFormat().delimiter),
            )
            return known, _named(sample, names) if names else sample
    return None, sample


def _is_local(time: dict[str, object]) -> bool:
    return "zone" not in time and "%" in str(time["format"])


def _named(sample: Sample, names: Sequence[str]) -> Sample:
    width = max(len(names), len(sample.columns))
    columns = [*names, *(f"more{number}" for number in range(1, width - len(names) + 1))]
    rows = [[*row, *[""] * (width - len(row))] for row in sample.rows]
    return msgspec.structs.replace(sample, columns=columns, rows=rows)


def _is_queue_log(sample: Sample) -> bool:
    if sample.has_names or sample.delimiter != "|" or len(sample.columns) <= _QUEUE_VERB_PLACE:
        return False
    return any(row[_QUEUE_VERB_PLACE] in _QUEUE_VERBS for row in sample.rows)


def _is_threecx(sample: Sample) -> bool:
    if sample.has_names or len(sample.columns) < _THREECX_FIELDS:
        return False
    return all(row[0].startswith("Call ") and row[_THREECX_START_PLACE][4:5] == "/" for row in sample.rows)


_LOOKS: Final = (
    _Look("asterisk-queue-log", "Asterisk's queue_log", _is_queue_log),
    _Look("3cx", "the call detail records of 3CX, which are in UTC", _is_threecx),
    _Look(
        "issabel",
        "the table call_entry of Issabel's call centre",
        lambda sample: _ISSABEL.issubset(sample.columns),
    ),
)
