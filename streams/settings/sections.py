"""The tables of the settings file: which keys they have, of which kind, and what must fit together.

Whatever is wrong becomes a problem, and the reading goes on. Must not know files or the environment.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from streams.core.rules import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Channel, Cluster, Rules
from streams.settings import kinds
from streams.settings.grafana_section import grafana_entries, read_grafana
from streams.settings.kafka_section import kafka_entries, read_kafka
from streams.settings.model import BudgetYear, ReportedYear
from streams.toml_table import WRONG, Entry, Fields, Kind, Override, Table

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

CLUSTER: Final = (
    Entry("name", kinds.CLUSTER_NAME, "name"),
    Entry("channel", kinds.choice([channel.value for channel in Channel], result=Channel), "channel"),
    Entry("norm_seconds", kinds.whole("seconds", 1, 86_400, 120, factor=SECOND_MS), "norm_ms"),
)
NORMS: Final = (
    Entry("service_level_seconds", kinds.whole("seconds", 1, 3_600, 30), "service_level_seconds"),
    Entry("service_level_percent", kinds.percent("70"), "service_level_ratio"),
    Entry("missed_percent", kinds.percent("20"), "missed_ratio"),
)
NORMS_OF_RULES: Final = (
    Entry("lead_working_days", kinds.whole("working days", 0, 366, 5), "lead_norm_days"),
    Entry(
        "speed_categories_seconds",
        kinds.ascending("seconds", 1, 3_600, "[30, 60, 90, 120, 300]", factor=SECOND_MS),
        "speed_categories_ms",
    ),
)
OPENING_HOURS: Final = tuple(Entry(day, kinds.HOURS, day) for day in WEEKDAYS)
CLOSING_DAYS: Final = (
    Entry("public_holidays", kinds.HOLIDAYS, "public_holidays"),
    Entry("closing_days", kinds.DAYS, "closing_days"),
)
WINDOWS: Final = (
    Entry("minutes", kinds.ascending("minutes", 1, 1_440, "[5, 15, 60]"), "windows_minutes"),
    Entry("slot_seconds", kinds.whole("seconds", 1, 3_600, 10, factor=SECOND_MS), "slot_ms"),
)
LIMITS: Final = tuple(
    Entry(key, kind, field, required=False)
    for key, kind, field in (
        ("call_expiry_hours", kinds.whole("hours", 1, 168, 4, factor=HOUR_MS), "call_expiry_ms"),
        ("visit_expiry_hours", kinds.whole("hours", 1, 168, 12, factor=HOUR_MS), "ticket_expiry_ms"),
        ("longest_wait_hours", kinds.whole("hours", 1, 168, 4, factor=HOUR_MS), "longest_wait_ms"),
        ("memory_days", kinds.whole("days", 1, 1_098, 35, factor=DAY_MS), "memory_ms"),
        ("earliest", kinds.DAY, "earliest"),
        (
            "future_tolerance_seconds",
            kinds.whole("seconds", 0, 86_400, 300, factor=SECOND_MS),
            "future_tolerance_ms",
        ),
        ("plan_ahead_days", kinds.whole("days", 1, 3_660, 1_098, factor=DAY_MS), "plan_ahead_ms"),
    )
)
WEB: Final = (
    Entry("host", kinds.HOST, "host", required=False),
    Entry("port", kinds.whole("", 1, 65_535, 9_464), "port", required=False),
    Entry("calls_stale_seconds", kinds.whole("seconds", 5, 86_400, 90), "calls_stale_seconds", required=False),
    Entry("tickets_stale_seconds", kinds.whole("seconds", 5, 86_400, 900), "tickets_stale_seconds", required=False),
)
CHECKPOINT: Final = (
    Entry("interval_seconds", kinds.decimal("seconds", "0.1", "60", "1.0"), "interval_seconds", required=False),
    Entry("when_lost", kinds.choice(("refuse", "go_on")), "when_lost", required=False),
)

CLOSING: Final = (
    Entry("day", kinds.whole("", 1, 28, 3), "day", required=False),
    Entry("time", kinds.TIME, "time_minutes", required=False),
    Entry("catch_up_days", kinds.whole("days", 0, 366, 62), "catch_up_days", required=False),
    Entry("quiet_minutes", kinds.whole("minutes", 0, 1_440, 60), "quiet_minutes", required=False),
    Entry("check_seconds", kinds.whole("seconds", 1, 3_600, 60), "check_seconds", required=False),
)


def closing_entries(base: Path) -> tuple[Entry, ...]:
    """The keys of [closing]; the directory is looked up from the directory `base`."""
    reports = kinds.directory("a directory", base)
    return (*CLOSING, Entry("reports_directory", reports, "reports_directory", required=False))


PROMETHEUS: Final = (Entry("url", kinds.URL, "url", required=False),)

RULES_DEFAULTS: Final = {
    field.name: field.default for field in msgspec.structs.fields(Rules) if field.default is not msgspec.NODEFAULT
}

YEAR_LENGTH: Final = 4
"""Digits of a year."""


def read_sections(top: Table, base: Path, overrides: Mapping[str, Mapping[str, Override]]) -> dict[str, Any]:
    """The arguments of `Settings`, but each struct as the fields it is made of; unusable once there are problems."""
    rules = _rules(top)
    norms = top.table("norms", "[norms]", required=True)
    judged, of_rules = norms.read(NORMS), norms.read(NORMS_OF_RULES)
    _check_service_level(norms, judged, of_rules)
    norms.close()
    parts = {
        "rules": rules | of_rules,
        "norms": judged,
        "history": _history(top),
        "budget": _budget(top),
        "kafka": read_kafka(top.table("kafka", "[kafka]", required=True, overrides=overrides["kafka"]), base),
    }
    for section, entries in (
        ("web", WEB),
        ("checkpoint", CHECKPOINT),
        ("closing", closing_entries(base)),
        ("prometheus", PROMETHEUS),
    ):
        table = top.table(section, f"[{section}]", required=False, overrides=overrides[section])
        parts[section] = _plain(table, entries)
    grafana = top.table("grafana", "[grafana]", required=False, overrides=overrides["grafana"])
    parts["grafana"] = read_grafana(grafana, base)
    top.close()
    return parts


def override_keys() -> dict[str, tuple[str, ...]]:
    """The keys that the environment may say something about, by section."""
    sections = {
        "kafka": kafka_entries(Path()),
        "web": WEB,
        "checkpoint": CHECKPOINT,
        "closing": closing_entries(Path()),
        "grafana": grafana_entries(Path()),
        "prometheus": PROMETHEUS,
    }
    return {section: tuple(entry.key for entry in entries) for section, entries in sections.items()}


def _plain(table: Table, entries: Iterable[Entry]) -> Fields:
    fields = table.read(entries)
    table.close()
    return fields


def _check_service_level(norms: Table, judged: Fields, of_rules: Fields) -> None:
    level, bounds = judged["service_level_seconds"], of_rules["speed_categories_ms"]
    if WRONG not in (level, bounds) and level * SECOND_MS not in bounds:
        known = ", ".join(str(bound // SECOND_MS) for bound in bounds)
        norms.problem(
            f"expected one of the bounds in speed_categories_seconds ({known}), got {level}: "
            "only at a bound is it known how many calls were answered in time",
            "service_level_seconds",
        )


# Rules.


def _rules(top: Table) -> Fields:
    fields = top.read((Entry("zone", kinds.ZONE, "zone"),))
    fields["clusters"] = _clusters(top)
    return fields | _opening_hours(top) | _windows(top) | _limits(top, fields["zone"])


def _clusters(top: Table) -> tuple[Cluster, ...]:
    clusters: list[Cluster] = []
    places: dict[tuple[str, Channel], str] = {}
    for table in top.tables("cluster", title="name"):
        fields = _plain(table, CLUSTER)
        name, channel = fields["name"], fields["channel"]
        if WRONG not in (name, channel) and (first := places.setdefault((name, channel), table.place)) != table.place:
            table.problem(f"expected a name once for a channel, got that of {first}; rename or remove one", "name")
        if WRONG not in fields.values():
            clusters.append(Cluster(**fields))
    return tuple(clusters)


def _opening_hours(top: Table) -> Fields:
    table = top.table("opening_hours", "[opening_hours]", required=True)
    days = table.read(OPENING_HOURS)
    fields = _plain(table, CLOSING_DAYS)
    return fields | {"opening_hours": tuple(days[day] for day in WEEKDAYS)}


def _windows(top: Table) -> Fields:
    table = top.table("windows", "[windows]", required=True)
    fields = _plain(table, WINDOWS)
    minutes, slot_ms = fields["windows_minutes"], fields["slot_ms"]
    if WRONG not in (minutes, slot_ms):
        broken = [window for window in minutes if window * MINUTE_MS % slot_ms]
        if broken:
            table.problem(
                f"expected a whole number of slots of {slot_ms // SECOND_MS} s in every window, which "
                f"{' and '.join(map(str, broken))} minutes have not; change slot_seconds or the windows",
                "minutes",
            )
    return fields


def _limits(top: Table, zone: Any) -> Fields:
    table = top.table("limits", "[limits]", required=False)
    fields = _plain(table, LIMITS)
    if "earliest" in fields:
        earliest = fields.pop("earliest")
        fields["earliest_ms"] = WRONG if WRONG in (earliest, zone) else kinds.midnight_ms(earliest, zone)
    all_fields = RULES_DEFAULTS | fields
    memory = all_fields["memory_ms"]
    for key, field in (("call_expiry_hours", "call_expiry_ms"), ("visit_expiry_hours", "ticket_expiry_ms")):
        if WRONG not in (memory, all_fields[field]) and all_fields[field] > memory:
            table.problem(
                f"expected at most memory_days ({memory // DAY_MS} days), got {all_fields[field] // HOUR_MS} hours: "
                "what is forgotten cannot expire",
                key,
            )
    return fields


# History and budget.


def _years(table: Table, kind: Kind) -> dict[int, Any]:
    """Values by year; a key that is none is a problem."""
    years = [key for key in table.unread() if key.isdecimal() and len(key) == YEAR_LENGTH]
    values = table.read(Entry(year, kind, year) for year in sorted(years))
    for key in table.unread():
        table.problem("expected a year such as 2022 as the key", key)
    return {int(year): value for year, value in values.items()}


def _history(top: Table) -> tuple[ReportedYear, ...]:
    history = top.table("history", "[history]", required=False)
    missed = _years(history.table("missed_percent", "[history.missed_percent]", required=False), kinds.percent("20"))
    history.close()
    return tuple(ReportedYear(year=year, missed_ratio=ratio) for year, ratio in missed.items())


def _budget(top: Table) -> tuple[BudgetYear, ...]:
    budget = top.table("budget", "[budget]", required=False)
    accounts = _years(budget.table("accounts_euro", "[budget.accounts_euro]", required=False), kinds.EURO)
    planned = _years(budget.table("budgeted_euro", "[budget.budgeted_euro]", required=False), kinds.EURO)
    budget.close()
    return (
        *(BudgetYear(year=year, kind="accounts", expenses_cents=cents) for year, cents in accounts.items()),
        *(BudgetYear(year=year, kind="budget", expenses_cents=cents) for year, cents in planned.items()),
    )
