"""The faults of sources. Each strikes at random and leaves what it struck healed."""

import asyncio
from collections.abc import Mapping
from random import Random
from typing import Final

from tests.chaos.arena import SESSION_TIMEOUT_SECONDS, Arena
from tests.chaos.faults import FAULTS, Fault
from tests.chaos.sources.stage import Sources

RESTART_SECONDS: Final = 1.2
"""An exchange is away for so long at least, so that no id of before comes again."""


async def kill_follower(arena: Arena, random: Random) -> None:
    """SIGKILL of who follows the exchange, also of the next one as it starts."""
    await _kill(arena, random, "follower")


async def kill_receiver(arena: Arena, random: Random) -> None:
    """SIGKILL of who is called."""
    await _kill(arena, random, "receiver")


async def _kill(arena: Arena, random: Random, name: str) -> None:
    slot = getattr(_of(arena), name)
    for _ in range(random.randint(1, 4)):
        arena.kill(slot, random.choice([0, 0, 1, 6]))
        await asyncio.sleep(random.uniform(0, 4))


async def terminate_sources(arena: Arena, random: Random) -> None:
    """SIGTERM of both, at some moment; they start again."""
    for slot in (_of(arena).follower, _of(arena).receiver):
        arena.terminate(slot, random.choice([0, 2]))
        await asyncio.sleep(random.uniform(0, 3))


async def suspend_source(arena: Arena, random: Random) -> None:
    """SIGSTOP for less or more than what Kafka and the exchange bear."""
    slot = random.choice([_of(arena).follower, _of(arena).receiver])
    arena.freeze(slot)
    await asyncio.sleep(random.choice([random.uniform(0.5, 4), SESSION_TIMEOUT_SECONDS + random.uniform(1, 12)]))
    arena.thaw(slot)


async def cut_exchange(arena: Arena, random: Random) -> None:
    """The follower does not hear the exchange, and then does; what was under way comes late."""
    line = _of(arena).line
    assert line is not None
    answers_only = random.random() < 0.4
    arena.struck("exchange cut off", "answers only" if answers_only else "")
    line.cut(answers_only=answers_only)
    await asyncio.sleep(random.choice([random.uniform(0.5, 5), random.uniform(10, 25)]))
    line.heal()
    arena.healed("exchange heard again")


async def restart_exchange(arena: Arena, random: Random) -> None:
    """The exchange is killed with all its calls, and starts again."""
    arena.struck("exchange killed")
    await _of(arena).exchange.kill()
    await asyncio.sleep(RESTART_SECONDS + random.choice([0, random.uniform(0, 6)]))
    await _of(arena).exchange.come_back()
    arena.healed("exchange back")


async def rotate_log(arena: Arena, random: Random) -> None:
    """queue_log is rotated, up to three times, by either way; the follower may be dead or suspended meanwhile."""
    follower, struck = _of(arena).follower, random.choice(["nobody", "kill", "suspend"])
    if struck == "kill":
        arena.kill(follower, random.uniform(1, 4))
    elif struck == "suspend":
        arena.freeze(follower)
    for _ in range(random.randint(1, 3)):
        await asyncio.sleep(random.uniform(0.1, 2.5))
        way = random.choice(["renamed", "copied and truncated"])
        arena.struck(f"queue_log {way}")
        _of(arena).exchange.rotate(copy_and_truncate=way != "renamed")
    if struck == "suspend":
        await asyncio.sleep(random.uniform(0, 2))
        arena.thaw(follower)


async def start_twin(arena: Arena, random: Random) -> None:
    """Another follower of the same exchange: each takes over from the other, until one is taken away."""
    twin = _of(arena).twin
    arena.struck("twin", twin.name)
    twin.wanted = True
    await asyncio.sleep(random.uniform(3, 10))
    twin.wanted = False
    random.choice([arena.kill, arena.terminate])(twin)


def _of(arena: Arena) -> Sources:
    assert arena.sources is not None, "scenarios without sources draw none of these"
    return arena.sources


SOURCE_FAULTS: Final[Mapping[str, Fault]] = {
    "kill_follower": Fault(kill_follower, 4),
    "kill_receiver": Fault(kill_receiver, 3),
    "terminate_sources": Fault(terminate_sources, 2),
    "suspend_source": Fault(suspend_source, 3),
    "cut_exchange": Fault(cut_exchange, 3),
    "restart_exchange": Fault(restart_exchange, 3),
    "rotate_log": Fault(rotate_log, 4),
    "start_twin": Fault(start_twin, 2),
    "cut_network": FAULTS["cut_network"],
    "kill_three": Fault(FAULTS["kill_three"].strike, 1),
}
"""Those of scenarios with sources: the network to Kafka is that of the followers too, and workers die as well."""
