"""The schedule, look by look: one worker acts, no error stops it, and a Grafana that refuses is left alone."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest
from aiokafka.errors import ProducerFenced

from streams.kafka.broker_time import BrokerTime, Reading, one_clock
from streams.kafka.client import KafkaProblemsError
from streams.months import schedule
from streams.months.schedule import PATIENCE_CHECKS, run_schedule
from streams.months.snapshot.grafana import GrafanaError
from streams.settings import GrafanaSettings
from tests.core.builders import HOUR
from tests.months.making import lier


class EndError(Exception):
    """Ends the schedule."""


class Looks:
    """Counts looks, and what is done in each."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, token_file: Path) -> None:
        self.number = 0
        self.token_file = token_file
        self.before: dict[int, Callable[[], object]] = {}
        """What happens before a look."""
        self.closings: list[int] = []
        self.snapshots: list[int] = []
        self.errors: dict[int, Exception] = {}
        """What closing or making a snapshot raises, by look."""
        self.times: list[BrokerTime | Exception] = []
        """What the brokers say, look by look; afterwards that nothing is wrong."""
        monkeypatch.setattr(schedule, "broker_time", self._broker_time)
        monkeypatch.setattr(schedule, "close_due_months", lambda *_: self._do(self.closings))
        monkeypatch.setattr(schedule, "_make_snapshots", lambda *_: self._do(self.snapshots))
        self._monkeypatch = monkeypatch

    async def _do(self, done: list[int]) -> None:
        done.append(self.number)
        if error := self.errors.get(self.number):
            raise error

    async def _broker_time(self, *_: Any) -> BrokerTime:
        time = self.times.pop(0) if self.times else one_clock(0)
        if isinstance(time, Exception):
            raise time
        return time

    async def run(self, looks: int, *, url: str | None = None, in_charge: Any = lambda: True) -> None:
        """Let the schedule look so many times."""

        async def sleep(_: float) -> None:
            if self.number == looks:
                raise EndError
            self.number += 1
            self.before.get(self.number, lambda: None)()

        self._monkeypatch.setattr(schedule, "asyncio", SimpleNamespace(sleep=sleep, to_thread=asyncio.to_thread))
        settings = lier(grafana=GrafanaSettings(url=url, token_file=self.token_file))
        with pytest.raises(EndError):
            await run_schedule(settings, lambda: 0, in_charge)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Looks:
    """None yet."""
    token_file = tmp_path / "token"
    token_file.write_text("glsa_first")
    return Looks(monkeypatch, token_file)


async def test_only_who_is_in_charge_acts(looks: Looks) -> None:
    """From the look on at which the group has given it the first partition."""
    await looks.run(5, in_charge=lambda: looks.number >= 3)
    assert looks.closings == [3, 4, 5]
    assert looks.snapshots == []


async def test_no_error_ends_the_schedule(looks: Looks, caplog: pytest.LogCaptureFixture) -> None:
    """One that nobody foresaw is logged with its trace, being overtaken is none."""
    caplog.set_level(logging.INFO)
    looks.errors = {1: RuntimeError("boom"), 2: ProducerFenced()}
    await looks.run(3)
    assert looks.closings == [1, 2, 3]
    assert [(record.levelname, record.exc_info is not None) for record in caplog.records] == [
        ("ERROR", True),
        ("INFO", False),
    ]


async def test_a_grafana_that_refuses_is_asked_again_after_a_while(looks: Looks) -> None:
    """Months close meanwhile."""
    looks.errors = {2: GrafanaError("no")}
    last = 2 + PATIENCE_CHECKS + 1
    await looks.run(last, url="http://127.0.0.1:1")
    assert looks.closings == list(range(1, last + 1))
    assert looks.snapshots == [1, 2, last]


URL: Final = "http://127.0.0.1:1"


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged of snapshots that wait."""
    return [text for record in caplog.records if (text := record.getMessage()).startswith("snapshots wait")]


async def test_what_snapshots_wait_for_is_said_once_for_each_change(
    looks: Looks, caplog: pytest.LogCaptureFixture
) -> None:
    """No token, an empty one, a Grafana that says no for two hours: three lines, and one at the end of it."""
    caplog.set_level(logging.INFO)
    looks.token_file.unlink()
    empty, there = 11, 21
    looks.before = {
        empty: looks.token_file.touch,
        there: lambda: looks.token_file.write_text("glsa_x"),
    }
    last = there + 8 * (PATIENCE_CHECKS + 1)
    looks.errors = {number: GrafanaError("Grafana says no.") for number in range(there, last)}
    await looks.run(last, url=URL)
    missing, nothing, no, end = said(caplog)
    assert "token_file in [grafana] names cannot be read (No such file or directory)" in missing
    assert "got nothing" in nothing
    assert no == "snapshots wait, and nothing else: Grafana says no."
    assert end == "snapshots wait no longer"
    assert looks.closings == list(range(1, last + 1))
    assert looks.snapshots == list(range(there, last + 1, PATIENCE_CHECKS + 1))


async def test_a_token_that_is_new_is_tried_at_once(looks: Looks) -> None:
    """Not after the patience with the old one; it is read anew at each look."""
    looks.errors = {1: GrafanaError("refused")}
    looks.before = {4: lambda: looks.token_file.write_text("glsa_second")}
    await looks.run(5, url=URL)
    assert looks.snapshots == [1, 4, 5]


async def test_while_clocks_are_minutes_apart_nothing_is_done_and_it_is_said_once(
    looks: Looks, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor while no broker tells its time, whatever the reason."""
    caplog.set_level(logging.INFO)
    apart = BrokerTime(0, [Reading(broker=1, shown_ms=0, ahead_ms=-5 * HOUR, error_ms=1, sent_ms=0)])
    looks.times = [apart, apart, KafkaProblemsError(["No Kafka broker"]), RuntimeError("boom"), one_clock(0), apart]
    await looks.run(7, url=URL)
    assert looks.closings == looks.snapshots == [5, 7]
    no, yes = "months, reports and snapshots wait", "months, reports and snapshots wait no longer"
    assert [record.message.partition(":")[0] for record in caplog.records] == [no, yes, no, yes]
    assert "this machine's clock is 5.0 h behind that of broker 1" in caplog.text
