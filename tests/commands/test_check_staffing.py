"""What `check` says of who tells how many employees serve."""

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from streams.commands.check.finding import Status
from streams.commands.check.staffing import judged, staffing_findings
from streams.contracts.staffing import Staffing
from streams.settings import load

NOW_MS = 1_700_000_000_000
LINE = "Klantencontactcentrum"


def written(seconds_ago: int = 0, cluster: str = LINE) -> Any:
    """A record as it is read."""
    event = Staffing("kcc", "phone", cluster, NOW_MS / 1000 - seconds_ago, logged_in=7, free=3)
    return SimpleNamespace(key=event.key.encode(), value=msgspec.json.encode(event), timestamp=NOW_MS)


@pytest.mark.parametrize(
    ("records", "status", "text"),
    [
        ([], Status.NOTE, "nobody has told in the last day"),
        ([written(86_401)], Status.NOTE, "nobody has told in the last day"),
        ([written()], Status.GOOD, f"it is known who serves {LINE}"),
        (
            [written(181)],
            Status.NOTE,
            f"not shown of {LINE}: a source of theirs has told nothing",
        ),
        ([written(), written(-301)], Status.NOTE, "some of it is refused: expected `at` not after"),
        ([written(cluster="Jan Peeters")], Status.NOTE, "some of it is refused: expected `cluster` to be one of"),
    ],
)
def test_what_stands_on_the_topic_is_judged_by_the_newest_of_each_key(
    records: list[Any], status: Status, text: str
) -> None:
    found = list(judged(load(None, {}), records, NOW_MS))
    assert (found[0].status, found[0].subject) == (status, "staffing")
    assert text in found[0].text
    assert "Peeters" not in found[0].text


async def test_nothing_is_asked_where_nobody_tells_it() -> None:
    assert await staffing_findings(load(None, {}), 0.0) == []
