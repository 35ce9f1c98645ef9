"""The schedule, look by look: one worker acts, no error stops it, and a Grafana that refuses is left alone."""

import asyncio
import logging
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import ProducerFenced

from streams.reports import schedule
from streams.reports.grafana import GrafanaError
from streams.reports.schedule import PATIENCE_CHECKS, run_schedule
from streams.settings import GrafanaSettings
from tests.reports.making import lier


class EndError(Exception):
    """Ends the schedule."""


class Looks:
    """Counts looks, and what is done in each."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.number = 0
        self.closings: list[int] = []
        self.snapshots: list[int] = []
        self.errors: dict[int, Exception] = {}
        """What closing or making a snapshot raises, by look."""
        monkeypatch.setattr(schedule, "close_due_months", lambda *_: self._do(self.closings))
        monkeypatch.setattr(schedule, "_make_snapshots", lambda *_: self._do(self.snapshots))
        self._monkeypatch = monkeypatch

    async def _do(self, done: list[int]) -> None:
        done.append(self.number)
        if error := self.errors.get(self.number):
            raise error

    async def run(self, looks: int, *, url: str | None = None, in_charge: Any = lambda: True) -> None:
        """Let the schedule look so many times."""

        async def sleep(_: float) -> None:
            if self.number == looks:
                raise EndError
            self.number += 1

        self._monkeypatch.setattr(schedule, "asyncio", SimpleNamespace(sleep=sleep, to_thread=asyncio.to_thread))
        with pytest.raises(EndError):
            await run_schedule(lier(grafana=GrafanaSettings(url=url)), lambda: 0, in_charge)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Looks:
    """None yet."""
    return Looks(monkeypatch)


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
