"""The source with a socket: connecting, losing, coming back, and what it says of that."""

from collections.abc import Callable
from contextlib import aclosing
from typing import Final

import pytest

from streams.sources.exchange.connection import Patience
from streams.sources.freeswitch import EventSocket, FreeSwitchSource
from streams.sources.source import SourceError
from tests.sources.asterisk.test_source import Heard
from tests.sources.freeswitch.stand_in import StandIn, channels, frame, members
from tests.sources.freeswitch.test_watch import BEGIN_MS, RULES, dial_in, hang_up, member, queue, row

QUICK: Final = Patience(
    connect_seconds=0.2, ping_seconds=0.05, retry_seconds=0.01, retry_seconds_max=0.02, refused_seconds=0.01
)


def source_of(socket: EventSocket) -> FreeSwitchSource:
    return FreeSwitchSource(socket, RULES, patience=QUICK, clock=lambda: BEGIN_MS)


def kinds(heard: Heard) -> list[str]:
    return [type(event).__name__ for step in heard.steps for event in step.events]


async def test_a_call_is_told_once_though_the_connection_and_the_program_are_lost() -> None:
    async with StandIn() as exchange:
        exchange.between = [dial_in(0)]
        async with aclosing(source_of(exchange.socket).steps(None)) as steps:
            heard = Heard(steps)
            await heard.until(lambda: heard.links == [(True, "")])
            await exchange.send([queue(1, "member-queue-start")])
            await heard.until(lambda: kinds(heard) == ["Offered"])
            await exchange.close()
            await heard.until(lambda: not heard.links[-1][0])
        assert exchange.heard[2:5] == [
            "api show channels as json",
            "api callcenter_config queue list members kcc@default",
            "api callcenter_config queue list members 'snel café@default'",
        ]
        exchange.channels, exchange.between = channels(row()), []
        exchange.members["kcc@default"] = members(member("Answered", 7))
        await exchange.open()
        async with aclosing(source_of(exchange.socket).steps(heard.position)) as steps:
            again = Heard(steps)
            await again.until(lambda: again.links and again.links[-1] == (True, ""))
            assert [step.missed_before for step in again.steps if step.events] == [True]
            await exchange.send([hang_up(9)])
            await again.until(lambda: kinds(again) == ["Answered", "Ended"])


async def test_why_there_is_no_connection_is_said_without_the_password_and_tried_again() -> None:
    async with StandIn() as exchange:
        wrong = EventSocket("127.0.0.1", exchange.socket.port, "geheim")
        assert "geheim" not in repr(wrong)
        async with aclosing(source_of(wrong).steps(None)) as steps:
            heard = Heard(steps)
            await heard.until(lambda: heard.links)
            assert "refused the password" in heard.links[-1][1]
            assert "geheim" not in heard.links[-1][1]
        await exchange.close()
        async with aclosing(source_of(exchange.socket).steps(None)) as steps:
            heard = Heard(steps)
            says = saying(heard)
            await heard.until(says("listen-ip"))
            await exchange.open()
            for greeting, word in (
                (frame("text/rude-rejection", b"Access Denied, go away.\n"), "apply-inbound-acl"),
                (b"SIP/2.0 400 Bad request\n" * 1_000, "8021"),
                (frame("text/disconnect-notice", b"Disconnected, goodbye.\n"), "ends the connection"),
                (b"", "does not answer the login"),
            ):
                exchange.greeting = greeting
                await heard.until(says(word))
            exchange.greeting = frame("auth/request")
            exchange.channels = b"-ERR permission denied\n"
            await heard.until(says("show channels as json"))
            assert heard.links[-1][0]
            exchange.answers = False
            await heard.until(says("has said nothing"))
            assert "api uptime" in exchange.heard


def saying(heard: Heard) -> Callable[[str], Callable[[], bool]]:
    """Whether the last that was said of the connection has a word."""
    return lambda word: lambda: bool(heard.links) and word in heard.links[-1][1]


async def test_a_position_of_something_else_is_refused() -> None:
    with pytest.raises(SourceError, match="go back to the version"):
        await anext(source_of(EventSocket("127.0.0.1", 1, "x")).steps(b"\xff"))
