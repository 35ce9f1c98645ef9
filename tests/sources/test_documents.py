"""What JSON documents tell by a mapping over dotted names: webhooks, and rows of a database that change."""

import tomllib
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.channels.calls.events import Answered, Ended, Offered
from streams.channels.visits.events import Arrived, Finished, NoShow, Requested, Started
from streams.contracts.decode import Event
from streams.sources.documents.facts import DocumentFacts, NoFact, Told
from streams.sources.mapping import MappingError, read_document_mapping

DESKS: Final = """
[document]
null_values = ["0001-01-01T00:00:00Z"]
[id]
columns = ["ticket.day", "ticket.number"]
[cluster]
column = "service.name"
rename = { PAS = "Burgerzaken" }
named_only = true
[[leave_out]]
reason = "test"
when = { test = "true" }
[[event]]
type = "arrived"
at = "printed_at"
planned_at = "appointment.start"
[[event]]
type = "started"
at = ["calls.1.at", "calls.0.at"]
[[event]]
type = "finished"
at = "closed.at"
when = { "closed.how" = ["served", "7"] }
"""

TYPED: Final = """
[id]
columns = "data.id"
[cluster]
constant = "Burgerzaken"
[types]
column = "type"
values = { "be.city.printed" = "arrived", "be.city.called" = "started", "be.city.back" = "arrived" }
at = "time"
planned_at = "data.planned"
"""

ROWS: Final = """
[document]
root = "payload.after"
before = "payload.before"
[time]
zone = "Europe/Brussels"
format = "local microseconds"
[id]
columns = "id"
[cluster]
column = "queue"
[[event]]
type = "offered"
at = "entered"
[[event]]
type = "answered"
at = "answered"
[[event]]
type = "ended"
at = { column = "ended", format = ["epoch milliseconds", "epoch microseconds"] }
"""


def facts_of(mapping: str) -> DocumentFacts:
    return DocumentFacts(read_document_mapping(tomllib.loads(mapping)))


DESK: Final = facts_of(DESKS)


def at(minute: int, second: int = 0) -> datetime:
    return datetime(2026, 10, 5, 9, minute, second, tzinfo=UTC)


def ticket(**fields: Any) -> dict[str, Any]:
    return {"ticket": {"day": "2026-10-05", "number": 7}, "service": {"name": "PAS"}} | fields


def test_facts_appear_with_the_fields_of_their_times() -> None:
    """And an item of a list is found by its place, a key with dots in it by its name."""
    document = ticket(printed_at="2026-10-05T09:01:00Z", closed={"at": "0001-01-01T00:00:00Z"})
    facts: list[Event] = [Arrived("2026-10-05-7", "Burgerzaken", at(1))]
    assert DESK(document) == Told(facts)
    document["calls"] = [{"at": "2026-10-05T11:03:30+02:00", "desk": "Loket 3"}]
    facts.append(Started("2026-10-05-7", "Burgerzaken", at(3, 30)))
    assert DESK(document) == Told(facts)
    del document["closed"]
    document |= {"closed.at": "2026-10-05T09:09:00Z", "closed.how": 7}
    facts.append(Finished("2026-10-05-7", "Burgerzaken", at(9)))
    assert DESK(document) == Told(facts)


def test_a_type_in_a_field_says_which_fact_it_is() -> None:
    told = facts_of(TYPED)
    document = {"type": "be.city.called", "time": "2026-10-05T09:03:00Z", "data": {"id": "a"}}
    assert told(document).events == [Started("a", "Burgerzaken", at(3))]
    planned = {"type": "be.city.back", "data": {"id": "a", "planned": "2026-10-05T09:10:00Z"}}
    assert told(document | planned).events == [Arrived("a", "Burgerzaken", at(3), at(10))]
    assert told(document | {"type": "be.city.other"}) == Told((), NoFact.LEFT_OUT)
    assert told({"data": {"id": "a"}}) == Told((), NoFact.LEFT_OUT)


def change(before: dict[str, Any] | None, after: dict[str, Any] | None) -> dict[str, Any]:
    return {"schema": {"type": "struct"}, "payload": {"before": before, "after": after, "op": "u"}}


def test_a_row_that_changes_tells_what_is_new() -> None:
    """Of a column without a zone the time is by the clock on the wall, as Debezium writes it."""
    told = facts_of(ROWS)
    local = 1_791_198_000_000_000  # 2026-10-05 11:00 on the wall, which is 9:00 in UTC
    first = {"id": 12, "queue": "kcc", "entered": local, "answered": None, "caller": "0400000001"}
    assert told(change(None, first)).events == [Offered("12", "kcc", at(0))]
    second = first | {"answered": local + 5_000_000, "ended": 1_791_191_400_000}
    assert told(change(first, second)).events == [Answered("12", "kcc", at(0, 5)), Ended("12", "kcc", at(10))]
    assert told(change(second, second | {"caller": None})) == Told((), NoFact.UNCHANGED)
    assert told(change(second, None)) == Told((), NoFact.NO_ROW, "payload.after")
    assert told(None) == Told((), NoFact.NO_ROW, "payload.after")


