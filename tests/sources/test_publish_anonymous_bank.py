"""The example for the calls of the Anonymous Bank, over the real file where it is at hand.

The expected figures come from SQL that knows the columns and the rules of the example's README, and nothing of the
code under test. The file itself is no part of this repository.
"""

from collections import Counter, defaultdict
from pathlib import Path
from typing import Final

import duckdb
import pytest

from streams.channels.named_events import tag_of
from streams.contracts.events import instant_ms
from streams.sources.files.events import read_rows
from streams.sources.files.row import LeftOut, Row
from streams.sources.mapping import load_mapping
from tests.real_calls import EXAMPLE, FACTS_SQL

EVENTS_SQL: Final = f"""
{FACTS_SQL}
-- in February Israel is two hours ahead of UTC
select event, type, count(*), sum(epoch_ms(moment - interval 2 hours)) from facts group by all
"""


@pytest.fixture(scope="module")
def rows(real_calls: Path) -> list[Row]:
    """What the example's mapping makes of the file."""
    with real_calls.open("rb") as stream:
        return list(read_rows(stream, load_mapping(EXAMPLE / "mapping.toml")))


def test_events_and_their_times_are_those_of_an_independent_query(real_calls: Path, rows: list[Row]) -> None:
    counted: Counter[tuple[str, str]] = Counter()
    summed_ms: defaultdict[tuple[str, str], int] = defaultdict(int)
    for event in (event for row in rows for event in row.events):
        key = (tag_of(type(event)), event.cluster)
        counted[key] += 1
        summed_ms[key] += instant_ms(event.at)
    expected = duckdb.execute(EVENTS_SQL, [str(real_calls)]).fetchall()
    assert expected
    assert {(event, cluster): (count, total) for event, cluster, count, total in expected} == {
        key: (count, summed_ms[key]) for key, count in counted.items()
    }


def test_only_phantom_calls_are_left_out(real_calls: Path, rows: list[Row]) -> None:
    table = "read_csv(?, delim = '\t', header = true, quote = '', all_varchar = true)"
    ((phantoms,),) = duckdb.execute(
        f"select count(*) from {table} where outcome = 'PHANTOM'", [str(real_calls)]
    ).fetchall()
    assert phantoms > 0
    assert Counter(row.left_out for row in rows if row.left_out is not None) == {
        LeftOut("phantom call", on_purpose=True): phantoms
    }


def test_every_call_has_an_id_of_its_own(rows: list[Row]) -> None:
    ids = [getattr(row.events[0], "call_id", None) for row in rows if row.events]
    assert None not in ids
    assert len(set(ids)) == len(ids)
