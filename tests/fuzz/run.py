"""Starts fuzzing processes and reads their accounts. Must not know what is fuzzed, nor the fuzzer's Python part."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from tests.fuzz.account import Account
from tests.fuzz.targets import TARGETS

MEMORY_MIB_MAX: Final = 1_024
"""Most memory of a fuzzing process, with all the inputs that the fuzzer keeps."""

ALLOCATION_MIB_MAX: Final = 64
"""Largest piece of memory that may be asked for at once."""

GROWTH_BYTES_MAX: Final = 256 * 1024 * 1024
"""What the largest memory may grow by after a fifth of the records: the fuzzer keeps inputs that led somewhere."""

ROOT: Final = Path(__file__).parents[2]


class FuzzError(Exception):
    """The fuzzer found something; the text holds the error and how to see it again."""


def fuzz(name: str, records: int, directory: Path, seed: int, record_ms_max: float | None = None) -> Account:
    """Read so many records; raises `FuzzError` at the first that does harm. `directory` takes inputs and account.

    A record may take `record_ms_max`, by default what its target says.
    """
    target = TARGETS[name]
    if record_ms_max is None:
        record_ms_max = target.record_ms_max
    corpus, words, account = directory / "corpus", directory / "words", directory / "account.json"
    corpus.mkdir(parents=True)
    for number, text in enumerate(target.seeds):
        (corpus / f"seed-{number:03d}").write_bytes(text)
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.words), encoding="ascii")
    done = _run(
        [name, str(records), str(record_ms_max), str(account)],
        [f"-dict={words}", f"-max_len={target.length_max}", "-len_control=0", f"-seed={seed}", str(corpus)],
        directory,
    )
    if done.returncode != 0 or not account.exists():
        raise FuzzError(_what_happened(name, done, directory))
    return msgspec.json.decode(account.read_bytes(), type=Account)


def replay(name: str, file: Path, directory: Path) -> str:
    """Read one input again; raises `FuzzError` when it does harm."""
    done = _run(
        [name, str(sys.maxsize), str(TARGETS[name].record_ms_max), str(directory / "account.json")],
        [str(file)],
        directory,
    )
    if done.returncode != 0:
        raise FuzzError(_what_happened(name, done, directory))
    return f"{file} does no harm to {name}"


def _run(words: Sequence[str], options: Sequence[str], directory: Path) -> "subprocess.CompletedProcess[str]":
    limits = [f"-rss_limit_mb={MEMORY_MIB_MAX}", f"-malloc_limit_mb={ALLOCATION_MIB_MAX}", "-timeout=20"]
    command = [sys.executable, "-m", "tests.fuzz.child", *words, *limits, f"-artifact_prefix={directory}/", *options]
    # Linux counts the largest memory of who starts a process as that process's own: a shell in between is small
    between = ["sh", "-c", '"$@"; exit $?', "sh"]
    return subprocess.run(
        [*between, *command], cwd=ROOT, capture_output=True, text=True, errors="replace", check=False
    )


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


def _what_happened(name: str, done: "subprocess.CompletedProcess[str]", directory: Path) -> str:
    said = (done.stdout + done.stderr).splitlines()
    begins = next((at for at, line in enumerate(said) if "Uncaught Python exception" in line), max(0, len(said) - 30))
    found = [file for kind in ("crash", "oom", "timeout", "leak") for file in directory.glob(f"{kind}-*")]
    again = "".join(f"\nSee it again: make fuzz ARGS='--replay {name} {file}'" for file in found)
    return f"{name}: ended with {done.returncode}\n" + "\n".join(said[begins : begins + 40]) + again
