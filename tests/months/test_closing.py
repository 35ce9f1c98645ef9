"""When a month closes and what is frozen: the decisions, without a broker."""

from typing import Any, Final

import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from streams.commands import month as month_command
from streams.commands.report import FORMATS
from streams.core.coverage import QuarterMap
from streams.core.months import months_of_year, next_month
from streams.core.rules import Channel
from streams.kafka.broker_time import Bounds
from streams.months.closing.due import (
    Author,
    NotClosableError,
    behind,
    closes_by_itself,
    closing_ms,
    counted_otherwise,
    due_months,
    first_working_day_ms,
    freeze,
    is_settled,
    reopen,
    shown_since,
)
from streams.months.month import Sources
from streams.months.report.report import build_report
from streams.records.closings import (
    ClosedMonthsError,
    Closing,
    Entry,
    Reopening,
    closing_of,
    read_account,
    record,
)
from streams.records.progress import Feed, Position, feed_record, position_record
from streams.settings import ClosingSettings, Settings
from tests.core.builders import DAY, HOUR, KCC, MINUTE, STEADY, answered, ms, offered
from tests.months.making import lier, month_in, no_sources, sources_of

ZONE: Final = "Europe/Brussels"
OCTOBER: Final = ms("2026-10-05 10:00")
DUE: Final = ms("2026-11-03 06:00")
NOW: Final = DUE + MINUTE
BY_SCHEDULE: Final = Author("schedule", NOW)


def calls(*waits_ms: int, at: int = OCTOBER) -> list[Any]:
    """Answered calls with these waits."""
    return [
        event
        for number, wait in enumerate(waits_ms)
        for event in (offered(at, f"{at}-{number}"), answered(at + wait, f"{at}-{number}"))
    ]


def with_account(sources: Sources, *entries: Entry) -> Sources:
    """The sources with these closings and reopenings, as they are read back from the topic."""
    return Sources(sources.totals, sources.beside, read_account(record(entry) for entry in entries))


def closed(sources: Sources, month: str = "2026-10", settings: Settings | None = None) -> Closing:
    """The closing of the month as things stand."""
    return freeze(sources, month, settings or lier(), BY_SCHEDULE, {})


# When.


@pytest.mark.parametrize(
    ("month", "moment"),
    [
        ("2026-10", ms("2026-11-03 06:00")),  # winter time has begun in between
        ("2026-02", ms("2026-03-03 06:00")),
        ("2024-02", ms("2024-03-03 06:00")),  # a leap year
        ("2026-12", ms("2027-01-03 06:00")),
        ("2026-03", ms("2026-04-03 06:00")),  # summer time has begun
    ],
)
def test_a_month_closes_on_the_third_day_after_it_at_six(month: str, moment: int) -> None:
    """By the clock on the wall in Brussels, whatever time it is there."""
    assert closing_ms(month, ClosingSettings(), ZONE) == moment


def test_a_time_that_the_clock_skips_or_repeats_is_one_moment() -> None:
    """Summer time begins on 29 March 2026 at two and ends on 25 October at three."""
    on_change = ClosingSettings(day=28, time_minutes=150)
    assert closing_ms("2026-02", on_change, ZONE) == ms("2026-03-28 02:30")
    skipped = ClosingSettings(day=25, time_minutes=150)
    assert closing_ms("2026-09", skipped, ZONE) == ms("2026-10-25 02:30", fold=0)


@given(st.integers(1, 28), st.integers(0, 1439))
@STEADY
def test_months_close_one_after_the_other_and_after_their_end(day: int, minute: int) -> None:
    """Whatever moment is set, over leap years and changes of the clock."""
    settings = ClosingSettings(day=day, time_minutes=minute)
    months = [*months_of_year(2027), *months_of_year(2028)]
    moments = [closing_ms(month, settings, ZONE) for month in months]
    assert moments == sorted(set(moments))
    for month, moment in zip(months, moments, strict=True):
        assert moment >= ms(f"{next_month(month)}-01 00:00")


