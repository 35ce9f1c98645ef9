"""The settings file in the language of the city: hours, percents and euro. It becomes `Settings` here alone."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Final, Literal, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from pydantic import AfterValidator, Field, ValidationInfo

from streams.channels import channel_of
from streams.channels.calls.indicators import MISSED_SHARE
from streams.core.calendar import public_holidays
from streams.core.norms import Norms, OwnServiceLevel, ServiceLevel
from streams.core.rules import DAY_MS, HOUR_MS, SECOND_MS, Channel, Cluster, DatedHours, OpenInterval, Rules
from streams.settings import kinds
from streams.settings.across import no_category
from streams.settings.added_norms import AddedNorms, as_counted
from streams.settings.model import (
    BudgetYear,
    CheckpointSettings,
    ClosingSettings,
    FollowSettings,
    GrafanaSettings,
    KafkaSettings,
    PrometheusSettings,
    ReceiveSettings,
    ReportedYear,
    Settings,
    StaffingSettings,
    WebSettings,
)
from streams.settings.sources import SourceTables
from streams.settings.toml.section import Section, Unit, Whole, together
from streams.words import Language

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

Number = TypeVar("Number", int, Decimal)

Week = tuple[tuple[OpenInterval, ...], ...]
"""Hours by weekday, Monday first."""

YEAR_LENGTH: Final = 4
"""Digits of a year."""

_RULES: Final = {field.name: field.default for field in msgspec.structs.fields(Rules) if not field.required}
"""What holds where the file says nothing."""


def _year(text: str) -> str:
    if not (text.isdecimal() and len(text) == YEAR_LENGTH):
        raise ValueError("expected a year such as 2022 as the key")
    return text


Year = Annotated[str, AfterValidator(_year), Unit("year")]


def _bound(seconds: int, info: ValidationInfo) -> int:
    """The service level is counted from the speed categories."""
    bounds = info.data.get("speed_categories_seconds")
    if bounds and seconds not in bounds:
        raise together(no_category(seconds, bounds))
    return seconds


def _slots(slot_seconds: int, info: ValidationInfo) -> int:
    """Every window is a whole number of slots."""
    if broken := [minutes for minutes in info.data.get("minutes", ()) if minutes * 60 % slot_seconds]:
        raise together(
            f"expected a whole number of slots of {slot_seconds} s in every window, which "
            f"{' and '.join(map(str, broken))} minutes have not; change slot_seconds or the windows",
            key="minutes",
        )
    return slot_seconds


def _remembered(hours: int, info: ValidationInfo) -> int:
    """What expires is still remembered."""
    memory_days = info.data.get("memory_days")
    if memory_days and hours > memory_days * 24:
        raise together(
            f"expected at most memory_days ({memory_days} days), got {hours} hours: what is forgotten cannot expire"
        )
    return hours


Hours = Annotated[Whole, Field(ge=1, le=168), Unit("hours")]
Expiry = Annotated[Hours, AfterValidator(_remembered)]


def _of_a_line(hours: "LineHoursTable | None", info: ValidationInfo) -> "LineHoursTable | None":
    """Whether anybody counts depends on hours at telephone lines alone."""
    channel = info.data.get("channel")
    if hours is not None and channel is not None and not channel_of(channel).counts_by_hours:
        raise together(f"expected none for a cluster of {channel_of(channel).called}, got some; remove the table")
    return hours


def _of_answered(value: Number | None, info: ValidationInfo) -> Number | None:
    """A service level is one of contacts that are answered."""
    channel = info.data.get("channel")
    if value is not None and channel is not None and not channel_of(channel).has_service_level:
        raise together(f"expected none for a cluster of {channel_of(channel).called}, got {value}; remove the key")
    return value


class LineHoursTable(Section, frozen=True, kw_only=True):
    """Hours of its own of one telephone line. A day that is left out has the common hours."""

    monday: kinds.Hours | None = None
    """The hours of Monday."""
    tuesday: kinds.Hours | None = None
    """The hours of Tuesday."""
    wednesday: kinds.Hours | None = None
    """The hours of Wednesday."""
    thursday: kinds.Hours | None = None
    """The hours of Thursday."""
    friday: kinds.Hours | None = None
    """The hours of Friday."""
    saturday: kinds.Hours | None = None
    """The hours of Saturday."""
    sunday: kinds.Hours | None = None
    """The hours of Sunday."""
    dates: dict[kinds.DateKey, kinds.Hours] = msgspec.field(default_factory=dict)
    """Hours on single dates, which count before any other."""

    def week(self, common: Week) -> Week:
        """Those of each weekday, Monday first; none at all where every day has the common ones."""
        mine = tuple(getattr(self, day) for day in WEEKDAYS)
        if all(hours is None for hours in mine):
            return ()
        return tuple(other if hours is None else hours for hours, other in zip(mine, common, strict=True))


class ClusterTable(Section, frozen=True, kw_only=True):
    """An activity cluster on one channel."""

    name: kinds.ClusterName
    """What events call the cluster. Spaces of another kind or number, how accents are made up, and capitals by which
    no other cluster differs do not matter; such events are counted (`wachtmonitor_names_repaired_total`)."""
    channel: Channel
    """How citizens reach it."""
    norm_seconds: Annotated[Whole, Field(ge=1, le=86_400, examples=["120"]), Unit("seconds")]
    """The norm for the average wait in a month."""
    aliases: kinds.ClusterNames = ()
    """What else events may call it, such as its name before it was renamed: they count for this cluster."""
    service_level_seconds: Annotated[kinds.Bound | None, AfterValidator(_of_answered)] = None
    """One of the bounds of the speed categories, within which the calls of this line are to be answered; without it
    that of all lines."""
    service_level_percent: Annotated[kinds.Percent | None, AfterValidator(_of_answered)] = None
    """Of the answered calls of this line, at least so many are answered within its bound; without it as many as of
    all lines."""
    opening_hours: Annotated[LineHoursTable | None, AfterValidator(_of_a_line)] = None
    """Hours of its own of one telephone line. A day that is left out has the common hours."""

    def cluster(self, common: Week) -> Cluster:
        """The same as the rules have it."""
        hours = self.opening_hours
        return Cluster(
            name=self.name,
            channel=self.channel,
            norm_ms=self.norm_seconds * SECOND_MS,
            aliases=self.aliases,
            opening_hours=() if hours is None else hours.week(common),
            dated_hours=() if hours is None else _dated(hours.dates),
        )

    def own_service_level(self, common: ServiceLevel) -> OwnServiceLevel | None:
        """Where it has a bound or a share of its own; what it does not say is that of all lines."""
        if self.service_level_seconds is None and self.service_level_percent is None:
            return None
        seconds, percent = self.service_level_seconds, self.service_level_percent
        level = ServiceLevel(
            common.seconds if seconds is None else seconds, common.ratio if percent is None else float(percent / 100)
        )
        return None if level == common else OwnServiceLevel(self.channel, self.name, level)


class NormsTable(Section, frozen=True, kw_only=True):
    """The norms that hold for every cluster of a channel."""

    speed_categories_seconds: Annotated[kinds.SpeedCategories, Field(examples=["[30, 60, 90, 120, 300]"])]
    """Upper bounds of the speed categories of answered calls; a category holds its bound."""
    service_level_percent: Annotated[kinds.Percent, Field(examples=["70"])]
    """Of the answered calls, at least so many are answered within `service_level_seconds`, in a month."""
    service_level_seconds: Annotated[kinds.Bound, Field(examples=["30"]), AfterValidator(_bound)]
    """One of the bounds of the speed categories."""
    missed_percent: kinds.Percent
    """Of all calls dialled in within opening hours, at most so many are missed, in a year."""
    short_abandon_seconds: Annotated[Whole, Field(ge=1, le=3_600), Unit("seconds")] | None = None
    """Who hangs up within so many seconds is a short abandon: missed all the same, and left out of a second figure
    beside the official one. Without it there is no such figure."""
    lead_working_days: Annotated[Whole, Field(ge=0, le=366, examples=["5"]), Unit("working days")]
    """An appointment is had within so many days of asking for it."""
    indicators: AddedNorms = msgspec.field(default_factory=dict)
    """The norm of an indicator of a channel that an installation adds, for all of its clusters: a percentage, seconds
    or working days, as the indicator is told. Without one it is told without a norm."""


class OpeningHoursTable(Section, frozen=True, kw_only=True):
    """When calls are answered, by the clock on the wall."""

    monday: kinds.Hours
    """The hours of Monday, such as "08:30-12:00, 13:00-16:00"."""
    tuesday: kinds.Hours
    """The hours of Tuesday."""
    wednesday: kinds.Hours
    """The hours of Wednesday."""
    thursday: kinds.Hours
    """The hours of Thursday."""
    friday: kinds.Hours
    """The hours of Friday."""
    saturday: kinds.Hours
    """The hours of Saturday."""
    sunday: kinds.Hours
    """The hours of Sunday."""
    public_holidays: kinds.Country
    """The country whose public holidays are closing days."""
    closing_days: kinds.Days
    """Other days on which the city is closed."""
    dates: dict[kinds.DateKey, kinds.Hours] = msgspec.field(default_factory=dict)
    """Hours on single dates, in the place of those of the weekday: a half holiday, an extra Saturday. They open a
    closing day or public holiday too, which stays none of the working days."""


class WindowsTable(Section, frozen=True, kw_only=True):
    """The rolling windows of the screens."""

    minutes: Annotated[kinds.WindowMinutes, Field(examples=["[5, 15, 60]"])]
    """Their lengths."""
    slot_seconds: Annotated[Whole, Field(ge=1, le=3_600, examples=["10"]), Unit("seconds"), AfterValidator(_slots)]
    """The edges of the windows move in steps of this; every window is a whole number of them."""


class LimitsTable(Section, frozen=True, kw_only=True):
    """What is believed, and for how long."""

    memory_days: Annotated[Whole, Field(ge=1, le=1_098), Unit("days")] = _RULES["memory_ms"] // DAY_MS
    """A call or visit is remembered, and so can be corrected, for so long after the last news of it."""
    call_expiry_hours: Expiry = _RULES["call_expiry_ms"] // HOUR_MS
    """A call that is neither answered nor ended so long after it came in counts as unresolved."""
    visit_expiry_hours: Expiry = _RULES["ticket_expiry_ms"] // HOUR_MS
    """A visit that is neither started nor ended so long after it was due counts as unresolved."""
    longest_wait_hours: Hours = _RULES["longest_wait_ms"] // HOUR_MS
    """A longer wait counts as implausible: a clock went wrong."""
    early_start_days: Annotated[Whole, Field(ge=0, le=3_660), Unit("days")] = _RULES["early_start_days"]
    """A visit may start so many days before it was planned and count as no wait; earlier it counts as implausible. 0
    is the planned day itself, at any hour."""
    earliest: kinds.Day | None = None
    """Events before this day are refused; without it those before 2016, in UTC."""
    future_tolerance_seconds: Annotated[Whole, Field(ge=0, le=86_400), Unit("seconds")] = (
        _RULES["future_tolerance_ms"] // SECOND_MS
    )
    """Events that lie further in the future are refused."""
    clock_skew_seconds: Annotated[Whole, Field(ge=0, le=300), Unit("seconds")] = _RULES["clock_skew_ms"] // SECOND_MS
    """Clocks of two systems may differ so much: an answer, or the end of a call, before the dialling in by no more is
    one after 0 seconds, and so is the start of a visit before the arrival; by more it is implausible."""
    plan_ahead_days: Annotated[Whole, Field(ge=1, le=3_660), Unit("days")] = _RULES["plan_ahead_ms"] // DAY_MS
    """Appointments that are planned further ahead are refused."""


class HistoryTable(Section, frozen=True, kw_only=True):
    """Earlier years as reported, to show beside the measured ones."""

    missed_percent: dict[Year, kinds.Percent] = msgspec.field(default_factory=dict)
    """The percentage of missed calls, by year."""


class BudgetTable(Section, frozen=True, kw_only=True):
    """The expenses of the action plan; the operating balance is the same with a minus sign."""

    accounts_euro: dict[Year, kinds.Euro] = msgspec.field(default_factory=dict)
    """In the accounts, by year."""
    budgeted_euro: dict[Year, kinds.Euro] = msgspec.field(default_factory=dict)
    """As budgeted, by year."""


class SettingsFile(Section, frozen=True, kw_only=True):
    """The keys and tables of the file. `streams.settings.reader` says which ones a variable can say as well."""

    language: Language = Language.DUTCH
    """The language of the wall, the reports and the snapshots; dashboards and alarms have that of the files that
    Grafana is given."""
    zone: kinds.Zone
    """The IANA name of the time zone whose days, months and opening hours count."""
    cluster: Annotated[tuple[ClusterTable, ...], Field(min_length=1)]
    """The activity clusters, in the order in which screens show them."""
    opening_hours: OpeningHoursTable
    windows: WindowsTable
    limits: LimitsTable = LimitsTable()
    norms: NormsTable
    history: HistoryTable = HistoryTable()
    budget: BudgetTable = BudgetTable()
    kafka: KafkaSettings
    web: WebSettings = WebSettings()
    checkpoint: CheckpointSettings = CheckpointSettings()
    closing: ClosingSettings = ClosingSettings()
    grafana: GrafanaSettings = GrafanaSettings()
    prometheus: PrometheusSettings = PrometheusSettings()
    follow: FollowSettings = FollowSettings()
    receive: ReceiveSettings = ReceiveSettings()
    staffing: StaffingSettings = StaffingSettings()
    source: SourceTables = msgspec.field(default_factory=dict)
    """What is watched, by name."""

    def settings(self) -> Settings:
        """The same in milliseconds, ratios and cents."""
        return Settings(
            rules=self._rules(),
            norms=self._norms(),
            history=tuple(
                ReportedYear(indicator=MISSED_SHARE.name, year=int(year), value=float(percent / 100))
                for year, percent in sorted(self.history.missed_percent.items())
            ),
            budget=(
                *_budget("accounts", self.budget.accounts_euro),
                *_budget("budget", self.budget.budgeted_euro),
            ),
            kafka=self.kafka,
            web=self.web,
            checkpoint=self.checkpoint,
            closing=self.closing,
            grafana=self.grafana,
            prometheus=self.prometheus,
            language=self.language,
            follow=self.follow,
            receive=self.receive,
            staffing=self.staffing,
            sources=self.source,
        )

    def _norms(self) -> Norms:
        norms = self.norms
        common = ServiceLevel(norms.service_level_seconds, float(norms.service_level_percent / 100))
        own = (each.own_service_level(common) for each in self.cluster)
        return Norms(
            service_level_seconds=common.seconds,
            service_level_ratio=common.ratio,
            missed_ratio=float(norms.missed_percent / 100),
            own_service_levels=tuple(each for each in own if each is not None),
            indicators={name: as_counted(name, norm) for name, norm in norms.indicators.items()},
        )

    def _rules(self) -> Rules:
        hours, limits = self.opening_hours, self.limits
        country, week = hours.public_holidays, tuple(getattr(hours, day) for day in WEEKDAYS)
        return Rules(
            clusters=tuple(each.cluster(week) for each in self.cluster),
            zone=self.zone,
            opening_hours=week,
            dated_hours=_dated(hours.dates),
            closing_days=tuple(day.isoformat() for day in hours.closing_days),
            public_holidays=() if country == kinds.NO_HOLIDAYS else public_holidays(country),
            speed_categories_ms=tuple(bound * SECOND_MS for bound in self.norms.speed_categories_seconds),
            short_abandon_ms=None if (short := self.norms.short_abandon_seconds) is None else short * SECOND_MS,
            lead_norm_days=self.norms.lead_working_days,
            windows_minutes=self.windows.minutes,
            slot_ms=self.windows.slot_seconds * SECOND_MS,
            call_expiry_ms=limits.call_expiry_hours * HOUR_MS,
            ticket_expiry_ms=limits.visit_expiry_hours * HOUR_MS,
            longest_wait_ms=limits.longest_wait_hours * HOUR_MS,
            early_start_days=limits.early_start_days,
            memory_ms=limits.memory_days * DAY_MS,
            earliest_ms=_RULES["earliest_ms"]
            if limits.earliest is None
            else _midnight_ms(limits.earliest, self.zone),
            future_tolerance_ms=limits.future_tolerance_seconds * SECOND_MS,
            plan_ahead_ms=limits.plan_ahead_days * DAY_MS,
            clock_skew_ms=limits.clock_skew_seconds * SECOND_MS,
        )


def _dated(dates: Mapping[str, tuple[OpenInterval, ...]]) -> tuple[DatedHours, ...]:
    return tuple(DatedHours(day, hours) for day, hours in sorted(dates.items()))


def _budget(kind: Literal["accounts", "budget"], euro: Mapping[str, Decimal]) -> Iterator[BudgetYear]:
    for year, expenses in sorted(euro.items()):
        yield BudgetYear(year=int(year), kind=kind, expenses_cents=int(expenses * 100))


def _midnight_ms(day: date, zone: str) -> int:
    """When the day begins by the clocks of the zone."""
    return round(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).timestamp() * 1000)
