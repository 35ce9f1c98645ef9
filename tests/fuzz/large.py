"""The most memory that batches take whatever they unpack to, as a worker of four partitions reads them.

Run with a file for the figure and files of batches it reads each of them as the records of every partition of both
topics at once, with as much waiting as may wait. It is a process of its own, whose memory is that of nothing else.
"""

import struct
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Executor
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from aiokafka import TopicPartition

from streams.core.rules import Channel
from streams.records.dead_letters import dead_letter_record
from streams.runtime.app import BUFFERED_BUNDLES
from streams.runtime.consumer import FETCH_BYTES
from streams.runtime.fetching.fetch import Batches, Packed
from streams.runtime.fetching.turns import Bundle, Unread, take_turns
from streams.runtime.partition import Partition, new_state
from streams.runtime.partitions import DEAD_LETTER_BYTES, DEAD_LETTERS
from streams.settings import load
from tests.runtime.batches import (
    CODECS,
    LZ4,
    MIB,
    NONE,
    SNAPPY,
    batch,
    batch_of,
    compressed,
    empties,
    field_of_zeros,
    headers_without_end,
    message,
    packed_zeros,
    record,
    window_without_end,
    wrapped,
)

PEAK_BYTES_MAX: Final = 300 * MIB
"""Most memory that a worker of four partitions may ever have had."""

PARTITIONS: Final = 4

COPIES_MAX: Final = 8
"""How often a batch is in a fetch, at most: more of them only take longer."""

RECORDS_MAX: Final = 1_000_000
"""After so many records of a batch the rest is not read: they only take longer."""

ROOT: Final = Path(__file__).parents[2]
_KIB: Final = 1024
_EMPTY: Final = 600_000


class Peak(NamedTuple):
    """The most memory that it took to read some batches."""

    name: str
    peak_bytes: int
    records: int


def shapes() -> dict[str, Callable[[], bytes]]:
    """Batches that are nothing but a burden, by name: in each shape, with each compression that can have it."""
    made: dict[str, Callable[[], bytes]] = {
        f"{shape}, {codec}": partial(make, name)
        for codec, name in CODECS.items()
        for shape, make in _SHAPES.items()
        if name not in _IMPOSSIBLE.get(shape, ())
    }
    made["a window of 128 MiB, zstd"] = partial(window_without_end, 300)
    made["600,000 lies"] = partial(batch, b"", -1, last_delta=_EMPTY - 1)
    return made


def _most(name: int) -> int:
    """Zeros that pack to 1 MiB at most, and to 300 MiB at most."""
    return {NONE: MIB - 200, SNAPPY: 20 * MIB, LZ4: 230 * MIB}.get(name, 300 * MIB)


def _below(name: int) -> int:
    """The same, but below the bound on what a batch may unpack to."""
    return min(31 * MIB, _most(name))


def _tiny(name: int) -> bytes:
    return batch_of([(b"k", b"{}")] * (50_000 if name == NONE else 400_000), name=name)