@pytest.mark.parametrize(
    ("document", "reason", "why"),
    [
        ([], NoFact.NO_OBJECT, "no_object, expected an object"),
        (ticket(test=True), NoFact.LEFT_OUT, "left_out"),
        (ticket(), NoFact.NOT_YET, "no_fact"),
        (ticket(service={"name": "RIJBEWIJS"}), NoFact.OTHER_CLUSTER, "other_cluster, field service.name"),
        (ticket(service=None), NoFact.NO_CLUSTER, "no_cluster, field service.name"),
        (ticket(ticket={"day": "2026-10-05"}), NoFact.NO_ID, "no_id, field ticket.number"),
        (ticket(ticket={"day": "7" * 200, "number": 1}), NoFact.LONG_ID, "long_id, expected at most 200 characters"),
        (ticket(printed_at="Jan Peeters"), NoFact.BAD_TIME, "unreadable_time, field printed_at, expected RFC 3339"),
        (ticket(printed_at={"a": 1}), NoFact.GROUP, "group_of_fields, field printed_at"),
        (ticket(printed_at="a\N{REPLACEMENT CHARACTER}"), NoFact.BAD_TEXT, "unreadable_text, field printed_at"),
    ],
)
def test_a_document_without_a_fact_has_a_reason_and_nothing_of_itself_in_it(
    document: object, reason: NoFact, why: str
) -> None:
    told = DESK(document)
    assert (told.events, told.reason) == ((), reason)
    assert told.why().startswith(why)
    assert "Peeters" not in told.why()


def test_every_reason_for_which_a_row_is_unreadable_has_one_of_documents() -> None:
    """Those of files apart."""
    from streams.sources.documents.facts import _REASONS
    from streams.sources.files.row import Unreadable

    of_files = {Unreadable.ROW, Unreadable.FIELDS, Unreadable.JSON, Unreadable.CONTRACT}
    assert set(Unreadable) - of_files == set(_REASONS)
    assert len(set(NoFact)) == len(NoFact)


_SCALARS: Final = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
_JSON: Final = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=8
)
_FIELDS: Final = ("ticket", "day", "number", "service", "name", "printed_at", "calls", "0", "at", "closed", "test")
_LIKE: Final = st.recursive(
    _SCALARS | st.sampled_from(["PAS", "2026-10-05T09:01:00Z", 7]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(_FIELDS), inner, max_size=6),
)


@given(_JSON | _LIKE)
def test_whatever_a_document_holds_the_answer_is_facts_or_a_reason(document: object) -> None:
    told = DESK(document)
    assert bool(told.events) != (told.reason is not None)
    for event in told.events:
        assert msgspec.json.encode(event)


def test_a_number_of_many_digits_is_too_long_for_an_id() -> None:
    assert DESK(ticket(ticket={"day": 10**4000, "number": 1})).reason is NoFact.LONG_ID


def problems_of(text: str) -> list[str]:
    with pytest.raises(MappingError) as raised:
        facts_of(text)
    return raised.value.problems


REST: Final = '[id]\ncolumns = "id"\n[cluster]\nconstant = "Burgerzaken"\n'


def test_all_that_is_wrong_is_said_at_once_with_its_place() -> None:
    assert problems_of('[document]\nrot = "a"\n[id]\n[cluster]\n[types]\ncolumn = 1\n[[event]]\nat = "b"') == [
        "[document]: rot: unknown key; did you mean root?",
        '[id]: columns: missing, expected a column or a list of columns; add columns = ["line", "call_id"]',
        "[cluster]: expected either column or constant, got neither; add one",
        '[types]: column: expected the name of a column, such as "date", got 1',
        "[types]: values: missing, expected a table of texts, each with the type of its event; "
        'add values = { printed = "arrived" }',
        "[types]: at: missing, expected a column, a list of columns or a table; "
        'add at = { column = "start", format = "RFC 3339" }',
        '[[event]] 1: type: missing, expected a type of event; add type = "offered"',
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "event: expected a table [types], or one or more that begin with [[event]], got neither"),
        (
            '[types]\ncolumn = "t"\nat = "b"\nvalues = { a = "arived" }',
            '[types]: values: a: expected a type of event, such as "offered", got "arived": did you mean arrived?',
        ),
        (
            '[types]\ncolumn = "t"\nat = "b"\nvalues = { a = "arrived", b = "requested" }',
            "[types]: planned_at: missing, expected since requested names the planned start",
        ),
        (
            '[types]\ncolumn = "t"\nat = "b"\nplanned_at = "c"\nvalues = { a = "offered" }',
            "[types]: planned_at: only tickets are planned",
        ),
        (
            '[types]\ncolumn = "t"\nat = { column = "b", format = "%H:%M %d/%m/%Y" }\nvalues = { a = "offered" }',
            '[time]: zone: missing, expected the zone of the local times; add zone = "Europe/Brussels"',
        ),
    ],
)
def test_a_mistake_is_reported_with_its_place(text: str, problem: str) -> None:
    (only,) = problems_of(REST + text)
    assert only.startswith(problem)


