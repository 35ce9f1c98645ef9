"""Large pieces of memory are the system's again once they are free, though small ones between them are still used."""

import subprocess
import sys

import pytest

USED = """
import sys
from streams.process.memory import give_back_from
MIB = 1024 * 1024
if sys.argv[1] == "given back":
    give_back_from(MIB)
del (first := [bytearray(24 * MIB)])[0]  # the first that is freed raises the bound of glibc
large, small = [], []
for _ in range(16):
    large.append(bytearray(4 * MIB))
    small.append([bytearray(1_000) for _ in range(100)])
large.clear()
with open("/proc/self/status", encoding="ascii") as status:
    print(next(int(line.split()[1]) for line in status if line.startswith("VmRSS:")) // 1024)
"""

PIECES_MIB = 64


def used_mib(how: str) -> int:
    """What a process of its own still has after it has freed 64 MiB in large pieces, with small ones between."""
    done = subprocess.run([sys.executable, "-c", USED, how], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have allocators of their own")
def test_large_pieces_are_given_back() -> None:
    assert used_mib("given back") < used_mib("kept") - PIECES_MIB // 2
