"""What may come is anything: nothing of it raises, makes memory grow, or is told that contradicts itself."""

from collections import defaultdict
from typing import Final

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from streams.sources.asterisk.blocks import BLOCK_BYTES_MAX, BlockReader, field_of, fields_of
from streams.sources.asterisk.log_lines import LogDecoder
from streams.sources.asterisk.manager_events import ManagerDecoder
from streams.sources.asterisk.memory import Memory, restored, saved
from streams.sources.asterisk.signs import What
from streams.sources.call_rules import CallRules
from streams.sources.exchange.calls import ANSWERED, OFFERED, Call
from streams.sources.source import POSITION_BYTES_MAX
from tests.sources.asterisk.replaying import Player, recording
from tests.sources.asterisk.scripted import BEGIN_MS

RULES: Final = CallRules({"kcc": "KCC", "café Ü": "Café"}, {"088303": "Menu"})
QUICKLY = settings(max_examples=100, deadline=None, database=None)
SEEN: Final = 20_261_128


@seed(SEEN)
@QUICKLY
@given(st.lists(st.one_of(st.binary(max_size=40), st.sampled_from([b"\r\n\r\n", b"\r\n", b"Event: Hangup\r\n"]))))
def test_blocks_do_not_depend_on_the_pieces_in_which_they_come(pieces: list[bytes]) -> None:
    reader = BlockReader()
    assert [block for piece in pieces for block in reader.feed(piece)] == b"".join(pieces).split(b"\r\n\r\n")[:-1]


def test_a_block_without_end_is_left_out_and_kept_nowhere() -> None:
    reader, block = BlockReader(), b"Event: VarSet\r\nValue: " + b"x" * 10_000
    for _ in range(100):
        assert reader.feed(block) == []
        assert len(reader._rest) <= BLOCK_BYTES_MAX + len(block)
    assert reader.feed(b"\r\n\r") == []
    assert reader.feed(b"\nEvent: Hangup\r\n\r\n") == [b"Event: Hangup"]
    assert reader.too_large == 1
    assert reader.feed(b"x" * BLOCK_BYTES_MAX + b"y\r\n\r\nEvent: Hangup\r\n\r\n") == [b"Event: Hangup"]
    assert reader.too_large == 2


def test_of_a_key_that_comes_twice_the_first_counts_and_a_value_may_hold_anything() -> None:
    block = (
        b"Event: DialEnd\r\nChanVariable: a=b\r\nChanVariable: Uniqueid: 7\r\nno field\r\nQueue: a: b|c\r\nQueue: d"
    )
    assert fields_of(block)[b"ChanVariable"] == field_of(block, b"\r\nChanVariable:") == b"a=b"
    assert fields_of(block)[b"Queue"] == field_of(block, b"\r\nQueue:") == b"a: b|c"
    assert field_of(block, b"\r\nUniqueid:") == b""


_NAMES = (b"Newchannel", b"Hangup", b"QueueCallerJoin", b"AgentConnect", b"DialEnd", b"FullyBooted", b"Shutdown")
_KEYS = (b"Uniqueid", b"Linkedid", b"Timestamp", b"Queue", b"Exten", b"Uptime", b"DialStatus", b"Wait", b"BridgeId")
_VALUES = st.one_of(
    st.binary(max_size=30),
    st.sampled_from(
        [b"kcc", b"ANSWER", b"1795900000.1", b"1e400", b"nan", b"-1", b"9" * 400, b"inf", b"088303", b""]
    ),
)
_ANY_BLOCK = st.builds(
    lambda name, fields: b"\r\n".join([b"Event: " + name, *(key + b": " + value for key, value in fields)]),
    st.sampled_from(_NAMES),
    st.lists(st.tuples(st.sampled_from(_KEYS), _VALUES), max_size=8),
)
_ANY_LINE = st.lists(
    st.one_of(st.binary(max_size=20), st.sampled_from([b"1795900001", b"1795900000.1", b"kcc", b"CONNECT", b"DID"])),
    max_size=9,
).map(b"|".join)


@seed(SEEN)
@settings(max_examples=40, deadline=None, database=None)
@given(st.lists(st.one_of(_ANY_BLOCK, st.binary(max_size=60)), max_size=20), st.lists(_ANY_LINE, max_size=20))
def test_nothing_that_comes_raises_or_is_passed_on(blocks: list[bytes], lines: list[bytes]) -> None:
    manager, log = ManagerDecoder(RULES), LogDecoder(RULES)
    for sign in (*map(manager.sign, blocks), *map(log.sign, lines)):
        assert sign is None or sign.cluster in {None, "KCC", "Café", "Menu"}
        assert sign is None or sign.call in {"", "1795900000.1"}
    player = Player(RULES, has_manager=True, has_log=True)
    player.watch.caught_up(0)
    player.watch.connected(0)
    player.received(blocks, 0)
    player.lines(lines, 0)
    for now_ms in range(0, 60_000, 1_000):
        player.passed(now_ms)
    player.watch.lost(60_000)
    player.take()
    assert restored(player.watch.position()) is not None


