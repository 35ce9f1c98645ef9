"""What a file is, by its first bytes, and what is packed in it: never by its name.

Nothing here holds more of a file in memory than a piece of it. What cannot be read is told with what to do.
"""

import gzip
import io
import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import IO, TYPE_CHECKING, BinaryIO, Final, Protocol, cast

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

HEAD_BYTES: Final = 4096
"""Looked at to tell what a file is."""

UNPACKED_RATIO_MAX: Final = 250
"""A packed file may unpack to so many times its size: rows of contacts do to 5 to 40 times, zeros to 1,000 times."""

UNPACKED_UNJUDGED_BYTES: Final = 64 * 1024 * 1024
"""Less than this is harmless, whatever it was packed from."""

PIPED_ARCHIVE_BYTES_MAX: Final = 1024 * 1024 * 1024
"""A .zip or .xlsx is read from its end, so one from a pipe is laid on the disk first: no more than this."""

_DIRECTORY_BYTES_MAX: Final = 1024 * 1024
"""The list of members of an archive, which is read whole: room for thousands."""

_NAMES_SHOWN: Final = 5


class FileError(Exception):
    """The file cannot be read, or not to its end; the text says why, and what to do."""


class Content(Enum):
    """What a file holds once it is unpacked."""

    TEXT = "delimited text"
    JSON_LINES = "JSON lines"
    WORKBOOK = "a workbook"


_FOREIGN: Final = (
    (re.compile(rb"\xd0\xcf\x11\xe0"), "a workbook of before 2007 (.xls); save it as .xlsx or as CSV"),
    (re.compile(rb"%PDF"), "a PDF, which has no rows; ask for the same as CSV"),
    (re.compile(rb"PAR1"), "a Parquet file; write it as CSV or JSON lines"),
    (re.compile(rb"BZh"), "packed with bzip2; send it unpacked: bzcat FILE | wachtmonitor publish - ..."),
    (re.compile(rb"\xfd7zXZ"), "packed with xz; send it unpacked: xzcat FILE | wachtmonitor publish - ..."),
    (
        re.compile(rb"\x28\xb5\x2f\xfd"),
        "packed with zstd; send it unpacked: zstdcat FILE | wachtmonitor publish -",
    ),
    (re.compile(rb"7z\xbc\xaf"), "packed with 7-Zip; unpack it, and publish what is in it"),
    (re.compile(rb"Rar!"), "packed with RAR; unpack it, and publish what is in it"),
    (re.compile(rb"(?s).{257}ustar"), "an archive of tar; unpack it, and publish what is in it"),
    (
        re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|table|\?xml|meta|style)", re.IGNORECASE),
        "a web page or XML, whatever its name says; open it in a spreadsheet program and save it as .xlsx or CSV",
    ),
    (
        re.compile(rb"(?:\xef\xbb\xbf)?\s*\[\s*\{"),
        "one list in JSON; expected a record on each line: jq -c '.[]' FILE | wachtmonitor publish - ...",
    ),
)
"""Files that are taken for another kind by their name, or that nothing here unpacks."""

_JSON: Final = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s|#[^\n]*\n)*\{")
"""Lines that begin with # are remarks."""

_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")


@contextmanager
def unpacked(stream: BinaryIO, encoding: str = "utf-8") -> Iterator[tuple[Content, BinaryIO]]:
    """What the file holds, and its bytes; a workbook stays packed. The stream is left open.

    Raises `FileError`, and so does reading the bytes.
    """
    head, stream = _head_of(stream)
    if head.startswith(_GZIP):
        packed = _Counted(stream)
        with gzip.GzipFile(fileobj=cast("BinaryIO", packed)) as inner:
            yield _plain(*_head_of(_buffered(_Unpacked(inner, packed))), encoding)
    elif head.startswith(_ZIP):
        with _seekable(stream) as archived, _archive(archived) as archive:
            if "xl/workbook.xml" in archive.namelist():
                archived.seek(0)
                yield Content.WORKBOOK, archived
                return
            with _only_member(archive) as member:
                yield _plain(*_head_of(_buffered(_Unpacked(member))), encoding)
    else:
        yield _plain(head, stream, encoding)


def _plain(head: bytes, stream: BinaryIO, encoding: str) -> tuple[Content, BinaryIO]:
    """What is not packed, or not any more."""
    if head.startswith((_GZIP, *_ZIP)):
        raise FileError("The file is packed twice; unpack it once, and publish what is in it.")
    for foreign, told in _FOREIGN:
        if foreign.match(head):
            raise FileError(f"The file is {told}.")
    if head.startswith(_UTF_16) and encoding.lower().replace("_", "-") in {"utf-8", "utf8"}:
        raise FileError('The file is written in UTF-16; add encoding = "utf-16" in [file] of the mapping.')
    return (Content.JSON_LINES if _JSON.match(head) else Content.TEXT), stream


def _head_of(stream: BinaryIO) -> tuple[bytes, BinaryIO]:
    """The first bytes, and the stream from its beginning, also where it cannot be set back."""
    if stream.seekable():
        start = stream.tell()
        head = stream.read(HEAD_BYTES)
        stream.seek(start)
        return head, stream
    head = b""
    while len(head) < HEAD_BYTES and (more := stream.read(HEAD_BYTES - len(head))):
        head += more
    return head, _buffered(_Rejoined(head, stream))


