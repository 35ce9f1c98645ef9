"""A stand-in exchange that lives: callers come and go, and it says so over AMI and in queue_log, as an Asterisk does.

It is killed and starts again, and its log is rotated. It knows what happened. Must not know who follows it.
"""

import asyncio
import shutil
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Final

from streams.process.clock import system_clock
from tests.chaos.events import PHONE
from tests.chaos.sources.truth import LOG_MS, UNSEEN_MS, Happened
from tests.core.builders import SECOND
from tests.sources.asterisk.replaying import Exchange
from tests.sources.asterisk.scripted import BEGIN_MS, Script
from tests.sources.asterisk.stand_in import StandIn

QUEUE: Final = "klantencontactcentrum"
NAMED: Final = "088301"
"""A number that the settings name: who dials it is a caller at once."""
OTHER: Final = "088999"
"""A number that they do not name: its callers count by their queue."""

CALLS_PER_SECOND: Final = 4.0


class _Manager(StandIn):
    """The manager interface; whoever does not read in time is sent all the same, and who is gone nothing."""

    def tell(self, block: bytes) -> None:
        """Send an event to all who are logged in."""
        self._writers = [writer for writer in self._writers if not writer.is_closing()]
        for writer in self._writers:
            writer.write(block + b"\r\n\r\n")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):  # it may be killed
            await super()._serve(reader, writer)


class LiveExchange(Script):
    """Callers of now; `happened` has the truth."""

    def __init__(self, log: Path, random: Random) -> None:
        """Nobody calls before `start_calls`."""
        super().__init__()
        self.happened: list[Happened] = []
        self.manager = _Manager(lambda _: Exchange(self.sent).lists(system_clock()))
        self._log = log
        self._random = random
        self._unresolved: dict[str, str] = {}
        """The calls that are going on: in the menu (`menu`), waiting (`waits`) or in talk (`talks`)."""
        self._life = 0
        self._calls: set[asyncio.Task[None]] = set()
        self._flow: asyncio.Task[None] | None = None

    # What it says.

    def send(self, seconds: float, event: str, call: str, linked: str = "", **fields: str) -> None:
        """Over AMI, at once."""
        super().send(seconds, event, call, linked, **fields)
        self.manager.tell(self.sent[-1].block)

    def write(self, seconds: float, *parts: str) -> None:
        """In queue_log, at once."""
        super().write(seconds, *parts)
        with self._log.open("ab") as out:
            out.write(self.written[-1].line + b"\n")

    # What befalls it.

    async def kill(self) -> None:
        """Every call is over, and nothing says so."""
        self._life += 1
        now_ms = system_clock()
        for call, state in self._unresolved.items():
            kind = "ended" if state == "talks" else "abandoned"
            self.happened.append(
                Happened(kind, call, PHONE, now_ms - LOG_MS, now_ms + UNSEEN_MS, is_certain=state != "menu")
            )
        self._unresolved.clear()
        self.sent.clear()
        await self.manager.close()

    async def come_back(self) -> None:
        """Start again: ids begin anew."""
        self.start(_now())
        await self.manager.open()

    def rotate(self, *, copy_and_truncate: bool) -> None:
        """Let queue_log begin anew, as logrotate does either way."""
        numbered = sorted(self._log.parent.glob(f"{self._log.name}.*"), key=lambda path: -int(path.suffix[1:]))
        for path in numbered:
            path.rename(path.with_suffix(f".{int(path.suffix[1:]) + 1}"))
        former = self._log.with_name(f"{self._log.name}.1")
        if copy_and_truncate:
            shutil.copy2(self._log, former)
            self._log.write_bytes(b"")
        else:
            self._log.rename(former)
            self._log.touch()

    # Who calls.

    async def one_call(self) -> None:
        """A caller from dialling in to hanging up."""
        self._calls.add(task := asyncio.create_task(self._call()))
        await task

    def start_calls(self) -> None:
        """Let callers come, until `finish`."""
        self._flow = asyncio.create_task(self._come(), name="callers")

    async def finish(self) -> None:
        """Let no more come, and wait until all are gone."""
        if self._flow is not None:
            self._flow.cancel()
        await asyncio.gather(*self._calls)

    async def close(self) -> None:
        """Be gone."""
        for task in (self._flow, *self._calls):
            if task is not None:
                task.cancel()
        await self.manager.close()

    async def _come(self) -> None:
        while True:
            await asyncio.sleep(self._random.expovariate(CALLS_PER_SECOND))
            if self.manager.is_open:
                self._calls.add(asyncio.create_task(self._call()))

    async def _call(self) -> None:
        random, life = self._random, self._life
        call = self.dial_in(_now(), random.choice([NAMED, OTHER]))
        self._unresolved[call] = "menu"
        offered = self._note("offered", call, is_certain=False)
        await asyncio.sleep(random.uniform(0.02, 0.3))
        if self._life != life:
            return
        if random.random() < 0.1:
            self.hang_up(_now(), call)
            self._over("abandoned", call, is_certain=False)
            return
        self.join(_now(), call, QUEUE)
        self._unresolved[call] = "waits"
        self.happened[offered] = self.happened[offered]._replace(is_certain=True)
        await asyncio.sleep(min(random.expovariate(0.5), 12))
        if self._life == life:
            await self._let_go(call, life)

    async def _let_go(self, call: str, life: int) -> None:
        """Of one who waits: nobody picks up, or somebody does."""
        part = self._random.random()
        if part < 0.2:
            self.give_up(_now(), call, QUEUE)
            self._over("abandoned", call)
        elif part < 0.3:
            self.time_is_up(_now(), call, QUEUE)
            self.hang_up(_now(), call)
            self._over("abandoned", call)
        else:
            await self._talk(call, life)

    async def _talk(self, call: str, life: int) -> None:
        phone = self.dial_in(_now(), "s", call)
        await asyncio.sleep(self._random.uniform(0.05, 0.5))
        if self._life != life:
            return
        self.picked_up(_now(), call, QUEUE, phone)
        self._note("answered", call)
        self._unresolved[call] = "talks"
        await asyncio.sleep(min(self._random.expovariate(0.4), 12))
        if self._life == life:
            self.complete(_now(), call, QUEUE, phone, by=self._random.choice(["AGENT", "CALLER"]))
            self.hang_up(_now(), call)
            self._over("ended", call)

    def _over(self, kind: str, call: str, *, is_certain: bool = True) -> None:
        """The call is no more; where that may be seen by nobody it is over later."""
        number = self._note(kind, call, is_certain=is_certain)
        if not is_certain:
            fact = self.happened[number]
            self.happened[number] = fact._replace(latest_ms=fact.latest_ms + UNSEEN_MS)
        del self._unresolved[call]

    def _note(self, kind: str, call: str, *, is_certain: bool = True) -> int:
        """Something happens now; its place in the truth."""
        now_ms = system_clock()
        self.happened.append(Happened(kind, call, PHONE, now_ms - LOG_MS, now_ms + LOG_MS, is_certain=is_certain))
        return len(self.happened) - 1


def _now() -> float:
    """Seconds of scripts."""
    return (system_clock() - BEGIN_MS) / SECOND