def test_only_months_with_figures_that_are_due_and_were_never_closed_close() -> None:
    """Not before the moment, not a second time, not when opened again after it, and not long after."""
    settings = lier()
    events = [event for at in ("2026-07-06 10:00", "2026-09-07 10:00") for event in calls(5_000, at=ms(at))]
    sources = sources_of([*events, *calls(5_000)], settings, now_ms=NOW)
    assert due_months(sources, settings, DUE - 1) == ["2026-09"]  # July was due on 3 August: 62 days are over
    assert due_months(sources, settings, DUE) == ["2026-09", "2026-10"]
    done = closed(sources)
    assert due_months(with_account(sources, done), settings, NOW) == ["2026-09"]
    again = reopen({"2026-10": [done]}, "2026-10", Author("an", NOW, "x"))
    assert due_months(with_account(sources, done, again), settings, NOW) == ["2026-09"]


@pytest.mark.parametrize(
    ("closed_ms", "reopened_ms", "closes"),
    [
        (DUE + MINUTE, DUE - 6 * DAY, True),  # by a clock that was ahead, as if it were due
        (DUE - 7 * DAY, DUE - 6 * DAY, True),  # before its moment, whoever did that
        (DUE + 2 * DAY, DUE + DAY, True),  # opened after the moment, but before the closing says that it was
        (DUE + MINUTE, DUE + DAY, False),  # there is work to be done on it
        (DUE, DUE, False),
    ],
)
def test_a_month_that_was_closed_too_early_closes_again_when_it_is_due(
    closed_ms: int, reopened_ms: int, closes: bool
) -> None:
    """When it is opened again before its moment, or before it was closed; another one stays open."""
    settings = lier()
    sources = sources_of(calls(20_000), settings, now_ms=NOW)
    early = msgspec.structs.replace(closed(sources), at_ms=closed_ms)
    opened = reopen({"2026-10": [early]}, "2026-10", Author("an", reopened_ms, "te vroeg"))
    again = with_account(sources, early, opened)
    assert due_months(again, settings, DUE - 1) == []
    assert due_months(again, settings, DUE + 3 * DAY) == (["2026-10"] if closes else [])
    assert closes_by_itself([early, opened], DUE) == closes
    assert not closes_by_itself([early], DUE)
    done = freeze(again, "2026-10", settings, Author("schedule", DUE + 3 * DAY), {})
    assert due_months(with_account(sources, early, opened, done), settings, DUE + 3 * DAY) == []


SETTINGS: Final = lier()
EARLY: Final = closed(sources_of([], SETTINGS, now_ms=NOW))
"""A closing, to be had at any moment."""


@given(st.lists(st.integers(-10 * DAY, 10 * DAY), max_size=6), st.integers(-10 * DAY, 10 * DAY))
@STEADY
def test_no_history_makes_a_month_close_before_its_moment(moments: list[int], now: int) -> None:
    """Closings and reopenings in turn, at any time by any clock: what is open is due, once its moment is past."""
    entries: list[Entry] = []
    for number, moment in enumerate(moments, 1):
        early = msgspec.structs.replace(EARLY, number=number, at_ms=DUE + moment)
        opened = Reopening(month="2026-10", number=number, at_ms=DUE + moment, by="an", why="x")
        entries.append(early if number % 2 else opened)
    sources = Sources(no_sources().totals, no_sources().beside, {"2026-10": entries} if entries else {})
    due = due_months(sources, SETTINGS, DUE + now)
    if now < 0 or len(entries) % 2:
        assert due == []
    elif entries and moments[-1] < 0:
        assert due == ["2026-10"]


@pytest.mark.parametrize(
    ("month", "shown"),
    [
        ("2026-10", ms("2026-11-02 06:00")),  # the first is All Saints, and a Sunday
        ("2026-11", ms("2026-12-01 06:00")),
        ("2026-12", ms("2027-01-04 06:00")),  # New Year, then a weekend
        ("2024-02", ms("2024-03-01 06:00")),  # after the leap day
        ("2026-04", ms("2026-05-04 06:00")),  # Labour Day, then a weekend
    ],
)
def test_the_first_working_day_is_one_on_which_people_work(month: str, shown: int) -> None:
    """Without weekends, holidays and the city's closing days."""
    rules = lier().rules
    assert first_working_day_ms(month, ClosingSettings(), rules) == shown
    closed_days = msgspec.structs.replace(rules, closing_days=("2026-12-01", "2026-12-02"))
    assert first_working_day_ms("2026-11", ClosingSettings(), closed_days) == ms("2026-12-03 06:00")


