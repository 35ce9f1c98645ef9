"""The month totals against a database that knows nothing of the core: DuckDB over the raw events.

A year of calls and of visits, dirty on purpose: facts missing, repeated, contradicting, out of order, under names of
clusters in any spelling. Every number of the month totals is computed a second time in SQL (`tests/oracle.py`), from
the events as they are written.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.channels import channel_of_event
from streams.channels.acceptance import decoder_of
from streams.channels.calls.state import CallState
from streams.channels.figures import figures, month_totals
from streams.channels.named_events import PLAN_FIELD, tag_of
from streams.channels.visits.state import TicketState
from streams.contracts.events import instant_ms
from streams.contracts.rejections import Reason
from streams.core.norms import Norms, OwnServiceLevel, ServiceLevel
from streams.core.rules import Channel, Cluster, Rules
from streams.core.state import AnyState
from streams.core.terms import AllTerms
from tests.applying import apply
from tests.core.builders import DAY, HOUR, MINUTE, SECOND, STEADY, hours, ms, rules_with
from tests.core.folding import NewState, restarted
from tests.core.histories import NOON, call_events, ticket_events
from tests.oracle import OracleRules, Row, Totals, Waiting, oracle
from tests.tallies import named_counts

ORACLE_RULES: Final[Rules] = rules_with(
    clusters=(
        Cluster("Infolijn", Channel.PHONE, 45 * SECOND, aliases=("Onthaal één", "1700")),
        Cluster("Noodlijn", Channel.PHONE, 10 * SECOND),
        Cluster("Burgerzaken", Channel.DESK, 1 * MINUTE, aliases=("Bevolking & Identiteit",)),
        Cluster("OCMW", Channel.DESK, 10 * MINUTE, aliases=("Sociaal huis",)),
    ),
    opening_hours=(hours("09:00-17:00"),) * 5 + ((), ()),
    closing_days=("2026-05-15", "2026-12-24"),
    short_abandon_ms=10 * SECOND,
)
"""Opening hours that SQL can say in a line."""

NORMS: Final = Norms(
    service_level_seconds=30,
    service_level_ratio=0.7,
    missed_ratio=0.2,
    own_service_levels=(OwnServiceLevel(Channel.PHONE, "Noodlijn", ServiceLevel(90, 0.9)),),
)
"""One line has a service level of its own."""

END: Final = ms("2027-12-31 00:00")
"""When all is over: every open contact has expired."""


IN_SQL: Final = OracleRules(
    norms_ms={"Infolijn": 45 * SECOND, "Noodlijn": 10 * SECOND, "Burgerzaken": 1 * MINUTE, "OCMW": 10 * MINUTE},
    open_from_hour=9,
    open_to_hour=17,
    open_days=5,
    closing_days=[
        *("2025-11-11", "2025-12-25", "2026-01-01", "2026-04-05", "2026-04-06", "2026-05-01", "2026-05-14"),
        *("2026-05-24", "2026-05-25", "2026-07-21", "2026-08-15", "2026-11-01", "2026-11-11", "2026-12-25"),
        *("2027-01-01", "2026-05-15", "2026-12-24"),
    ],
    bounds_ms={"Noodlijn": 90 * SECOND},
    short_ms=10 * SECOND,
    aliases={
        "Onthaal één": "Infolijn",
        "1700": "Infolijn",
        "Bevolking & Identiteit": "Burgerzaken",
        "Sociaal huis": "OCMW",
    },
)
"""The same for the database, public holidays written out."""

CALLED: Final = {
    name: [name, *(alias for alias, of in IN_SQL.aliases.items() if of == name)] for name in IN_SQL.norms_ms
}
"""What each cluster may be called."""

SPACES: Final = (" ", "  ", "\u00a0", "\t", "\u2003")


def spelt(random: Random, cluster: str) -> str:
    """The cluster as some system may write it; now and then under a name that is none."""
    if random.random() < 0.02:
        return random.choice(["Zwembad", "Info lijn", "O\u200bCMW", "Onthaal een"])
    text = random.choice(CALLED[cluster])
    changes = (
        lambda: unicodedata.normalize("NFD", text),
        lambda: text.replace(" ", random.choice(SPACES)),
        lambda: random.choice(SPACES) + text + random.choice(SPACES),
        text.upper,
        text.lower,
    )
    return text if random.random() < 0.6 else random.choice(changes)()


def spelt_anyhow(random: Random, rows: Sequence[Row]) -> list[Row]:
    """The rows, each with a spelling of its own."""
    return [replace(row, cluster=spelt(random, row.cluster)) for row in rows]


# The year.


def _any_moment(random: Random) -> int:
    """A moment of 2026, mostly by day, often on the edge of the opening hours or of a day."""
    day = datetime(2026, 1, 1) + timedelta(days=random.randrange(365))  # noqa: DTZ001 - a local date, read in `ms`
    edge = random.choice(["00:00", "09:00", "17:00", "23:59:59.999"])
    off = random.choice([0, 1, SECOND, random.randrange(5 * MINUTE)])
    if random.random() < 0.2:
        return ms(f"{day:%Y-%m-%d} {edge}") + off
    return ms(f"{day:%Y-%m-%d} 00:00") + random.randrange(7 * HOUR, 19 * HOUR)


def _wait(random: Random) -> int:
    """A wait, often exactly on a bound, now and then impossible."""
    if random.random() < 0.25:
        bound = random.choice([0, 10, 30, 45, 60, 90, 120, 300, 600, 4 * 3600])
        return max(0, bound * SECOND + random.choice([-1, 0, 1]))
    if random.random() < 0.05:
        return random.choice([-1, -HOUR, 4 * HOUR + 1, 5 * HOUR])
    return int(random.expovariate(1 / (70 * SECOND)))


def calls_of_a_year(random: Random, count: int) -> list[Row]:
    """Calls with any of their facts missing, and some of them told twice with another time or cluster."""
    rows: list[Row] = []
    for number in range(count):
        call, cluster, start = f"call-{number}", random.choice(["Infolijn", "Noodlijn"]), _any_moment(random)
        end = start + _wait(random)
        answered = random.random() < 0.75
        facts = [("offered", start), ("answered" if answered else "abandoned", end), ("ended", end + _wait(random))]
        if random.random() < 0.05:
            facts.append(("abandoned", end + random.randrange(-5, 5) * SECOND))
        if random.random() < 0.4:
            facts += _more_of_a_call(random, start, end)
        rows += [Row(kind, call, cluster, at) for kind, at in facts if random.random() < 0.93]
        rows += _told_twice(random, rows[-1:])
    return rows


KINDS_OF_CALLS: Final = ("offered", "answered", "abandoned", "ended", "callback_requested", "called_back")


def _more_of_a_call(random: Random, start: int, end: int) -> list[tuple[str, int]]:
    """Coming back to the queue, asking to be called back, the id on another day, and anything at any moment."""
    later = end + random.choice([0, 5 * SECOND, 14 * MINUTE, 16 * MINUTE, 2 * HOUR])
    again = start + random.choice([4 * HOUR, 5 * HOUR, DAY, 7 * DAY])
    facts = random.choice(
        [
            [("abandoned", end), ("offered", later), ("answered", later + _wait(random))],
            [("abandoned", end), ("offered", later), ("abandoned", later + _wait(random))],
            [("abandoned", end), ("answered", end + random.choice([0, 1, SECOND]))],
            [("callback_requested", end), ("called_back", later + MINUTE)],
            [("callback_requested", end), ("answered", again)],
            [("callback_requested", end), ("offered", later), ("answered", later + MINUTE)],
            [("answered", start - random.choice([0, 1, 1_999, 2_000, 2_001]))],
            [("offered", again), ("answered", again + _wait(random))],
            [("answered", again - SECOND), ("offered", again), ("ended", again + MINUTE)],
            [("abandoned", again)],
        ]
    )
    moments = [start, end, later, again]
    any_facts = random.randrange(3)
    return facts + [
        (random.choice(KINDS_OF_CALLS), random.choice(moments) + random.choice([-SECOND, 0, 0, SECOND]))
        for _ in range(any_facts)
    ]


def visits_of_a_year(random: Random, count: int) -> list[Row]:
    """Appointments, moved appointments and walk-ins, with any of their facts missing."""
    rows: list[Row] = []
    for number in range(count):
        ticket, cluster = f"ticket-{number}", random.choice(["Burgerzaken", "OCMW"])
        plan = _any_moment(random)
        with_plan = random.random() < 0.7
        mine: list[Row] = []
        if with_plan:
            asked = plan - random.randrange(-DAY, 30 * DAY)
            mine.append(Row("requested", ticket, cluster, asked, plan))
            if random.random() < 0.2:
                plan += random.randrange(-3, 6) * DAY
                mine.append(Row("requested", ticket, cluster, asked + random.choice([0, HOUR, DAY]), plan))
        stated = plan if with_plan and random.random() < 0.3 else None
        came = plan + random.randrange(-30, 20) * MINUTE
        start = max(plan, came) + _wait(random) - random.choice([0, 0, 5 * MINUTE])
        mine.append(Row("arrived", ticket, cluster, came, stated))
        if random.random() < 0.4:
            mine += _gone_and_back(random, mine[-1])
        outcome = random.choices(["started", "no_show", "cancelled", "left", "nothing"], [65, 10, 8, 10, 7])[0]
        if outcome == "cancelled" and random.random() < 0.5:
            mine = [row for row in mine if row.kind != "arrived"]
        if outcome != "nothing":
            mine.append(Row(outcome, ticket, cluster, start))
        if outcome == "started":
            mine.append(Row("finished", ticket, cluster, start + 10 * MINUTE, stated))
            mine += _afterwards(random, mine[-1])
        if random.random() < 0.1:
            later = random.randrange(1, 4) * DAY  # another visitor draws the number, or somebody comes again
            mine += [Row(row.kind, ticket, row.cluster, row.at + later, row.planned) for row in mine[-3:]]
        rows += [row for row in mine if random.random() < 0.93]
        rows += _told_twice(random, rows[-1:])
    return rows


def _gone_and_back(random: Random, came: Row) -> list[Row]:
    """Out of the hall while waiting, and in again, or said to be a no-show and there after all."""
    gone = Row(random.choice(["left", "cancelled", "no_show"]), came.contact, came.cluster, came.at + _wait(random))
    return [gone, Row("arrived", came.contact, came.cluster, gone.at + _wait(random))]


def _afterwards(random: Random, done: Row) -> list[Row]:
    """What follows on a visit now and then."""
    rows = _sent_on(random, done) if random.random() < 0.2 else []
    return [*rows, *(_asked_again(random, done) if random.random() < 0.1 else [])]


def _sent_on(random: Random, done: Row) -> list[Row]:
    """To another desk with the same ticket, which may tell of the arrival, and now and then back again."""
    desk = _ELSEWHERE[done.cluster]
    came = Row("arrived", done.contact, desk, done.at + random.randrange(-5, 5) * MINUTE)
    ends = random.choices(["started", "left", "finished", "nothing"], [70, 15, 5, 10])[0]
    rows = [came, Row(ends, done.contact, desk, done.at + _wait(random))]
    if random.random() < 0.2:
        rows.append(Row("started", done.contact, done.cluster, rows[-1].at + _wait(random)))
    return [row for row in rows if row.kind != "nothing"]


def _asked_again(random: Random, done: Row) -> list[Row]:
    """Another appointment under the same ticket, asked for the same day or later, and moved now and then."""
    asked = done.at + random.choice([HOUR, 5 * HOUR, DAY, 3 * DAY])
    plan = asked + random.randrange(10 * DAY)
    rows = [Row("requested", done.contact, done.cluster, asked, plan)]
    if random.random() < 0.3:
        rows.append(Row("requested", done.contact, done.cluster, asked + HOUR, plan + DAY))
    rows.append(Row(random.choice(["arrived", "cancelled", "no_show"]), done.contact, done.cluster, plan))
    return [*rows, Row("started", done.contact, done.cluster, plan + _wait(random))]


_ELSEWHERE: Final = {"Infolijn": "Noodlijn", "Noodlijn": "Infolijn", "Burgerzaken": "OCMW", "OCMW": "Burgerzaken"}


def _told_twice(random: Random, rows: Sequence[Row]) -> list[Row]:
    """Sometimes the facts again, exactly or with another time and from another cluster."""
    if random.random() > 0.1:
        return []
    if random.random() < 0.5:
        return list(rows)
    shift = random.choice([-SECOND, 0, SECOND])
    return [Row(row.kind, row.contact, _ELSEWHERE[row.cluster], row.at + shift, row.planned) for row in rows]


# The core's answer.


def written(row: Row) -> bytes:
    """The event as a source writes it."""
    of_call = row.kind in KINDS_OF_CALLS
    event = {
        "type": row.kind,
        "call_id" if of_call else "ticket_id": row.contact,
        "cluster": row.cluster,
        "at": row.at / 1000,
    }
    return msgspec.json.encode(event if row.planned is None else {**event, "planned_at": row.planned / 1000})


def accepted(state: AnyState, rows: Sequence[Row], record_ms: Sequence[int]) -> list[tuple[Any, int]]:
    """The events that the settings accept, each with the time of its record."""
    keys = [row.contact.encode() for row in rows]
    batch = decoder_of(state.channel, state.rules).decode_batch(keys, [*map(written, rows)], list(record_ms))
    assert all(each.rejection.reason is Reason.UNKNOWN_CLUSTER for each in batch.rejected)
    return list(zip(batch.events, batch.record_times_ms, strict=True))


def folded(state: AnyState, rows: Sequence[Row], manner: str) -> AnyState:
    """The rows folded as a file that comes in one go, shuffled, or as the year in which they happened."""
    if manner == "live":
        rows = sorted(rows, key=lambda row: row.at)
        for index, (event, record_ms) in enumerate(accepted(state, rows, [row.at for row in rows])):
            apply(state, event, record_ms)
            if index % 1000 == 0:
                state = restarted(state)
        return state
    for event, record_ms in accepted(state, Random(7).sample(rows, len(rows)), [END] * len(rows)):
        apply(state, event, record_ms)
    return state


# The two answers.


def asked_of_duckdb(rows: Sequence[Row]) -> Totals:
    """The answer of the database over the raw rows, when every open contact has expired."""
    with oracle(IN_SQL, rows, END) as database:
        return database.month_totals()


def counted_by_the_core(state: AnyState) -> Totals:
    """The month totals of the state under the database's names."""
    terms = AllTerms(ORACLE_RULES, NORMS)
    return {
        (month, cluster): named_counts(tally, terms.of(state.channel, cluster).service_level_ms)
        for (month, cluster), tally in month_totals(state.settle(), END).items()
    }


