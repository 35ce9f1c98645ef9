"""One seeded scenario: events flow, faults strike in rounds, and at the end everything is compared.

After each round of faults it waits until the figures are right again and notes how long that took. It must not know
how many scenarios there are.
"""

import asyncio
import dataclasses
import re
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from random import Random
from typing import Final

from msgspec.structs import replace

from streams.channels.topics import topic_specs
from streams.kafka.client import admin_client, ensure_topics
from streams.settings import KafkaSettings
from tests.brokers.apache import ApacheCluster
from tests.brokers.topics import settings_at
from tests.chaos import judge
from tests.chaos.arena import Arena, Timeline
from tests.chaos.crew import Crew, Ending, workers
from tests.chaos.events import EventSource
from tests.chaos.faults import FAULTS
from tests.chaos.proxy import Network
from tests.chaos.publisher import Publisher
from tests.chaos.sources.faults import SOURCE_FAULTS
from tests.chaos.sources.stage import Sources
from tests.chaos.sources.truth import compare_told
from tests.oracle import Row

RIGHT_SECONDS: Final = 180.0
"""When figures are not right by then they will not be: a takeover has 60 s; three times that for slow machines."""

POLL_SECONDS: Final = 0.6

STOP_SECONDS: Final = 120.0
"""When workers have not ended by then they will not: each has a bound of half a minute on a quiet machine."""

SETTLED_SHARE: Final = 0.6
"""The share of rounds that strike a group at rest; the others strike it wherever the last round left it."""

SETTLE_SECONDS: Final = 20.0

PLAIN_KILLS: Final = ("kill_one", "kill_three")
"""Faults that mostly strike alone, and a group at rest, so that the time of recovery is that of nothing else."""

SOURCES_SHARE: Final = 0.2

TOLD_SECONDS: Final = 120.0
"""When a follower has not told all by then it will not: of a call that nobody saw end it may take a minute."""

ALL_FAULTS: Final = {**FAULTS, **SOURCE_FAULTS}

EXTRA_WORKERS: Final = 2
"""Slots for workers that join."""


@dataclass(frozen=True)
class Plan:
    """What a seed decides; `rounds` are names of faults, and whether somebody is killed besides."""

    seed: int
    workers: int
    partitions: int
    records_per_second: int
    rounds: tuple[tuple[str, bool], ...]
    has_sources: bool = False
    """Whether an exchange is followed and webhooks come in besides."""

    @property
    def breaks_brokers(self) -> bool:
        """Whether it needs a cluster of its own."""
        return any(ALL_FAULTS[name].breaks_brokers for name, _ in self.rounds)


@dataclass
class Result:
    """How a scenario went."""

    plan: Plan
    faults: Counter[str] = field(default_factory=Counter)
    events: int = 0
    source_facts: int = 0
    """What happened at sources: at the exchange and at desks that call."""
    sent_again: int = 0
    differences: list[str] = field(default_factory=list)
    recoveries_after_kill: list[float] = field(default_factory=list)
    """Seconds from a SIGKILL, of one or several at once and nothing else, until figures are right again."""
    recoveries_after_others: list[float] = field(default_factory=list)
    """Seconds from the last strike of other faults, or of several after each other, or from their end."""
    endings: list[Ending] = field(default_factory=list)
    seconds: float = 0.0


def planned(seed: int, breaks_brokers: bool | None = None, rounds: int = 3, *, sources: bool = False) -> Plan:
    """The scenario of a seed; one in five strikes brokers, unless `breaks_brokers` says which it is.

    One in five of the others has sources, and all with `sources`.
    """
    plan = _planned(seed, False if sources else breaks_brokers, rounds)
    random = Random(f"sources {seed}")
    if not sources and (plan.breaks_brokers or random.random() >= SOURCES_SHARE):
        return plan
    weights = [fault.weight for fault in SOURCE_FAULTS.values()]
    names = random.choices([*SOURCE_FAULTS], weights, k=rounds)
    return dataclasses.replace(
        plan,
        workers=max(3 if "kill_three" in names else 2, plan.workers - 1),
        records_per_second=min(plan.records_per_second, 40),
        rounds=tuple((name, random.random() < 0.4) for name in names),
        has_sources=True,
    )


def _planned(seed: int, breaks_brokers: bool | None, rounds: int) -> Plan:
    random = Random(f"plan {seed}")
    strikes_brokers = random.random() < 0.2 if breaks_brokers is None else breaks_brokers
    others = {name: fault.weight for name, fault in FAULTS.items() if not fault.breaks_brokers}
    brokers = {name: fault.weight for name, fault in FAULTS.items() if fault.breaks_brokers}
    names = random.choices([*others], [*others.values()], k=rounds)
    if strikes_brokers:
        names[:2] = random.choices([*brokers], [*brokers.values()], k=2)
    fewest = 3 if "kill_three" in names else 2
    return Plan(
        seed,
        workers=max(fewest, random.choice([2, 3, 3, 3, 4])),
        partitions=random.choice([2, 3, 4]),
        records_per_second=random.choice([20, 40, 80]),
        rounds=tuple((name, random.random() < (0.2 if name in PLAIN_KILLS else 0.6)) for name in names),
    )