def test_what_is_shown_of_a_month_from_when_on() -> None:
    """Provisional figures from the first working day, the frozen ones from the closing, nothing new once reopened."""
    settings, working_day = lier(), ms("2026-11-02 06:00")
    sources = sources_of(calls(20_000), settings, now_ms=NOW)
    assert shown_since(sources, settings, working_day - 1) == {}
    assert shown_since(sources, settings, working_day) == {"2026-10": working_day}
    assert shown_since(sources, settings, DUE - 1) == {"2026-10": working_day}
    assert shown_since(sources, settings, DUE) == {}, "it is about to close"
    done = closed(sources)
    assert shown_since(with_account(sources, done), settings, NOW + 62 * DAY) == {"2026-10": NOW}
    assert shown_since(with_account(sources, done), settings, NOW + 62 * DAY + 1) == {}
    again = reopen({"2026-10": [done]}, "2026-10", Author("an", NOW, "x"))
    assert shown_since(with_account(sources, done, again), settings, NOW) == {}


@pytest.mark.parametrize(
    ("at_ms", "shown"),
    [
        (DUE - 6 * DAY, {"2026-10": DUE - 6 * DAY}),
        (DUE - DAY, {"2026-10": DUE - DAY}),  # the first working day
        (DUE - 60, {"2026-10": DUE - DAY}),
        (DUE, {}),
    ],
)
def test_figures_that_were_closed_too_early_are_shown_as_provisional_again(at_ms: int, shown: dict[str, int]) -> None:
    """At once, for what was shown as official is not; then as those of any other month."""
    settings = lier()
    sources = sources_of(calls(20_000), settings, now_ms=NOW)
    opened = reopen({"2026-10": [closed(sources)]}, "2026-10", Author("an", DUE - 6 * DAY, "te vroeg"))
    again = with_account(sources, closed(sources), opened)
    assert shown_since(again, settings, DUE - 6 * DAY - 1) == {}
    assert shown_since(again, settings, at_ms) == shown


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (DUE - MINUTE, "open, due to close on 2026-11-03 06:00"),
        (DUE + 5 * HOUR, "open, was due to close on 2026-11-03 06:00, and will once nobody fills it"),
        (DUE + 63 * DAY, "open, too old to close by itself: wachtmonitor month close"),
    ],
)
def test_the_list_says_of_an_open_month_when_it_closes(now: int, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before, after and long after it was due."""
    settings = lier()
    sources = sources_of(calls(20_000), settings, now_ms=DUE)
    monkeypatch.setattr(month_command, "system_clock", lambda: now)
    monkeypatch.setattr(month_command, "read", lambda _: sources)
    monkeypatch.setattr(month_command, "load_settings", lambda _: settings)
    result = CliRunner().invoke(month_command.month, ["list"])
    assert result.output == f"2026-10  {said}\n"


@pytest.mark.parametrize(
    ("reopened_ms", "said"),
    [
        (None, "closed by a clock that was ahead: wachtmonitor month reopen 2026-10"),
        (DUE - DAY, "reopened, due to close on 2026-11-03 06:00"),
        (DUE + DAY, "reopened, stays open until somebody closes it: wachtmonitor month close 2026-10"),
    ],
)
def test_the_list_says_of_a_closed_month_how_it_goes_on(
    reopened_ms: int | None, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closed by a clock that was days ahead; opened again before its moment, and after it."""
    settings = lier()
    sources = sources_of(calls(20_000), settings, now_ms=DUE)
    done = closed(sources)
    entries: list[Entry] = [done]
    if reopened_ms is not None:
        entries.append(reopen({"2026-10": [done]}, "2026-10", Author("an", reopened_ms, "x")))
    monkeypatch.setattr(month_command, "system_clock", lambda: DUE - DAY)
    monkeypatch.setattr(month_command, "read", lambda _: with_account(sources, *entries))
    monkeypatch.setattr(month_command, "load_settings", lambda _: settings)
    assert CliRunner().invoke(month_command.month, ["list"]).output.splitlines()[0] == f"2026-10  {said}"


def test_a_month_that_is_being_filled_waits() -> None:
    """On time it closes whatever is written; later it waits for an hour of silence."""
    assert is_settled(DUE, ClosingSettings(), DUE + MINUTE, DUE)
    late = DUE + 5 * HOUR
    assert not is_settled(DUE, ClosingSettings(), late, late - 59 * MINUTE)
    assert is_settled(DUE, ClosingSettings(), late, late - 60 * MINUTE)


@pytest.mark.parametrize(
    ("held", "needed", "missing"),
    [
        (None, (0, 0), {}),  # nothing was ever written there
        (7, (0, 7), {}),
        (9, (0, 7), {}),
        (6, (0, 7), {"calls-0": 1}),
        (None, (0, 7), {"calls-0": 7}),
        (3, (5, 7), {"calls-0": 4}),  # two of them are gone from Kafka and will never be read
        (None, (7, 7), {}),  # all are gone, and nobody had begun
    ],
)
def test_totals_must_hold_every_record_from_before_the_moment(
    held: int | None, needed: tuple[int, int], missing: dict[str, int]
) -> None:
    """By source partition, the offsets that the totals hold against those that Kafka has."""
    positions = {} if held is None else {"calls-0": Position("calls-0", Channel.PHONE, "calls", 0, held, 0)}
    assert behind(positions, {("calls", 0): Bounds(*needed, is_passed=False)}) == missing


def test_totals_must_be_counted_by_the_rules_of_the_day() -> None:
    """Of partitions that are there: what a topic of another name left behind keeps no month open."""
    rules = lier().rules
    other = msgspec.structs.replace(rules, longest_wait_ms=HOUR)
    by_rules = {"calls-0": rules.digest(), "calls-1": other.digest(), "calls-2": ""}
    positions = {
        source: Position(source, Channel.PHONE, "calls", number, 5, 0, digest)
        for number, (source, digest) in enumerate(by_rules.items())
    }
    positions["old-0"] = Position("old-0", Channel.PHONE, "old", 0, 5, 0)
    bounds = {("calls", number): Bounds(0, 5, is_passed=True) for number in range(4)}
    assert counted_otherwise(positions, bounds, rules) == ["calls-1", "calls-2"]


# What.


def test_a_closed_month_stays_as_it_was() -> None:
    """Late facts change the totals and not the report, which lists them by cluster and partition."""
    settings = lier()
    before = sources_of(calls(20_000, 40_000), settings, now_ms=NOW)
    done = closed(before)
    late = [offered(OCTOBER, "late"), answered(OCTOBER + 300_000, "late")]
    feed = feed_record(Feed("2026-10", Channel.PHONE, "calls-9", QuarterMap(), {KCC: 2}))
    after = sources_of([*calls(20_000, 40_000), *late], settings, now_ms=NOW, beside=[feed])
    frozen = month_in(with_account(after, done), "2026-10", settings)
    assert frozen.totals == month_in(before, "2026-10", settings).totals
    changed = {each.source: each for each in frozen.late}
    (counted,) = [each for each in frozen.late if each.difference]
    assert counted.cluster == KCC
    assert counted.difference == {"answered": 1, "wait_ms": 300_000, "speed_categories.300000": 1}
    assert changed["calls-9"].facts == 2
    text = FORMATS["text"](build_report(with_account(after, done), "2026-10", settings, NOW))
    assert "30,0 s" in text
    assert "niet meegeteld: 2." in text
    assert "beantwoord +1, beantwoord tot 300 s +1, wachttijd +300 s" in " ".join(text.split())


def test_a_correction_is_listed_as_what_it_would_change() -> None:
    """A call that turns out to have been answered earlier: fewer seconds, another category."""
    settings = lier()
    before = sources_of(calls(40_000), settings, now_ms=NOW)
    after = sources_of([*calls(40_000), answered(OCTOBER + 10_000, f"{OCTOBER}-0")], settings, now_ms=NOW)
    (late,) = month_in(with_account(after, closed(before)), "2026-10", settings).late
    assert late.difference == {"wait_ms": -30_000, "speed_categories.30000": 1, "speed_categories.60000": -1}


def test_the_settings_that_counted_are_frozen_with_the_figures() -> None:
    """Another norm, other categories and other hours later judge no closed month."""
    settings = lier()
    sources = sources_of(calls(20_000, 40_000), settings, now_ms=NOW)
    report = build_report(with_account(sources, closed(sources)), "2026-10", settings, NOW)
    rules = msgspec.structs.replace(
        settings.rules,
        speed_categories_ms=(10_000,),
        clusters=settings.rules.clusters[1:],
        closing_days=("2026-10-05",),
    )
    norms = msgspec.structs.replace(settings.norms, service_level_seconds=10, service_level_ratio=0.99)
    changed = lier(rules=rules, norms=norms)
    again = build_report(with_account(sources, closed(sources)), "2026-10", changed, NOW)
    assert FORMATS["json"](again) == FORMATS["json"](report)
    assert FORMATS["html"](again) == FORMATS["html"](report)
    assert report.basis.rules.closing_days == ()
    assert report.basis.rules.public_holidays == ()
    november = msgspec.structs.replace(closed(sources), month="2026-11")
    assert november.basis.rules.zone == ZONE


def test_reopened_figures_live_again_until_they_are_closed() -> None:
    """Who reopened it and why stays on the record, as does what was frozen before."""
    settings = lier()
    before = sources_of(calls(20_000), settings, now_ms=NOW)
    first = closed(before)
    after = sources_of(calls(20_000, 40_000), settings, now_ms=NOW)
    opened = reopen({"2026-10": [first]}, "2026-10", Author("an@loket", NOW + DAY, "telefooncentrale was weg"))
    open_again = with_account(after, first, opened)
    report = build_report(open_again, "2026-10", settings, NOW)
    assert report.summary.of("phone")[0].answered == 2
    assert report.statuses[0].state == "reopened"
    text = FORMATS["text"](report)
    assert "is op 3 november 2026 om 06:01 vanzelf afgesloten." in text
    assert "is op 4 november 2026 om 06:01 heropend door an@loket: telefooncentrale was weg" in text
    assert "Heropend: de cijfers zijn voorlopig" in text
    second = freeze(open_again, "2026-10", settings, Author("an@loket", NOW + DAY), {})
    account = with_account(after, second, opened, first).account  # in whatever order they are read
    assert [each.number for each in account["2026-10"]] == [1, 2, 3]
    assert closing_of(account, "2026-10") == second
    assert account["2026-10"][0] == first
    again = FORMATS["text"](build_report(with_account(after, first, opened, second), "2026-10", settings, NOW + DAY))
    assert "is op 4 november 2026 om 06:01 afgesloten door an@loket." in again


@pytest.mark.parametrize(
    ("entries", "at_ms", "problem"),
    [
        (["closed"], NOW, "is closed already, since 2026-11-03 05:01 UTC"),
        ([], DUE - 1, "cannot close before 2026-11-03"),
    ],
)
def test_what_cannot_be_closed_is_refused(entries: list[str], at_ms: int, problem: str) -> None:
    """A closed month, and one that has not ended long enough."""
    settings = lier()
    sources = sources_of(calls(20_000), settings, now_ms=NOW)
    if entries:
        sources = with_account(sources, closed(sources))
    with pytest.raises(NotClosableError, match=problem):
        freeze(sources, "2026-10", settings, Author("an", at_ms), {})


def test_what_is_not_closed_cannot_be_reopened() -> None:
    """Nothing to reopen."""
    with pytest.raises(NotClosableError, match="not closed, so there is nothing to reopen"):
        reopen(no_sources().account, "2026-10", Author("an", NOW, "x"))


def test_records_that_were_missing_are_told() -> None:
    """Closed by force while a partition was behind: the report says how many it lacks."""
    settings = lier()
    sources = sources_of(calls(20_000), settings, now_ms=NOW)
    forced = freeze(sources, "2026-10", settings, Author("an", NOW), {"calls-1": 3, "tickets-0": 1})
    text = FORMATS["text"](build_report(with_account(sources, forced), "2026-10", settings, NOW))
    assert "Toen waren 4 berichten nog niet verwerkt: die ontbreken." in text


def test_a_silent_feed_is_frozen_as_silent() -> None:
    """A feed that said nothing in the month has a map without a quarter, also of a partition without any feed."""
    settings = lier()
    beside = [
        position_record(Position("calls-0", Channel.PHONE, "calls", 0, 5, NOW)),
        position_record(Position("tickets-0", Channel.DESK, "tickets", 0, 5, NOW)),
    ]
    sources = sources_of(calls(20_000), settings, now_ms=NOW, beside=beside)
    done = closed(sources)
    assert [(feed.channel, feed.source) for feed in done.feeds] == [
        (Channel.PHONE, "calls-0"),
        (Channel.DESK, "tickets-0"),
    ]
    report = build_report(with_account(sources, done), "2026-10", settings, NOW)
    assert [(each.channel, each.silent_hours) for each in report.summary.coverage] == [
        (Channel.PHONE, 22 * 7),
        (Channel.DESK, 22 * 7),
    ]


# The account.


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (b"{}", "has format None, this version of wachtmonitor reads format 1"),
        (b'{"format": 2, "action": "closed"}', "has format 2"),
        (b'{"format": 1, "action": "closed"}', "cannot be read"),
        (b"not json", "cannot be read"),
    ],
)
def test_a_record_that_cannot_be_used_is_refused_by_name(value: bytes, problem: str) -> None:
    """Never guessed at, never skipped."""
    with pytest.raises(ClosedMonthsError, match=problem) as raised:
        read_account([(b"2026-10/0001", value)])
    assert "2026-10/0001" in str(raised.value)


