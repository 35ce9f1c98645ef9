"""An unknown name is told from a known one in other letters, and shown without what may be about a person."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.names import KNOWN_SHOWN, advice, most_like, shown

KNOWN = ("Burgerzaken", "Énergieloket", "OCMW Noord", "Wonen")


@pytest.mark.parametrize(
    ("came", "meant", "difference"),
    [
        ("burgerzaken", "Burgerzaken", "It differs in case only."),
        ("BURGERZAKEN", "Burgerzaken", "It differs in case only."),
        ("OCMW\u00a0Noord", "OCMW Noord", "What came holds a no-break space (U+00A0)."),
        ("Burger\u200bzaken", "Burgerzaken", "What came holds a zero width space (U+200B)."),
        ("\ufeffWonen", "Wonen", "What came holds a zero width no-break space (U+FEFF)."),
        ("Wonen ", "Wonen", "It differs in spaces only."),
        ("OCMWNoord", "OCMW Noord", "It differs in spaces only."),
        ("Energieloket", "Énergieloket", "It differs in accents or spaces only."),
        (
            unicodedata.normalize("NFD", "Énergieloket"),
            "Énergieloket",
            "Its accents are characters of their own (Unicode NFD, expected NFC).",
        ),
    ],
)
def test_a_name_of_the_same_letters_is_surely_meant_and_the_difference_is_named(
    came: str, meant: str, difference: str
) -> None:
    like = most_like(came, KNOWN)
    assert like is not None
    assert (like.name, like.difference, like.is_same) == (meant, difference, True)
    assert advice(came, KNOWN) == f'did you mean "{meant}"? {difference}'


def test_a_typing_error_is_asked_about_and_not_taken_for_certain() -> None:
    like = most_like("Burgezaken", KNOWN)
    assert like is not None
    assert (like.name, like.is_same) == ("Burgerzaken", False)
    assert advice("Burgezaken", KNOWN) == 'did you mean "Burgerzaken"?'


def test_a_letter_of_another_script_is_named_since_nobody_sees_it() -> None:
    looks_alike = "Burg\u0435rzaken"
    told = 'did you mean "Burgerzaken"? What came holds a cyrillic small letter ie (U+0435).'
    assert advice(looks_alike, KNOWN) == told
    assert advice("Burgerzakén s", KNOWN) == 'did you mean "Burgerzaken"?'


def test_a_neighbour_is_not_taken_for_the_same() -> None:
    like = most_like("Balie 2", ("Balie 1",))
    assert like is not None
    assert not like.is_same


def test_a_name_like_none_is_answered_with_what_is_known() -> None:
    assert advice("Zwembad", KNOWN) == "known are: Burgerzaken, Énergieloket, OCMW Noord, Wonen"
    assert advice("Zwembad", ()) == "known are: none"
    many = [f"Loket {letter}" for letter in "ABCDEFGHIJKLMN"]
    assert advice("Zwembad", many).endswith(f"{many[KNOWN_SHOWN - 1]} and {len(many) - KNOWN_SHOWN} more")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Bevolking één", '"Bevolking één"'),
        ("OCMW\u00a0Noord", '"OCMW<U+00A0>Noord"'),
        ('a"b', '"a\'b"'),
        ("line\nbreak", '"line<U+000A>break"'),
        ("Loket 2024", '"Loket 2024"'),
    ],
)
def test_what_looks_like_a_name_is_shown_with_what_cannot_be_seen_in_it(name: str, text: str) -> None:
    assert shown(name) == text


@pytest.mark.parametrize(
    "text",
    [
        "0470123456",
        "bel 0470 12 34 56",
        "jan@lier.be",
        "93.05.18-223.61",
        '{"number": 1}',
        "…" * 5,
        "a" * 61,
        "",
        "\u0660\u0661\u0662\u0663\u0664a",
    ],
)
def test_what_may_be_no_name_is_not_shown(text: str) -> None:
    assert shown(text) is None


@given(st.text(max_size=100), st.lists(st.text(max_size=100), max_size=6))
def test_any_two_names_are_compared_and_anything_shown_is_printable(name: str, known: list[str]) -> None:
    advice(name, known)
    text = shown(name)
    assert text is None or (text.isprintable() and sum(char.isdecimal() for char in name) <= 4)
