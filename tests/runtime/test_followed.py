"""What a worker says of the sources of its settings, by what it heard of their followers and when."""

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from streams.core.rules import Channel
from streams.live.followed import AWAY_SECONDS
from streams.records.sources import SourceRecord, source_record
from streams.runtime.followed import FollowedSources
from streams.settings import load
from tests.sources.following.scripted import ScriptedTable

CONNECTED = SourceRecord(
    source="kcc",
    kind="scripted",
    position=None,
    follower="f1",
    written_ms=0,
    connected=True,
    since_ms=0,
    channels=(Channel.PHONE,),
)


def written(record: SourceRecord | None) -> Any:
    """A record as it is read."""
    key, value = (b"kcc", None) if record is None else source_record(record)
    return SimpleNamespace(key=key, value=value, timestamp=0)


class Steady:
    """A clock that a test moves on."""

    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Steady:
    """Of the worker."""
    return Steady()


@pytest.fixture
def heard(clock: Steady) -> FollowedSources:
    """A worker whose settings have one source."""
    return FollowedSources(load(None, {}).kafka, {"kcc": ScriptedTable()}, lambda: 0, clock)


def texts(heard: FollowedSources) -> list[str]:
    return [problem.text for problem in heard.problems()]


def test_a_source_counts_as_away_before_anything_was_heard_of_it(heard: FollowedSources) -> None:
    (problem,) = heard.problems()
    assert "its follower never was heard. Start `wachtmonitor follow kcc`" in problem.text
    assert (problem.code, problem.channels, problem.in_process) == ("source_kcc", (Channel.PHONE,), False)
    assert heard.away() == {"kcc": True}


def test_what_was_heard_counts_for_a_while(heard: FollowedSources, clock: Steady) -> None:
    heard._take(written(CONNECTED), clock.seconds)
    assert (texts(heard), heard.away()) == ([], {"kcc": False})
    clock.seconds += AWAY_SECONDS
    assert texts(heard) == []
    clock.seconds += 1
    assert "its follower was last heard 31 s ago" in texts(heard)[0]
    heard._take(written(CONNECTED), clock.seconds)
    assert texts(heard) == []


def test_a_source_that_is_not_connected_says_why(heard: FollowedSources, clock: Steady) -> None:
    lost = msgspec.structs.replace(CONNECTED, connected=False, why="the exchange refuses the login")
    heard._take(written(lost), clock.seconds)
    assert texts(heard) == ["source kcc is not connected: the exchange refuses the login"]


def test_what_says_nothing_of_a_source_takes_back_what_was_known(heard: FollowedSources, clock: Steady) -> None:
    for value in (written(None), SimpleNamespace(key=b"kcc", value=b"{", timestamp=0)):
        heard._take(written(CONNECTED), clock.seconds)
        heard._take(value, clock.seconds)
        assert heard.away() == {"kcc": True}
    assert "cannot read of any source at this moment: The record kcc" in texts(heard)[0]


async def test_without_sources_nothing_is_read() -> None:
    nothing = FollowedSources(load(None, {}).kafka, {}, lambda: 0)
    async with nothing.following():
        assert (nothing.problems(), nothing.away()) == ((), {})
