"""A stand-in for the event socket of FreeSWITCH, on loopback, written from its documentation: lets in who knows the
password, answers what is asked, and says what it is told to."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Self
from urllib.parse import quote

from streams.sources.freeswitch import EventSocket

PASSWORD = "ClueCon"
COLUMNS = (
    "queue|instance_id|uuid|session_uuid|cid_number|cid_name|system_epoch|joined_epoch|rejoined_epoch|bridge_epoch|"
    "abandoned_epoch|base_score|skill_score|serving_agent|serving_system|state|score"
)


def event(name: str, at_ms: float, **fields: str) -> bytes:
    """An event as it is sent: `_` stands for the dash of a field."""
    said = {
        "Event-Name": name,
        "Core-UUID": "2130a7d1-c1f7-44cd-8fae-8ed5946f3cec",
        "Event-Date-Timestamp": str(round(at_ms * 1000)),
        **{key.replace("_", "-"): value for key, value in fields.items()},
    }
    return "".join(f"{key}: {quote(value, safe='')}\n" for key, value in said.items()).encode() + b"\n"


def frame(kind: str, body: bytes = b"", **fields: str) -> bytes:
    """A frame."""
    head = {"Content-Length": str(len(body)), "Content-Type": kind} if body else {"Content-Type": kind}
    lines = {**head, **{key.replace("_", "-"): value for key, value in fields.items()}}
    return "".join(f"{key}: {value}\n" for key, value in lines.items()).encode() + b"\n" + body


def channels(*rows: Mapping[str, object]) -> bytes:
    """What `show channels as json` says."""
    return json.dumps({"row_count": len(rows), **({"rows": rows} if rows else {})}).encode()


def members(*rows: str) -> bytes:
    """What `callcenter_config queue list members` says."""
    return "".join(f"{row}\n" for row in ((COLUMNS, *rows) if rows else ())).encode() + b"+OK\n"


class StandIn:
    """Used as `async with`."""

    def __init__(self) -> None:
        self.channels = channels()
        self.members: dict[str, bytes] = {}
        self.between: list[bytes] = []
        """Events that come while the lists are asked for."""
        self.greeting = frame("auth/request")
        self.answers = True
        self.heard: list[str] = []
        self._writers: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None
        self._port = 0

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def socket(self) -> EventSocket:
        """How to reach it."""
        return EventSocket("127.0.0.1", self._port, PASSWORD)

    async def open(self) -> None:
        """Listen, on the same port as before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Hang up, and be gone."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    async def send(self, events: Iterable[bytes]) -> None:
        """Say something to who is connected."""
        for writer in self._writers:
            writer.write(b"".join(frame("text/event-plain", each) for each in events))
            await writer.drain()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self.greeting)
        while line := await reader.readline():
            command = line.decode().strip()
            if not command:
                continue
            self.heard.append(command)
            if self.answers:
                writer.write(self._answer(command, writer))
        writer.close()

    def _answer(self, command: str, writer: asyncio.StreamWriter) -> bytes:
        match command.split(" ", 2):
            case ["auth", password]:
                told = "+OK accepted" if password == PASSWORD else "-ERR invalid"
                return frame("command/reply", Reply_Text=told)
            case ["event", *_]:
                self._writers.append(writer)
                return frame("command/reply", Reply_Text="+OK event listener enabled plain")
            case ["api", "show", _]:
                between = b"".join(frame("text/event-plain", each) for each in self.between)
                return between + frame("api/response", self.channels)
            case ["api", "callcenter_config", asked]:
                return frame("api/response", self.members.get(asked.rpartition(" ")[2], members()))
            case _:
                return frame("api/response", b"17\n")
