"""The definitions of the indicators, and the version under which months are frozen.

The source is the action plan of the city of Lier, "01/16/SAP/01 Klantgerichte dienstverlening"; what each means is
said in the catalogues of words.
"""

from enum import StrEnum
from typing import Final

import msgspec

from streams.channels import indicators
from streams.core.indicators import Period
from streams.words import Words

DEFINITIONS_VERSION: Final = 2
"""Raise it whenever a definition changes what is counted, so that frozen months say by which one they were."""


class Definition(msgspec.Struct, frozen=True):
    """One indicator as the report explains it."""

    indicator: str
    name: str
    text: str
    period: str


def definitions(words: Words) -> tuple[Definition, ...]:
    """What the indicators mean."""
    return tuple(
        Definition(
            indicator=each.name,
            name=words(each.words_key),
            text=words(each.text_key),
            period=words("indicator-of-year" if each.period is Period.YEAR else "indicator-of-month"),
        )
        for each in indicators()
    )


EXCLUSIONS: Final = ("outside_opening_hours", "closing_day", "unresolved", "implausible")
"""Reasons for leaving a contact out, in the order of the report."""


class Formula(StrEnum):
    """The ways in which the field counts a service level."""

    ANSWERED = "answered"
    """Answered within the bound, over answered: the city's."""
    OFFERED = "offered"
    """Answered within the bound, over answered plus abandoned."""
    SHORT_ABANDONED_GOOD = "short_abandoned_good"
    """Answered or abandoned within the bound, over answered plus abandoned."""
    SHORT_ABANDONED_LEFT_OUT = "short_abandoned_left_out"
    """Answered within the bound, over answered plus abandoned after the bound."""


OFFICIAL_FORMULA: Final = Formula.ANSWERED