def test_named_only_needs_names() -> None:
    text = '[id]\ncolumns = "id"\n[cluster]\ncolumn = "q"\nnamed_only = true\n[[event]]\ntype = "offered"\nat = "b"'
    assert problems_of(text) == [
        "[cluster]: named_only: expected names in rename, or every row is left out; add some"
    ]


def test_the_example_in_the_module_is_a_valid_mapping() -> None:
    from streams.sources.mapping import documents as module

    assert module.__doc__ is not None
    example = "\n".join(line[4:] for line in module.__doc__.splitlines() if line.startswith("    "))
    assert [rule.type for rule in read_document_mapping(tomllib.loads(example)).fields.events] == [
        Arrived,
        Started,
        Finished,
    ]


# Those that come along.

QMINDER: Final = facts_of('extends = "qminder"\n[cluster]\nrename = { 37338 = "Burgerzaken" }\n')


def of_qminder(kind: str, status: str, **dates: str) -> Told:
    """A body as the reference of Qminder has it."""
    data: dict[str, Any] = {"id": "123456789", "status": status, "source": "MANUAL", "line": 37338}
    data |= {"firstName": "Jane", "lastName": "Eyre", "phoneNumber": 12125551234, "email": "j@example.org"}
    data |= {name: {"date": date, "caller": 14267} for name, date in dates.items()}
    return QMINDER({"type": kind, "data": data})


def test_a_ticket_of_qminder_is_a_visit() -> None:
    created = {"created": "2026-10-05T09:01:00Z"}
    arrived, started = Arrived("123456789", "Burgerzaken", at(1)), Started("123456789", "Burgerzaken", at(4))
    assert of_qminder("ticket_created", "NEW", **created).events == [arrived]
    called = created | {"called": "2026-10-05T09:04:00.000Z"}
    assert of_qminder("ticket_called", "CALLED", **called).events == [arrived, started]
    served = of_qminder("ticket_served", "SERVED", **called, served="2026-10-05T09:09:00Z")
    assert served.events == [arrived, started, Finished("123456789", "Burgerzaken", at(9))]
    gone = of_qminder("ticket_cancelled", "CANCELLED_BY_CLERK", **created, cancelled="2026-10-05T09:06:00Z")
    assert [type(event).__name__ for event in gone.events] == ["Arrived", "Cancelled"]
    absent = of_qminder("ticket_changed", "NOSHOW", **called)
    assert absent.events == [arrived, NoShow("123456789", "Burgerzaken", at(4))]
    assert QMINDER({"type": "line_changed", "data": {"id": 37338}}).reason is NoFact.LEFT_OUT


TWILIO: Final = facts_of('extends = "twilio-taskrouter"\n[cluster]\nrename = { WW1 = "Klantencontactcentrum" }\n')


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        ("task.created", "Offered"),
        ("reservation.accepted", "Answered"),
        ("task.canceled", "Abandoned"),
        ("task.completed", "Ended"),
    ],
)
def test_a_task_of_twilio_is_a_call(kind: str, event: str) -> None:
    fields = {
        "EventType": kind,
        "TaskSid": "WT1",
        "WorkflowSid": "WW1",
        "Timestamp": "1791190860",
        "TaskAttributes": '{"from":"+32400000001","name":"Jan"}',
    }
    (told,) = TWILIO(fields).events
    assert (type(told).__name__, told.cluster, told.at) == (event, "Klantencontactcentrum", at(1))
    assert "3240" not in msgspec.json.encode(told).decode()
    (precise,) = TWILIO(fields | {"TimestampMs": "1791190860500"}).events
    assert precise.at == at(1).replace(microsecond=500_000)
    assert TWILIO(fields | {"EventType": "worker.activity.update"}).reason is NoFact.LEFT_OUT
    assert TWILIO(fields | {"TaskChannelUniqueName": "sms"}).reason is NoFact.LEFT_OUT


def test_a_request_has_its_plan_by_its_type() -> None:
    told = facts_of(
        f'{REST}[types]\ncolumn = "t"\nvalues = {{ a = "requested", b = "finished" }}\nat = "at"\nplanned_at = "plan"'
    )
    document = {"id": "a", "t": "a", "at": "2026-10-05T09:01:00Z"}
    assert told(document).reason is NoFact.NO_PLAN
    planned = document | {"plan": "2026-10-05T09:30:00Z"}
    assert told(planned).events == [Requested("a", "Burgerzaken", at(1), at(30))]
