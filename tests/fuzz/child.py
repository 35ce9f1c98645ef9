"""One fuzzing process: reads what libFuzzer makes up until it has read so many records, and says how that went.

Run with the target, the number of records, the most ms that one may take, the file for the account, and options of
libFuzzer. It is a process of
its own, because the fuzzer owns the process and only ends with it.
"""

import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import atheris
import msgspec

from tests.fuzz.account import Account

_KIB: Final = 1024

with atheris.instrument_imports(include=["streams"], enable_loader_override=False):
    from tests.fuzz.targets import TARGETS, Target
    from tests.fuzz.timing import quickest, read


class SlowRecordError(AssertionError):
    """A record took too long, every time."""


class Reader:
    """Reads inputs, measures each record, and ends the process when there were enough."""

    def __init__(self, name: str, target: Target, records: int, record_ms_max: float, file: Path) -> None:
        self._target = target
        self._record_ms_max = record_ms_max
        self._records = records
        self._file = file
        self._account = Account(name)
        self._started = time.monotonic()

    def __call__(self, data: bytes) -> None:
        account = self._account
        records, slowest = read(self._target, data)
        if slowest > account.slowest_ms:
            account.slowest_ms = max(account.slowest_ms, self._believed(data))
        account.records += records
        account.inputs += 1
        if not account.early_bytes and account.records >= self._records / 5:
            account.early_bytes = _peak_bytes()
        if account.records >= self._records:
            self._end()

    def _believed(self, data: bytes) -> float:
        """The time of the slowest record, in ms: read again, where that is too slow too in a process of its own."""
        slowest = quickest(self._target, data)
        if slowest > self._record_ms_max:
            file = self._file.with_name("slow-input")
            file.write_bytes(data)
            command = [sys.executable, "-m", "tests.fuzz.timing", self._account.target, str(file)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            slowest = float(done.stdout)
        if slowest > self._record_ms_max:
            raise SlowRecordError(f"a record took {slowest:.1f} ms, at most {self._record_ms_max:g} may pass")
        return slowest

    def _end(self) -> None:
        self._account.seconds = time.monotonic() - self._started
        self._account.peak_bytes = _peak_bytes()
        self._file.write_bytes(msgspec.json.encode(self._account))
        os._exit(0)  # nothing else ends the fuzzer


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIB


def main() -> None:
    """Read the command line and begin."""
    name, records, record_ms_max, file, *options = sys.argv[1:]
    reader = Reader(name, TARGETS[name], int(records), float(record_ms_max), Path(file))
    atheris.Setup([sys.argv[0], *options], reader)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
