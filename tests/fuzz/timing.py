"""How long the records of an input take, in processor time, which other programs do not lengthen by much.

Run with a target and a file it prints the time without the fuzzer's instrumentation, which makes Python several times
slower: what seems slow under it is timed here before it is believed.
"""

import sys
import time
from pathlib import Path
from typing import Final

from tests.fuzz.targets import TARGETS, Target

TRIES: Final = 5
"""How often an input that seems slow is read again: what else the machine did counts for nothing in the quickest."""


def read(target: Target, data: bytes) -> tuple[int, float]:
    """The records in an input, and the longest time that one of them took, in ms."""
    count, slowest, clock = 0, 0, time.thread_time_ns
    steps = target.read(data)
    while True:
        started = clock()
        if next(steps, None) is None:
            return count, slowest / 1e6  # after the last record
        slowest = max(slowest, clock() - started)
        count += 1


def quickest(target: Target, data: bytes) -> float:
    """The longest time of a record in the quickest of several readings, in ms."""
    return min(read(target, data)[1] for _ in range(TRIES))


if __name__ == "__main__":
    print(quickest(TARGETS[sys.argv[1]], Path(sys.argv[2]).read_bytes()))
