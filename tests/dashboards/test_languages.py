"""Every language has the same dashboards: other words, the same queries, and no word of another language."""

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from dashboards.__main__ import build
from dashboards.grafana import SECONDS
from dashboards.language import LABELS, said
from dashboards.layout import UIDS
from dashboards.panels import lines, stat
from dashboards.queries import Query
from streams.words import Language, Message, Words, words_of
from tests.dashboards.built import ALL, BUILT, Json, panels

OTHERS: Final = [language for language in Language if language is not Language.DUTCH]
other_language = pytest.mark.parametrize("language", OTHERS)

IN_QUERIES: Final = re.compile(r'"(words|cluster|desk)", "[^"]*"')
"""The words in queries: what a label is given for people to read."""


def test_the_dashboards_have_the_same_names_in_every_language() -> None:
    names = {tuple(each["uid"] for each in built.values()) for built in BUILT.values()}
    assert names == {tuple(UIDS.values())}


def asked(built: dict[str, Json]) -> Iterator[tuple[str, Any]]:
    """The queries of a dashboard without their words, and where and how they are shown."""
    for key, dashboard in built.items():
        for panel in panels(dashboard):
            for target in panel.get("targets", ()):
                yield key, (panel["id"], panel["type"], IN_QUERIES.sub(r'"\1", ""', target["expr"]), target["refId"])
        yield key, [each["query"] for each in dashboard["templating"]["list"]]


@other_language
def test_queries_are_the_same_in_every_language(language: Language) -> None:
    assert list(asked(BUILT[language])) == list(asked(BUILT[Language.DUTCH]))


def texts(value: Any) -> Iterator[str]:
    """All that is text, but for queries and what is Grafana's own."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            if key not in ("expr", "query", "datasource", "custom", "time"):
                yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)


DUTCH_WORDS: Final = re.compile(
    r"\b(de|het|een|van|wachttijd\w*|oproepen|loket\w*|gemist\w*|norm|maand|jaar|vandaag|berichten|wordt|niet|geen)\b"
)
"""Words that every Dutch sentence has some of, and neither English nor French has any of."""


def test_dutch_texts_are_recognized() -> None:
    """The check can fail."""
    assert len(found(BUILT[Language.DUTCH], DUTCH_WORDS)) > 100


def found(built: dict[str, Json], pattern: re.Pattern[str]) -> list[str]:
    return [text for text in texts(built) if pattern.search(re.sub(r"\{\{\w+\}\}", "", text.lower()))]


@other_language
def test_no_dutch_is_left_in_other_languages(language: Language) -> None:
    dutch = re.compile(DUTCH_WORDS.pattern.replace("|de|", "|").replace("(de|", "("))  # a French word too
    assert found(BUILT[language], dutch) == []


@pytest.mark.parametrize("name", ALL)
def test_nothing_is_left_to_be_said(name: str) -> None:
    """A key that stands in a text, or a label that Grafana would be asked for and no series has."""
    for text in [
        *texts(ALL[name]),
        *(target["expr"] for panel in panels(ALL[name]) for target in panel.get("targets", ())),
    ]:
        assert "<<" not in text
        assert "grafana-" not in text.replace("deploy/grafana-", "")
        assert set(re.findall(r"\{\{(\w+)\}\}", text)) <= {*LABELS, "instance", "partition"}


class _Recording(Words):
    """Words that know which of them were said."""

    def __init__(self, language: Language) -> None:
        super().__init__(language)
        self.said: set[str] = set()

    def __call__(self, key: str, /, **values: Any) -> str:
        self.said.add(key)
        return super().__call__(key, **values)


def test_every_message_is_on_a_dashboard(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is not is to be removed, in all languages."""
    words = _Recording(Language.DUTCH)
    monkeypatch.setattr("dashboards.__main__.words_of", lambda _: words)
    build(Language.DUTCH)
    unused = {key for key, catalogue in words.keys.items() if catalogue == "dashboards"} - words.said
    assert unused == {"grafana-exact", "grafana-wall-rows"}, "these two are said by other messages"


@pytest.mark.parametrize("language", Language)
def test_words_in_queries_can_stand_in_queries(language: Language) -> None:
    """A dollar would be a group of a regular expression, a quotation mark the end of the text."""
    for key, catalogue in words_of(language).keys.items():
        if catalogue in ("dashboards", "problems") and key.startswith(
            ("refused-", "grafana-channel-", "grafana-city")
        ):
            assert not set(words_of(language)(key)) & set('$"\\\n'), key


def test_a_message_asks_for_what_grafana_fills_in() -> None:
    said_as = said({"a": [Message("grafana-legend-month-average")]}, words_of(Language.ENGLISH))
    assert said_as == {"a": ["{{sign}} {{cluster}} (target\u00a0<\u00a0{{norm}}\u00a0s)"]}


def test_more_queries_than_letters_are_refused() -> None:
    with pytest.raises(ValueError, match="16 queries in a panel at most, got 17"):
        stat("wall-now", [Query("up")] * 17, SECONDS)
    with pytest.raises(ValueError, match="5 queries at most, one for each colour, got 6"):
        lines("wall-now", [Query("up")] * 6, SECONDS)