def _several(name: int) -> bytes:
    """Large records among small ones."""
    large = [record(number, None, bytes(_below(name) // 5)) for number in range(4)]
    return batch(b"".join([*large, record(4, b"k", b"{}")]), 5, name=name)


def _garbage(name: int) -> bytes:
    return batch(b"", 1, name=name, packed=compressed(name, bytes(MIB))[5:])


def _cut_off(name: int) -> bytes:
    packed = compressed(name, bytes(MIB))
    return batch(b"", 1, name=name, packed=packed[: len(packed) // 2])


def _twice(name: int) -> bytes:
    return batch(b"", 1, name=name, packed=compressed(name, compressed(name, bytes(20 * MIB))))


def _old(name: int) -> bytes:
    if name == NONE:
        return message(0, b"k", bytes(MIB // 2))
    return wrapped(99_999, b"".join(message(number, None, b"") for number in range(100_000)), name=name)


def _old_zeros(name: int) -> bytes:
    return wrapped(9, b"", name=name, magic=0, packed=packed_zeros(name, b"", _most(name)))


_SHAPES: Final[Mapping[str, Callable[[int], bytes]]] = {
    "one value": lambda name: field_of_zeros(name, _most(name)),
    "one value below the bound": lambda name: field_of_zeros(name, _below(name)),
    "one key": lambda name: field_of_zeros(name, _below(name), is_key=True),
    "one record of headers": lambda name: headers_without_end(name, b"k", b"{}", _below(name) // 2),
    "records of 500,000 headers": lambda name: headers_without_end(name, b"k", b"{}", MIB // 2 - 200),
    "empty records": lambda name: empties(name, 100_000 if name == NONE else _EMPTY),
    "tiny records": _tiny,
    "large records among small": _several,
    "garbage": _garbage,
    "cut off": _cut_off,
    "packed twice": _twice,
    "the format before": _old,
    "the format before, one value": _old_zeros,
}


_IMPOSSIBLE: Final[Mapping[str, Collection[int]]] = {
    "garbage": (NONE,),
    "packed twice": (NONE,),
    "the format before, one value": (NONE, SNAPPY),
}
"""Which compressions cannot have it."""


def measure(directory: Path, made: Mapping[str, Callable[[], bytes]], pool: Executor) -> list[Peak]:
    """Read each batch in a process of its own."""
    directory.mkdir(parents=True, exist_ok=True)
    return list(pool.map(_measured, made, made.values(), repeat(directory)))


def _measured(name: str, make: Callable[[], bytes], directory: Path) -> Peak:
    file = directory / name.replace(" ", "-")
    file.write_bytes(make())
    command = [sys.executable, "-m", "tests.fuzz.large", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{name}: {done.stderr}"
    peak, records = msgspec.json.decode(done.stdout, type=tuple[int, int])
    return Peak(name, peak, records)


def peak_bytes(process: int | str) -> int:
    """The most memory that a process has had; what `getrusage` says is that of who started it, too."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * _KIB


class Reader:
    """What a worker does between its broker and its states, at its fullest."""

    def __init__(self) -> None:
        rules = load(None, {}).rules
        channels = (("calls", Channel.PHONE), ("tickets", Channel.DESK))
        self._partitions = {
            tp: Partition(tp, new_state(channel, rules), 0, broker_sets_times=False)
            for topic, channel in channels
            for tp in (TopicPartition(topic, number) for number in range(PARTITIONS))
        }
        self._waiting: deque[tuple[TopicPartition, Bundle]] = deque()

    def read(self, batch: bytes) -> int:
        """Read it, as often as fits into a fetch, on every partition at once; the records read or refused."""
        unread = [(tp, Unread(0, list(_fetched(batch)))) for tp in self._partitions]
        for waits in take_turns(unread):
            self._waiting.append(waits)
            if len(self._waiting) > 2 * BUFFERED_BUNDLES:
                self._fold(*self._waiting.popleft())
            if self._records() > RECORDS_MAX:
                break
        while self._waiting:
            self._fold(*self._waiting.popleft())
        return self._records()

    def _records(self) -> int:
        return sum(partition.next_offset for partition in self._partitions.values())

    def _fold(self, tp: TopicPartition, bundle: Bundle) -> None:
        for each in bundle.batches():
            self._partitions[tp].fold(each)
        letters = [letter for partition in self._partitions.values() for letter in partition.dead_letters]
        letter_bytes = sum(partition.dead_letter_bytes for partition in self._partitions.values())
        if len(letters) > DEAD_LETTERS or letter_bytes > DEAD_LETTER_BYTES:
            written = [dead_letter_record(letter) for letter in letters]
            for partition in self._partitions.values():
                partition.dead_letters, partition.dead_letter_bytes = [], 0
            assert len(written) == len(letters)


def _fetched(batch: bytes) -> Iterator[Packed]:
    """As many as there are in a fetch, each behind the one before it."""
    (span,) = (each.next_offset for each in _batches(batch))
    copies = max(1, min(FETCH_BYTES // len(batch), COPIES_MAX))
    is_old = batch[16] < 2
    for number in range(copies):
        behind = number * span
        offset = behind + span - 1 if is_old else behind
        for found in _batches(struct.pack(">q", offset) + batch[8:]):
            assert found.validate_crc()
            found.start = behind
            yield found


def _batches(fetched: bytes) -> Iterator[Packed]:
    batches = Batches(fetched)
    while batches.has_next():
        yield batches.next_batch()


def main() -> None:
    """Read the command line, the batch, and say how that went."""
    (file,) = sys.argv[1:]
    records = Reader().read(Path(file).read_bytes())
    print(msgspec.json.encode((peak_bytes("self"), records)).decode())


if __name__ == "__main__":
    main()
