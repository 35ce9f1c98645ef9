"""What becomes of the calls of an exchange, by what it says of them; nothing of it was heard from a real one."""

from typing import Final

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from streams.contracts.events import instant_ms
from streams.sources.call_rules import CallRules
from streams.sources.exchange.calls import Call
from streams.sources.freeswitch.events import EventDecoder
from streams.sources.freeswitch.frames import BODY_BYTES_MAX, Frame, FrameError, FrameReader
from streams.sources.freeswitch.lists import living
from streams.sources.freeswitch.lists import members as members_of
from streams.sources.freeswitch.memory import Memory, restored
from streams.sources.freeswitch.watch import Watch
from tests.sources.freeswitch.stand_in import channels, event, frame, members

RULES: Final = CallRules({"kcc@default": "KCC", "snel café@default": "Snelbalie"}, {"088303": "Menu"})
BEGIN_MS: Final = 1_795_800_000_000
CALL: Final = "11111111-2222-4333-8444-555555555555"
OTHER: Final = "aaaaaaaa-2222-4333-8444-555555555555"
PHONE: Final = "99999999-2222-4333-8444-555555555555"
SECRETS: Final = ("0612345678", "Jansen")


def at(second: float) -> float:
    return BEGIN_MS + second * 1000


def leg(call: str, **fields: str) -> dict[str, str]:
    """The fields of a channel, with some of a person."""
    return {
        "Unique_ID": call,
        "Call_Direction": "inbound",
        "Channel_Name": "sofia/external/0612345678@sbc",
        "Caller_Caller_ID_Name": "Jansen",
        "Caller_Caller_ID_Number": "0612345678",
        "Caller_Destination_Number": "5000",
        **fields,
    }


def dial_in(second: float, call: str = CALL, **fields: str) -> bytes:
    return event("CHANNEL_CREATE", at(second), **leg(call, **fields))


def hang_up(second: float, call: str = CALL) -> bytes:
    return event("CHANNEL_HANGUP_COMPLETE", at(second), **leg(call))


def queue(second: float, action: str, name: str = "kcc@default", call: str = CALL, **fields: str) -> bytes:
    """An event of mod_callcenter; that of the bridge is told by the employee's channel."""
    of = leg(PHONE if action == "bridge-agent-start" else call, **fields)
    return event(
        "CUSTOM",
        at(second),
        Event_Subclass="callcenter::info",
        CC_Action=action,
        CC_Queue=name,
        CC_Member_UUID=OTHER,
        CC_Member_Session_UUID=call,
        CC_Member_CID_Name="Jansen",
        **of,
    )


def bridge(second: float, **fields: str) -> bytes:
    return event("CHANNEL_BRIDGE", at(second), Other_Leg_Unique_ID=PHONE, **leg(CALL, **fields))


def row(call: str = CALL, born: float = 0, **fields: str) -> dict[str, str]:
    """A channel of the list."""
    return {
        "uuid": call,
        "direction": "inbound",
        "created_epoch": str(round(at(born) / 1000)),
        "name": "sofia/external/0612345678@sbc",
        "cid_name": "Jansen",
        "dest": "5000",
        "callstate": "ACTIVE",
        "call_uuid": call,
        **fields,
    }


def member(state: str, bridged: float = 0, call: str = CALL) -> str:
    epoch = round(at(bridged) / 1000) if bridged else 0
    return f"kcc@default|single_box|{OTHER}|{call}|0612345678|Jan|sen|1|1|0|{epoch}|0|0|0|a@b|single_box|{state}|50"


def watch(position: bytes | None = None) -> Watch:
    """One that is connected to an exchange of which no call was known."""
    one = Watch(RULES, Memory() if position is None else restored(position))
    if position is None:
        one.connected()
        one.listed(channels(), {}, BEGIN_MS)
    return one


def hear(one: Watch, *events: bytes, now: float = 0) -> list[tuple[str, str, float]]:
    """The facts that these events tell."""
    one.received(events, round(at(now)))
    return facts(one)


def facts(one: Watch) -> list[tuple[str, str, float]]:
    told, _ = one.take()
    return [
        (type(each.event).__name__.lower(), each.event.cluster, (instant_ms(each.event.at) - BEGIN_MS) / 1000)
        for each in told
    ]


def test_a_call_is_told_from_dialling_in_to_hanging_up() -> None:
    one = watch()
    assert hear(one, dial_in(0.25)) == []
    assert hear(one, queue(3, "member-queue-start")) == [("offered", "KCC", 0.25)]
    assert hear(one, queue(9.5, "bridge-agent-start"), bridge(9.6)) == [("answered", "KCC", 9.5)]
    assert hear(one, queue(60, "bridge-agent-end"), queue(60, "member-queue-end", CC_Cause="Terminated")) == []
    assert hear(one, hang_up(65.5)) == [("ended", "KCC", 65.5)]
    assert one.memory.calls == {}


