"""Reads the lists that are asked for on connecting: the channels that live, and the members of a queue.

Of each only ids, kinds, times and the dialled number are looked at, and the latter becomes a cluster. Must not know
the clock or files.
"""

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from streams.core.rules import SECOND_MS
from streams.sources.freeswitch.events import call_id, is_own

HALF_SECOND_MS: Final = 500
"""Lists cut their seconds off: the middle of the second is at most this wrong, and on average not at all."""

ANSWERED: Final = b"Answered"
WAITING: Final = (b"Waiting", b"Trying")
_TALKING: Final = ("ACTIVE", "HELD")
_EPOCH_DIGITS_MAX: Final = 11


class Living(msgspec.Struct, frozen=True, gc=False):
    """A channel that lives. Times are UTC ms."""

    call: str
    born_ms: int
    cluster: str | None
    """That of the number that is dialled now."""
    is_own: bool
    talks_since_ms: int | None = None
    """When the channel was made with which it is in a talk; None where it is in none."""


class Member(msgspec.Struct, frozen=True, gc=False):
    """A caller whom a queue knows."""

    call: str
    is_waiting: bool
    answered_ms: int
    """UTC; 0 for one who was not answered."""


class _Row(msgspec.Struct):
    uuid: str | None = None
    direction: str | None = None
    name: str | None = None
    created_epoch: str | int | None = None
    dest: str | None = None
    callstate: str | None = None
    call_uuid: str | None = None


class _Rows(msgspec.Struct):
    rows: list[_Row] = []


def living(body: bytes, by_number: Callable[[bytes], str | None]) -> list[Living] | None:
    """The channels of `show channels as json`; None where it is no such list."""
    try:
        rows = msgspec.json.decode(body.decode("utf-8", "replace").encode(), type=_Rows).rows
    except (msgspec.DecodeError, RecursionError):
        return None
    born = [_epoch_ms(str(row.created_epoch or "").encode()) for row in rows]
    talks: dict[str, list[tuple[str, int]]] = {}
    for row, born_ms in zip(rows, born, strict=True):
        if row.call_uuid and row.callstate in _TALKING:
            talks.setdefault(row.call_uuid, []).append((row.uuid or "", born_ms))
    found = []
    for row, born_ms in zip(rows, born, strict=True):
        call = call_id((row.uuid or "").encode())
        if call is None:
            continue
        among = talks.get(row.call_uuid or "", ()) if row.callstate in _TALKING else ()
        since = max((born_ms for other, born_ms in among if other != row.uuid), default=None)
        own = is_own((row.direction or "").encode(), (row.name or "").encode())
        found.append(Living(call, born_ms, by_number((row.dest or "").encode()), own, since))
    return found


def members(body: bytes) -> list[Member] | None:
    """Those of `callcenter_config queue list members`; None where it is no such list.

    Columns stand between bars, named by the first line. A name of a person may hold a bar too, so what stands before
    is counted from the left and what stands behind from the right.
    """
    lines = body.strip().split(b"\n")
    if lines[-1].strip() != b"+OK":
        return None
    if len(lines) < len(("columns", "OK")):
        return []
    columns = lines[0].strip().split(b"|")
    if not {b"session_uuid", b"state", b"bridge_epoch"} <= set(columns):
        return None
    return [*_members(columns, lines[1:-1])]


def _members(columns: list[bytes], lines: Iterable[bytes]) -> Iterable[Member]:
    id_place = columns.index(b"session_uuid")
    state_place, epoch_place = (columns.index(name) - len(columns) for name in (b"state", b"bridge_epoch"))
    for line in lines:
        values = line.rstrip(b"\r").split(b"|")
        call = call_id(values[id_place]) if len(values) >= len(columns) else None
        if call is not None:
            state = values[state_place]
            answered_ms = _epoch_ms(values[epoch_place]) if state == ANSWERED else 0
            yield Member(call, state in WAITING, answered_ms)


def _epoch_ms(text: bytes) -> int:
    """0 where there is no time."""
    if not text.isdigit() or len(text) > _EPOCH_DIGITS_MAX or not int(text):
        return 0
    return int(text) * SECOND_MS + HALF_SECOND_MS
