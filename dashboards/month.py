"""The month: the five official indicators with their norms, exact, month by month and beside earlier years."""

from typing import Any, Final

from dashboards import queries
from dashboards.layout import Band, choice, dashboard, stacked
from dashboards.panels import (
    COUNT,
    EUROS,
    MINUTES,
    SECONDS,
    SHARE,
    bars,
    bounds_column,
    channel_column,
    matrix,
    override,
    stat,
    table,
    verdict_column,
)
from dashboards.queries import Query

UID: Final = "wachtmonitor-maand"

_EXACT: Final = "Exact: uit de maandtotalen, tot op de laatste oproep. De norm komt uit de instellingen."


def build() -> dict[str, Any]:
    """The dashboard."""
    return dashboard(
        UID,
        "De vijf indicatoren van het actieplan Klantgerichte dienstverlening, exact, per maand en per jaar.",
        stacked(
            [
                Band(
                    7,
                    ((6, _average()), (6, _service_level()), (6, _missed()), (6, _allowance())),
                    heading="De indicatoren in $maand",
                ),
                Band(9, ((9, _desks()), (9, _leads()), (6, _categories()))),
                Band(
                    8,
                    ((8, _averages()), (8, _service_levels()), (8, _missed_shares())),
                    heading="Maand per maand, $jaar",
                ),
                Band(9, ((12, _desk_averages()), (12, _lead_averages()))),
                Band(9, ((24, _ledger()),), heading="Wat niet meetelt, $jaar"),
                Band(9, ((14, _history()), (10, _budget())), heading="Jaren naast elkaar"),
            ]
        ),
        since="now-6h",
        refresh="1m",
        hide_time=True,
        variables=[choice("jaar", "Jaar", queries.YEARS), choice("maand", "Maand", queries.MONTHS)],
    )


# The chosen month.


def _average() -> dict[str, Any]:
    return stat(
        "Gemiddelde wachttijd beantwoorde oproepen, $maand",
        f"Van het inbellen tot het antwoord van een medewerker, alleen beantwoorde oproepen. {_EXACT}",
        [queries.MONTH_LINE_AVERAGE],
        SECONDS,
        decimals=1,
    )


def _service_level() -> dict[str, Any]:
    return stat(
        "Tijdig beantwoord, $maand",
        f"Aandeel van de beantwoorde oproepen met een wacht tot en met de servicegrens. {_EXACT}",
        [queries.MONTH_LINE_SERVICE_LEVEL],
        SHARE,
        decimals=1,
    )


def _missed() -> dict[str, Any]:
    return stat(
        "Aandeel gemiste oproepen, $jaar en $maand",
        "Onbeantwoorde oproepen gedeeld door alle oproepen, ingebeld binnen de openingsuren. De norm geldt voor het "
        f"jaar, dat de som van zijn maanden is. {_EXACT}",
        [queries.YEAR_MISSED_SHARE, queries.MONTH_MISSED_SHARE],
        SHARE,
        rows=True,
        decimals=2,
    )


def _allowance() -> dict[str, Any]:
    return stat(
        "Nog te missen oproepen dit jaar",
        "Hoeveel oproepen na elkaar nu nog gemist mogen worden voor het aandeel van het jaar boven de norm komt. "
        "Elke beantwoorde oproep geeft er ruimte bij; negatief is hoeveel er te veel zijn. Zonder voorspelling: "
        "uit de oproepen die er al waren.",
        [queries.ALLOWANCE, queries.YEAR_MISSED, queries.YEAR_OFFERED],
        COUNT,
        rows=True,
    )


def _desks() -> dict[str, Any]:
    return table(
        "Bezoekerswachttijd per activiteitcluster, $maand",
        "Begin van de afspraak min het geplande begin: elke minuut na het geplande begin telt, vroeger telt als "
        f"0. In minuten. {_EXACT}",
        list(queries.MONTH_DESK_TABLE.values()),
        list(queries.MONTH_DESK_TABLE),
        labels={"cluster": "loket"},
        column_units={"gemiddeld": MINUTES, "norm": MINUTES},
        decimals=0,
        overrides=[override("byName", "gemiddeld", decimals=2), verdict_column("oordeel")],
    )