def test_a_call_whose_time_is_up_in_one_queue_waits_on_in_the_next() -> None:
    one = watch()
    assert hear(
        one,
        dial_in(0.25),
        queue(1, "member-queue-start"),
        queue(31, "member-queue-end", CC_Cause="Cancel", CC_Cancel_Reason="TIMEOUT"),
        queue(32, "member-queue-start", "snel café@default"),
        queue(40, "member-queue-end", "snel café@default", CC_Cause="Cancel", CC_Cancel_Reason="BREAK_OUT"),
        hang_up(40.5),
    ) == [("offered", "KCC", 0.25), ("abandoned", "KCC", 40.5)]


def test_who_dials_a_number_of_the_settings_counts_in_the_menu_and_at_a_desk() -> None:
    one = watch()
    number = {"Caller_Destination_Number": "088303"}
    told = hear(one, dial_in(0, **number), hang_up(4))
    assert told == [("offered", "Menu", 0), ("abandoned", "Menu", 4)]
    within = bridge(2, Other_Leg_Channel_Name="loopback/5000-a")
    told = hear(one, dial_in(1, **number), within, bridge(5), hang_up(9))
    assert told == [("offered", "Menu", 1), ("answered", "Menu", 5), ("ended", "Menu", 9)]


def test_what_is_no_caller_of_ours_is_left_out_and_counted() -> None:
    one = watch()
    one.received(
        [
            dial_in(0, "0612345678@sbc"),
            dial_in(0, PHONE, Call_Direction="outbound", Caller_Destination_Number="088303"),
            dial_in(0, OTHER, Channel_Name="loopback/088303-b", Caller_Destination_Number="088303"),
            queue(1, "member-queue-start", call=OTHER, Channel_Name="loopback/5000-b"),
            dial_in(1, CALL),
            hang_up(2, CALL),
            queue(2, "member-queue-start"),
            dial_in(3, PHONE),
            queue(3, "member-queue-start", "elsewhere", PHONE),
            hang_up(4, PHONE),
            hang_up(5, OTHER),
        ],
        BEGIN_MS,
    )
    told, left_out = one.take()
    assert told == []
    assert left_out == {"foreign_id": 1, "consultation": 1, "no_queue": 1, "queue_not_named": 1}


def test_what_goes_on_when_it_is_first_followed_is_told_whole() -> None:
    """One waits, one is answered, one talks and nobody says since when; one of whom events come at the same time."""
    talks = "bbbbbbbb-2222-4333-8444-555555555555"
    new = "cccccccc-2222-4333-8444-555555555555"
    one = Watch(RULES, Memory())
    one.connected()
    one.received([dial_in(99, new), queue(100.25, "member-queue-start", call=new)], round(at(100)))
    assert facts(one) == []
    rows = [
        row(CALL, 40),
        row(OTHER, 50),
        row(talks, 60, dest="088303"),
        row(PHONE, 61, direction="outbound", call_uuid=talks),
        row(new, 99, dest="088303"),
    ]
    waiting = members(member("Waiting"), member("Answered", 70, OTHER), member("Waiting", 0, new))
    one.listed(channels(*rows), {"kcc@default": waiting}, round(at(100)))
    assert one.knows_channels
    assert one.knows_members
    told, _ = one.take()
    assert [each.missed for each in told] == [True, True, True, False]
    one.told.extend(told)
    assert facts(one) == [
        ("offered", "KCC", 40.5),
        ("offered", "KCC", 50.5),
        ("answered", "KCC", 70.5),
        ("offered", "KCC", 99),
    ]
    assert hear(one, hang_up(120, talks)) == []
    assert hear(one, hang_up(130)) == [("abandoned", "KCC", 130)]


@pytest.mark.parametrize("is_restored", [False, True])
def test_what_happened_while_nobody_listened_is_told_once_it_is_found(is_restored: bool) -> None:
    """Also after a restart of the exchange: it lists none of the calls of before."""
    gone = "bbbbbbbb-2222-4333-8444-555555555555"
    one = watch()
    begun = [
        each for call in (CALL, OTHER, gone) for each in (dial_in(1, call), queue(2, "member-queue-start", call=call))
    ]
    assert len(hear(one, *begun)) == len((CALL, OTHER, gone))
    one.lost()
    if is_restored:
        one = watch(one.position())
    one.connected()
    one.received([hang_up(301, OTHER)], round(at(301)))
    one.listed(channels(row(CALL, 1)), {"kcc@default": members(member("Answered", 200))}, round(at(300)))
    assert facts(one) == [("abandoned", "KCC", 62), ("answered", "KCC", 200.5), ("abandoned", "KCC", 301)]
    assert hear(one, hang_up(400)) == [("ended", "KCC", 400)]
    _, left_out = one.take()
    assert left_out == {}


