"""The source with a socket and a file: connecting, losing, coming back, and what it says of that."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from time import monotonic
from typing import Final

import msgspec
import pytest

from streams.contracts.staffing import Staffing
from streams.sources.asterisk import AsteriskSource, Manager, StaffRules
from streams.sources.asterisk.source import Pace
from streams.sources.call_rules import CallRules
from streams.sources.exchange.connection import Patience
from streams.sources.source import SourceError, Step
from tests.sources.asterisk.replaying import RULES, Exchange, differences, fact_of, play, recording, wanted
from tests.sources.asterisk.stand_in import StandIn

SPEED: Final = 50
"""How fast time passes."""

QUICK: Final = Pace(
    log_seconds=0.01,
    patience=Patience(
        connect_seconds=0.2, ping_seconds=0.1, retry_seconds=0.1, retry_seconds_max=0.2, refused_seconds=0.1
    ),
)
BUSY: Final = recording("busy")
MISSED_BEFORE: Final = 2


def quick_clock() -> Callable[[], int]:
    begin = monotonic()
    return lambda: 1_795_800_000_000 + int((monotonic() - begin) * 1000 * SPEED)


def source_of(manager: Manager | None, log: Path | None, rules: CallRules = RULES) -> AsteriskSource:
    return AsteriskSource(manager, rules, log, pace=QUICK, clock=quick_clock())


class Heard:
    """What came out of a source."""

    def __init__(self, steps: AsyncGenerator[Step]) -> None:
        self.steps: list[Step] = []
        self._steps = steps

    async def until(self, is_enough: Callable[[], object]) -> None:
        """Listen until that holds."""
        async with asyncio.timeout(20):
            while not is_enough():
                self.steps.append(await anext(self._steps))

    @property
    def facts(self) -> list[tuple[str, str, str, float]]:
        return [fact_of(event) for step in self.steps for event in step.events]  # type: ignore[arg-type]

    @property
    def position(self) -> bytes:
        return next(step.position for step in reversed(self.steps) if step.position is not None)

    @property
    def links(self) -> list[tuple[bool, str]]:
        return [(step.link.connected, step.link.why) for step in self.steps if step.link is not None]


async def test_a_day_over_a_socket_and_a_file_is_the_truth_also_where_it_is_cut(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Events of the middle are lost, with the program too; queue_log and the list of calls make up for them."""
    log = tmp_path / "queue_log"
    first, last = BUSY.sent[0].at_ms, BUSY.sent[-1].at_ms
    cut_ms, back_ms = first + (last - first) // 3, first + (last - first) // 2
    before = [sent for sent in BUSY.sent if sent.at_ms < cut_ms]
    told_before = len(play(BUSY._replace(sent=before), log=False).told)
    after = [sent.block for sent in BUSY.sent if sent.at_ms >= back_ms]
    lines = [
        b"".join(line.line + b"\n" for line in BUSY.written if part(line.at_ms, cut_ms, back_ms) == place)
        for place in range(3)
    ]
    truth = wanted(BUSY)
    log.write_bytes(b"")
    async with StandIn() as exchange:
        async with aclosing(source_of(exchange.manager, log).steps(None)) as steps:
            heard = Heard(steps)
            await heard.until(lambda: heard.links == [(True, "")])
            log.write_bytes(lines[0])
            await exchange.send(sent.block for sent in before)
            await heard.until(lambda: len(heard.facts) >= told_before)
            await exchange.close()
            await heard.until(lambda: heard.links[-1][0] is False)
        with log.open("ab") as file:
            file.write(lines[1])
        exchange.lists = lambda _: Exchange(BUSY.sent).lists(back_ms - 1)
        await exchange.open()
        async with aclosing(source_of(exchange.manager, log).steps(heard.position)) as steps:
            again = Heard(steps)
            await again.until(lambda: (True, "") in again.links)
            with log.open("ab") as file:
                file.write(lines[2])
            await exchange.send(after)
            await again.until(lambda: len(heard.facts) + len(again.facts) >= len(truth))
    facts = heard.facts + again.facts

    def tolerated(true: tuple[str, str, str, float]) -> tuple[float, float]:
        away = cut_ms / 1000 - 1 <= true[3] <= back_ms / 1000 + 1
        return (15, 40) if away and true[0] in ("ended", "abandoned") else (1, 1) if away else (0.15, 0.15)

    assert differences(facts, truth, tolerated) == []
    said = caplog.text + repr(heard.steps + again.steps)
    assert not [call["number"] for call in BUSY.calls if call["number"] in said]
    missed = [event for step in again.steps if step.missed_before for event in step.events]
    assert len(missed) > MISSED_BEFORE