def write_settings(directory: Path) -> Path:
    """A settings file: those of Lier, but always open, as the judge's rules are."""
    text = files("streams").joinpath("wachtmonitor.toml").read_text(encoding="utf-8")
    text = re.sub(r'^(\w+day) = ".*"$', r'\1 = "00:00-24:00"', text, flags=re.MULTILINE)
    text = re.sub(r'^public_holidays = ".*"$', 'public_holidays = "none"', text, flags=re.MULTILINE)
    path = directory / "settings.toml"
    path.write_text(text, encoding="utf-8")
    return path


async def run(
    plan: Plan, cluster: ApacheCluster, network: Network, directory: Path, *, verbose: bool = False
) -> Result:
    """Run a scenario; its logs and its timeline are left in `directory`."""
    result = Result(plan)
    started = time.monotonic()
    try:
        await cluster.heal()
        async with _arena(plan, cluster, network, directory, verbose=verbose) as arena:
            try:
                await _play(arena, plan, result)
            finally:
                _take_stock(arena, result)
    except* Exception as errors:  # noqa: BLE001 - whatever broke it off, the scenario failed, and the others go on
        result.differences.append(f"the scenario broke off: {errors.exceptions!r}")
    result.seconds = time.monotonic() - started
    return result


@asynccontextmanager
async def _arena(
    plan: Plan, cluster: ApacheCluster, network: Network, directory: Path, *, verbose: bool
) -> AsyncIterator[Arena]:
    kafka = replace(
        settings_at("", partitions=plan.partitions, replication_factor=-1, writer="transactional"),
        bootstrap_servers=cluster.bootstrap_servers,
    )
    through_proxy = replace(kafka, bootstrap_servers=network.bootstrap_servers)
    slots = workers([through_proxy, *[kafka] * (plan.workers - 1 + EXTRA_WORKERS)], directory)
    settings_file = write_settings(directory)
    crew = Crew(slots, settings_file, verbose=verbose)
    source = EventSource(Random(f"events {plan.seed}"), f"{plan.seed}")
    publisher = Publisher(kafka, source, plan.records_per_second)
    timeline = Timeline(directory / "timeline.txt")
    async with AsyncExitStack() as stack:
        await ensure_topics(kafka)
        stack.push_async_callback(_delete_topics, kafka)
        stack.callback(network.heal)
        stack.push_async_callback(crew.close)
        stack.push_async_callback(publisher.close)
        sources = None
        if plan.has_sources:
            of_sources = Sources(through_proxy, directory, settings_file, Random(f"callers {plan.seed}"))
            sources = await stack.enter_async_context(of_sources)
        crew.start(plan.workers)
        publisher.start()
        yield Arena(
            kafka, cluster, crew=crew, publisher=publisher, network=network, timeline=timeline, sources=sources
        )


async def _delete_topics(kafka: KafkaSettings) -> None:
    async with admin_client(kafka) as admin:
        await admin.delete_topics([spec.name for spec in topic_specs(kafka)])


async def _play(arena: Arena, plan: Plan, result: Result) -> None:
    arena.timeline.note(f"{plan}, group {arena.kafka.group}")
    if await _until_right(arena, result) is None or not await _begin_sources(arena, result):
        return
    for number, (name, with_kill) in enumerate(plan.rounds):
        arena.timeline.note(f"round {number}: {name}{' and a kill' if with_kill else ''}")
        random = Random(f"round {number} of {plan.seed}")
        at_rest = random.random() < SETTLED_SHARE or (name in PLAIN_KILLS and not with_kill)
        settled = at_rest and await _until_settled(arena)
        arena.strikes.clear()
        await _strike(arena, name, with_kill, random)
        if (seconds := await _until_right(arena, result)) is None:
            return
        if settled and arena.struck_by_kill_alone():
            result.recoveries_after_kill.append(seconds)
        elif arena.strikes:
            result.recoveries_after_others.append(seconds)
    await arena.publisher.finish()
    await _finish_sources(arena, result)
    if await _until_right(arena, result) is None:
        return
    await _judge(arena, result)


