"""What `check` says of each source of the settings."""

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from streams.commands.check.finding import Finding, Status
from streams.commands.check.followed import _findings, followed_findings
from streams.core.rules import Channel
from streams.records.sources import SourceRecord, source_record
from streams.settings import load
from tests.sources.following.scripted import ScriptedTable

NOW_MS = 1_700_000_100_000
CONNECTED = SourceRecord(
    source="kcc",
    kind="scripted",
    position=None,
    follower="f1",
    written_ms=NOW_MS,
    connected=True,
    since_ms=1_700_000_000_000,
    last_fact_ms=1_700_000_040_000,
    channels=(Channel.PHONE,),
)
LOST = msgspec.structs.replace(CONNECTED, connected=False, why="the exchange refuses the login")
SETTINGS = msgspec.structs.replace(load(None, {}), sources={"kcc": ScriptedTable()})


@pytest.mark.parametrize(
    ("value", "age_ms", "status", "text"),
    [
        (None, 0, Status.NOTE, "was never followed; start `wachtmonitor follow kcc`"),
        (CONNECTED, 0, Status.GOOD, "connected since 2023-11-14 23:13, last fact on 2023-11-14 23:14"),
        (msgspec.structs.replace(CONNECTED, last_fact_ms=None), 0, Status.GOOD, "no fact yet"),
        (CONNECTED, 31_000, Status.WRONG, "source kcc is not followed: its follower was last heard 31 s ago"),
        (LOST, 0, Status.WRONG, "source kcc is not connected: the exchange refuses the login"),
        (b"{", 0, Status.WRONG, "cannot be read"),
    ],
)
def test_a_source_is_judged_by_what_its_follower_wrote_last(
    value: SourceRecord | bytes | None, age_ms: int, status: Status, text: str
) -> None:
    written = source_record(value)[1] if isinstance(value, SourceRecord) else value
    newest: dict[str, Any] = {"kcc": SimpleNamespace(key=b"kcc", value=written, timestamp=NOW_MS - age_ms)}
    (finding,) = _findings(SETTINGS, newest, NOW_MS)
    assert isinstance(finding, Finding)
    assert (finding.status, finding.subject) == (status, "source kcc")
    assert text in finding.text


async def test_nothing_is_asked_where_there_are_no_sources() -> None:
    assert await followed_findings(load(None, {}), 0.0) == []