def part(at_ms: int, cut_ms: int, back_ms: int) -> int:
    """Which of three parts."""
    return int(at_ms + 999 >= cut_ms) + int(at_ms + 999 >= back_ms)


async def test_queue_log_alone_is_told_as_it_is_written_and_across_rotation(tmp_path: Path) -> None:
    log = tmp_path / "queue_log"
    lines = [line.line + b"\n" for line in BUSY.written]
    true = [fact for fact in wanted(BUSY) if fact[0] in ("offered", "answered")]
    by_queue = len(wanted(BUSY))
    async with aclosing(source_of(None, log).steps(None)) as steps:
        heard = Heard(steps)
        await heard.until(lambda: heard.links)
        assert heard.links[0][0] is False
        assert str(log) in heard.links[0][1]
        log.write_bytes(b"".join(lines[:40]))
        await heard.until(lambda: heard.facts)
        assert heard.links[-1] == (True, "")
        log.rename(tmp_path / "queue_log.0")
        log.write_bytes(b"".join(lines[40:]))
        await heard.until(lambda: len(heard.facts) >= by_queue)
    told = [fact for fact in heard.facts if fact[0] in ("offered", "answered")]
    assert differences(told, true, 1.0) == []
    assert not any(step.missed_before for step in heard.steps)


async def test_a_refused_login_is_said_without_its_secret_and_tried_again() -> None:
    async with StandIn() as exchange:
        wrong = Manager("127.0.0.1", exchange.manager.port, "wacht", "geheim")
        async with aclosing(source_of(wrong, None).steps(None)) as steps:
            heard = Heard(steps)
            await heard.until(lambda: heard.links)
            (connected, why), *_ = heard.links
            assert not connected
            assert "refused the login" in why
            assert "wacht" in why
            assert "manager.conf" in why
            assert "geheim" not in why + repr(wrong)
            listening = asyncio.ensure_future(anext(steps))
            await asyncio.wait_for(exchange.asked("Login", 3), 10)
            listening.cancel()
            await asyncio.wait({listening})
        assert exchange.logins == 0


async def test_nobody_there_something_else_there_and_silence_are_said(tmp_path: Path) -> None:
    async with StandIn() as exchange:
        manager = exchange.manager
        await exchange.close()
        async with aclosing(source_of(manager, None).steps(None)) as steps:
            heard = Heard(steps)
            await heard.until(lambda: heard.links)
            assert "bindaddr" in heard.links[-1][1]
            exchange.banner = b"SIP/2.0 400 Bad request\r\n"
            await exchange.open()
            await heard.until(lambda: "introduce itself" in heard.links[-1][1])
            exchange.banner = b"Asterisk Call Manager/11.0.0\r\n"
            await heard.until(lambda: heard.links[-1][0])
            exchange.answers = False
            await heard.until(lambda: "has said nothing" in heard.links[-1][1])
            await heard.until(lambda: "does not answer the login" in heard.links[-1][1])
            exchange.answers = True
            await heard.until(lambda: heard.links[-1][0])
            exchange.hang_up()
            await heard.until(lambda: "closed the connection" in heard.links[-1][1])
            await heard.until(lambda: heard.links[-1][0])
    assert "Ping" in exchange.heard


