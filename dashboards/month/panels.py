"""The month: the five official indicators with their norms, exact, month by month and beside earlier years."""

from typing import Final

from dashboards.columns import bounds_column, verdict_column, words_column
from dashboards.grafana import COUNT, EUROS, MINUTES, SECONDS, SHARE, Json
from dashboards.layout import Band, choice, dashboard
from dashboards.month import queries
from dashboards.panels import bars, column, matrix, override, stat, table, units
from dashboards.queries import CHANNELS

_MONTHS: Final = ("month", "month")
"""Bars or rows of months: the label and the code of its heading."""
_YEARS: Final = ("year", "year")
_DESK: Final = {"cluster": "desk"}
"""The rows of a table of desks."""


def build() -> Json:
    """The dashboard."""
    year_waits = matrix(
        "month-desk-averages", queries.YEAR_VISITOR_WAITS, COUNT, rows=_MONTHS, columns="desk", decimals=2
    )
    year_leads = matrix("month-lead-averages", queries.YEAR_LEADS, COUNT, rows=_MONTHS, columns="desk", decimals=1)
    return dashboard(
        "month",
        [
            Band(7, _indicators(), heading="month-indicators"),
            Band(9, ((9, _desks()), (9, _leads()), (6, _categories()))),
            Band(7, ((10, _callbacks()), (14, _beyond()))),
            Band(7, _spread(), heading="month-spread"),
            Band(8, _month_by_month(), heading="month-by-month"),
            Band(9, ((12, year_waits), (12, year_leads))),
            Band(9, ((16, _ledger()), (8, _late())), heading="month-not-counted"),
            Band(
                9,
                (
                    (14, bars("month-history", queries.HISTORY, SHARE, x=_YEARS, decimals=2)),
                    (10, bars("month-budget", queries.BUDGET, EUROS, x=_YEARS, decimals=2)),
                ),
                heading="month-years",
            ),
        ],
        since="now-6h",
        refresh="1m",
        hide_time=True,
        variables=[choice("year", queries.YEARS), choice("month", queries.MONTHS)],
    )


# The chosen month.


def _indicators() -> tuple[tuple[int, Json], ...]:
    shares = [
        queries.YEAR_MISSED_SHARE,
        queries.MONTH_MISSED_SHARE,
        queries.YEAR_WITHOUT_SHORT,
        queries.MONTH_WITHOUT_SHORT,
    ]
    allowance = [queries.ALLOWANCE, queries.YEAR_MISSED, queries.YEAR_OFFERED]
    lead = [queries.MONTH_CITY_LEAD, queries.MONTH_CITY_LEAD_SHARE]
    return (
        (6, stat("month-average", [queries.MONTH_LINE_AVERAGE], SECONDS, decimals=1)),
        (4, stat("month-in-time", [queries.MONTH_LINE_SERVICE_LEVEL], SHARE, decimals=1)),
        (5, stat("month-missed", shares, SHARE, rows=True, decimals=2)),
        (4, stat("month-allowance", allowance, COUNT, rows=True)),
        (5, stat("month-city-lead", lead, COUNT, rows=True, decimals=2, overrides=units({"B": SHARE}))),
    )


def _desks() -> Json:
    return table(
        "month-desks",
        queries.MONTH_DESK_TABLE,
        labels=_DESK,
        column_units={"average": MINUTES, "norm": MINUTES},
        decimals=0,
        overrides=[override("byName", column("average"), decimals=2), verdict_column("verdict")],
    )


def _callbacks() -> Json:
    return table(
        "month-callbacks",
        queries.MONTH_CALLBACK_TABLE,
        labels={"cluster": "line"},
        column_units={"called-back-after": MINUTES},
        decimals=0,
        overrides=[override("byName", column("called-back-after"), decimals=1)],
    )


def _beyond() -> Json:
    minutes = ("left-wait", "onward-wait")
    return table(
        "month-beyond",
        queries.MONTH_BEYOND_TABLE,
        labels=_DESK,
        column_units=dict.fromkeys(minutes, MINUTES),
        decimals=0,
        overrides=[override("byName", column(code), decimals=2) for code in minutes],
    )


def _leads() -> Json:
    return table(
        "month-leads",
        queries.MONTH_LEAD_TABLE,
        labels=_DESK,
        column_units={"within-norm": SHARE},
        decimals=0,
        overrides=[override("byName", column("workdays"), decimals=1), verdict_column("verdict")],
    )


def _categories() -> Json:
    return table(
        "month-categories",
        queries.MONTH_CATEGORY_TABLE,
        labels={"bound": "wait"},
        column_units={"share": SHARE},
        sort="bound",
        overrides=[bounds_column("wait"), override("byName", column("share"), decimals=1)],
    )


def _spread() -> tuple[tuple[int, Json], ...]:
    lines = table(
        "month-line-spread",
        queries.LINE_SPREAD,
        labels={"cluster": "line"},
        column_units=dict.fromkeys(queries.LINE_SPREAD, SECONDS),
        decimals=1,
    )
    desks = table(
        "month-desk-spread",
        queries.DESK_SPREAD,
        labels=_DESK,
        column_units=dict.fromkeys(queries.DESK_SPREAD, MINUTES),
        decimals=1,
    )
    return ((12, lines), (12, desks))


# The months of the chosen year.


def _month_by_month() -> tuple[tuple[int, Json], ...]:
    return (
        (8, bars("month-averages", queries.YEAR_LINE_AVERAGES, SECONDS, x=_MONTHS, decimals=1)),
        (8, bars("month-in-times", queries.YEAR_SERVICE_LEVELS, SHARE, x=_MONTHS, decimals=1)),
        (8, bars("month-missed-shares", queries.YEAR_MISSED_SHARES, SHARE, x=_MONTHS, decimals=1)),
    )


def _ledger() -> Json:
    return table(
        "month-ledger",
        queries.LEDGER,
        labels={"month": "month", "channel": "channel"},
        sort="month",
        overrides=[words_column("channel", CHANNELS)],
    )


def _late() -> Json:
    return table(
        "month-late",
        queries.LATE,
        labels={"month": "month", "channel": "channel"},
        sort="month",
        overrides=[words_column("channel", CHANNELS)],
    )
