"""Where files of contact records stand: in a directory, or on S3 under a prefix."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from streams.sources.connect.aws import Aws
from streams.sources.connect.reading import File

FILE_BYTES_MAX: Final = 256 * 1024 * 1024
"""Of one file, as it stands there: Firehose writes at most half of it."""


class Place(Protocol):
    """Where they stand."""

    name: str
    """What tells one place from another."""

    async def files(self) -> Sequence[File]:
        """All that are there now; raises what the client of AWS raises, or `OSError`."""

    async def read(self, file: File) -> bytes:
        """What is in one."""


class Folder:
    """A directory with all below it."""

    def __init__(self, path: Path) -> None:
        """One that is read whenever it is asked for, and may be yet to come."""
        self.name = str(path)
        self._path = path

    async def files(self) -> Sequence[File]:
        """All but hidden ones."""
        return await asyncio.to_thread(self._files)

    def _files(self) -> Sequence[File]:
        if not self._path.is_dir():
            raise NotADirectoryError(f"the directory of contact records is not there: {self._path}")
        found = (path for path in self._path.rglob("*") if path.is_file() and not path.name.startswith("."))
        told = ((path.relative_to(self._path).as_posix(), path.stat()) for path in found)
        return [File(name, stat.st_mtime_ns // 1_000_000, stat.st_size) for name, stat in told]

    async def read(self, file: File) -> bytes:
        """All of it."""
        return await asyncio.to_thread((self._path / file.name).read_bytes)


class Bucket:
    """The objects of a bucket below a prefix."""

    def __init__(self, aws: Aws, bucket: str, prefix: str) -> None:
        """Connects whenever it is asked for: once a minute."""
        self.name = f"s3://{bucket}/{prefix}"
        self._aws = aws
        self._bucket = bucket
        self._prefix = prefix

    async def files(self) -> Sequence[File]:
        """All, a thousand at a time."""
        found: list[File] = []
        async with self._aws.client("s3") as client:
            pages = client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
            async for page in pages:
                found += [
                    File(one["Key"], round(one["LastModified"].timestamp() * 1000), one["Size"])
                    for one in page.get("Contents", ())
                ]
        return found

    async def read(self, file: File) -> bytes:
        """All of it."""
        async with self._aws.client("s3") as client:
            answer = await client.get_object(Bucket=self._bucket, Key=file.name)
            async with answer["Body"] as body:
                content: bytes = await body.read()
                return content