def _buffered(raw: io.RawIOBase) -> BinaryIO:
    return io.BufferedReader(raw, 64 * 1024)


class _Rejoined(io.RawIOBase):
    """A stream with the bytes before it that were read from it already; what a pipe has is not waited beyond."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self._head = head
        self._stream = cast("io.BufferedReader", stream)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        into = memoryview(buffer)
        piece = self._head[: len(into)] or self._stream.read1(len(into))
        self._head = self._head[len(piece) :]
        into[: len(piece)] = piece
        return len(piece)


class _Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class _Counted:
    """A stream that counts what is read of it; all that `gzip` asks of one."""

    def __init__(self, stream: BinaryIO) -> None:
        self.bytes_read = 0
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        piece = self._stream.read(size)
        self.bytes_read += len(piece)
        return piece


class _Unpacked(io.RawIOBase):
    """What comes out of something packed, as long as it is not out of all proportion."""

    def __init__(self, inner: "_Readable", packed: _Counted | None = None) -> None:
        self._inner = inner
        self._packed = packed
        self._bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        into = memoryview(buffer)
        try:
            piece = self._inner.read(len(into))
        except (EOFError, OSError, zlib.error, zipfile.BadZipFile) as error:
            raise FileError(f"The packed file is damaged or not whole ({error}); fetch it again.") from error
        self._bytes += len(piece)
        if self._packed is not None:
            _judge(self._bytes, self._packed.bytes_read)
        into[: len(piece)] = piece
        return len(piece)


def _judge(unpacked_bytes: int, packed_bytes: int) -> None:
    if unpacked_bytes > max(UNPACKED_UNJUDGED_BYTES, UNPACKED_RATIO_MAX * packed_bytes):
        raise FileError(
            f"The file unpacks to more than {UNPACKED_RATIO_MAX} times its size, which no file of contacts does; "
            "if it is one all the same, publish it unpacked."
        )


@contextmanager
def _seekable(stream: BinaryIO) -> Iterator[BinaryIO]:
    if stream.seekable():
        yield stream
        return
    with tempfile.TemporaryFile() as file:
        shutil.copyfileobj(_AtMost(stream), file)
        file.seek(0)
        yield cast("BinaryIO", file)


class _AtMost:
    """An archive from a pipe, up to what is laid on the disk."""

    def __init__(self, stream: BinaryIO) -> None:
        self._left = PIPED_ARCHIVE_BYTES_MAX
        self._stream = stream

    def read(self, size: int = -1, /) -> bytes:
        piece = self._stream.read(size)
        self._left -= len(piece)
        if self._left < 0:
            raise FileError("An archive from a pipe may have 1 GiB; publish it as a file, or unpacked.")
        return piece


@contextmanager
def _archive(stream: BinaryIO) -> Iterator[zipfile.ZipFile]:
    _check_directory(stream)
    try:
        archive = zipfile.ZipFile(stream)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise FileError(f"The .zip or .xlsx is damaged or not whole ({error}); fetch it again.") from error
    with archive:
        yield archive


def _check_directory(stream: BinaryIO) -> None:
    """Return when the list of members is as short as that of any archive of files."""
    stream.seek(0, io.SEEK_END)
    stream.seek(max(0, stream.tell() - 66_000))
    tail = stream.read()
    stream.seek(0)
    end = tail.rfind(b"PK\x05\x06")
    if end >= 0 and int.from_bytes(tail[end + 12 : end + 16], "little") > _DIRECTORY_BYTES_MAX:
        raise FileError("The .zip holds far too many files; unpack it, and publish the one that is meant.")


@contextmanager
def _only_member(archive: zipfile.ZipFile) -> Iterator[IO[bytes]]:
    members = [info for info in archive.infolist() if not info.is_dir() and not _hidden(info.filename)]
    names = [info.filename for info in members]
    if any(name in names for name in ("mimetype", "content.xml")):
        raise FileError("The file is an OpenDocument one (.ods); save it as .xlsx or as CSV.")
    if len(members) != 1:
        named = f": {', '.join(names[:_NAMES_SHOWN])}{', ...' if len(names) > _NAMES_SHOWN else ''}" if names else ""
        raise FileError(
            f"The .zip holds {len(members)} files, expected one{named}. Send one of them: "
            "unzip -p FILE NAME | wachtmonitor publish - ..."
        )
    if members[0].flag_bits & 1:
        raise FileError("The .zip is locked by a password; unpack it, and publish what is in it.")
    _judge(members[0].file_size, members[0].compress_size)
    try:
        member = archive.open(members[0])
    except (zipfile.BadZipFile, NotImplementedError, OSError) as error:
        raise FileError(
            f"The .zip cannot be unpacked here ({error}); unpack it, and publish what is in it."
        ) from error
    with member:
        yield member


def _hidden(name: str) -> bool:
    """Whether a program laid it beside the file by itself."""
    return name.startswith("__MACOSX/") or name.rpartition("/")[2].startswith(".")
