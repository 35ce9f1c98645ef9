"""Ids that are used again are told: of a file, in the log, and on the page of health, which stays well."""

import logging
from collections.abc import Iterator

import pytest

from streams.channels.shared_ids import Ids
from streams.core.rules import Channel
from streams.core.state import AnyState
from streams.live.notes import id_notes
from streams.live.share import parts_of
from streams.live.whole import alone
from streams.runtime.id_log import IdLog
from streams.sources.files.row import Row
from streams.sources.reused_ids import ReusedIds
from tests.applying import apply
from tests.core.builders import ALWAYS_OPEN, DAY, HOUR, arrived, calls, ms, offered, started, tickets
from tests.core.drawing import drawn
from tests.serve.observing import observing, owning

NINE = ms("2026-03-03 09:00")

REUSED = drawn("o.a|o.a", NINE, "again")[0]

UNCLEAR = drawn("o.x|a", NINE, "unclear")[0]


def rows() -> Iterator[Row]:
    """A file of calls and visits, an event a row."""
    once = [offered(NINE, f"c{number}") for number in range(2_500)]
    numbers = [arrived(NINE + day * DAY, ticket="C7") for day in range(3)]
    for line, event in enumerate([*once, *REUSED, *UNCLEAR, *numbers, started(NINE, ticket="T1")]):
        yield Row(line, [event])


def test_a_file_is_told_of_once_it_has_passed() -> None:
    ids = ReusedIds(ALWAYS_OPEN, NINE + 3 * DAY)
    assert list(ids.of(rows())) == list(rows())
    assert list(ids.lines()) == [
        "Ids of calls that were used again: 1; each contact counts on its own.",
        "Ids of calls that may be those of more than one contact, which cannot be told: 1; each counts as one "
        "contact. Let the source give every contact an id of its own, such as the day and the number.",
        "Ids of tickets that were used again: 2; each contact counts on its own.",
    ]


def test_nothing_is_said_of_a_file_in_which_every_contact_has_an_id_of_its_own() -> None:
    ids = ReusedIds(ALWAYS_OPEN, NINE)
    assert len(list(ids.of(Row(1, [offered(NINE, call)]) for call in "abc"))) == 3
    assert list(ids.lines()) == []


def test_the_page_of_health_says_it_of_all_workers_together() -> None:
    """Of the days that are kept: what was long ago is in the months."""
    states: list[AnyState] = [
        *(calls([*REUSED, *UNCLEAR], ALWAYS_OPEN, NINE) for _ in range(2)),
        tickets([], ALWAYS_OPEN, NINE),
    ]
    observed = observing(owning(*states), NINE + HOUR, ALWAYS_OPEN)
    feeds = alone(parts_of(observed, with_figures=False)).feeds
    assert {channel: feed.ids for channel, feed in feeds.items()} == {Channel.PHONE: Ids(2, 2), Channel.DESK: Ids()}
    assert len(list(id_notes({channel: feed.ids for channel, feed in feeds.items()}))) == 2
    for state in states:
        state.advance(NINE + 6 * DAY)
    assert alone(parts_of(observed, with_figures=False)).feeds[Channel.PHONE].ids == Ids()


def test_the_log_says_it_once_and_again_when_there_are_ten_times_as_many(caplog: pytest.LogCaptureFixture) -> None:
    told, state = IdLog(), calls([], ALWAYS_OPEN)
    state.advance(NINE)
    counts = []
    with caplog.at_level(logging.WARNING):
        for number in range(25):
            for event in drawn("o.a|o.a", NINE, f"again{number}")[0]:
                apply(state, event, NINE)
            told.tell(owning(state))
            counts.append(len(caplog.messages))
    assert counts == [1] * 9 + [2] * 16
    assert "used again" in caplog.messages[0]