async def _until_settled(arena: Arena) -> bool:
    """Wait until no rebalance is under way; False when that takes too long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(SETTLE_SECONDS):
            while not (await arena.crew.is_settled() and await arena.is_right({})):  # noqa: ASYNC110 - no event tells
                await asyncio.sleep(POLL_SECONDS)
        return True
    return False


async def _strike(arena: Arena, name: str, with_kill: bool, random: Random) -> None:
    """A fault, and perhaps a SIGKILL at some moment of it."""
    await asyncio.sleep(random.uniform(0, 1))

    async def kill_besides() -> None:
        await asyncio.sleep(random_kill.uniform(0, 6))
        of_sources = [] if arena.sources is None else [arena.sources.follower, arena.sources.receiver]
        arena.kill(random_kill.choice([arena.someone(random_kill), *of_sources]))

    random_kill = Random(random.random())
    besides = [kill_besides()] if with_kill else []
    await asyncio.gather(ALL_FAULTS[name].strike(arena, random), *besides)


async def _until_right(arena: Arena, result: Result) -> float | None:
    """Seconds from the last strike until figures are right; None when they do not become so."""
    try:
        async with asyncio.timeout(RIGHT_SECONDS):
            while not await arena.is_right_now():  # noqa: ASYNC110 - no event tells
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        folded = dict(await arena.crew.folded())
        result.differences.append(f"not right within {RIGHT_SECONDS:.0f} s: {folded}, {dict(arena.publisher.ends)}")
        return None
    seconds = time.monotonic() - (arena.strikes[-1][0] if arena.strikes else arena.started)
    arena.timeline.note(f"right after {seconds:.1f} s")
    return seconds


async def _begin_sources(arena: Arena, result: Result) -> bool:
    """Let callers come once one was told of: of what was before the first start nothing is promised."""
    sources = arena.sources
    if sources is None:
        return True
    try:
        async with asyncio.timeout(RIGHT_SECONDS):
            await sources.listened_to()
            while not await _told(arena):
                await sources.exchange.one_call()
    except TimeoutError:
        result.differences.append("nobody told of the first caller")
        return False
    sources.start()
    arena.timeline.note("callers come")
    return True


async def _finish_sources(arena: Arena, result: Result) -> None:
    """Let callers go; everything must be told at last, and whoever followed ends in order."""
    sources = arena.sources
    if sources is None:
        return
    different = ["nothing was compared"]
    with suppress(TimeoutError):
        async with asyncio.timeout(TOLD_SECONDS):
            await sources.finish()
            while different := await _compared(arena, sources):  # noqa: ASYNC110 - no event tells
                await asyncio.sleep(2 * POLL_SECONDS)
    before = len(sources.crew.endings)
    async with asyncio.timeout(STOP_SECONDS):
        await sources.crew.stop()
    if not different:  # nor may anything be told in ending
        different = await _compared(arena, sources)
    endings = sources.crew.endings
    result.source_facts = len(sources.happened())
    result.differences += different
    result.differences += [f"whoever followed failed: {each}" for each in endings if "Traceback" in each.words]
    result.differences += [f"whoever followed ended: {each}" for each in endings[before:] if not _is_fit(each)]
    arena.timeline.note(f"{result.source_facts} facts of sources, answers {dict(sources.caller.statuses)}")
    for each in different[:20]:
        arena.timeline.note(each)


async def _compared(arena: Arena, sources: Sources) -> list[str]:
    return compare_told(sources.happened(), await _told(arena))


async def _told(arena: Arena) -> list[Row]:
    """The facts that followers wrote so far."""
    return (await judge.published(arena.kafka, arena.publisher.confirmed, has_sources=True)).told


async def _judge(arena: Arena, result: Result) -> None:
    arena.timeline.note("comparing")
    what = await judge.published(arena.kafka, arena.publisher.confirmed, has_sources=arena.sources is not None)
    result.events = sum(what.valid.values()) + len(what.refused)
    result.differences += what.differences
    result.differences += await judge.shown(arena.crew, what)
    await _until_settled(arena)  # a zombie that has yet to notice may end by itself
    ended = len(arena.crew.endings)
    async with asyncio.timeout(STOP_SECONDS):
        await arena.crew.stop()
    result.differences += [
        f"a worker ended with status {ending.status} at the end: {ending.words[-500:]}"
        for ending in arena.crew.endings[ended:]
        if not _is_fit(ending)
    ]
    result.differences += await judge.left_behind(arena.kafka, what)
    arena.timeline.note(f"{len(result.differences)} differences")


def _is_fit(ending: Ending) -> bool:
    """Whether a worker that was asked to end ended as it should; the last of them may be fenced as the others leave.

    One that has only just been started, so that Python has not yet come to our first line, dies of the signal.
    """
    still_starting = ending.status == -signal.SIGTERM and not ending.words
    fenced = ending.status == 1 and "another one has taken over" in ending.words
    return ending.status == 0 or still_starting or fenced


def _take_stock(arena: Arena, result: Result) -> None:
    result.faults = arena.timeline.faults
    result.endings = arena.crew.endings + ([] if arena.sources is None else arena.sources.crew.endings)
    result.sent_again = arena.publisher.sent_again