async def test_lists_that_are_refused_are_said_while_connected() -> None:
    def refused(_: int) -> list[bytes]:
        return [
            f"Response: Error\r\nActionID: {name}\r\nMessage: Permission denied".encode()
            for name in ("waiting", "living")
        ]

    async with (
        StandIn(lambda at_ms: iter(refused(at_ms))) as exchange,
        aclosing(source_of(exchange.manager, None).steps(None)) as steps,
    ):
        heard = Heard(steps)
        await heard.until(lambda: heard.links and "write = reporting" in heard.links[-1][1])
        assert heard.links[-1][0]


async def test_a_log_that_may_not_be_read_is_said_while_connected(tmp_path: Path) -> None:
    (tmp_path / "queue_log").mkdir()
    async with (
        StandIn() as exchange,
        aclosing(source_of(exchange.manager, tmp_path / "queue_log").steps(None)) as steps,
    ):
        heard = Heard(steps)
        await heard.until(lambda: heard.links and heard.links[-1][0])
        assert "cannot be read" in heard.links[-1][1]


async def test_a_position_of_something_else_is_refused() -> None:
    with pytest.raises(SourceError, match="position"):
        async with aclosing(source_of(None, Path("queue_log")).steps(b"{}")) as steps:
            await anext(steps)


@pytest.mark.parametrize("has_log", [True, False])
async def test_where_nothing_happens_nothing_is_done(has_log: bool, tmp_path: Path) -> None:
    looks = 0

    def counted() -> int:
        nonlocal looks
        looks += 1
        return int(monotonic() * 1000)

    (tmp_path / "queue_log").write_bytes(b"")
    async with StandIn() as exchange:
        log = tmp_path / "queue_log" if has_log else None
        source = AsteriskSource(exchange.manager, RULES, log, clock=counted)
        async with aclosing(source.steps(None)) as steps:
            await Heard(steps).until(lambda: exchange.logins)
            looks = 0
            waiting = asyncio.ensure_future(anext(steps))
            await asyncio.wait({waiting}, timeout=0.5)
            waiting.cancel()
            await asyncio.wait({waiting})
    assert looks < 100  # a few for each look at queue_log, five times a second


async def test_a_secret_is_read_at_each_login_and_what_is_wrong_with_it_is_said() -> None:
    secrets = iter(("geheim", "a\r\nAction: Originate", "proef"))
    async with StandIn() as exchange:
        manager = Manager("127.0.0.1", exchange.manager.port, "wacht", lambda: next(secrets))
        async with aclosing(source_of(manager, None).steps(None)) as steps:
            heard = Heard(steps)
            await heard.until(lambda: len(heard.links) == 3)
    assert "refused the login" in heard.links[0][1]
    assert "line end" in heard.links[1][1]
    assert heard.links[2] == (True, "")
    assert "Originate" not in exchange.heard


def test_nothing_to_follow_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="neither"):
        AsteriskSource(None, RULES)


async def test_who_serves_is_told_beside_the_calls_where_it_is_asked_for() -> None:
    def lists(_: int) -> Iterator[bytes]:
        yield b"Response: Success\r\nActionID: waiting\r\nEventList: start"
        yield b"Event: QueueParams\r\nQueue: snelbalie\r\nActionID: waiting"
        yield b"Event: QueueMember\r\nQueue: snelbalie\r\nLocation: IAX2/fatima\r\nStatus: 1\r\nPaused: 0"
        yield b"Event: QueueStatusComplete\r\nActionID: waiting\r\nEventList: Complete"

    async with StandIn(lists) as exchange:
        staff = StaffRules("kcc", "phone")
        source = AsteriskSource(exchange.manager, RULES, None, staff=staff, pace=QUICK, clock=quick_clock())
        async with aclosing(source.steps(None)) as steps:
            heard = Heard(steps)
            await heard.until(lambda: any(step.events for step in heard.steps))
            (event,) = next(step.events for step in heard.steps if step.events)
            assert isinstance(event, Staffing)
            assert (event.source, event.cluster, event.logged_in, event.free) == ("kcc", "snelbalie", 1, 1)
            assert b"fatima" not in msgspec.json.encode(event)
