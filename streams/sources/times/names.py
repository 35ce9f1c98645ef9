"""Months and days of the week by their names, in all languages that there are words for.

A format whose codes are names (`%d %b %Y`) becomes one of numbers, and so does each text: what the computer's own
language is does not matter, nor which of the languages a file is in, since no name means two months.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Final

from babel.dates import get_day_names, get_month_names

from streams.words.language import Language

_CODE: Final = re.compile(r"%.|[^%]+", re.DOTALL)
_MONTHS: Final = frozenset({"%b", "%B"})
_WEEKDAYS: Final = frozenset({"%a", "%A"})

Rewrite = Callable[[str], str]
"""From a text with names to the same with numbers; it raises `ValueError` when the names are not there."""


@cache
def numbered(codes: str) -> tuple[str, Rewrite] | None:
    """The codes with numbers for names, and what rewrites a text so; None where no code is a name.

    Days of the week are left away: the date tells them.
    """
    parts = _CODE.findall(codes)
    if not _MONTHS.union(_WEEKDAYS) & set(parts):
        return None
    pattern = re.compile("".join(_patterns(parts)), re.DOTALL)
    named = [part for part in parts if part in _MONTHS or part in _WEEKDAYS]

    def rewrite(text: str) -> str:
        found = pattern.fullmatch(_plain(text))
        if found is None:
            raise ValueError("no name of a month or day")
        first, *groups = found.groups()
        turns = zip(named, groups[::2], groups[1::2], strict=True)
        return first + "".join(_number(code, name) + between for code, name, between in turns)

    return "".join("%m" if part in _MONTHS else "" if part in _WEEKDAYS else part for part in parts), rewrite


def _patterns(parts: list[str]) -> Iterator[str]:
    """What is matched: by turns what is between names, and a name."""
    yield "(.*?)"
    for part, after in zip(parts, [*parts[1:], ""], strict=True):
        if part in _MONTHS or part in _WEEKDAYS:
            names = sorted(_months() if part in _MONTHS else _weekdays(), key=len, reverse=True)
            # A dot may end a short name; where the format has one itself, only a second one does.
            dot = r"(?:\.(?=\.))?" if after.startswith(".") else r"\.?"
            yield rf"(?<![^\W\d_])({'|'.join(map(re.escape, names))}){dot}(?![^\W\d_])(.*?)"


def _number(code: str, name: str) -> str:
    return f"{_months()[name]:02}" if code in _MONTHS else ""


@cache
def _months() -> Mapping[str, int]:
    return {
        spelt: number
        for locale in _locales()
        for width in ("abbreviated", "wide")
        for number, name in get_month_names(width, "format", locale).items()
        for spelt in _spellings(name)
    }


@cache
def _weekdays() -> frozenset[str]:
    return frozenset(
        spelt
        for locale in _locales()
        for width in ("abbreviated", "wide")
        for name in get_day_names(width, "format", locale).values()
        for spelt in _spellings(name)
    )


def _locales() -> Iterator[str]:
    """Each language as it is written here, and as elsewhere: English has Sept and Sep."""
    for language in Language:
        yield from (str(language.locale), language.value)


def _spellings(name: str) -> set[str]:
    """A name without its dot, with its accents and without."""
    plain = _plain(name).rstrip(".")
    return {plain, "".join(each for each in unicodedata.normalize("NFD", plain) if not unicodedata.combining(each))}


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()
