"""The wall: eight tiles for televisions, to be read at five metres on 1920 x 1080 in kiosk mode.

Above the telephone, below the desks. Sizes are in pixels of that screen: on one of 55 inches a letter of 46 pixels is
29 mm high, and 5 m are read at 1/200 of the distance.
"""

from typing import Any, Final

from dashboards import queries
from dashboards.layout import Band, dashboard, stacked
from dashboards.panels import COUNT, MINUTES, SECONDS, SHARE, stat, units

UID: Final = "wachtmonitor-wand"

_LARGE_PX: Final = 96
_NAME_PX: Final = 32
_ROW_PX: Final = 46
_ROW_NAME_PX: Final = 34

_DESKS: Final = (
    "Een rij voor elk activiteitcluster. ✔ betekent binnen de norm, ▲ boven de norm, – dat er niets te meten viel."
)


def build() -> dict[str, Any]:
    """The dashboard."""
    return dashboard(
        UID,
        "Wie wacht nu, hoe lang, en blijft dat binnen de normen: voor televisies in het contactcentrum.",
        stacked([Band(12, _telephone()), Band(14, _desks())]),
        since="now/d",
        refresh="5s",
        hide_time=True,
    )


def _telephone() -> tuple[tuple[int, dict[str, Any]], ...]:
    return (
        (
            6,
            stat(
                "Telefoon: nu",
                "Bellers die op dit ogenblik wachten, en hoe lang de langste van hen al wacht. ▲: langer dan de norm "
                "voor de gemiddelde wachttijd. Wacht er niemand, dan is er geen langste wacht (–).",
                [queries.LINE_WAITING, queries.LINE_LONGEST],
                COUNT,
                value_px=_LARGE_PX,
                name_px=_NAME_PX,
                rows=True,
                overrides=units({"B": SECONDS}),
            ),
        ),
        (
            6,
            stat(
                "Telefoon: gemiddelde wachttijd",
                "Van het inbellen tot het antwoord van een medewerker, alleen beantwoorde oproepen, over de "
                "laatste 15 minuten en over vandaag. De norm geldt voor de maand en komt uit de instellingen.",
                [queries.LINE_AVERAGE_SHORT, queries.LINE_AVERAGE_DAY],
                SECONDS,
                value_px=_LARGE_PX,
                name_px=_NAME_PX,
                rows=True,
            ),
        ),
        (
            4,
            stat(
                "Telefoon: tijdig beantwoord vandaag",
                "Aandeel van de beantwoorde oproepen van vandaag die binnen de servicegrens beantwoord zijn. Grens "
                "en norm komen uit de instellingen.",
                [queries.LINE_SERVICE_LEVEL_DAY],
                SHARE,
                value_px=_LARGE_PX,
                name_px=_NAME_PX,
            ),
        ),
        (
            4,
            stat(
                "Telefoon: gemist vandaag",
                "Oproepen van vandaag, ingebeld binnen de openingsuren, die zonder antwoord eindigden, en hun "
                "aandeel in alle zulke oproepen. De norm geldt voor het jaar. Oproepen buiten de openingsuren "
                "tellen niet mee.",
                [queries.LINE_MISSED_DAY, queries.LINE_MISSED_SHARE_DAY],
                COUNT,
                value_px=_LARGE_PX,
                name_px=_NAME_PX,
                rows=True,
                overrides=units({"B": SHARE}),
            ),
        ),
        (
            4,
            stat(
                "Gegevens van",
                "Tijd sinds het laatste bericht van de telefooncentrale en van het ticketsysteem. ▲: in de "
                "openingsuren langer stil dan de instellingen toelaten, dus de cijfers kunnen oud zijn. Buiten de "
                "openingsuren –.",
                [queries.FEED_AGE, queries.MONITOR_STOPPED],
                SECONDS,
                value_px=64,
                name_px=_NAME_PX,
                rows=True,
            ),
        ),
    )


def _desks() -> tuple[tuple[int, dict[str, Any]], ...]:
    return (
        (
            8,
            stat(
                "Loketten: aantal wachtenden, en de langste wacht nu",
                "Achter de naam het aantal bezoekers met een afspraak die er zijn en wachten; daarnaast de "
                f"langste wacht, vanaf de aankomst of, als die later is, vanaf de afspraak. {_DESKS}",
                [queries.DESK_LONGEST],
                MINUTES,
                value_px=_ROW_PX,
                name_px=_ROW_NAME_PX,
                rows=True,
                decimals=1,
            ),
        ),
        (
            8,
            stat(
                "Loketten: gemiddelde wachttijd, laatste 15 minuten (norm in minuten)",
                "Begin van de afspraak min het geplande begin; vroeger beginnen telt als 0. Over de afspraken die "
                f"in de laatste 15 minuten begonnen. {_DESKS}",
                [queries.DESK_AVERAGE_SHORT],
                MINUTES,
                value_px=_ROW_PX,
                name_px=_ROW_NAME_PX,
                rows=True,
                decimals=1,
            ),
        ),
        (
            8,
            stat(
                "Loketten: gemiddelde wachttijd vandaag (norm in minuten)",
                "Begin van de afspraak min het geplande begin; vroeger beginnen telt als 0. Over de afspraken van "
                f"vandaag. {_DESKS}",
                [queries.DESK_AVERAGE_DAY],
                MINUTES,
                value_px=_ROW_PX,
                name_px=_ROW_NAME_PX,
                rows=True,
                decimals=1,
            ),
        ),
    )
