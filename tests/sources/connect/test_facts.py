"""What contacts of Amazon Connect tell, whichever way they are told, in whatever order, however often."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.channels.calls.events import (
    Abandoned,
    Answered,
    CallbackRequested,
    CalledBack,
    CallEvent,
    Ended,
    Offered,
)
from streams.sources.call_rules import CallRules
from streams.sources.connect.contacts import Contact, Unread, contact_of_event, contacts_of_record
from streams.sources.connect.facts import ContactFacts, NoFact
from streams.sources.connect.once import Once
from streams.sources.connect.reading import LATE_MS, NAMES_MAX, File, Reading
from streams.sources.connect.receipts import Receipts
from streams.sources.source import POSITION_BYTES_MAX, SourceError
from tests.sources.connect.told import (
    BY_NUMBER,
    CALLER,
    INSTANCE,
    KCC,
    NOT_NAMED,
    OTHER_QUEUE,
    RULES,
    an_id,
    event,
    events,
    leg,
    ms,
    record,
    waits,
)

ANSWERED: Final = leg(1, began=0.251, queued=20.5, answered=61.75, ended=200.125)
GAVE_UP: Final = leg(2, began=5.5, queued=9.25, ended=50.125)
SENT_ON: Final = (
    leg(3, began=0.5, queued=10.25, ended=70.5),
    leg(4, "QUEUE_TRANSFER", first=3, began=70.25, queued=71.5, answered=90.5, ended=300.5, queue=OTHER_QUEUE),
)
HANDED_ON: Final = (
    leg(5, began=1.5, queued=2.5, answered=12.5, ended=100.5),
    leg(6, "TRANSFER", first=5, began=100.25, queued=100.5, answered=160.5, ended=300.5, queue=NOT_NAMED),
)
CALLED_BACK: Final = (
    leg(7, began=2.5, queued=6.5, ended=40.5),
    leg(8, "CALLBACK", first=7, began=38.25, queued=45.5, answered=900.5, ended=1_000.5),
)
CITIZEN_FIRST: Final = (
    leg(9, began=3.5, ended=41.5),
    leg(10, "CALLBACK_CUSTOMER_FIRST_QUEUED", first=9, began=38.25, queued=39.5, ended=600.5),
    leg(11, "CALLBACK_CUSTOMER_FIRST_DIALED", first=9, began=601.5, queued=612.5, answered=620.5, ended=700.5),
)
ALL: Final = (ANSWERED, GAVE_UP, *SENT_ON, *HANDED_ON, *CALLED_BACK, *CITIZEN_FIRST)


def told(
    said: Iterable[str | bytes], rules: CallRules = RULES, *, whole_seconds: bool = False
) -> tuple[list[CallEvent], Counter[str]]:
    """The facts of events (texts) and records (bytes), and what became none."""
    facts_of = ContactFacts(rules, whole_seconds=whole_seconds)
    facts: list[CallEvent] = []
    left_out: Counter[str] = Counter()
    for one in said:
        for contact in [contact_of_event(one)] if isinstance(one, str) else contacts_of_record(one):
            if isinstance(contact, Unread):
                left_out[contact.value] += 1
                continue
            found = facts_of(contact)
            facts += found.events
            left_out[found.reason or ""] += found.reason is not None
    return facts, +left_out


def of_all(*contacts: Mapping[str, Any]) -> list[str]:
    """All events of some contacts."""
    return [one for contact in contacts for one in events(contact)]


def test_a_call_is_told_to_the_millisecond_under_the_id_of_its_contact() -> None:
    facts, left_out = told(of_all(ANSWERED))
    assert dict.fromkeys(facts) == dict.fromkeys(
        [
            Offered(an_id(1), KCC, ms(0.251) / 1000),
            Answered(an_id(1), KCC, ms(61.75) / 1000),
            Ended(an_id(1), KCC, ms(200.125) / 1000),
        ]
    )
    assert not left_out
    assert set(told(of_all(GAVE_UP))[0]) == {
        Offered(an_id(2), KCC, ms(5.5) / 1000),
        Abandoned(an_id(2), KCC, ms(50.125) / 1000),
    }


def test_who_is_sent_to_another_queue_waits_on_though_the_first_contact_ends_late() -> None:
    facts, _ = told(of_all(*SENT_ON))
    (wait,) = waits(facts)
    assert (wait.start, wait.answered, wait.left) == (ms(0.5), ms(90.5), None)
    left = SENT_ON[0], {key: value for key, value in SENT_ON[1].items() if key != "answered"}
    (wait,) = waits(told(of_all(*left))[0])
    assert (wait.start, wait.answered, wait.left) == (ms(0.5), None, ms(300.5))


def test_who_was_answered_and_handed_on_is_no_second_caller() -> None:
    facts, left_out = told(of_all(*HANDED_ON))
    (wait,) = waits(facts)
    assert (wait.start, wait.answered) == (ms(1.5), ms(12.5))
    assert {fact.call_id for fact in facts} == {an_id(5)}
    assert not left_out


@pytest.mark.parametrize(
    ("contacts", "rules", "expected"),
    [
        (CALLED_BACK, RULES, (ms(2.5), ms(38.25), ms(900.5))),
        (CITIZEN_FIRST, BY_NUMBER, (ms(3.5), ms(38.25), ms(620.5))),
    ],
)
def test_who_asks_to_be_called_back_waits_until_then_and_is_not_missed(
    contacts: tuple[Mapping[str, Any], ...], rules: CallRules, expected: tuple[int, int, int]
) -> None:
    facts, left_out = told(of_all(*contacts), rules)
    (wait,) = waits(facts)
    assert (wait.start, wait.requested, wait.called_back) == expected
    assert (wait.answered, wait.left, +left_out) == (None, None, Counter())
    assert {type(fact) for fact in facts} >= {CallbackRequested, CalledBack}


@pytest.mark.parametrize(
    ("method", "first"),
    [
        ("OUTBOUND", None),
        ("API", None),
        ("EXTERNAL_OUTBOUND", 1),
        ("MONITOR", 1),
        ("DISCONNECT", 1),
        ("CALLBACK", None),
    ],
)
def test_nobody_called_where_employees_or_programs_do(method: str, first: int | None) -> None:
    contact = leg(20, method, first=first, began=0.0, queued=1.0, answered=2.0, ended=3.0)
    facts, left_out = told([*events(contact), record(contact)])
    assert not facts
    assert set(left_out) == {NoFact.NO_CALLER.value}


def test_who_hangs_up_in_the_menu_counts_where_the_number_is_named() -> None:
    menu = leg(30, began=0.5, ended=9.5)
    assert set(told(of_all(menu), BY_NUMBER)[0]) == {
        Offered(an_id(30), KCC, ms(0.5) / 1000),
        Ended(an_id(30), KCC, ms(9.5) / 1000),
    }
    assert told(of_all(menu)) == ([], Counter({NoFact.NO_QUEUE.value: 1}))
    other = leg(31, began=0.5, queued=1.5, ended=9.5, queue=NOT_NAMED)
    assert set(told(of_all(other))[1]) == {NoFact.QUEUE_NOT_NAMED.value}


def test_a_record_may_know_its_queue_by_name() -> None:
    assert told([record(GAVE_UP)], CallRules({"KCC queue": KCC}))[0] == told([record(GAVE_UP)])[0] != []


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("{", Unread.NOT_JSON),
        ("[" * 2_000, Unread.NOT_JSON),
        ("[1]", Unread.NO_CONTACT),
        ('{"detail-type": "Amazon Connect Contact Event", "detail": {}}', Unread.NO_CONTACT),
        ('{"detail-type": "Object Created", "detail": {}}', Unread.OTHER_EVENT),
        (event("INITIATED", ANSWERED, channel="CHAT"), Unread.OTHER_CHANNEL),
        (event("INITIATED", ANSWERED, contactId=CALLER), Unread.BAD_ID),
        (event("INITIATED", ANSWERED, initialContactId=CALLER), Unread.BAD_ID),
        (event("INITIATED", ANSWERED, initialContactId=[1]), Unread.BAD_ID),
        (b"{}x", Unread.NO_CONTACT),
        (b"7", Unread.NO_CONTACT),
    ],
)
def test_what_cannot_be_read_has_a_reason_and_nothing_of_what_it_held(said: str | bytes, reason: Unread) -> None:
    facts, left_out = told([said])
    assert not facts
    assert reason.value in left_out


def test_moments_that_cannot_be_read_are_none() -> None:
    for moment in (None, "yesterday", 7, "1970-01-01T00:00:00.001Z", "9999-99-99T00:00:00Z"):
        broken = event("QUEUED", GAVE_UP, initiationTimestamp=moment)
        assert told([broken]) == ([], Counter({NoFact.NO_TIME.value: 1}))


def test_names_of_fields_may_begin_with_a_capital_letter_as_some_examples_have_it() -> None:
    said = json.loads(event("CONNECTED_TO_AGENT", ANSWERED, initialContactId=None))
    capital = {name[0].upper() + name[1:]: value for name, value in said["detail"].items()}
    assert told([json.dumps(said | {"detail": capital})]) == told([json.dumps(said)])


def test_nothing_of_a_person_is_in_a_contact_or_a_fact() -> None:
    said: list[str | bytes] = [*of_all(*ALL), *map(record, ALL)]
    facts, _ = told(said)
    contacts = [contact_of_event(one) for one in said if isinstance(one, str)]
    assert all(isinstance(contact, Contact) for contact in contacts)
    text = f"{facts}{contacts}"
    assert CALLER in str(said)
    for private in (CALLER, "Peeters", "/agent/", "Username"):
        assert private not in text


def test_firehose_may_write_no_line_ends() -> None:
    line = b" ".join(map(record, ALL)) + record(GAVE_UP) + b"{"
    read = list(contacts_of_record(line))
    assert read == [*(next(contacts_of_record(record(one))) for one in (*ALL, GAVE_UP)), Unread.NOT_JSON]


@given(st.data())
def test_any_order_repetition_and_loss_tells_the_same_once_the_records_are_read(data: st.DataObject) -> None:
    by_events, by_records = of_all(*ALL), list(map(record, ALL))
    everything = set(told(by_records, whole_seconds=True)[0])
    assert set(told(by_events, whole_seconds=True)[0]) == everything
    some = data.draw(st.lists(st.sampled_from(by_events), max_size=40))
    said: list[str | bytes] = data.draw(st.permutations([*some, *by_records]))
    once = Once()
    facts = [fact for fact in told(said, whole_seconds=True)[0] if once.is_new(fact)]
    assert set(facts) == everything
    assert len(facts) == len(everything)


@given(st.permutations(of_all(*ALL)), st.integers(0, 100))
def test_the_last_event_of_each_contact_tells_all_of_it(said: list[str], lost: int) -> None:
    """Delivery is best effort: whatever is lost before the last is told by it."""
    kept = [one for place, one in enumerate(said) if "DISCONNECTED" in one or place % 7 != lost % 7]
    assert set(told(kept)[0]) == set(told(of_all(*ALL))[0])


def test_what_was_told_long_ago_is_forgotten() -> None:
    once = Once(remembered_max=2)
    assert [once.is_new(one) for one in (1, 2, 1, 3, 1)] == [True, True, False, True, True]


def test_a_message_is_done_with_once_all_facts_up_to_its_own_have_arrived() -> None:
    receipts = Receipts()
    receipts.expect(3, ["a", "b"])
    receipts.expect(0, ["repeats what the first told"])
    receipts.expect(2)
    receipts.expect(1, ["c"])
    receipts.expect(0, ["d"])
    assert [receipts.delivered(count) for count in (0, 2, 1, 0, 2, 1, 0)] == [
        [],
        [],
        ["a", "b", "repeats what the first told"],
        [],
        [],
        ["c", "d"],
        [],
    ]
    receipts.expect(0, ["tells nothing"])
    assert receipts.delivered(0) == ["tells nothing"]


def test_files_are_read_once_each_across_restarts_and_again_when_they_change() -> None:
    now_ms = 10 * LATE_MS
    old, one, late = File("old", now_ms - LATE_MS - 1, 1), File("a", now_ms, 1), File("b", now_ms - 5, 1)
    reading = Reading("s3://b/", None, now_ms)
    assert [reading.is_new(file) for file in (old, one, late)] == [False, True, True]
    position = reading.note(one)
    again = Reading("s3://b/", position, now_ms + 5 * LATE_MS)
    assert [again.is_new(file) for file in (one, late, one._replace(changed_ms=now_ms + 1))] == [False, True, True]
    again.note(File("new", now_ms + 2 * LATE_MS, 1))
    assert not again.is_new(one)
    assert not again.is_new(late)
    assert Reading("/elsewhere", position, now_ms).is_new(one)


def test_a_position_stays_small_however_many_files_there_are() -> None:
    reading = Reading("s3://b/", None, 0)
    files = [
        File(f"records/2026/10/05/08/lier-connect-1-2026-10-05-08-00-00-{n:036}", n, 1) for n in range(NAMES_MAX + 9)
    ]
    for file in files:
        position = reading.note(file)
    assert len(position) < POSITION_BYTES_MAX
    assert not any(reading.is_new(file) for file in files)


@pytest.mark.parametrize(
    ("position", "why"),
    [(b"{", "cannot be read"), (b'{"place":"p","since_ms":1,"read":{},"format":2}', "has format 2")],
)
def test_a_position_of_another_kind_is_not_gone_on_from(position: bytes, why: str) -> None:
    with pytest.raises(SourceError, match=why):
        Reading("p", position, 0)


def test_the_instance_is_no_part_of_any_fact() -> None:
    assert INSTANCE not in str(told(of_all(*ALL))[0])
