"""Files that are known by their look: names for columns that have none, and times that no word tells."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

import msgspec

from streams.sources.guess.sample import Sample

_QUEUE_LOG: Final = ("time", "callid", "queue", "agent", "event", "data1", "data2", "data3", "data4", "data5")
_QUEUE_VERBS: Final = frozenset({"ENTERQUEUE", "CONNECT", "ABANDON", "COMPLETEAGENT", "COMPLETECALLER", "ADDMEMBER"})
_QUEUE_VERB_PLACE: Final = 4

_THREECX: Final = (
    *("callid", "historyid", "duration", "start", "answered", "end", "reason", "from", "to", "fromdn", "todn"),
    *("dialno", "reasonchanged", "finalnumber", "finaldn", "bill1", "bill2", "bill3", "bill4", "chain", "fromtype"),
    *("totype", "finaltype", "fromname", "fromdisp", "todisp"),
)

_ISSABEL: Final = frozenset({"datetime_entry_queue", "datetime_init", "datetime_end", "status", "uniqueid"})


class Known(NamedTuple):
    """A kind of file that is known."""

    name: str
    zone: str = ""
    """The zone of its times, where it does not depend on the machine."""
    id: str = ""
    """The column that tells contacts apart; empty where any guess is as good."""
    has_quotes: bool = True
    times: Mapping[str, tuple[str, Mapping[str, str]]] = MappingProxyType({})
    """By the event: the column of its time, and what other columns then hold."""


class _Look(NamedTuple):
    known: Known
    fits: Callable[[Sample], bool]
    names: Sequence[str] = ()


def recognised(sample: Sample) -> tuple[Known | None, Sample]:
    """What the file is, if it is known, and its sample with names for all columns."""
    for look in _LOOKS:
        if look.fits(sample):
            return look.known, _named(sample, look.names) if look.names else sample
    return None, sample


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
    if sample.has_names or len(sample.columns) < len(_THREECX):
        return False
    return all(row[0].startswith("Call ") and row[3][4:5] == "/" for row in sample.rows)


_LOOKS: Final = (
    _Look(Known("Asterisk's queue_log", id="callid", has_quotes=False), _is_queue_log, _QUEUE_LOG),
    _Look(
        Known(
            "the call detail records of 3CX, which are in UTC",
            "UTC",
            id="historyid",
            times={"offered": ("start", {}), "answered": ("answered", {}), "ended": ("end", {})},
        ),
        _is_threecx,
        _THREECX,
    ),
    _Look(
        Known(
            "the table call_entry of Issabel's call centre",
            id="uniqueid",
            times={
                "offered": ("datetime_entry_queue", {}),
                "answered": ("datetime_init", {"status": "terminada"}),
                "abandoned": ("datetime_end", {"status": "abandonada"}),
            },
        ),
        lambda sample: _ISSABEL.issubset(sample.columns),
    ),
)