def test_an_exchange_that_stops_ends_its_calls() -> None:
    one = watch()
    hear(one, dial_in(1), queue(2, "member-queue-start"))
    assert hear(one, event("SHUTDOWN", at(8))) == [("abandoned", "KCC", 8)]


def test_lists_that_are_none_end_nothing_and_are_said() -> None:
    one = watch()
    hear(one, dial_in(1), queue(2, "member-queue-start"))
    one.lost()
    one.connected()
    one.listed(b"-ERR permission denied\n", {"kcc@default": b"-ERR Command not found!\n"}, BEGIN_MS)
    assert (one.knows_channels, one.knows_members) == (False, False)
    assert facts(one) == []
    assert hear(one, hang_up(9)) == [("abandoned", "KCC", 9)]


def test_nothing_of_persons_is_kept() -> None:
    one = watch()
    hear(one, dial_in(1), queue(2, "member-queue-start"))
    one.listed(channels(row()), {"kcc@default": members(member("Waiting"))}, BEGIN_MS)
    assert not any(secret.encode() in one.position() for secret in SECRETS)
    assert not any(secret in repr(EventDecoder(RULES).sign(dial_in(1))) for secret in SECRETS)


def test_a_value_cannot_pass_for_another_field_nor_a_body_for_the_event() -> None:
    decoder = EventDecoder(RULES)
    sly = dial_in(1, Caller_Caller_ID_Name=f"x\nUnique-ID: {OTHER}")
    assert getattr(decoder.sign(sly), "call", None) == CALL
    inner = (
        event("HEARTBEAT", at(1), Content_Length="40") + f"Event-Name: CHANNEL_CREATE\nUnique-ID: {OTHER}\n".encode()
    )
    assert getattr(decoder.sign(inner), "call", None) == ""


FRAMES: Final = [
    frame("auth/request"),
    frame("text/event-plain", event("HEARTBEAT", at(1)) + b"\n\nbody\n\n"),
    frame("command/reply", Reply_Text="+OK accepted"),
    frame("api/response", b"\n\n\n"),
]


@seed(20_261_128)
@settings(max_examples=50, deadline=None, database=None)
@given(st.lists(st.integers(1, sum(map(len, FRAMES))), max_size=6))
def test_frames_do_not_depend_on_the_pieces_in_which_they_come(places: list[int]) -> None:
    data, reader, found = b"".join(FRAMES), FrameReader(), list[Frame]()
    for begin, end in zip([0, *sorted(places)], [*sorted(places), len(data)], strict=True):
        found += reader.feed(data[begin:end])
    assert [each.kind for each in found] == [b"auth/request", b"text/event-plain", b"command/reply", b"api/response"]
    assert found[1].body.endswith(b"body\n\n")
    assert (found[2].reply, found[3].body) == (b"+OK accepted", b"\n\n\n")


def test_what_is_too_large_is_passed_over_and_kept_nowhere() -> None:
    reader = FrameReader()
    assert reader.feed(f"Content-Length: {BODY_BYTES_MAX + 5}\nContent-Type: api/response\n\nabc".encode()) == []
    piece = b"x" * (BODY_BYTES_MAX // 4)
    for _ in range(4):
        assert reader.feed(piece) == []
        assert len(reader._rest) == 0
    assert [each.kind for each in reader.feed(b"yz" + FRAMES[0])] == [b"auth/request"]
    assert reader.too_large == 1
    for nothing in (b"SIP/2.0 400 Bad\n" * 2_000, b"Content-Length: -1\n\n"):
        with pytest.raises(FrameError):
            FrameReader().feed(nothing)


@seed(20_261_128)
@settings(max_examples=100, deadline=None, database=None)
@given(st.binary(max_size=60), st.integers(0, 200))
def test_whatever_comes_raises_nothing(anything: bytes, place: int) -> None:
    decoder = EventDecoder(RULES)
    for good in (dial_in(1), queue(2, "member-queue-start"), bridge(3)):
        decoder.sign(good[:place] + anything + good[place:])
    for good in (channels(row()), b"{}", b"[]", b'{"rows": [{"created_epoch": 1e99, "uuid": null}]}'):
        living(good[:place] + anything + good[place:], decoder.by_number)
    members_of(members(member("Answered", 5))[:place] + anything + b"\n+OK")


def test_a_position_has_room_for_what_matters() -> None:
    number, ours = 6_000, 4_000
    calls = {
        f"{place:08x}-2222-4333-8444-555555555555": Call(BEGIN_MS, 0 if place < ours else -1)
        for place in range(number)
    }
    one = Watch(RULES, Memory(calls=calls, clusters=["KCC"]))
    kept = restored(one.position()).calls
    assert ours <= len(kept) < number
    assert sum(call.cluster == 0 for call in kept.values()) == ours
    assert one.take()[1]["memory_full"] == number - len(kept)
    with pytest.raises(ValueError, match="Expected"):
        restored(b"nothing")