_IDS = st.integers(0, 5).map(lambda number: f"{BEGIN_MS // 1000 + number}.{number}")
_HAPPENINGS = st.tuples(
    st.sampled_from(["event", "line", "cut", "back", "restart"]),
    st.integers(0, 9),
    _IDS,
    st.sampled_from([b"kcc", b"other"]),
    st.integers(0, 40_000),
)
_EVENTS_OF = ("Newchannel", "QueueCallerJoin", "QueueCallerLeave", "AgentConnect", "DialEnd", "Hangup")
_LINES_OF = ("ENTERQUEUE", "CONNECT", "ABANDON", "EXITWITHTIMEOUT", "COMPLETEAGENT", "COMPLETECALLER", "DID")


@seed(SEEN)
@settings(max_examples=120, deadline=None, database=None)
@given(st.lists(_HAPPENINGS, max_size=40))
def test_whatever_happens_no_call_contradicts_itself(happenings: list[tuple[str, int, str, bytes, int]]) -> None:
    """Each is offered first, answered once at most, and over once; it is offered again only when it had left."""
    player = Player(RULES, has_manager=True, has_log=True)
    player.watch.caught_up(0)
    now_ms, connected = 0, False
    for kind, which, call, queue, after_ms in happenings:
        now_ms += after_ms
        at_ms = BEGIN_MS + now_ms
        if kind == "cut" and connected:
            player.watch.lost(now_ms)
            connected = False
        elif kind == "back" and not connected:
            player.watch.connected(now_ms)
            connected = True
        elif kind == "restart":
            player.stop()
            player.start()
            connected = False
        elif kind == "event" and connected:
            name = _EVENTS_OF[which % len(_EVENTS_OF)]
            fields = (
                f"Event: {name}\r\nTimestamp: {at_ms / 1000:.6f}\r\nUniqueid: {call}\r\nDialStatus: ANSWER\r\nQueue: "
            )
            player.received([fields.encode() + queue], now_ms)
        elif kind == "line":
            values = f"{at_ms // 1000}|{call}|".encode() + queue
            name = _LINES_OF[which % len(_LINES_OF)]
            player.lines([values + f"|NONE|{name}|088303".encode()], now_ms)
        player.passed(now_ms)
        player.take()
    of_call: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for event, _ in player.told:
        of_call[event.call_id].append((type(event).__name__, float(event.at)))  # type: ignore[arg-type]
    for told in of_call.values():
        kinds = [kind for kind, _ in told]
        assert kinds[0] == "Offered", told
        assert kinds.count("Answered") <= 1
        assert kinds.count("Ended") <= 1
        assert kinds.count("Offered") - 1 <= kinds.count("Abandoned") <= kinds.count("Offered"), told
        assert "Ended" not in kinds or (kinds[-1] == "Ended" and "Answered" in kinds)
        assert [at for _, at in told] == sorted(at for _, at in told), told


def test_a_position_is_bounded_and_what_costs_least_is_forgotten_first() -> None:
    calls = {}
    for number in range(12_000):
        call = Call(BEGIN_MS + number, cluster=0, seen_ms=BEGIN_MS + number, told=OFFERED, joined=True)
        if number % 3 == 1:
            call.answered_ms, call.told = BEGIN_MS + number + 5, OFFERED | ANSWERED
        elif number % 3 == 2:
            call.cluster = -1
        calls[f"zeer-lange-naam-{BEGIN_MS // 1000 + number}.{number}"] = call
    over = {f"{BEGIN_MS // 1000 + number}.{number}": BEGIN_MS for number in range(20_000)}
    memory = Memory(calls=calls, over=over, clusters=["KCC"])
    data, forgotten = saved(memory, POSITION_BYTES_MAX)
    again = restored(data)
    assert len(data) <= POSITION_BYTES_MAX
    assert forgotten == 12_000 - len(again.calls)
    assert again.over == {}
    kinds = [(call.cluster, call.answered_ms is not None) for call in again.calls.values()]
    assert kinds.count((0, False)) == 4_000  # who waits is never forgotten before the others
    assert kinds.count((-1, False)) == 0
    assert len(data) > 0.9 * POSITION_BYTES_MAX


def test_what_is_forgotten_is_counted() -> None:
    player = Player(RULES, has_manager=True, has_log=False)
    player.watch.connected(0)
    blocks = [
        f"Event: Newchannel\r\nTimestamp: {BEGIN_MS // 1000}.5\r\nExten: 088303\r\n"
        f"Uniqueid: {'x' * 100}-{BEGIN_MS // 1000}.{number}".encode()
        for number in range(3_000)
    ]
    player.passed(20_000)
    player.received(blocks, 20_000)
    assert len(player.watch.position()) <= POSITION_BYTES_MAX
    player.take()
    assert 500 < player.left_out["memory_full"] < 2_500


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff", b"\x91\x02", b"\x9b" + b"\xc0" * 11])
def test_anything_else_is_no_memory(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        restored(data)


def test_signs_of_all_recordings_are_made_of_few_blocks() -> None:
    """Nearly all that an exchange sends does not matter, and costs next to nothing."""
    decoder = ManagerDecoder(RULES)
    signs = [decoder.sign(sent.block) for sent in recording("busy").sent]
    assert sum(sign is None for sign in signs) > 0.8 * len(signs)
    assert {sign.what for sign in signs if sign is not None} <= set(What)
