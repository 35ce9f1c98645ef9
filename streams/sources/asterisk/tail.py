"""Reads queue_log as it grows, from a place on, whatever becomes of the file.

A place is told by content: what the file begins with and the line before the place. So it is found again when the
file was renamed (`rotate`, `sequential`, logrotate) or copied and cut short (copytruncate), and what is left of the
old one is read before the new. Reads whole lines only: half a line is one that is being written.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from enum import Enum
from hashlib import blake2b
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO, Final

from streams.sources.asterisk.log_lines import key_of, second_of
from streams.sources.asterisk.memory import Place
from streams.sources.asterisk.watch import Line

BEFORE_BYTES: Final = 256 * 1024
"""How much is read of what was before, at the very first start: enough to know the calls that are going on."""

READ_BYTES: Final = 256 * 1024
"""Read at a time."""

LINE_BYTES_MAX: Final = 64 * 1024
"""Longest line that is read; of a longer one nothing is."""


class Trouble(Enum):
    """Why nothing is read."""

    NOT_THERE = "not there"
    DENIED = "denied"
    UNREADABLE = "unreadable"


def _digest(line: bytes) -> bytes:
    return blake2b(key_of(line), digest_size=8).digest()


class Tail:
    """A log that is followed."""

    def __init__(self, path: Path, place: Place | None, *, is_first: bool) -> None:
        """Begins at a place, or where there is none at the beginning; at the very first start near the end."""
        self.trouble: Trouble | None = None
        """Why nothing was read the last time, None where it could be."""
        self.at_end = False
        """Whether there was no more to read."""
        self.lost = 0
        """How many times what stood between two files, or behind the place, was not found again."""
        self._path = path
        self._place = place
        self._is_first = is_first
        self._file: BinaryIO | None = None
        self._head = b""
        self._offset = 0
        self._last = b""
        """The last line that was read, as it stands in the file."""
        self._skipping = False
        """Whether the line that begins at the offset was too long already."""
        self._since = 0
        """Second before which lines say nothing: they are those of before a place that was not found again."""
        self._done: list[bytes] = []
        """What the files that are read to their end begin with."""

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def read(self) -> list[Line]:
        """The lines that were written since, as many as are read at a time."""
        self.trouble, self.at_end = None, False
        try:
            if self._file is None:
                self._open()
            lines = self._more() or self._more_elsewhere()
            self.at_end = self.at_end and not lines  # behind the last of a file there may be another
        except FileNotFoundError:
            self.trouble = Trouble.NOT_THERE
        except PermissionError:
            self.trouble = Trouble.DENIED
        except OSError:
            self.trouble = Trouble.UNREADABLE
            self.close()
        else:
            return lines
        self.at_end = True
        return []

    # Where to begin.

    def _open(self) -> None:
        """Open the file that holds the place, or the log from its beginning where none does."""
        if self._place is None:
            self._begin(self._path)
            if self._is_first:
                self._skip_to_the_end()
            self._is_first = False
            return
        with suppress(FileNotFoundError), self._path.open("rb"):
            pass  # what may not be read is said to be so, and not that it is another
        found = next((path for path in self._files() if _holds(path, self._place)), None)
        if found is not None:
            self._begin(found, self._place.offset)
            return
        self._path.stat()  # none at all: not there yet
        self.lost += 1
        self._since = self._place.second
        self._begin(self._later_than(self._place.second)[0])

    def _begin(self, path: Path, offset: int = 0) -> None:
        file = path.open("rb", buffering=0)
        self.close()
        self._file, self._offset, self._skipping = file, offset, False
        self._last = _line_before(file, offset)
        self._head = _head_of(file)

    def _skip_to_the_end(self) -> None:
        assert self._file is not None
        size = os.fstat(self._file.fileno()).st_size
        if size > BEFORE_BYTES:
            self._offset = size - BEFORE_BYTES
            rest = os.pread(self._file.fileno(), LINE_BYTES_MAX, self._offset)
            self._offset += rest.find(b"\n") + 1

    # What is there.

    def _more(self) -> list[Line]:
        """Whole lines from the offset on."""
        assert self._file is not None
        descriptor, before = self._file.fileno(), len(self._last)
        data = os.pread(descriptor, before + READ_BYTES, self._offset - before)
        if not data.startswith(self._last):
            self._begin_again()
            return []
        data = data[before:]
        end = data.rfind(b"\n") + 1
        self.at_end = len(data) < READ_BYTES
        if not end:
            if len(data) > LINE_BYTES_MAX:
                self._skipping, self._offset, self._last = True, self._offset + len(data), b""
            return []
        return list(self._lines(data[:end], os.fstat(descriptor).st_ino))

    def _lines(self, data: bytes, inode: int) -> Iterator[Line]:
        if not self._head and self._file is not None:
            self._head = _head_of(self._file)
        for line in data.splitlines(keepends=True) if b"\r" not in data else _lines_of(data):
            self._offset += len(line)
            self._last = line if len(line) <= LINE_BYTES_MAX else b""
            text = b"" if self._skipping or not self._last else line[:-1]
            self._skipping = False
            second = second_of(text)
            newest = second or (self._place.second if self._place is not None else 0)
            self._place = Place(inode, self._offset, self._head, _digest(text), newest)
            yield Line(text if second >= self._since else b"", self._place)

    def _begin_again(self) -> None:
        """The file is another than it was: cut short, and perhaps written anew. What is left may stand in a copy."""
        assert self._file is not None
        place, inode = self._place, os.fstat(self._file.fileno()).st_ino
        self.at_end = False
        if place is None:
            self._begin(self._path)
            return
        copy = next((each for each in self._files() if each.stat().st_ino != inode and _holds(each, place)), None)
        if copy is None:
            self.lost += 1
            self._since = place.second
            self._begin(self._path)
            return
        self._begin(copy, place.offset)

    # Where it goes on.

    def _more_elsewhere(self) -> list[Line]:
        """At the end of a file: the lines of the one that follows.

        The old one is done only when the new one has something: until then the exchange may still write there.
        """
        if not self.at_end:
            return []
        assert self._file is not None
        mine, now = os.fstat(self._file.fileno()), self._path.stat()
        if os.path.samestat(mine, now):
            if now.st_size < self._offset:
                self._begin_again()
            return []
        if not now.st_size:
            return []
        if lines := self._more():  # written since it was read, and before the new one was begun
            return lines
        self._done = [*self._done[-15:], self._head]
        second = self._place.second if self._place is not None else 0
        self._begin(self._later_than(second, mine.st_mtime_ns)[0])
        self.at_end = False
        return self._more()

    def _files(self) -> list[Path]:
        """The log, and what is left of former ones: beside it, under its name and something more."""
        try:
            beside = [
                path
                for path in self._path.parent.iterdir()
                if path.name.startswith(self._path.name) and path != self._path and S_ISREG(path.stat().st_mode)
            ]
        except OSError:
            beside = []
        return [*([self._path] if self._path.exists() else []), *sorted(beside)]

    def _later_than(self, second: int, written_ns: int = 0) -> list[Path]:
        """Files whose lines are of a second or later, in the order of time; the log itself comes last.

        `written_ns`: when the file was written last that comes before them; its followers were later.
        """
        begun = []
        for path in self._files():
            if path == self._path:
                continue
            try:
                with path.open("rb", buffering=0) as file:
                    first = second_of(os.pread(file.fileno(), 64, 0))
                    last_ns = os.fstat(file.fileno()).st_mtime_ns
                    if first >= second > 0 and last_ns >= written_ns and _head_of(file) not in self._done:
                        begun.append((first, last_ns, path))
            except OSError:
                continue
        return [*(path for _, _, path in sorted(begun)), self._path]


def _lines_of(data: bytes) -> list[bytes]:
    """Lines by their line feeds alone."""
    return [line + b"\n" for line in data[:-1].split(b"\n")]


def _head_of(file: BinaryIO) -> bytes:
    """What a file begins with; empty where it has no whole line."""
    first, end, _ = os.pread(file.fileno(), LINE_BYTES_MAX, 0).partition(b"\n")
    return _digest(first) if end else b""


def _holds(path: Path, place: Place) -> bool:
    """Whether a file is the one of a place: it begins as that did, and the line before the place is the same."""
    try:
        with path.open("rb", buffering=0) as file:
            if _head_of(file) != place.head:
                return False
            return _digest(_line_before(file, place.offset)[:-1]) == place.last
    except OSError:
        return False


def _line_before(file: BinaryIO, offset: int) -> bytes:
    """The line that ends at an offset, with its end; empty where none does, or one that is too long."""
    begin = max(0, offset - LINE_BYTES_MAX - 1)
    before = os.pread(file.fileno(), offset - begin, begin)
    if len(before) < offset - begin or not before.endswith(b"\n"):
        return b""
    end_before = before[:-1].rfind(b"\n")
    return b"" if end_before < 0 < begin else before[end_before + 1 :]
