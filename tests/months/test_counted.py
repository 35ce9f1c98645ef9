"""A channel whose counts are declared, and of which the report knows nothing else."""

import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]


def test_the_report_shows_the_declared_counts_of_a_channel_that_it_does_not_know() -> None:
    """As text, page, spreadsheet and JSON; in a process of its own, because what is registered stays."""
    asked = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/months/counted/in_process.py"]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
