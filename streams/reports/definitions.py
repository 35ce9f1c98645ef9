"""The definitions of the indicators in the words of the report, and the version under which months are frozen.

The source is the action plan of the city of Lier, "01/16/SAP/01 Klantgerichte dienstverlening". Must not
know figures.
"""

from enum import StrEnum
from typing import Final

import msgspec

DEFINITIONS_VERSION: Final = 1
"""Raise it whenever a definition changes what is counted, so that frozen months say by which one they were."""


class Indicator(StrEnum):
    """The five indicators."""

    VISITOR_WAIT = "visitor_wait"
    CALL_WAIT = "call_wait"
    SERVICE_LEVEL = "service_level"
    MISSED_SHARE = "missed_share"
    LEAD_TIME = "lead_time"


class Definition(msgspec.Struct, frozen=True):
    """One indicator as the report explains it."""

    indicator: Indicator
    name: str
    text: str
    period: str


DEFINITIONS: Final = (
    Definition(
        Indicator.VISITOR_WAIT,
        "Bezoekerswachttijd per activiteitcluster",
        "Begin van de afspraak min het geplande begin. Elke minuut na het geplande begin telt; wie te vroeg aan de "
        "beurt is, telt als 0. Het gemiddelde over alle ontvangen bezoekers met een afspraak.",
        "maand",
    ),
    Definition(
        Indicator.CALL_WAIT,
        "Gemiddelde wachttijd beantwoorde oproepen",
        "Van het inbellen tot een medewerker antwoordt. Alleen beantwoorde oproepen.",
        "maand",
    ),
    Definition(
        Indicator.SERVICE_LEVEL,
        "Beantwoorde oproepen naar snelheidscategorie",
        "Aandeel van de beantwoorde oproepen per categorie van wachttijd. Een categorie bevat haar bovengrens. De "
        "norm geldt voor het aandeel dat binnen de norm voor de snelheid is beantwoord.",
        "maand",
    ),
    Definition(
        Indicator.MISSED_SHARE,
        "Aandeel gemiste oproepen",
        "Onbeantwoorde oproepen gedeeld door alle oproepen, van de oproepen die binnen de openingsuren inbelden. De "
        "centrale registreert door een softwarefout ook oproepen voor en na de openingsuren als gemist: die tellen "
        "niet mee en staan apart, met de reden.",
        "jaar",
    ),
    Definition(
        Indicator.LEAD_TIME,
        "Wachttijd tot het verkrijgen van een afspraak",
        "Werkdagen tussen het vragen van een afspraak en de dag waarop ze gepland is. Weekends, feestdagen en "
        "sluitingsdagen zijn geen werkdagen. Het gemiddelde over alle afspraken die in de periode gevraagd zijn.",
        "maand",
    ),
)

NAMES: Final = {each.indicator: each.name for each in DEFINITIONS}

EXCLUSIONS: Final = {
    "outside_opening_hours": "buiten de openingsuren",
    "closing_day": "op een feestdag of sluitingsdag",
    "unresolved": "afloop onbekend",
    "implausible": "onmogelijke tijden",
}
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

FORMULAS: Final = {
    Formula.ANSWERED: "beantwoord binnen {bound} s / beantwoord",
    Formula.OFFERED: "beantwoord binnen {bound} s / (beantwoord + opgehangen)",
    Formula.SHORT_ABANDONED_GOOD: "(beantwoord + opgehangen binnen {bound} s) / (beantwoord + opgehangen)",
    Formula.SHORT_ABANDONED_LEFT_OUT: "beantwoord binnen {bound} s / (beantwoord + opgehangen na {bound} s)",
}
