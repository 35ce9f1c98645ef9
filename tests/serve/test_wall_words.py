"""The wall in each language: the same figures, in words of that language alone."""

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec
import pytest

from streams.core.rules import Channel
from streams.serve.wall.moment import Moment, Trouble
from streams.serve.wall.page import read_page
from streams.words import Language, Message, message, words_of
from tests.serve.wall_payloads import (
    NO_CALLS,
    NO_VISITS,
    desk,
    lier_desks,
    phone,
    wall_moment,
    wall_payload,
    with_feeds,
)

BUSY: Final = wall_moment(ages=(None, 7_600.0), lag=12_345)
EMPTY: Final = wall_moment(phone(waiting=0, longest=None, quarter=NO_CALLS, today=NO_CALLS), desk("Wonen", 300))
ONLY_MISSED: Final = msgspec.structs.replace(NO_CALLS, missed=1, missed_ratio=1.0)
MISSING: Final = message("problem-part-missing", contacts=message("contacts-phone"), missing=1, count=4)
MOMENTS: Final = {
    "busy": BUSY,
    "behind": with_feeds(BUSY, behind_seconds=100.0),
    "empty": EMPTY,
    "closed": msgspec.structs.replace(EMPTY, opening="closing_day"),
    "only missed": wall_moment(phone(quarter=ONLY_MISSED, today=ONLY_MISSED), *lier_desks()),
    "walk-ins": wall_moment(desk("Wonen", 300), phone(longest=500.0)),
    "part missing": wall_moment(problems=[Trouble(message=MISSING, channels=(Channel.PHONE,))]),
}

CODES: Final = {"at", "opening", "state", "topic", "channel", "channels", "form", "key", "unit", "cluster"}
"""What is for programs, or a name of the city's own."""


def texts(told: Any, key: str = "") -> Iterator[str]:
    """Every text for people in a payload, without its digits."""
    if isinstance(told, dict):
        for name, each in told.items():
            if name not in CODES or name == "channels":
                yield from texts(each, name)
    elif isinstance(told, list):
        for each in told:
            yield from texts(each, key)
    elif isinstance(told, str) and key != "channels":
        yield told


def in_words(moment: Moment, language: Language) -> list[str]:
    """What the wall says."""
    return list(texts(msgspec.to_builtins(wall_payload(moment, language))))


def figures(moment: Moment, language: Language) -> list[Any]:
    """What the wall counts, and how it judges it."""
    return [
        (cell.value, cell.state, cell.contacts, cell.limit_seconds, cell.is_words)
        for channel in wall_payload(moment, language).channels
        for cluster in channel.clusters
        for cell in cluster.cells
    ]


@pytest.mark.parametrize("name", MOMENTS)
@pytest.mark.parametrize("language", [Language.ENGLISH, Language.FRENCH])
def test_the_figures_are_the_same_and_the_words_are_others(language: Language, name: str) -> None:
    moment = MOMENTS[name]
    assert figures(moment, language) == figures(moment, Language.DUTCH)
    dutch, others = in_words(moment, Language.DUTCH), in_words(moment, language)
    assert len(dutch) == len(others)
    said = [one for one, other in zip(dutch, others, strict=True) if one == other and re.search("[a-z]{3}", one)]
    assert [text for text in said if not re.fullmatch(r"[\d min s]+|● live", text)] == []


@pytest.mark.parametrize("name", MOMENTS)
@pytest.mark.parametrize("language", Language)
def test_no_key_and_no_gap_shows(language: Language, name: str) -> None:
    words = words_of(language)
    for text in in_words(MOMENTS[name], language):
        assert text not in words.keys, text
        assert not re.search(r"\{ ?\$|\b(?:wall|problem|contacts)-[a-z]", text), text


@pytest.mark.parametrize("language", Language)
def test_the_page_is_in_its_language(language: Language) -> None:
    page = read_page(language).decode()
    assert f'<html lang="{language.value}">' in page
    assert words_of(language)("wall-needs-script") in page
    assert not re.search(r"\{\{|\}\}", page.partition("<script>")[0])


def test_a_problem_without_words_here_is_told_all_the_same() -> None:
    """A neighbour of a newer version may know more of them, or fewer values than are asked for."""
    for strange in (message("problem-of-tomorrow"), message("problem-behind"), Message("")):
        payload = wall_payload(wall_moment(problems=[Trouble(message=strange, channels=())]))
        assert payload.link.text == "✕ Er is iets mis met de monitor"


def test_walk_ins_and_no_shows_are_told_of_today() -> None:
    (_, desks) = wall_payload(wall_moment(phone(), desk("Wonen", 300, 1, 12.0, 88.0, 240.0))).channels
    assert desks.clusters[0].note == "vandaag 33 op afspraak, 5 zonder afspraak, 1 niet gekomen"
    quiet = msgspec.structs.replace(desk("Wonen", 300), windows={"15m": NO_VISITS, "today": NO_VISITS})
    (shown,) = wall_payload(wall_moment(quiet), Language.FRENCH).channels
    assert shown.clusters[0].note == "aujourd'hui 0 sur rendez-vous, 0 sans rendez-vous, 0 absent"
