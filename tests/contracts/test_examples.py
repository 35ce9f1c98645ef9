"""The published examples are what the decoder does."""

import msgspec
import pytest

from streams.channels.calls.events import CALL_EVENTS
from streams.channels.visits.events import TICKET_EVENTS
from streams.contracts.events import instant_ms
from streams.contracts.rejections import OF_BATCHES, Reason, Rejection
from tests.contracts.decoders import DECODERS
from tests.contracts.examples import BadExample, GoodExample, bad_examples, examples


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.title)
def test_a_valid_example_decodes_to_its_event(example: GoodExample) -> None:
    decoded = DECODERS[example.channel](example.key.encode(), example.value.encode(), example.timestamp_ms)
    assert decoded == example.event


@pytest.mark.parametrize("example", bad_examples(), ids=lambda example: f"{example.reason}: {example.title}")
def test_a_bad_example_is_refused_for_its_reason(example: BadExample) -> None:
    refused = DECODERS[example.channel](example.key, example.value, example.timestamp_ms)
    assert isinstance(refused, Rejection)
    assert refused.reason is example.reason


def test_every_event_has_an_example() -> None:
    assert {type(example.event) for example in examples()} == {*CALL_EVENTS, *TICKET_EVENTS}


def test_every_reason_has_a_bad_example_in_the_order_of_the_checks() -> None:
    """Except those for which records are refused together: no record by itself is one."""
    of_records = [reason for reason in Reason if reason not in OF_BATCHES]
    assert list(dict.fromkeys(example.reason for example in bad_examples())) == of_records


def test_the_examples_show_every_spelling_of_a_time_and_a_field_that_is_ignored() -> None:
    instants = {type(example.event.at) for example in examples()}
    assert {kind.__name__ for kind in instants} == {"datetime", "float"}
    known = {"type", "call_id", "ticket_id", "cluster", "at", "planned_at"}
    assert any(msgspec.json.decode(example.value, type=dict).keys() - known for example in examples())


def test_an_example_happens_before_its_record() -> None:
    assert all(instant_ms(example.event.at) <= example.timestamp_ms for example in examples())


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_is_found_by_its_value_and_explains_itself(reason: Reason) -> None:
    assert Reason(reason.value) is reason
    assert reason.explanation.endswith(".")
    assert reason.remedy.endswith(".")
