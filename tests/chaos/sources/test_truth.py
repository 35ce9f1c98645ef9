"""The comparison with what happened at sources: it finds whatever is lost, doubled or made up, and nothing else."""

import pytest

from tests.chaos.sources.truth import Happened, compare_told, told_by_source
from tests.oracle import Row

CERTAIN = Happened("offered", "1", "KCC", 1_000, 3_000)
IN_MENU = Happened("abandoned", "2", "KCC", 1_000, 3_000, is_certain=False)
TOLD = Row("offered", "1", "KCC", 2_000)


@pytest.mark.parametrize("told", [[TOLD], [TOLD, TOLD], [TOLD, Row("abandoned", "2", "KCC", 3_000)]])
def test_what_is_told_within_its_bounds_is_right_also_again(told: list[Row]) -> None:
    assert compare_told([CERTAIN, IN_MENU], told) == []


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ([], "lost: "),
        ([TOLD, Row("offered", "1", "KCC", 2_001)], "told twice, at [2000, 2001]"),
        ([Row("offered", "1", "KCC", 3_001)], "told to be at [3001]"),
        ([TOLD, Row("abandoned", "2", "KCC", 999)], "told to be at [999]"),
        ([TOLD, Row("ended", "1", "KCC", 2_000)], "never happened: ('ended', '1', 'KCC')"),
        ([TOLD, Row("offered", "3", "KCC", 2_000)], "never happened: ('offered', '3', 'KCC')"),
    ],
)
def test_one_that_is_lost_doubled_at_a_wrong_time_or_made_up_is_found(told: list[Row], found: str) -> None:
    (difference,) = compare_told([CERTAIN, IN_MENU], told)
    assert difference.startswith(found)


@pytest.mark.parametrize("at", [b'"1970-01-01T00:00:02Z"', b"2.0", b"2"])
def test_facts_of_followers_are_read_and_others_are_not(at: bytes) -> None:
    value = b'{"type":"offered","call_id":"1","cluster":"KCC","at":' + at + b"}"
    assert told_by_source("calls", value) == TOLD
    assert told_by_source("tickets", value) is None
    assert told_by_source("calls", None) is None
