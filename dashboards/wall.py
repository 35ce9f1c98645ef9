"""The wall: eight tiles for televisions, to be read at five metres on 1920 x 1080 in kiosk mode.

Above the telephone, below the desks. Sizes are in pixels of that screen. On a television of 55 inches a pixel is
0.63 mm, and a capital 0.73 of the size of its letters: names of 32 pixels are 15 mm high, the smallest values 19 mm.
At 5 m a sign needs capitals of 14 mm (the 30 feet to the inch of the United States Sign Council).

The tiles of the telephone hold one line, as Lier has. A second one is named and shown, but no longer fits in them.
"""

from collections.abc import Sequence
from typing import Any, Final

from dashboards import queries
from dashboards.layout import Band, dashboard, stacked
from dashboards.panels import COUNT, MINUTES, SECONDS, SHARE, heading, override, stat, units
from dashboards.queries import Query

UID: Final = "wachtmonitor-wand"

_VALUE_PX: Final = 64
_NAME_PX: Final = 32
_ROW_PX: Final = 42
_ROW_NAME_PX: Final = 32


def build() -> dict[str, Any]:
    """The dashboard."""
    telephone = ((6, _now()), (6, _averages()), (4, _service_level()), (4, _missed()), (4, _age()))
    desks = ((8, _desks_now()), (8, _desk_averages_short()), (8, _desk_averages_day()))
    return dashboard(
        UID,
        "Wie wacht nu, hoe lang, en blijft dat binnen de normen: voor televisies in het contactcentrum.",
        stacked([Band(11, telephone), Band(15, desks)]),
        since="now/d",
        refresh="5s",
        hide_time=True,
    )


# The telephone.


def _tile(
    title: str,
    description: str,
    shown: Sequence[Query],
    unit: str,
    *,
    decimals: int = 0,
    overrides: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    return stat(
        title,
        description,
        shown,
        unit,
        value_px=_VALUE_PX,
        name_px=_NAME_PX,
        rows=True,
        decimals=decimals,
        overrides=overrides,
    )


def _now() -> dict[str, Any]:
    return _tile(
        "Telefoon: nu",
        "Bellers die op dit ogenblik wachten, en hoe lang de langste van hen al wacht. ▲: langer dan de norm voor de "
        "gemiddelde wachttijd. Wacht er niemand, dan is er geen langste wacht (–).",
        [queries.LINE_WAITING, queries.LINE_LONGEST],
        COUNT,
        overrides=units({"B": SECONDS}),
    )


def _averages() -> dict[str, Any]:
    return _tile(
        "Telefoon: gemiddelde wachttijd",
        "Van het inbellen tot het antwoord van een medewerker, alleen beantwoorde oproepen, over de laatste 15 "
        "minuten en over vandaag. De norm geldt voor de maand en komt uit de instellingen.",
        [queries.LINE_AVERAGE_SHORT, queries.LINE_AVERAGE_DAY],
        SECONDS,
        decimals=1,
    )


def _service_level() -> dict[str, Any]:
    return _tile(
        "Telefoon: tijdig beantwoord vandaag",
        "Aandeel van de beantwoorde oproepen van vandaag die binnen de servicegrens beantwoord zijn. Grens en norm "
        "komen uit de instellingen.",
        [queries.LINE_SERVICE_LEVEL_DAY],
        SHARE,
        decimals=1,
    )


def _missed() -> dict[str, Any]:
    return _tile(
        "Telefoon: gemist vandaag",
        "Oproepen van vandaag, ingebeld binnen de openingsuren, die zonder antwoord eindigden, en hun aandeel in "
        "alle zulke oproepen. De norm geldt voor het jaar. Oproepen buiten de openingsuren tellen niet mee.",
        [queries.LINE_MISSED_DAY, queries.LINE_MISSED_SHARE_DAY],
        COUNT,
        overrides=[override("byFrameRefID", "B", unit=SHARE, decimals=1)],
    )


def _age() -> dict[str, Any]:
    return _tile(
        "Gegevens van",
        "Tijd sinds het laatste bericht van de telefooncentrale en van het ticketsysteem. ▲: in de openingsuren "
        "langer stil dan de instellingen toelaten, dus de cijfers kunnen oud zijn. Buiten de openingsuren staat er "
        "–.",
        [queries.FEED_AGE, queries.MONITOR_STOPPED],
        SECONDS,
    )


# The desks, a row for each.


def _rows(title: str, description: str, shown: Sequence[Query]) -> dict[str, Any]:
    return stat(
        title,
        f"{description} Een rij voor elk activiteitcluster. ✔ betekent binnen de norm, ▲ boven de norm, – dat er "
        "niets te meten viel.",
        shown,
        MINUTES,
        value_px=_ROW_PX,
        name_px=_ROW_NAME_PX,
        rows=True,
        decimals=1,
        overrides=[heading("A")],
    )


def _desks_now() -> dict[str, Any]:
    return _rows(
        "Loketten: aantal wachtenden, en de langste wacht nu",
        "Achter de naam het aantal bezoekers met een afspraak die er zijn en wachten; daarnaast de langste wacht, "
        "vanaf de aankomst of, als die later is, vanaf de afspraak.",
        [queries.DESK_HEADINGS[0], queries.DESK_LONGEST],
    )


def _desk_averages_short() -> dict[str, Any]:
    return _rows(
        "Loketten: gemiddelde wachttijd, laatste 15 minuten (norm in minuten)",
        "Begin van de afspraak min het geplande begin; vroeger beginnen telt als 0. Over de afspraken die in de "
        "laatste 15 minuten begonnen.",
        [queries.DESK_HEADINGS[1], queries.DESK_AVERAGE_SHORT],
    )


def _desk_averages_day() -> dict[str, Any]:
    return _rows(
        "Loketten: gemiddelde wachttijd vandaag (norm in minuten)",
        "Begin van de afspraak min het geplande begin; vroeger beginnen telt als 0. Over de afspraken van vandaag.",
        [queries.DESK_HEADINGS[2], queries.DESK_AVERAGE_DAY],
    )
