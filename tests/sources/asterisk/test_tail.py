"""queue_log as it grows: each line is read once, whatever becomes of the file meanwhile."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from streams.sources.asterisk.memory import Place
from streams.sources.asterisk.tail import BEFORE_BYTES, LINE_BYTES_MAX, Tail, Trouble


class Log:
    """A queue_log, who writes it, and who reads it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.written: list[bytes] = []
        self.read: list[bytes] = []
        self.place: Place | None = None
        self.tail = Tail(path, None, is_first=False)
        self.second = 1_795_900_000
        self._old = 0

    def write(self, count: int = 1, *, end: bytes = b"\n") -> None:
        """Lines, some of the same second."""
        with self.path.open("ab") as file:
            for _ in range(count):
                self.second += len(self.written) % 2
                line = b"%d|%d.%d|kcc|NONE|ENTERQUEUE||0612000001|1" % (self.second, self.second, len(self.written))
                self.written.append(line)
                file.write(line + end)

    def rename(self) -> None:
        """As `rotate`, `sequential` and logrotate do."""
        self._old += 1
        self.path.rename(self.path.with_name(f"{self.path.name}.{self._old}"))

    def copy_and_cut(self) -> None:
        """As copytruncate does."""
        self._old += 1
        shutil.copy(self.path, self.path.with_name(f"{self.path.name}.{self._old}"))
        os.truncate(self.path, 0)

    def look(self) -> None:
        """Read all that there is."""
        while True:
            for line in self.tail.read():
                self.read.append(line.text)
                self.place = line.place
            if self.tail.at_end:
                return

    def seen(self) -> tuple[list[bytes], Trouble | None]:
        """What was read, and why no more."""
        return self.read, self.tail.trouble

    def restart(self) -> None:
        """Read on from the place, as another program."""
        self.tail.close()
        self.tail = Tail(self.path, self.place, is_first=False)


def follow(log: Log, acts: list[str]) -> None:
    for act in acts:
        if act == "write":
            log.write()
        elif act == "write more":
            log.write(7)
        elif act == "look":
            log.look()
        elif act == "restart":
            log.restart()
        elif log.path.exists() and log.path.stat().st_size:
            log.rename() if act == "rename" else log.copy_and_cut()
    log.write()
    log.look()


ACTS = ("write", "write more", "look", "restart", "rename", "copy and cut")


@seed(20_261_128)
@settings(max_examples=150, deadline=None, database=None)
@given(st.lists(st.sampled_from(ACTS), max_size=14))
def test_each_line_is_read_once_and_in_order(acts: list[str]) -> None:
    if acts.count("copy and cut") > 1 and "look" not in acts:
        acts = ["write", "look", *acts]
    with TemporaryDirectory() as folder:
        log = Log(Path(folder) / "queue_log")
        log.write()
        log.look()
        follow(log, acts)
        log.tail.close()
        assert (log.read, log.tail.lost) == (log.written, 0)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = Log(tmp_path / "queue_log")
    yield log
    log.tail.close()


def test_half_a_line_waits_for_its_other_half(log: Log) -> None:
    log.write(2)
    log.write(end=b"")
    log.look()
    assert log.read == log.written[:2]
    with log.path.open("ab") as file:
        file.write(b"\n")
    log.look()
    assert log.read == log.written


def test_a_file_that_is_not_there_yet_is_waited_for(log: Log) -> None:
    log.look()
    assert log.tail.trouble is Trouble.NOT_THERE
    log.write(3)
    log.look()
    assert log.seen() == (log.written, None)


def test_a_file_that_may_not_be_read_is_said_to_be_so_and_tried_again(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.write()
    log.look()
    log.restart()
    log.write(2)

    def deny(*_: object, **__: object) -> None:
        raise PermissionError

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", deny)
        log.look()
    assert log.seen() == (log.written[:1], Trouble.DENIED)
    log.look()
    assert log.seen() == (log.written, None)
    assert log.tail.lost == 0


def test_a_folder_in_its_place_is_no_log(log: Log) -> None:
    log.path.mkdir()
    log.look()
    assert log.tail.trouble is Trouble.UNREADABLE


def test_the_first_start_begins_near_the_end_at_a_line(log: Log) -> None:
    log.write(BEFORE_BYTES // 50)
    log.tail = Tail(log.path, None, is_first=True)
    log.look()
    assert log.read == log.written[-len(log.read) :]
    assert BEFORE_BYTES - 200 < sum(len(line) + 1 for line in log.read) <= BEFORE_BYTES


def test_a_line_without_end_costs_no_memory_and_is_left_out(log: Log) -> None:
    log.write(2)
    log.look()
    with log.path.open("ab") as file:
        for _ in range(40):
            file.write(b"x" * (LINE_BYTES_MAX // 4))
            log.look()
            assert len(log.tail._last) <= LINE_BYTES_MAX
        file.write(b"\n")
    log.write(2)
    log.look()
    assert [line for line in log.read if line] == log.written


def test_any_bytes_are_lines(log: Log) -> None:
    log.write()
    with log.path.open("ab") as file:
        file.write(b"\xff\xfe|\r|\x00\x85\n\n\r\n")
    log.write()
    log.look()
    assert log.read == [log.written[0], b"\xff\xfe|\r|\x00\x85", b"", b"\r", log.written[1]]


def test_a_place_that_is_gone_is_said_and_what_is_older_is_not_read_again(log: Log) -> None:
    log.write(9)
    log.look()
    log.restart()
    old = log.path.read_bytes()
    log.path.write_bytes(b"another|head\n" + old[200:])
    log.write(2)
    log.read.clear()
    log.look()
    read = [line for line in log.read if line]
    assert log.tail.lost == 1
    assert read[-2:] == log.written[-2:]
    assert len(read) <= 4  # those of the second of the place come again


def test_a_file_that_shrinks_without_a_copy_is_read_from_its_beginning(log: Log) -> None:
    log.write(9)
    log.look()
    os.truncate(log.path, 0)
    log.write(2)
    log.look()
    assert log.read == log.written
    assert log.tail.lost == 1


@pytest.mark.parametrize("restarts", [False, True])
def test_a_file_that_lost_its_last_lines_is_not_read_again(log: Log, restarts: bool) -> None:
    log.write(9)
    log.look()
    os.truncate(log.path, log.path.read_bytes().rfind(b"\n", 0, -1) + 1)
    if restarts:
        log.restart()
    log.read.clear()
    log.write(2)
    log.look()
    assert log.tail.lost == 1
    read = [line for line in log.read if line]
    assert read[-2:] == log.written[-2:]
    assert len(read) <= 4  # those of the second of the place come again


@pytest.mark.parametrize("is_first", [False, True])
def test_the_place_behind_a_line_that_is_too_long_is_found_again(log: Log, is_first: bool) -> None:
    if not is_first:
        log.write(3)
    with log.path.open("ab") as file:
        file.write(b"x" * (3 * LINE_BYTES_MAX) + b"\n")
    log.look()
    log.restart()
    log.write(2)
    log.rename()
    log.write(2)
    log.look()
    assert [line for line in log.read if line] == log.written
    assert log.tail.lost == 0


def test_a_place_holds_no_number_and_no_name(log: Log) -> None:
    log.write(9)
    log.look()
    one = log.place
    log.path.write_bytes(log.path.read_bytes().replace(b"0612000001", b"0699999999"))
    log.restart()
    log.write()
    log.look()
    assert one is not None
    assert log.tail.lost == 0  # what is kept of a line says nothing of its number: the file is the same to it
