"""Every language says all there is to say."""

from collections.abc import Iterator
from importlib.resources import files

import pytest
from fluent.syntax import FluentParser
from fluent.syntax.ast import Junk, Message, Term, VariableReference
from fluent.syntax.visitor import Visitor

from streams.words import Language, Words, words_of


class _Variables(Visitor):
    """The values that a message asks for."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def visit_VariableReference(self, node: VariableReference) -> None:  # noqa: N802 - fluent.syntax names it so
        self.names.add(node.id.name)


def _messages(language: Language) -> Iterator[tuple[str, str, set[str]]]:
    """File, key and the values asked for of every message."""
    for file in files("streams.words").joinpath(language.value).iterdir():
        if file.name.endswith(".ftl"):
            for entry in FluentParser().parse(file.read_text(encoding="utf-8")).body:
                assert not isinstance(entry, Junk), f"{language.value}/{file.name}: {entry.content}"
                if isinstance(entry, Message | Term):
                    asked = _Variables()
                    asked.visit(entry)
                    yield file.name, entry.id.name, asked.names


@pytest.mark.parametrize("language", [language for language in Language if language is not Language.DUTCH])
def test_each_language_has_the_messages_of_the_others_with_the_same_values(
    language: Language,
) -> None:
    assert sorted(_messages(language)) == sorted(_messages(Language.DUTCH))


@pytest.mark.parametrize("language", Language)
def test_no_key_is_there_twice(language: Language) -> None:
    keys = [key for _, key, _ in _messages(language)]
    assert len(keys) == len(set(keys))


def test_numbers_are_written_as_the_language_writes_them() -> None:
    dutch, english, french = (words_of(language) for language in Language)
    assert [each.number(1234.5, 1) for each in (dutch, english, french)] == ["1.234,5", "1,234.5", "1\u202f234,5"]
    assert [each.percent(0.123) for each in (dutch, english, french)] == ["12,3\xa0%", "12.3%", "12,3\xa0%"]
    assert dutch.euro(484284) == "€\xa04.842,84"


def test_a_long_value_is_filled_in_as_it_is() -> None:
    """As when a hundred desks are above their norm."""
    names = ", ".join(f"desk {number}" for number in range(1_000))
    assert words_of(Language.ENGLISH)("wall-says-above", clusters=names) == f"Above target: {names}."


@pytest.mark.parametrize(
    ("seconds", "dutch", "english"),
    [(38, "38 s", "38 s"), (125, "2 min 05 s", "2 min 05 s"), (3_900, "1 u 05 min", "1 h 05 min")],
)
def test_durations_are_written_for_people(seconds: int, dutch: str, english: str) -> None:
    assert [words_of(each).duration(seconds) for each in Language] == [dutch, english, english]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(45, "45 s"), (60, "1 min"), (90, "1 min 30 s"), (3_600, "1 u"), (3_900, "1 u 05 min"), (0, "0 s")],
)
def test_a_norm_is_said_without_zeros(seconds: int, text: str) -> None:
    assert words_of(Language.DUTCH).norm_duration(seconds) == text


def test_an_unknown_key_is_an_error() -> None:
    words = Words(Language.DUTCH)
    with pytest.raises(LookupError):
        words("no-such-key")
