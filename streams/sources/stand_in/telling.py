"""What an Asterisk 22 says of what happens on its lines: blocks of its manager interface and lines of its queue_log.

Fields and their order are those of recordings. Telephones pick up at once, and all callers withhold their number.
Must not know the clock or files.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from streams.core.rules import SECOND_MS
from streams.sources.stand_in.happenings import Happening, Step

MEMBER: Final = "employee"
"""Who answers: everybody is called the same."""

END: Final = b"\r\n\r\n"
"""Behind each block."""

_UNKNOWN: Final = "<unknown>"


class Line(msgspec.Struct, frozen=True):
    """Where the calls of a cluster come in."""

    number: str
    """That is dialled."""
    queue: str


class Said(msgspec.Struct, frozen=True):
    """What is said of one happening."""

    blocks: Sequence[bytes] = ()
    """Of the manager interface, each with its end."""
    lines: Sequence[bytes] = ()
    """Of queue_log, each with its end."""


class _Call(msgspec.Struct):
    """A call that is not over."""

    channel: str
    """Its id."""
    name: str
    line: Line
    joined_ms: int | None = None
    position: int = 0
    """In the queue, when it joined."""
    answered_ms: int | None = None
    phone: str = ""
    """The id of the channel of the telephone that was picked up."""


class StandIn:
    """The lines of the exchange: takes what happens, in order, and says it as the exchange would."""

    def __init__(self, lines: Mapping[str, Line]) -> None:
        """`lines` by cluster; each cluster of whatever happens has one."""
        self._lines = lines
        self._calls: dict[str, _Call] = {}
        self._made = 0
        """Channels since the start."""

    def starts(self, at_ms: int) -> bytes:
        """The first line of queue_log."""
        return _log_line(at_ms, "NONE", "NONE", "NONE", "QUEUESTART", "")

    def happens(self, one: Happening) -> Said:
        """What is said of it."""
        if one.step is Step.DIALS_IN:
            return self._dials_in(one)
        call = self._calls[one.call]
        if one.step is Step.JOINS:
            return self._joins(call, one.at_ms)
        if one.step is Step.IS_ANSWERED:
            return self._is_answered(call, one.at_ms)
        del self._calls[one.call]
        return _talked(call, one.at_ms) if call.answered_ms is not None else _gave_up(call, one.at_ms)

    # One after the other.

    def _dials_in(self, one: Happening) -> Said:
        channel, number = self._channel(one.at_ms)
        self._calls[one.call] = call = _Call(channel, f"PJSIP/trunk-{number:08x}", self._lines[one.cluster])
        return Said([_event("Newchannel", "call", one.at_ms, *_of(call))])

    def _joins(self, call: _Call, at_ms: int) -> Said:
        waiting = sum(1 for each in self._waiting() if each.line == call.line) + 1
        call.joined_ms, call.position = at_ms, waiting
        more = (("Queue", call.line.queue), ("Position", str(waiting)), ("Count", str(waiting)))
        return Said(
            [_event("QueueCallerJoin", "agent", at_ms, *_of(call), *more)],
            [_log_line(at_ms, call.channel, call.line.queue, "NONE", "ENTERQUEUE", "", "", str(waiting))],
        )

    def _is_answered(self, call: _Call, at_ms: int) -> Said:
        call.phone, number = self._channel(at_ms)
        call.answered_ms = at_ms
        phone = _of_phone(call, f"PJSIP/{MEMBER}-{number:08x}")
        member, held = _of_member(call), str(_waited_seconds(call))
        rang = (("HoldTime", held), ("RingTime", "0"))
        left = (("Queue", call.line.queue), ("Position", str(call.position)), ("Count", str(len([*self._waiting()]))))
        blocks = [
            _event("Newchannel", "call", at_ms, *phone),
            _event("AgentCalled", "agent", at_ms, *_of(call), *_dest(phone), *member),
            _event("DialEnd", "call", at_ms, *_of(call), *_dest(phone), ("DialStatus", "ANSWER")),
            _event("QueueCallerLeave", "agent", at_ms, *_of(call), *left),
            _event("AgentConnect", "agent", at_ms, *_of(call), *_dest(phone), *member, *rang),
        ]
        return Said(
            blocks, [_log_line(at_ms, call.channel, call.line.queue, MEMBER, "CONNECT", held, call.phone, "0")]
        )

    def _channel(self, at_ms: int) -> tuple[str, int]:
        """The id of the next channel, and its number."""
        number, self._made = self._made, self._made + 1
        return f"{at_ms // SECOND_MS}.{number}", number

    # What is asked.

    def waiting(self, at_ms: int, action_id: str) -> Iterator[bytes]:
        """The answer to QueueStatus."""
        asked = ("ActionID", action_id)
        yield _block(("Response", "Success"), asked, ("EventList", "start"), ("Message", "Queue status will follow"))
        entries = [*self._waiting()]
        for call in entries:
            waited = (at_ms - (call.joined_ms or at_ms)) // SECOND_MS
            yield _block(
                *(("Event", "QueueEntry"), ("Queue", call.line.queue), ("Position", str(call.position))),
                *(("Channel", call.name), ("Uniqueid", call.channel), ("Wait", str(waited)), asked),
            )
        yield _complete("QueueStatusComplete", action_id, len(entries))

    def living(self, action_id: str) -> Iterator[bytes]:
        """The answer to CoreShowChannels."""
        asked = ("ActionID", action_id)
        yield _block(("Response", "Success"), asked, ("EventList", "start"), ("Message", "Channels will follow"))
        count = 0
        for call in self._calls.values():
            talk = (("BridgeId", call.phone and f"bridge-{call.phone}"),)
            yield _block(("Event", "CoreShowChannel"), asked, *_of(call), *talk)
            if call.phone:
                yield _block(("Event", "CoreShowChannel"), asked, *_of_phone(call, f"PJSIP/{MEMBER}"), *talk)
            count += 2 if call.phone else 1
        yield _complete("CoreShowChannelsComplete", action_id, count)

    def _waiting(self) -> Iterator[_Call]:
        return (call for call in self._calls.values() if call.joined_ms is not None and call.answered_ms is None)


def _gave_up(call: _Call, at_ms: int) -> Said:
    """In the menu, or in a queue."""
    over = _event("Hangup", "call", at_ms, *_of(call), ("Cause", "16"), ("Cause-txt", "Normal Clearing"))
    if call.joined_ms is None:
        return Said([over])
    queue, place = ("Queue", call.line.queue), ("Position", str(call.position))
    waited = str((at_ms - call.joined_ms) // SECOND_MS)
    more = (queue, place, ("OriginalPosition", str(call.position)), ("HoldTime", waited))
    blocks = [
        _event("QueueCallerAbandon", "agent", at_ms, *_of(call), *more),
        _event("QueueCallerLeave", "agent", at_ms, *_of(call), queue, place),
        over,
    ]
    place_said = str(call.position)
    line = _log_line(at_ms, call.channel, call.line.queue, "NONE", "ABANDON", place_said, place_said, waited)
    return Said(blocks, [line])


def _talked(call: _Call, at_ms: int) -> Said:
    """A talk is over: the employee hung up."""
    phone = _of_phone(call, f"PJSIP/{MEMBER}")
    held, talked = str(_waited_seconds(call)), str((at_ms - (call.answered_ms or at_ms)) // SECOND_MS)
    over = (("Cause", "16"), ("Cause-txt", "Normal Clearing"))
    more = (*_of_member(call), ("HoldTime", held), ("TalkTime", talked), ("Reason", "agent"))
    blocks = [
        _event("AgentComplete", "agent", at_ms, *_of(call), *_dest(phone), *more),
        _event("Hangup", "call", at_ms, *phone, *over),
        _event("Hangup", "call", at_ms, *_of(call), *over),
    ]
    position = str(call.position)
    line = _log_line(at_ms, call.channel, call.line.queue, MEMBER, "COMPLETEAGENT", held, talked, position)
    return Said(blocks, [line])


def _waited_seconds(call: _Call) -> int:
    """In the queue, without the menu."""
    assert call.joined_ms is not None, "whoever is answered was in a queue"
    assert call.answered_ms is not None, "whoever waited was answered"
    return (call.answered_ms - call.joined_ms) // SECOND_MS


# How it is written.

_Fields = tuple[tuple[str, str], ...]


def _of(call: _Call) -> _Fields:
    """The fields of the caller's channel."""
    state = ("6", "Up") if call.joined_ms is not None else ("4", "Ring")
    return _channel_fields(call.name, state, call.line.number, call.channel, call.channel)