@pytest.fixture(scope="module")
def calls() -> list[Row]:
    """A year of calls."""
    random = Random(20260101)
    return spelt_anyhow(random, calls_of_a_year(random, 3000))


@pytest.fixture(scope="module")
def visits() -> list[Row]:
    """A year of visits."""
    random = Random(20261231)
    return spelt_anyhow(random, visits_of_a_year(random, 3000))


@pytest.mark.parametrize("manner", ["shuffled", "live"])
def test_the_calls_of_a_year_are_those_of_the_database(calls: list[Row], manner: str) -> None:
    """Per month and cluster: outcomes, sums of waits, speed categories, and every reason to leave a call out."""
    found = counted_by_the_core(folded(CallState(ORACLE_RULES), calls, manner))
    assert found == asked_of_duckdb(calls)


@pytest.mark.parametrize("manner", ["shuffled", "live"])
def test_the_visits_of_a_year_are_those_of_the_database(visits: list[Row], manner: str) -> None:
    """Per month and cluster: waits of three kinds, walk-ins, no-shows, requests and their working days."""
    found = counted_by_the_core(folded(TicketState(ORACLE_RULES), visits, manner))
    assert found == asked_of_duckdb(visits)


@settings(STEADY, max_examples=8)
@pytest.mark.parametrize(
    ("new_state", "facts"),
    [pytest.param(CallState, call_events(), id="calls"), pytest.param(TicketState, ticket_events(), id="visits")],
)
@given(data=st.data())
def test_any_facts_are_those_of_the_database(
    new_state: NewState, facts: st.SearchStrategy[Any], data: st.DataObject
) -> None:
    """Likely or not, more of a type than are kept, in any spelling: the months in the end, and who waits at noon.

    One database is asked about many contacts, three of each thirty facts, since to make one takes longest.
    """
    events, random = data.draw(st.lists(facts, min_size=40, max_size=120)), data.draw(st.randoms())
    rows = [replace(row, contact=f"{row.contact}{place // 30}") for place, row in enumerate(map(_row, events))]
    rows = spelt_anyhow(random, rows)
    state = folded(new_state(ORACLE_RULES), rows, "shuffled")
    assert counted_by_the_core(state) == asked_of_duckdb(rows)
    with oracle(IN_SQL, rows, NOON) as database:
        waiting = database.waiting()
    for each in figures([state.settle()], ORACLE_RULES, NOON):
        if each.cluster.channel is state.channel:
            now, there = each.waiting, waiting.get(each.cluster.name, Waiting(0, None, 0, None))
            assert (now.count, now.since_ms) == (there.count, there.since_ms)
            assert getattr(now, "walk_ins", 0) == there.walk_ins


def _row(event: Any) -> Row:
    contact = getattr(event, channel_of_event(event).decoder.id_field)
    planned = getattr(event, PLAN_FIELD, None)
    return Row(
        tag_of(type(event)),
        contact,
        event.cluster,
        instant_ms(event.at),
        None if planned is None else instant_ms(planned),
    )


def test_the_year_has_everything_in_it(calls: list[Row], visits: list[Row]) -> None:
    """Every number that is compared is more than a handful somewhere, and every month is there."""
    by_call = asked_of_duckdb(calls)
    by_visit = asked_of_duckdb(visits)
    for answer, numbers in ((by_call, 31), (by_visit, 25)):
        names = {name for each in answer.values() for name in each}
        assert len(names) == numbers, names
        assert {month for month, _ in answer} >= {f"2026-{month:02d}" for month in range(1, 13)}
        assert all(sum(each.get(name, 0) for each in answer.values()) >= 10 for name in names)
