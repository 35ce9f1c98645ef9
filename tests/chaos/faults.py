"""The faults. Each strikes an arena at random and leaves it healed: what ends is started again by the supervisor.

A fault draws everything from the generator that it is given, so that a seed strikes alike each time.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from random import Random
from typing import Final, NamedTuple

from tests.chaos.arena import SESSION_TIMEOUT_SECONDS, Arena
from tests.core.builders import HOUR

GONE_SECONDS: Final = 120.0
"""Two brokers of three are enough, so figures must be right by then."""

Strike = Callable[[Arena, Random], Awaitable[None]]


class Fault(NamedTuple):
    """A kind of fault, how often it is drawn, and whether it needs a cluster of its own to strike brokers."""

    strike: Strike
    weight: int
    breaks_brokers: bool = False


async def kill_one(arena: Arena, random: Random) -> None:
    """SIGKILL of one worker, which is started again at once or only after the others have taken over."""
    arena.kill(arena.someone(random), random.choice([0, 0, 0, 1, SESSION_TIMEOUT_SECONDS + 3]))


async def kill_three(arena: Arena, random: Random) -> None:
    """Three at once: nobody is left who knows anything."""
    for slot in arena.several(random, 3):
        arena.kill(slot, random.choice([0, 0, 1]))


async def kill_in_take_over(arena: Arena, random: Random) -> None:
    """One is killed, and another when it is about to take over."""
    arena.kill(arena.someone(random))
    await asyncio.sleep(random.uniform(SESSION_TIMEOUT_SECONDS - 1, SESSION_TIMEOUT_SECONDS + 2))
    arena.kill(arena.someone(random))


async def kill_again_and_again(arena: Arena, random: Random) -> None:
    """A worker that is killed at any moment of its start, several times."""
    slot = arena.someone(random)
    for _ in range(random.randint(2, 4)):
        arena.kill(slot)
        await asyncio.sleep(random.uniform(0, 4))
    arena.kill(slot)


async def terminate(arena: Arena, random: Random) -> None:
    """SIGTERM of one worker, which is started again."""
    arena.terminate(arena.someone(random), random.choice([0, 0, 2]))


async def terminate_while_starting(arena: Arena, random: Random) -> None:
    """SIGTERM of a worker that has just been started."""
    slot = arena.someone(random)
    arena.kill(slot)
    for _ in range(random.randint(1, 2)):
        await asyncio.sleep(random.uniform(0.05, 4))
        arena.terminate(slot)


async def freeze(arena: Arena, random: Random) -> None:
    """SIGSTOP until the others have taken over, then SIGCONT: the zombie must count for nothing."""
    slot = arena.someone(random)
    arena.freeze(slot)
    await asyncio.sleep(SESSION_TIMEOUT_SECONDS + random.uniform(1, 5))
    arena.thaw(slot)


async def blink(arena: Arena, random: Random) -> None:
    """SIGSTOP for less than the session timeout, or just about it."""
    slot = arena.someone(random)
    arena.freeze(slot)
    await asyncio.sleep(random.uniform(0.5, SESSION_TIMEOUT_SECONDS + 1))
    arena.thaw(slot)


async def join_and_leave(arena: Arena, random: Random) -> None:
    """One more worker joins, and some time later one leaves for good."""
    idle = [slot for slot in arena.crew.slots if not slot.wanted]
    if idle:
        arena.struck("join", idle[0].name)
        idle[0].wanted = True
        await asyncio.sleep(random.uniform(1, 6))
    slot = arena.someone(random)
    if len(arena.crew.running()) > 1:
        slot.wanted = False
        arena.terminate(slot)
        arena.struck("leave", slot.name)


async def stop_all_workers(arena: Arena, random: Random) -> None:
    """All workers end at once, by SIGTERM or SIGKILL, and start again some time later."""
    pause = random.uniform(0, 3)
    stop = random.choice([arena.kill, arena.terminate])
    arena.struck("stop of all workers")
    for slot in arena.crew.running():
        stop(slot, pause)


async def cut_network(arena: Arena, random: Random) -> None:
    """The first worker reaches no broker, or gets no answers, and then does again."""
    slot = arena.crew.slots[0]
    slot.wanted = True  # it may have left
    answers_only = random.random() < 0.4
    arena.struck("network cut", f"{slot.name}{', answers only' if answers_only else ''}")
    slot.cut_off = True
    arena.network.cut(answers_only=answers_only)
    await asyncio.sleep(random.choice([random.uniform(1, 5), random.uniform(7, 14)]))
    arena.network.heal()
    slot.cut_off = False
    arena.healed("network healed", slot.name)


async def wrong_clock(arena: Arena, random: Random) -> None:
    """The exchange's and a desk's clocks are an hour off for some seconds; somebody dies meanwhile."""
    hours = random.choice([-1, 1])
    arena.struck("wrong clock", f"by {hours} h")
    arena.publisher.source.shift_ms = hours * HOUR
    await asyncio.sleep(random.uniform(1, 3))
    arena.kill(arena.someone(random))
    await asyncio.sleep(1)
    arena.publisher.source.shift_ms = 0


async def restart_broker(arena: Arena, random: Random) -> None:
    """A broker is killed or halted, and starts again on its data."""
    await _restart(arena, random, random.choice(arena.cluster.brokers).node.node_id, "broker")


async def restart_coordinator(arena: Arena, random: Random) -> None:
    """The broker that coordinates the group is killed or halted, and starts again."""
    await _restart(arena, random, await arena.coordinator(), "coordinator")


async def _in_sync(arena: Arena) -> None:
    """Wait until the brokers have recovered from the last fault: two of three suffice, one of three does not."""
    async with asyncio.timeout(GONE_SECONDS):
        while not await arena.brokers_in_sync():  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.5)


async def _restart(arena: Arena, random: Random, node_id: int, what: str) -> None:
    broker = arena.cluster.broker(node_id)
    gone_seconds = random.uniform(0, 8)
    two_suffice = random.random() < 0.5
    await _in_sync(arena)
    if random.random() < 0.6:
        arena.struck(f"{what} killed", broker.name)
        broker.kill()
    else:
        arena.struck(f"{what} halted", broker.name)
        await broker.halt()
    await asyncio.sleep(gone_seconds)
    if two_suffice:
        async with asyncio.timeout(GONE_SECONDS):
            while not await arena.is_right_now():  # noqa: ASYNC110 - no event tells
                await asyncio.sleep(0.6)
        arena.timeline.note("right without it")
    await broker.restart()
    arena.healed(f"{what} back", broker.name)


async def pause_broker(arena: Arena, random: Random) -> None:
    """A broker hangs, as with a disk that does not answer, for less or more than the cluster bears."""
    broker = random.choice(arena.cluster.brokers)
    await _in_sync(arena)
    arena.struck("broker paused", broker.name)
    broker.pause()
    await asyncio.sleep(random.choice([random.uniform(0.5, 2.5), random.uniform(4, 12)]))
    broker.resume()
    arena.healed("broker resumed", broker.name)


async def stop_everything(arena: Arena, random: Random) -> None:
    """All brokers and all workers end at once, halted or killed, and start again."""
    arena.struck("stop of everything")
    killed = random.random() < 0.5
    for slot in arena.crew.running():
        if killed:
            arena.kill(slot, 1)
        else:
            arena.terminate(slot, 1)
    if killed:
        for broker in arena.cluster.brokers:
            broker.kill()
    else:
        await asyncio.gather(*(broker.halt() for broker in arena.cluster.brokers))
    await asyncio.gather(*(broker.restart() for broker in arena.cluster.brokers))
    arena.healed("all brokers back")


FAULTS: Final[Mapping[str, Fault]] = {
    "kill_one": Fault(kill_one, 3),
    "kill_three": Fault(kill_three, 5),
    "kill_in_take_over": Fault(kill_in_take_over, 2),
    "kill_again_and_again": Fault(kill_again_and_again, 5),
    "terminate": Fault(terminate, 1),
    "terminate_while_starting": Fault(terminate_while_starting, 2),
    "freeze": Fault(freeze, 2),
    "blink": Fault(blink, 1),
    "join_and_leave": Fault(join_and_leave, 2),
    "stop_all_workers": Fault(stop_all_workers, 2),
    "cut_network": Fault(cut_network, 2),
    "wrong_clock": Fault(wrong_clock, 1),
    "restart_broker": Fault(restart_broker, 4, breaks_brokers=True),
    "restart_coordinator": Fault(restart_coordinator, 4, breaks_brokers=True),
    "pause_broker": Fault(pause_broker, 4, breaks_brokers=True),
    "stop_everything": Fault(stop_everything, 2, breaks_brokers=True),
}
"""Every fault by its name."""