def _of_phone(call: _Call, name: str) -> _Fields:
    """The fields of the channel of the telephone that was picked up."""
    return _channel_fields(name, ("6", "Up"), "s", call.phone, call.channel)


def _of_member(call: _Call) -> _Fields:
    return ("Queue", call.line.queue), ("Interface", f"PJSIP/{MEMBER}"), ("MemberName", MEMBER)


def _dest(fields: _Fields) -> _Fields:
    return tuple((f"Dest{key}", value) for key, value in fields)


def _channel_fields(name: str, state: tuple[str, str], dialled: str, channel: str, linked: str) -> _Fields:
    return (
        ("Channel", name),
        ("ChannelState", state[0]),
        ("ChannelStateDesc", state[1]),
        *((key, _UNKNOWN) for key in ("CallerIDNum", "CallerIDName", "ConnectedLineNum", "ConnectedLineName")),
        ("Language", "en"),
        ("AccountCode", ""),
        ("Context", "from-outside"),
        ("Exten", dialled),
        ("Priority", "1"),
        ("Uniqueid", channel),
        ("Linkedid", linked),
    )


def _event(name: str, privilege: str, at_ms: int, *fields: tuple[str, str]) -> bytes:
    stamp = f"{at_ms // SECOND_MS}.{at_ms % SECOND_MS:03}000"
    return _block(("Event", name), ("Privilege", f"{privilege},all"), ("Timestamp", stamp), *fields)


def _complete(name: str, action_id: str, count: int) -> bytes:
    items = ("ListItems", str(count))
    return _block(("Event", name), ("ActionID", action_id), ("EventList", "Complete"), items)


def _block(*fields: tuple[str, str]) -> bytes:
    return "\r\n".join(f"{key}: {value}" for key, value in fields).encode() + END


def _log_line(at_ms: int, *parts: str) -> bytes:
    return ("|".join((str(at_ms // SECOND_MS), *parts)) + "\n").encode()