def test_so_is_one_whose_counts_are_none_of_its_channel() -> None:
    """When the account is read, and not when somebody shows the month."""
    key, value = record(closed(sources_of(calls(30_000), lier(), now_ms=NOW)))
    assert b'"answered":1' in value
    with pytest.raises(ClosedMonthsError, match=r"2026-10/0001.*cannot be read.*Expected `int`, got `str`"):
        read_account([(key, value.replace(b'"answered":1', b'"answered":"1"'))])


@given(st.lists(st.sampled_from(["close", "reopen", "fact"]), max_size=12))
@STEADY
def test_any_history_of_closings_keeps_its_account(steps: list[str]) -> None:
    """Closed and open alternate, numbers go up by one, and the figures that count are those of the last closing."""
    settings = lier()
    answered_now, frozen, entries = 1, None, list[Entry]()
    for step in steps:
        sources = with_account(sources_of(calls(*[5_000] * answered_now), settings, now_ms=NOW), *entries)
        if step == "fact":
            answered_now += 1
        elif step == "close" and frozen is None:
            entries.append(freeze(sources, "2026-10", settings, BY_SCHEDULE, {}))
            frozen = answered_now
        elif step == "reopen" and frozen is not None:
            entries.append(reopen(sources.account, "2026-10", Author("an", NOW, "x")))
            frozen = None
    final = with_account(sources_of(calls(*[5_000] * answered_now), settings, now_ms=NOW), *entries)
    month = month_in(final, "2026-10", settings)
    assert [each.number for each in month.entries] == list(range(1, len(entries) + 1))
    report = build_report(final, "2026-10", settings, NOW)
    assert report.summary.of("phone")[0].answered == (answered_now if frozen is None else frozen)
    assert sum(each.difference.get("answered", 0) for each in month.late) == (
        0 if frozen is None else answered_now - frozen
    )
