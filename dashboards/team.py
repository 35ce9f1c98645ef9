"""The team: how the day goes, on the telephone and at the desks side by side."""

from typing import Any, Final

from dashboards import queries
from dashboards.layout import Band, dashboard, stacked
from dashboards.panels import (
    COUNT,
    MINUTES,
    SECONDS,
    SHARE,
    bounds_column,
    channel_column,
    lines,
    override,
    reasons_column,
    stat,
    table,
    units,
    verdict_column,
)

UID: Final = "wachtmonitor-team"


def build() -> dict[str, Any]:
    """The dashboard."""
    return dashboard(
        UID,
        "De dag van het contactcentrum en de loketten: voortschrijdende cijfers, gemiste oproepen met hun reden, "
        "afspraken.",
        stacked(
            [
                Band(9, ((12, _averages()), (12, _queue())), heading="Telefoon"),
                Band(9, ((12, _service_levels()), (12, _missed_shares()))),
                Band(9, ((10, _categories()), (10, _left_out()), (4, _held_on()))),
                Band(10, ((24, _desks()),), heading="Loketten naast elkaar, vandaag"),
                Band(9, ((14, _desk_averages()), (10, _walk_ins()))),
                Band(9, ((24, _leads()),), heading="Afspraken"),
            ]
        ),
        since="now/d",
        refresh="10s",
    )


def _averages() -> dict[str, Any]:
    return lines(
        "Gemiddelde wachttijd, voortschrijdend",
        "Van het inbellen tot het antwoord, alleen beantwoorde oproepen: op elk ogenblik over de laatste 5, 15 en 60 "
        "minuten en over de dag tot dan. Een gat betekent dat er geen beantwoorde oproepen waren.",
        queries.LINE_AVERAGES,
        SECONDS,
        decimals=0,
    )


def _queue() -> dict[str, Any]:
    return lines(
        "Wachtenden en langste wacht",
        "Hoeveel bellers op elk ogenblik wachten, en hoe lang de langste van hen al wacht.",
        queries.LINE_QUEUE,
        COUNT,
        overrides=units({"B": SECONDS}),
        decimals=0,
    )


def _service_levels() -> dict[str, Any]:
    return lines(
        "Tijdig beantwoord, voortschrijdend",
        "Aandeel van de beantwoorde oproepen die binnen de servicegrens van de instellingen beantwoord zijn. Boven "
        "de streepjeslijn is de norm gehaald.",
        queries.LINE_SERVICE_LEVELS,
        SHARE,
        decimals=0,
    )


def _missed_shares() -> dict[str, Any]:
    return lines(
        "Aandeel gemiste oproepen, voortschrijdend",
        "Onbeantwoorde oproepen gedeeld door alle oproepen, ingebeld binnen de openingsuren. De norm (streepjeslijn) "
        "geldt voor het jaar: daaronder is goed.",
        queries.LINE_MISSED_SHARES,
        SHARE,
        decimals=0,
    )


def _categories() -> dict[str, Any]:
    return table(
        "Snelheidscategorieën vandaag",
        "Beantwoorde oproepen van vandaag naar wachttijd. Een categorie bevat haar bovengrens: een wacht van "
        "precies de grens hoort erbij.",
        list(queries.CATEGORY_TABLE.values()),
        list(queries.CATEGORY_TABLE),
        labels={"grens": "wachttijd"},
        column_units={"aandeel": SHARE},
        sort="grens",
        overrides=[
            bounds_column("wachttijd"),
            override(
                "byName", "aandeel", decimals=1, min=0, max=1, custom_cellOptions={"type": "gauge", "mode": "basic"}
            ),
        ],
    )


def _left_out() -> dict[str, Any]:
    return table(
        "Gemist, en wat niet meetelt, vandaag",
        "Gemiste oproepen, en contacten die uit alle andere cijfers zijn weggelaten, met de reden. De centrale "
        "registreert oproepen buiten de openingsuren door een softwarefout als gemist: zij staan hier apart.",
        [queries.LEFT_OUT],
        ["aantal"],
        labels={"channel": "kanaal", "reason": "reden"},
        overrides=[channel_column("kanaal"), reasons_column("reden")],
    )


def _held_on() -> dict[str, Any]:
    return stat(
        "Geduld van wie gemist is",
        "Hoe lang de bellers van de gemiste oproepen van vandaag gemiddeld aanhielden voor ze ophingen.",
        [queries.MISSED_HELD_ON],
        SECONDS,
    )


def _desks() -> dict[str, Any]:
    minutes = ("langste nu", "gemiddeld 60 min", "gemiddeld vandaag", "norm", "start na plan", "uitgezeten")
    return table(
        "Loketten naast elkaar",
        "Gemiddeld: begin van de afspraak min het geplande begin, vroeger telt als 0. Start na plan: hetzelfde, maar "
        "vroeger telt negatief (stiptheid). Uitgezeten: vanaf de aankomst of, als die later is, vanaf de afspraak. "
        "Niet verschenen: aandeel van de afspraken die eindigden in een bezoek of in niemand. Tijden in minuten.",
        list(queries.DESK_TABLE.values()),
        list(queries.DESK_TABLE),
        labels={"cluster": "loket"},
        column_units={
            **dict.fromkeys(minutes, MINUTES),
            "binnen de norm": SHARE,
            "aandeel niet verschenen": SHARE,
        },
        decimals=0,
        overrides=[
            *(override("byName", name, decimals=1) for name in minutes),
            verdict_column("oordeel vandaag"),
        ],
    )


def _desk_averages() -> dict[str, Any]:
    return lines(
        "Gemiddelde wachttijd van het laatste uur, in verhouding tot de norm van elk loket",
        "100 % is de eigen norm van het loket, die uit de instellingen komt: zo zijn loketten met verschillende "
        "normen te vergelijken. Een gat betekent dat er geen afspraken begonnen.",
        queries.DESK_AVERAGES_TO_NORM,
        SHARE,
        shades=True,
        decimals=0,
    )


def _walk_ins() -> dict[str, Any]:
    return table(
        "Zonder afspraak, vandaag",
        "Bezoekers zonder afspraak: zij wachten vanaf hun aankomst en staan in geen enkel ander cijfer. Weggegaan: "
        "vertrokken voor ze aan de beurt waren. Tijden in minuten.",
        list(queries.WALK_IN_TABLE.values()),
        list(queries.WALK_IN_TABLE),
        labels={"cluster": "loket"},
        column_units={"langste nu": MINUTES, "gemiddelde wacht": MINUTES},
        decimals=0,
        overrides=[override("byName", name, decimals=1) for name in ("langste nu", "gemiddelde wacht")],
    )


def _leads() -> dict[str, Any]:
    averages = ("werkdagen vandaag", "werkdagen deze maand")
    return table(
        "Wachttijd tot een afspraak",
        "Werkdagen tussen het aanvragen van een afspraak en de dag waarop ze gepland is, gemiddeld over de aanvragen "
        "van vandaag en van deze maand. Sluitingsdagen zijn geen werkdagen.",
        list(queries.LEAD_TABLE.values()),
        list(queries.LEAD_TABLE),
        labels={"cluster": "loket"},
        column_units={"binnen de norm": SHARE},
        decimals=0,
        overrides=[
            *(override("byName", name, decimals=1) for name in averages),
            verdict_column("oordeel deze maand"),
        ],
    )
