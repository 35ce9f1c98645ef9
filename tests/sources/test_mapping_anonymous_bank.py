"""The example for the calls of the Anonymous Bank treats each kind of dirty row as its README says.

The rows here are invented in the shape of that file.
"""

import io
from pathlib import Path
from typing import Final

import pytest

from streams.channels.named_events import tag_of
from streams.contracts.events import instant_ms
from streams.core.rules import Channel, OpenInterval
from streams.settings import load
from streams.sources.files.events import read_rows
from streams.sources.files.row import LeftOut, Row
from streams.sources.mapping import load_mapping

EXAMPLE: Final = Path(__file__).parents[2] / "deploy" / "examples" / "anonymous-bank"

HEADER: Final = (
    "vru+line call_id customer_id priority type date vru_entry vru_exit vru_time q_start q_exit q_time outcome "
    "ser_start ser_exit ser_time server"
)

MIDNIGHT_MS: Final = 918_338_400_000
"""7 February 1999, 0:00 in Jerusalem."""


def read(row: str) -> Row:
    data = f"{HEADER}\n{row}\n".replace(" ", "\t").encode()
    (only,) = read_rows(io.BytesIO(data), load_mapping(EXAMPLE / "mapping.toml"))
    return only


def facts(row: Row) -> dict[str, float]:
    """Event type to seconds since 7 February 1999, 0:00 in Jerusalem."""
    return {tag_of(type(event)): (instant_ms(event.at) - MIDNIGHT_MS) / 1000 for event in row.events}


def clock(hours: int, minutes: int, seconds: int) -> int:
    return hours * 3600 + minutes * 60 + seconds


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param(
            "AA0101 1 0 0 PS 990207 9:00:00 9:00:09 9 9:00:09 9:00:40 31 AGENT 9:00:40 9:02:00 80 SOMEONE",
            {"offered": clock(9, 0, 0), "answered": clock(9, 0, 40), "ended": clock(9, 2, 0)},
            id="answered",
        ),
        pytest.param(
            "AA0101 1 0 0 PS 990207 9:00:00 9:00:09 9 0:00:00 0:00:00 0 AGENT 0:00:00 0:00:00 0 NO_SERVER",
            {"offered": clock(9, 0, 0)},
            id="an answer whose time nobody knows",
        ),
        pytest.param(
            "AA0101 1 0 0 PS 990207 9:00:00 9:00:09 9 9:00:09 9:00:40 31 HANG 0:00:00 0:00:00 0 NO_SERVER",
            {"offered": clock(9, 0, 0), "abandoned": clock(9, 0, 40)},
            id="hung up in the queue",
        ),
        pytest.param(
            "AA0101 1 0 0 PS 990207 9:00:00 9:00:09 9 0:00:00 0:00:00 0 HANG 0:00:00 0:00:00 0 NO_SERVER",
            {"offered": clock(9, 0, 0), "abandoned": clock(9, 0, 9)},
            id="hung up in the voice menu",
        ),
        pytest.param(
            "AA0101 1 0 0 PS 990207 9:00:00 9:00:09 9 9:00:09 9:00:40 31 HANG 9:00:39 9:00:41 2 SOMEONE",
            {"offered": clock(9, 0, 0), "abandoned": clock(9, 0, 40)},
            id="hung up though an answer is filled in",
        ),
        pytest.param(
            "AA0101 1 0 0 PS 990207 23:59:50 23:59:58 8 23:59:58 0:00:15 17 AGENT 0:00:15 0:03:00 165 SOMEONE",
            {"offered": clock(23, 59, 50), "answered": clock(24, 0, 15), "ended": clock(24, 3, 0)},
            id="across midnight",
        ),
        pytest.param(
            "AA0101 1 0 0 PS 990207 9:00:00 8:59:05 -55 8:59:05 9:00:40 95 AGENT 9:00:40 9:02:00 80 SOMEONE",
            {"offered": clock(9, 0, 0), "answered": clock(9, 0, 40), "ended": clock(9, 2, 0)},
            id="the menu's clock runs behind",
        ),
    ],
)
def test_a_row_becomes_these_facts(row: str, expected: dict[str, int]) -> None:
    assert facts(read(row)) == expected


def test_a_phantom_call_is_left_out_on_purpose() -> None:
    row = read("AA0101 1 0 0 PS 990207 9:00:00 9:00:09 9 9:00:09 9:00:40 31 PHANTOM 9:00:40 9:02:00 80 SOMEONE")
    assert (row.events, row.left_out) == ([], LeftOut("phantom call", on_purpose=True))


def test_the_id_joins_line_and_call_and_the_cluster_is_the_type() -> None:
    row = read("AA0101 1 0 0 NW 990207 9:00:00 9:00:09 9 0:00:00 0:00:00 0 AGENT 9:00:09 9:02:00 111 SOMEONE")
    assert {(getattr(event, "call_id", None), event.cluster) for event in row.events} == {("AA0101-1", "NW")}


def test_the_settings_are_those_of_the_bank() -> None:
    rules = load(EXAMPLE / "settings.toml", {}).rules
    day, short, evening = OpenInterval(7 * 60, 24 * 60), OpenInterval(7 * 60, 14 * 60), OpenInterval(20 * 60, 24 * 60)
    assert {(cluster.name, cluster.norm_ms) for cluster in rules.channel_clusters(Channel.PHONE).values()} == {
        (name, 45_000) for name in ("PS", "PE", "IN", "NE", "NW", "TT")
    }
    assert rules.channel_clusters(Channel.DESK) == {}
    assert rules.zone == "Asia/Jerusalem"
    assert rules.opening_hours == ((day,), (day,), (day,), (day,), (short,), (evening,), (day,))
    assert (rules.public_holidays, rules.closing_days) == ((), ())
    assert rules.earliest_ms < MIDNIGHT_MS