def _leads() -> dict[str, Any]:
    return table(
        "Wachttijd tot het verkrijgen van een afspraak, $maand",
        "Werkdagen tussen het aanvragen van een afspraak en de geplande dag, over de aanvragen van de maand. "
        f"{_EXACT}",
        list(queries.MONTH_LEAD_TABLE.values()),
        list(queries.MONTH_LEAD_TABLE),
        labels={"cluster": "loket"},
        column_units={"binnen de norm": SHARE},
        decimals=0,
        overrides=[override("byName", "werkdagen", decimals=1), verdict_column("oordeel")],
    )


def _categories() -> dict[str, Any]:
    return table(
        "Beantwoorde oproepen naar snelheidscategorie, $maand",
        f"Naar wachttijd; een categorie bevat haar bovengrens. {_EXACT}",
        list(queries.MONTH_CATEGORY_TABLE.values()),
        list(queries.MONTH_CATEGORY_TABLE),
        labels={"grens": "wachttijd"},
        column_units={"aandeel": SHARE},
        sort="grens",
        overrides=[
            bounds_column("wachttijd"),
            override("byName", "aandeel", decimals=1),
        ],
    )


# Month by month.


def _monthly(title: str, description: str, of: dict[str, Query], unit: str, decimals: int) -> dict[str, Any]:
    return bars(
        title,
        f"{description} {_EXACT}",
        list(of.values()),
        unit,
        x=("month", "maand"),
        names=list(of),
        decimals=decimals,
    )


def _averages() -> dict[str, Any]:
    return _monthly(
        "Gemiddelde wachttijd beantwoorde oproepen",
        "Van het inbellen tot het antwoord; bij meer dan een lijn die met de langste.",
        queries.YEAR_LINE_AVERAGES,
        SECONDS,
        1,
    )


def _service_levels() -> dict[str, Any]:
    return _monthly(
        "Tijdig beantwoord",
        "Aandeel van de beantwoorde oproepen met een wacht tot en met de servicegrens.",
        queries.YEAR_SERVICE_LEVELS,
        SHARE,
        1,
    )


def _missed_shares() -> dict[str, Any]:
    return _monthly(
        "Aandeel gemiste oproepen",
        "Onbeantwoorde oproepen gedeeld door alle oproepen, ingebeld binnen de openingsuren; de norm geldt voor "
        "het jaar.",
        queries.YEAR_MISSED_SHARES,
        SHARE,
        1,
    )


def _desk_averages() -> dict[str, Any]:
    return matrix(
        "Bezoekerswachttijd per activiteitcluster, in minuten (≤ norm)",
        "Gemiddelde van elk activiteitcluster in elke maand van het jaar, in minuten; achter de naam de norm. "
        f"{_EXACT}",
        queries.YEAR_VISITOR_WAITS,
        COUNT,
        rows=("month", "maand"),
        columns="loket",
        decimals=2,
    )


def _lead_averages() -> dict[str, Any]:
    return matrix(
        "Wachttijd tot het verkrijgen van een afspraak, in werkdagen (≤ norm)",
        "Gemiddelde van elk activiteitcluster in elke maand van het jaar, in werkdagen; achter de naam de norm. "
        f"{_EXACT}",
        queries.YEAR_LEADS,
        COUNT,
        rows=("month", "maand"),
        columns="loket",
        decimals=1,
    )


def _ledger() -> dict[str, Any]:
    return table(
        "Meegeteld en weggelaten, maand per maand",
        "Elk contact dat in geen gemiddelde of aandeel meetelt, met de reden. Meegeteld: oproepen met een bekende "
        f"afloop, bezoekers met een afspraak die ontvangen zijn. {_EXACT}",
        list(queries.LEDGER.values()),
        list(queries.LEDGER),
        labels={"month": "maand", "channel": "kanaal"},
        sort="month",
        overrides=[channel_column("kanaal")],
    )


# Years.


def _history() -> dict[str, Any]:
    return bars(
        "Aandeel gemiste oproepen per jaar",
        "De gerapporteerde jaren uit de instellingen, daarnaast de gemeten jaren: de som van hun maanden.",
        list(queries.HISTORY.values()),
        SHARE,
        x=("year", "jaar"),
        names=list(queries.HISTORY),
        decimals=2,
    )


def _budget() -> dict[str, Any]:
    return bars(
        "Uitgaven van het actieplan",
        "Uitgaven in de rekening en in het budget, uit de instellingen. Het exploitatiesaldo is hetzelfde bedrag "
        "met een minteken.",
        list(queries.BUDGET.values()),
        EUROS,
        x=("year", "jaar"),
        names=list(queries.BUDGET),
        decimals=2,
    )
