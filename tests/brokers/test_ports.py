"""Ports that tests start things on are given to one process alone, for as long as it lives."""

import subprocess
import sys
from pathlib import Path
from typing import Final

from streams.kafka.embedded import port_is_free
from tests.brokers.ports import BLOCK, FIRST, LAST, next_port

ROOT: Final = Path(__file__).parents[2]

ASKS: Final = """
from tests.brokers.ports import next_port
print(*(next_port() for _ in range(20)), flush=True)
input()
"""


def test_processes_have_ports_of_their_own() -> None:
    """All those that any of them is given, not only those that something listens on already."""
    command = [sys.executable, "-c", ASKS]
    pipe = subprocess.PIPE
    others = [subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) for _ in range(3)]
    try:
        given = [[next_port() for _ in range(20)]]
        given += [[int(port) for port in other.stdout.readline().split()] for other in others if other.stdout]
        blocks = [{(port - FIRST) // BLOCK for port in ports} for ports in given]
    finally:
        for other in others:
            other.communicate("\n")
    assert [len(ports) for ports in given] == [20] * 4
    assert len(set().union(*blocks)) == sum(map(len, blocks)) == 4


def test_a_port_is_free_below_what_the_system_gives_away_and_rests_before_it_is_given_again() -> None:
    given = [next_port() for _ in range(BLOCK // 2)]
    assert len(set(given)) == len(given)
    assert all(FIRST < port < LAST and port_is_free(port) for port in given)
