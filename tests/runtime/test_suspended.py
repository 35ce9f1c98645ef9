"""A worker that stood still for longer than the group waits hears of it before it writes; no broker is needed."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import ProducerFenced

from streams.runtime.app import VERDICT_LOOKS, _write_checkpoints


class App:
    """An engine whose others have taken over while it was stopped."""

    def __init__(self, confirmed: Sequence[bool], *, is_fenced: bool) -> None:
        """`confirmed` is whether the group counts us among it, at one look after the other; the last one holds on."""
        self._confirmed = list(confirmed)
        self._is_fenced = is_fenced
        self.consumer = SimpleNamespace(is_member=self._is_member)
        self.owner = self
        self.crash_reason: BaseException | None = None
        self.should_stop = False
        self.looks = 0
        self.written = 0

    def _is_member(self) -> bool:
        self.looks += 1
        return self._confirmed.pop(0) if len(self._confirmed) > 1 else self._confirmed[0]

    async def sleep(self, _: float) -> None:
        """Time flies."""

    async def checkpoint(self) -> None:
        """The broker refuses it when others have taken over, and it is not given other partitions before."""
        self.should_stop = True
        if self._is_fenced:
            raise ProducerFenced
        self.written += 1

    async def crash(self, reason: BaseException) -> None:
        """Remember why."""
        self.crash_reason = reason


async def write_once(app: Any) -> None:
    """Its checkpoints, until it has tried to write one."""
    await _write_checkpoints(app, 1.0)()


@pytest.mark.parametrize("looks", [1, 2, VERDICT_LOOKS])
async def test_who_woke_up_writes_nothing_before_the_group_has_told(looks: int) -> None:
    """To try would end it; the group gives it other partitions."""
    app = App([False] * (looks - 1) + [True], is_fenced=False)
    await write_once(app)
    assert (app.written, app.looks, app.crash_reason) == (1, looks, None)


async def test_a_worker_of_which_the_group_never_tells_anything_ends_when_others_have_its_partitions() -> None:
    """An engine that has lost its way would otherwise be cut off for good."""
    app = App([False], is_fenced=True)
    await write_once(app)
    assert isinstance(app.crash_reason, ProducerFenced)
    assert app.looks == VERDICT_LOOKS


async def test_a_worker_that_stops_meanwhile_waits_for_nothing() -> None:
    app = App([False], is_fenced=False)

    async def stop(_: float) -> None:
        app.should_stop = True

    app.sleep = stop  # type: ignore[method-assign]  # it is told to stop while it sleeps
    await write_once(app)
    assert app.looks <= 1
