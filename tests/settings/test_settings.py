"""The packaged settings hold the city's figures; every mistake in others is reported, at once and with its place."""

import re
import tomllib
import traceback
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.calendar import public_holidays
from streams.core.norms import Norms, ServiceLevel
from streams.core.rules import DAY_MS, HOUR_MS, MINUTE_MS, Channel, Cluster, DatedHours, OpenInterval, Rules
from streams.settings import (
    DEFAULT_FILE,
    BudgetYear,
    CheckpointSettings,
    KafkaSettings,
    ReportedYear,
    Secret,
    Settings,
    SettingsError,
    WebSettings,
    load,
)
from streams.settings.environment import variable
from streams.settings.kinds import read_hours
from streams.settings.reader import read_settings, variable_keys
from streams.settings.toml.section import Section, keys_of
from tests.core.builders import STEADY

PACKAGED = DEFAULT_FILE.read_text(encoding="utf-8")
WHOLE_WEEK = "\n".join(
    f'{day} = "08:30-12:00, 13:00-16:00"' for day in ("monday", "tuesday", "wednesday", "thursday", "friday")
)

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the packaged settings with some texts replaced by others, and give the path."""

    def write_changed(*changes: tuple[str, str]) -> Path:
        text = PACKAGED
        for old, new in changes:
            assert text.count(old) == 1, f"{old!r} must stand in the packaged settings once"
            text = text.replace(old, new)
        path = tmp_path / "settings.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write_changed


def problems_of(path: Path | None, environ: dict[str, str] | None = None) -> list[str]:
    """What loading complains about; it must complain."""
    with pytest.raises(SettingsError) as caught:
        load(path, environ or {})
    return list(caught.value.problems)


# The packaged settings.


def test_the_packaged_clusters_and_their_norms_are_those_of_the_action_plan() -> None:
    assert load(None, {}).rules.clusters == (
        Cluster("Klantencontactcentrum", Channel.PHONE, 45_000),
        Cluster("Burgerzaken", Channel.DESK, 60_000),
        Cluster("Energieloket", Channel.DESK, 300_000),
        Cluster("Mobiliteit", Channel.DESK, 120_000),
        Cluster("OCMW", Channel.DESK, 600_000),
        Cluster("Omgeving", Channel.DESK, 300_000),
        Cluster("Wonen", Channel.DESK, 300_000),
    )


def test_the_packaged_norms_that_hold_for_all_are_those_of_the_action_plan() -> None:
    settings = load(None, {})
    assert settings.norms == Norms(service_level_seconds=30, service_level_ratio=0.7, missed_ratio=0.2)
    assert settings.rules.lead_norm_days == 5
    assert settings.rules.speed_categories_ms == (30_000, 60_000, 90_000, 120_000, 300_000)


def test_the_packaged_history_is_the_reported_one() -> None:
    reported = {2016: 0.1614, 2017: 0.1219, 2018: 0.117, 2019: 0.1114, 2020: 0.1402, 2021: 0.1308, 2022: 0.1156}
    assert load(None, {}).history == tuple(
        ReportedYear(indicator="missed_share", year=year, value=ratio) for year, ratio in reported.items()
    )


def test_the_packaged_budget_is_that_of_the_action_plan() -> None:
    accounts = {2020: 231_283, 2021: 484_284}
    budget = {2022: 960_000, 2023: 3_000_000, 2024: 960_000, 2025: 960_000}
    assert load(None, {}).budget == (
        *(BudgetYear(year=year, kind="accounts", expenses_cents=cents) for year, cents in accounts.items()),
        *(BudgetYear(year=year, kind="budget", expenses_cents=cents) for year, cents in budget.items()),
    )


def test_the_packaged_rules_of_measuring() -> None:
    rules = load(None, {}).rules
    week_day = (OpenInterval(8 * 60 + 30, 12 * 60), OpenInterval(13 * 60, 16 * 60))
    assert rules == Rules(
        clusters=rules.clusters,
        zone="Europe/Brussels",
        opening_hours=(week_day,) * 5 + ((), ()),
        closing_days=(),
        public_holidays=public_holidays("BE"),
        windows_minutes=(5, 15, 60),
        slot_ms=10_000,
        call_expiry_ms=4 * HOUR_MS,
        ticket_expiry_ms=12 * HOUR_MS,
        longest_wait_ms=4 * HOUR_MS,
        memory_ms=35 * DAY_MS,
        earliest_ms=1_451_602_800_000,  # 2015-12-31T23:00:00Z, the first moment of 2016 in Lier
        future_tolerance_ms=5 * MINUTE_MS,
        plan_ahead_ms=3 * 366 * DAY_MS,
    )


def test_the_packaged_kafka_web_and_checkpoint_settings() -> None:
    settings = load(None, {})
    assert settings.kafka == KafkaSettings(
        bootstrap_servers=("127.0.0.1:9092",),
        group="wachtmonitor",
        calls_topic="calls",
        tickets_topic="tickets",
        dead_letters_topic="dead-letters",
        month_totals_topic="month-totals",
        closed_months_topic="closed-months",
        snapshots_topic="snapshots",
        live_topic="live-figures",
        sources_topic="sources",
        staffing_topic="staffing",
        partitions=4,
        replication_factor=-1,
        writer="transactional",
    )
    assert settings.web == WebSettings(host="127.0.0.1", port=9464)
    assert settings.checkpoint == CheckpointSettings(interval_seconds=1.0, when_lost="refuse")


@pytest.mark.parametrize(
    ("section", "struct"), [("kafka", KafkaSettings), ("web", WebSettings), ("checkpoint", CheckpointSettings)]
)
def test_every_key_is_a_field_and_stands_in_the_packaged_file(section: str, struct: type[Section]) -> None:
    keys = set(variable_keys()[section])
    assert keys == {name for name, key in keys_of(struct).items() if not key.entries}
    text = PACKAGED.partition(f"\n[{section}]\n")[2].partition("\n[")[0]
    assert keys - {key for key in keys if re.search(rf"^(# )?{key} = ", text, re.MULTILINE)} <= {"sasl_password"}


# Other values than the packaged ones.


def test_a_file_of_ones_own_is_read_in_the_terms_of_the_city(write: Write) -> None:
    settings = load(
        write(
            ('zone = "Europe/Brussels"', 'zone = "America/New_York"'),
            ('saturday = "closed"', 'saturday = "00:00-24:00"'),
            ('public_holidays = "BE"', 'public_holidays = "none"'),
            ("closing_days = [", "closing_days = [2026-12-24, # Kerstavond\n 2026-12-31,"),
            ("service_level_percent = 70", "service_level_percent = 66.6"),
            ("2023 = 30000", "2023 = 30000.01"),
            ("interval_seconds = 1.0", "interval_seconds = 0.25"),
        ),
        {},
    )
    assert settings.rules.opening_hours[5] == (OpenInterval(0, 1440),)
    assert settings.rules.public_holidays == ()
    assert settings.rules.closing_days == ("2026-12-24", "2026-12-31")
    assert settings.rules.earliest_ms == 1_451_624_400_000  # 2016-01-01T05:00:00Z
    assert settings.norms.service_level_ratio == 0.666
    assert BudgetYear(year=2023, kind="budget", expenses_cents=3_000_001) in settings.budget
    assert settings.checkpoint.interval_seconds == 0.25


def test_what_may_be_left_out_has_the_packaged_values(write: Write) -> None:
    path = write()
    path.write_text(_without_tables(PACKAGED, ("limits", "history", "budget", "web", "checkpoint")), encoding="utf-8")
    settings, packaged = load(path, {}), load(None, {})
    assert settings.history == ()
    assert settings.budget == ()
    assert settings.web == packaged.web
    assert settings.checkpoint == packaged.checkpoint
    assert msgspec.structs.replace(settings.rules, earliest_ms=packaged.rules.earliest_ms) == packaged.rules


def _without_tables(text: str, names: tuple[str, ...]) -> str:
    """The TOML text without these tables and the tables inside them."""
    parts = re.split(r"^(?=\[)", text, flags=re.MULTILINE)
    return "".join(part for part in parts if not re.match(rf"\[({'|'.join(names)})[].]", part))


def test_one_name_may_stand_for_a_line_and_for_a_desk(write: Write) -> None:
    path = write(('name = "Klantencontactcentrum"', 'name = "Wonen"'))
    assert load(path, {}).rules.channel_clusters(Channel.PHONE).keys() == {"Wonen"}


def test_a_cluster_has_aliases_and_another_may_differ_by_capitals_alone(write: Write) -> None:
    change = ('name = "Wonen"', 'name = "mobiliteit"\naliases = ["Wonen", "wonen", "Huisvesting"]')
    rules = load(write(change), {}).rules
    assert rules.channel_aliases(Channel.DESK) == dict.fromkeys(("Wonen", "wonen", "Huisvesting"), "mobiliteit")
    assert rules.channel_aliases(Channel.PHONE) == {}


def test_a_line_may_have_a_service_level_of_its_own(write: Write) -> None:
    """What it does not say is that of all lines; one that says the same as all has none of its own."""
    own = 'name = "Lijn {0}"\nchannel = "phone"\nnorm_seconds = 5\n{1}\n[[cluster]]\n'
    said = (
        "service_level_seconds = 120",
        "service_level_percent = 90.5",
        "service_level_seconds = 60\nservice_level_percent = 80",
        "service_level_seconds = 30\nservice_level_percent = 70",
    )
    lines = "".join(own.format(number, each) for number, each in enumerate(said))
    settings = load(write(('name = "Burgerzaken"', f'{lines}name = "Burgerzaken"')), {})
    levels = {each.cluster: each.level for each in settings.norms.own_service_levels}
    assert levels == {
        "Lijn 0": ServiceLevel(120, 0.7),
        "Lijn 1": ServiceLevel(30, 0.905),
        "Lijn 2": ServiceLevel(60, 0.8),
    }
    assert settings.norms.service_level(Channel.PHONE, "Lijn 3") == ServiceLevel(30, 0.7)


def test_hours_of_dates_and_of_a_line_are_read_in_the_terms_of_the_city(write: Write) -> None:
    line = 'name = "Lijn"\nchannel = "phone"\nnorm_seconds = 5\n[cluster.opening_hours]\nthursday = "13:00-20:00"\n'
    line += '[cluster.opening_hours.dates]\n2026-12-24 = "closed"\n[[cluster]]\n'
    common = '2026-12-24 = "08:30-12:00"\n2026-12-05 = "09:00-11:00"'
    changed = write(
        ("[opening_hours.dates]\n# 2026-12-24 = ", f"[opening_hours.dates]\n{common}\n# 2026-12-24 = "),
        ('name = "Burgerzaken"', f'{line}name = "Burgerzaken"'),
    )
    rules = load(changed, {}).rules
    dated = (DatedHours("2026-12-05", read_hours("09:00-11:00")), DatedHours("2026-12-24", read_hours("08:30-12:00")))
    assert rules.dated_hours == dated
    own = rules.channel_clusters(Channel.PHONE)["Lijn"]
    assert own.opening_hours == (*rules.opening_hours[:3], read_hours("13:00-20:00"), *rules.opening_hours[4:])
    assert own.dated_hours == (DatedHours("2026-12-24", ()),)


def test_rules_without_aliases_keep_the_digest_that_is_kept_with_what_was_counted() -> None:
    """Else every position that a worker of before wrote would pass for one by other rules."""
    encoded = msgspec.msgpack.encode(load(None, {}).rules)
    assert b"aliases" not in encoded


def test_screens_speak_dutch_unless_the_file_says_otherwise(write: Write) -> None:
    """A file from before the key was there too."""
    assert load(None, {}).language == load(write(('language = "nl"', "")), {}).language == "nl"
    assert load(write(('language = "nl"', 'language = "fr"')), {}).language == "fr"


def test_a_variable_says_the_language_too() -> None:
    """The file of Docker Compose chooses the folder of the dashboards by it."""
    assert load(None, {"WACHTMONITOR_LANGUAGE": "en"}).language == "en"
    assert problems_of(None, {"WACHTMONITOR_LANGUAGE": "enn"}) == [
        'WACHTMONITOR_LANGUAGE: expected one of "nl", "en", "fr", such as "nl", got "enn": did you mean "en"?'
    ]


# Mistakes, each with its place.

MISTAKES = {
    "zone that does not exist": (
        ('zone = "Europe/Brussels"', 'zone = "Europe/Brusels"'),
        'zone: expected the IANA name of a time zone, such as "Europe/Brussels", got "Europe/Brusels": '
        'did you mean "Europe/Brussels"?',
    ),
    "language that is none of ours": (
        ('language = "nl"', 'language = "de"'),
        'language: expected one of "nl", "en", "fr", such as "nl", got "de"',
    ),
    "norm that is no number": (
        ("norm_seconds = 120", 'norm_seconds = "2 min"'),
        '[[cluster]] 4 "Mobiliteit": norm_seconds: expected a whole number of seconds from 1 to 86400, such as 120, '
        'got "2 min"',
    ),
    "norm that is missing": (
        ("norm_seconds = 120\n", ""),
        '[[cluster]] 4 "Mobiliteit": norm_seconds: missing, expected a whole number of seconds from 1 to 86400; '
        "add norm_seconds = 120",
    ),
    "yes instead of a number": (
        ("norm_seconds = 120", "norm_seconds = true"),
        '[[cluster]] 4 "Mobiliteit": norm_seconds: expected a whole number of seconds from 1 to 86400, such as 120, '
        "got true",
    ),
    "channel that is unknown": (
        ('channel = "phone"', 'channel = "fone"'),
        '[[cluster]] 1 "Klantencontactcentrum": channel: expected one of "phone", "desk", such as "phone", '
        'got "fone": did you mean "phone"?',
    ),
    "cluster twice": (
        ('name = "Wonen"', 'name = "Mobiliteit"'),
        '[[cluster]] 7 "Mobiliteit": name: expected a name once for a channel, got that of [[cluster]] 4 '
        '"Mobiliteit"; rename or remove one',
    ),
    "alias that is another cluster's name": (
        ('name = "Wonen"', 'name = "Wonen"\naliases = ["Huisvesting", "Mobiliteit"]'),
        '[[cluster]] 7 "Wonen": aliases: expected a name once for a channel, got "Mobiliteit" of [[cluster]] 4 '
        '"Mobiliteit"; rename or remove one',
    ),
    "alias that only spaces and accents tell from another": (
        (
            'name = "Omgeving"\nchannel = "desk"\nnorm_seconds = 300\n\n[[cluster]]\nname = "Wonen"',
            'name = "Omgeving"\naliases = ["Loket  e\u0301e\u0301n"]\nchannel = "desk"\nnorm_seconds = 300\n\n'
            '[[cluster]]\nname = "Wonen"\naliases = ["Loket één"]',
        ),
        '[[cluster]] 7 "Wonen": aliases: expected a name once for a channel, got "Loket één", which differs from '
        '"Loket  e\u0301e\u0301n" of [[cluster]] 6 "Omgeving" in spaces or accents alone; rename or remove one',
    ),
    "cluster with a space that cannot be told from another": (
        ('name = "Wonen"', 'name = "Wonen\u00a0Lier"'),
        '[[cluster]] 7 "Wonen<U+00A0>Lier": name: expected a name of 1 to 100 printable characters without spaces '
        'around it, such as "Wonen", got "Wonen<U+00A0>Lier"',
    ),
    "hours of a date that is none": (
        ("[opening_hours.dates]", '[opening_hours.dates]\n2026-02-30 = "closed"'),
        "[opening_hours.dates]: 2026-02-30: expected a date such as 2026-12-24 as the key",
    ),
    "hours of a date that are none": (
        ("[opening_hours.dates]", '[opening_hours.dates]\n2026-12-24 = "12:00-08:30"'),
        '[opening_hours.dates]: 2026-12-24: expected opening hours in ascending order, or "closed", such as '
        '"08:30-12:00, 13:00-16:00", got "12:00-08:30": "12:00-08:30" ends before it begins; split hours across '
        "midnight over two days",
    ),
    "hours of a desk": (
        ('name = "Wonen"', 'name = "Wonen"\nopening_hours = { monday = "closed" }'),
        '[[cluster]] 7 "Wonen": opening_hours: expected none for a cluster of the desks, got some; remove the table',
    ),
    "cluster with spaces around its name": (
        ('name = "Wonen"', 'name = "Wonen "'),
        '[[cluster]] 7 "Wonen ": name: expected a name of 1 to 100 printable characters without spaces around it, '
        'such as "Wonen", got "Wonen "',
    ),
    "unknown key": (
        ("norm_seconds = 120", "norm_seconds = 120\nnorms_seconds = 2"),
        '[[cluster]] 4 "Mobiliteit": norms_seconds: unknown key; did you mean norm_seconds?',
    ),
    "unknown table": (
        ("[checkpoint]", "[checkpoints]"),
        "checkpoints: unknown key; did you mean checkpoint?",
    ),
    "service level of a desk": (
        ('name = "Wonen"', 'name = "Wonen"\nservice_level_seconds = 60'),
        '[[cluster]] 7 "Wonen": service_level_seconds: expected none for a cluster of the desks, got 60; remove the '
        "key",
    ),
    "norm of the service level of a desk": (
        ('name = "Wonen"', 'name = "Wonen"\nservice_level_percent = 60'),
        '[[cluster]] 7 "Wonen": service_level_percent: expected none for a cluster of the desks, got 60; remove the '
        "key",
    ),
    "service level of a line that is no bound of a category": (
        ("# service_level_seconds = 60", "service_level_seconds = 100"),
        '[[cluster]] 1 "Klantencontactcentrum": service_level_seconds: expected one of the bounds in '
        "speed_categories_seconds (30, 60, 90, 120, 300), got 100; the nearest is 90: only at a bound is it known "
        "how many calls were answered in time",
    ),
    "service level of a line that is no time": (
        ("# service_level_seconds = 60", "service_level_seconds = 0"),
        '[[cluster]] 1 "Klantencontactcentrum": service_level_seconds: expected a whole number of seconds from 1 to '
        "3600, got 0",
    ),
    "service level that is no bound of a category": (
        ("service_level_seconds = 30", "service_level_seconds = 45"),
        "[norms]: service_level_seconds: expected one of the bounds in speed_categories_seconds (30, 60, 90, 120, "
        "300), got 45; the nearest is 30: only at a bound is it known how many calls were answered in time",
    ),
    "categories that do not ascend": (
        ("speed_categories_seconds = [30, 60, 90", "speed_categories_seconds = [30, 90, 60"),
        "[norms]: speed_categories_seconds: expected an ascending list of whole numbers of seconds from 1 to 3600, "
        "such as [30, 60, 90, 120, 300], got [30, 90, 60, 120, 300]: 60 comes after 90",
    ),
    "percentage above 100": (
        ("missed_percent = 20", "missed_percent = 200"),
        "[norms]: missed_percent: expected a percentage from 0 to 100, such as 20, got 200",
    ),
    "percentage that is no number": (
        ("missed_percent = 20", "missed_percent = nan"),
        "[norms]: missed_percent: expected a percentage from 0 to 100, such as 20, got NaN",
    ),
    "hours that overlap": (
        (WHOLE_WEEK, WHOLE_WEEK.replace("13:00", "11:30", 1)),
        '[opening_hours]: monday: expected opening hours in ascending order, or "closed", such as '
        '"08:30-12:00, 13:00-16:00", got "08:30-12:00, 11:30-16:00": 11:30 lies before 12:00',
    ),
    "hours that run backwards": (
        ('sunday = "closed"', 'sunday = "22:00-02:00"'),
        '[opening_hours]: sunday: expected opening hours in ascending order, or "closed", such as '
        '"08:30-12:00, 13:00-16:00", got "22:00-02:00": "22:00-02:00" ends before it begins; split hours across '
        "midnight over two days",
    ),
    "hours that are no hours": (
        ('sunday = "closed"', 'sunday = "9-12"'),
        '[opening_hours]: sunday: expected opening hours in ascending order, or "closed", such as '
        '"08:30-12:00, 13:00-16:00", got "9-12": "9-12" is not hh:mm-hh:mm',
    ),
    "hours after midnight": (
        ('sunday = "closed"', 'sunday = "20:00-24:01"'),
        '[opening_hours]: sunday: expected opening hours in ascending order, or "closed", such as '
        '"08:30-12:00, 13:00-16:00", got "20:00-24:01": "20:00-24:01" ends after 24:00',
    ),
    "day that is missing": (
        ('sunday = "closed"\n', ""),
        '[opening_hours]: sunday: missing, expected opening hours in ascending order, or "closed"; '
        'add sunday = "08:30-12:00, 13:00-16:00"',
    ),
    "country without a calendar": (
        ('public_holidays = "BE"', 'public_holidays = "Belgie"'),
        '[opening_hours]: public_holidays: expected the ISO 3166 code of a country, or "none", such as "BE", '
        'got "Belgie"',
    ),
    "closing day in quotes": (
        ("closing_days = [", 'closing_days = ["2026-12-24"'),
        "[opening_hours]: closing_days: expected a list of dates, such as [2026-12-24, 2026-12-31], got "
        '["2026-12-24"]: write it without quotes and without a time',
    ),
    "closing day twice": (
        ("closing_days = [", "closing_days = [2026-12-24, 2026-12-24"),
        "[opening_hours]: closing_days: expected a list of dates, such as [2026-12-24, 2026-12-31], "
        "got [2026-12-24, 2026-12-24]: 2026-12-24 more than once",
    ),
    "window that is no multiple of the slot": (
        ("slot_seconds = 10", "slot_seconds = 7"),
        "[windows]: minutes: expected a whole number of slots of 7 s in every window, which 5 and 15 and 60 minutes "
        "have not; change slot_seconds or the windows",
    ),
    "windows that do not ascend": (
        ("minutes = [5, 15, 60]", "minutes = [5, 5]"),
        "[windows]: minutes: expected an ascending list of whole numbers of minutes from 1 to 1440, such as "
        "[5, 15, 60], got [5, 5]: 5 comes after 5",
    ),
    "earliest with a time": (
        ("earliest = 2016-01-01", "earliest = 2016-01-01T00:00:00"),
        "[limits]: earliest: expected a date, such as 2016-01-01, got 2016-01-01T00:00:00: write it without quotes "
        "and without a time",
    ),
    "history of a year that is none": (
        ("2016 = 16.14", "20x6 = 16.14"),
        "[history.missed_percent]: 20x6: expected a year such as 2022 as the key",
    ),
    "budget with parts of a cent": (
        ("2020 = 2312.83", "2020 = 2312.835"),
        "[budget.accounts_euro]: 2020: expected an amount in euro, not negative, with at most two decimals, such as "
        "4842.84, got 2312.835: a cent is the smallest part",
    ),
    "budget with a minus sign": (
        ("2023 = 30000", "2023 = -30000"),
        "[budget.budgeted_euro]: 2023: expected an amount in euro, not negative, with at most two decimals, such as "
        "4842.84, got -30000",
    ),
    "writer that is unknown": (
        ('writer = "transactional"', 'writer = "plane"'),
        '[kafka]: writer: expected one of "transactional", "plain", such as "transactional", got "plane": '
        'did you mean "plain"?',
    ),
    "topic name that Kafka refuses": (
        ('calls_topic = "calls"', 'calls_topic = "calls Lier"'),
        "[kafka]: calls_topic: expected a topic name of 1 to 200 letters, digits, dots, dashes or underscores, such "
        'as "calls", got "calls Lier"',
    ),
    "topic twice": (
        ('tickets_topic = "tickets"', 'tickets_topic = "calls"'),
        '[kafka]: tickets_topic: expected a topic of its own, got "calls", which is for calls_topic',
    ),
    "topic for checkpoints and for dead letters": (
        ('dead_letters_topic = "dead-letters"', 'dead_letters_topic = "calls-checkpoints"'),
        '[kafka]: dead_letters_topic: expected a topic of its own, got "calls-checkpoints", which is for the '
        "checkpoints of calls_topic",
    ),
    "broker without a port": (
        ('bootstrap_servers = ["127.0.0.1:9092"]', 'bootstrap_servers = ["kafka-1:9092", "kafka-2"]'),
        '[kafka]: bootstrap_servers: expected a list of brokers as host:port, such as ["kafka-1:9092", '
        '"kafka-2:9092"]: entry 2 is not host:port',
    ),
    "no copies": (
        ("replication_factor = -1", "replication_factor = 0"),
        "[kafka]: replication_factor: expected 1 to 100 copies, or -1 to leave it to the broker, such as 3, got 0",
    ),
    "login without encryption or a password check": (
        ('# sasl_username = "wachtmonitor"', 'sasl_username = "wachtmonitor"'),
        "[kafka]: sasl_username: not used with this security_protocol; choose SASL_SSL, or remove it",
    ),
    "certificate file that is not there": (
        ('# ssl_ca_file = "kafka-ca.pem"', 'ssl_ca_file = "kafka-ca.pem"'),
        '[kafka]: ssl_ca_file: expected a PEM file, such as "/run/secrets/kafka": what is named here cannot be read '
        "(No such file or directory)",
    ),
    "port out of range": (
        ("port = 9464", "port = 94640"),
        "[web]: port: expected a whole number from 1 to 65535, such as 9464, got 94640",
    ),
    "interval that never ends": (
        ("interval_seconds = 1.0", "interval_seconds = inf"),
        "[checkpoint]: interval_seconds: expected a number of seconds from 0.1 to 60, such as 1.0, got Infinity",
    ),
}


@pytest.mark.parametrize(
    ("change", "expected"),
    [pytest.param(change, expected, id=name) for name, (change, expected) in MISTAKES.items()],
)
def test_a_mistake_is_reported_once_and_with_its_place(write: Write, change: tuple[str, str], expected: str) -> None:
    assert problems_of(write(change)) == [expected]


@pytest.mark.parametrize("zone", ["", "Europe", "/etc/localtime", "../UTC"])
def test_what_is_no_zone_is_a_problem_even_where_it_is_a_path(write: Write, zone: str) -> None:
    (problem,) = problems_of(write(('zone = "Europe/Brussels"', f'zone = "{zone}"')))
    assert problem.startswith(f'zone: expected the IANA name of a time zone, such as "Europe/Brussels", got "{zone}"')


def test_what_is_forgotten_cannot_expire(write: Write) -> None:
    path = write(
        ("memory_days = 35", "memory_days = 1"),
        ("call_expiry_hours = 4\n", "call_expiry_hours = 48\n"),
        ("visit_expiry_hours = 12", "visit_expiry_hours = 24"),
    )
    assert problems_of(path) == [
        "[limits]: call_expiry_hours: expected at most memory_days (1 days), got 48 hours: "
        "what is forgotten cannot expire"
    ]


@pytest.mark.parametrize(
    ("table", "keys"),
    [
        (
            "norms",
            "speed_categories_seconds, service_level_percent, service_level_seconds, missed_percent, "
            "lead_working_days",
        ),
        (
            "opening_hours",
            "monday, tuesday, wednesday, thursday, friday, saturday, sunday, public_holidays, closing_days",
        ),
        ("windows", "minutes, slot_seconds"),
        (
            "kafka",
            "bootstrap_servers, group, calls_topic, tickets_topic, dead_letters_topic, month_totals_topic, "
            "closed_months_topic, snapshots_topic, partitions, replication_factor, writer",
        ),
    ],
)
def test_a_table_that_is_missing_is_one_problem_and_names_what_it_needs(write: Write, table: str, keys: str) -> None:
    path = write()
    path.write_text(_without_tables(PACKAGED, (table,)), encoding="utf-8")
    assert problems_of(path) == [f"[{table}]: missing; add this table with its keys: {keys}"]


@pytest.mark.parametrize("host", ["::1", "::", "0.0.0.0", "wall.example"])
def test_a_host_is_a_name_or_an_address(host: str) -> None:
    assert load(None, {"WACHTMONITOR_WEB_HOST": host}).web.host == host


@pytest.mark.parametrize("host", ["0.0.0.0:80", "wall:80", "::1::2"])
def test_a_host_with_a_port_is_refused(host: str) -> None:
    assert problems_of(None, {"WACHTMONITOR_WEB_HOST": host}) == [
        "WACHTMONITOR_WEB_HOST: expected the name or address of this machine to listen on, such as "
        f'"127.0.0.1", got "{host}": no IPv6 address; a port stands in the key port'
    ]


def test_a_choice_in_other_case_is_asked_about() -> None:
    assert problems_of(None, {"WACHTMONITOR_LANGUAGE": "FR"}) == [
        'WACHTMONITOR_LANGUAGE: expected one of "nl", "en", "fr", such as "nl", got "FR": did you mean "fr"?'
    ]


def test_the_example_of_an_address_is_of_what_is_asked_for() -> None:
    (problem,) = problems_of(None, {"WACHTMONITOR_PROMETHEUS_URL": "prometheus"})
    assert problem.endswith('such as "http://127.0.0.1:9090"')


def test_a_value_where_a_table_should_be_is_one_problem(write: Write) -> None:
    path = write()
    path.write_text('norms = "strict"\n' + _without_tables(PACKAGED, ("norms",)), encoding="utf-8")
    assert problems_of(path) == ['norms: expected a table that begins with [norms], got "strict"']


def test_clusters_that_are_missing_are_one_problem(write: Write) -> None:
    path = write()
    text = "".join(part for part in re.split(r"(?m)^(?=\[)", PACKAGED) if not part.startswith("[[cluster]]"))
    path.write_text(text, encoding="utf-8")
    assert problems_of(path) == ["cluster: expected one or more tables that begin with [[cluster]]"]


def test_everything_that_is_wrong_is_reported_at_once(write: Write) -> None:
    path = write(
        ('zone = "Europe/Brussels"', 'zone = "Mars"'),
        ('channel = "phone"', 'channel = "pigeon"'),
        ("norm_seconds = 120", 'norm_second = "2 min"'),
        ("service_level_percent = 70", "service_level_percent = -1"),
        ('sunday = "closed"', 'sunday = "9-12"'),
        ("slot_seconds = 10", "slot_seconds = 7"),
        ("2016 = 16.14", "2016 = 161.4"),
        ('writer = "transactional"', 'writer = "plane"'),
    )
    places = [problem.split(": expected")[0] for problem in problems_of(path, {"WACHTMONITOR_WEB_PORT": "x"})]
    assert places == [
        "zone",
        '[[cluster]] 1 "Klantencontactcentrum": channel',
        '[[cluster]] 4 "Mobiliteit": norm_seconds: missing, expected a whole number of seconds from 1 to 86400; '
        "add norm_seconds = 120",
        '[[cluster]] 4 "Mobiliteit": norm_second: unknown key; did you mean norm_seconds?',
        "[opening_hours]: sunday",
        "[windows]: minutes",
        "[norms]: service_level_percent",
        "[history.missed_percent]: 2016",
        "[kafka]: writer",
        "WACHTMONITOR_WEB_PORT",
    ]


def test_the_message_names_the_file_and_counts_the_problems(write: Write) -> None:
    path = write(("port = 9464", "port = 0"), ('sunday = "closed"', 'sunday = ""'))
    with pytest.raises(SettingsError) as caught:
        load(path, {})
    first, *rest = str(caught.value).splitlines()
    assert first == f"2 problems in the settings ({path}):"
    assert len(rest) == 2
    assert all(line.startswith("- [") for line in rest)


# The file itself.


def test_a_file_that_is_not_there_is_a_problem_with_advice(tmp_path: Path) -> None:
    path = tmp_path / "none.toml"
    assert problems_of(path) == [
        f"{path}: the settings file cannot be read (No such file or directory); name another with --settings or "
        "WACHTMONITOR_SETTINGS, or neither for the packaged settings"
    ]


def test_a_directory_is_no_settings_file(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path)
    assert problem.startswith(f"{tmp_path}: the settings file cannot be read (Is a directory)")


def test_a_file_that_may_not_be_read_is_a_problem(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write()

    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_text", refuse)  # the tests may run as root, whom no mode keeps out
    (problem,) = problems_of(path)
    assert problem.startswith(f"{path}: the settings file cannot be read (Permission denied); ")


def test_a_file_that_is_not_toml_is_reported_with_its_line(write: Write) -> None:
    (problem,) = problems_of(write(('zone = "Europe/Brussels"', "zone = Europe/Brussels")))
    line = PACKAGED[: PACKAGED.index("zone = ")].count("\n") + 1
    assert re.search(rf": not TOML: .*\(at line {line}, column 8\)", problem)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("a = " + "[" * 5_000, "nested too deeply", id="arrays"),
        pytest.param("a = 1e" + "9" * 50, "a number is too large", id="exponent"),
        pytest.param("a = " + "9" * 5_000, "Exceeds the limit", id="digits"),
    ],
)
def test_a_file_that_is_too_much_for_the_parser_is_a_problem_like_any_other(
    text: str, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    (problem,) = problems_of(path)
    assert problem.startswith(f"{path}: not TOML: ")
    assert reason in problem


def test_a_file_that_is_not_utf_8_is_reported_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes('zone = "Europe/Brussels"\n# één\n'.encode("latin-1"))
    assert problems_of(path) == [f"{path}: line 2 is not UTF-8; save the file as UTF-8"]


def test_the_byte_order_mark_of_other_editors_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(PACKAGED, encoding="utf-8-sig", newline="\r\n")
    assert load(path, {}) == load(None, {})


# The environment.


def test_a_variable_names_the_file_unless_the_command_line_does(write: Write, tmp_path: Path) -> None:
    path = write(("port = 9464", "port = 1234"))
    assert load(None, {"WACHTMONITOR_SETTINGS": str(path)}).web.port == 1234
    assert load(path, {"WACHTMONITOR_SETTINGS": str(tmp_path / "none.toml")}).web.port == 1234


def test_variables_replace_the_values_of_the_file(tmp_path: Path) -> None:
    environ = {
        "WACHTMONITOR_KAFKA_BOOTSTRAP_SERVERS": "a:9092, [::1]:9093",
        "WACHTMONITOR_KAFKA_GROUP": "other",
        "WACHTMONITOR_KAFKA_PARTITIONS": "12",
        "WACHTMONITOR_KAFKA_WRITER": "plain",
        "WACHTMONITOR_WEB_HOST": "0.0.0.0",
        "WACHTMONITOR_CHECKPOINT_INTERVAL_SECONDS": "2.5",
    }
    settings = load(None, environ)
    assert settings.kafka.bootstrap_servers == ("a:9092", "[::1]:9093")
    assert settings.kafka.group == "other"
    assert settings.kafka.partitions == 12
    assert settings.kafka.writer == "plain"
    assert settings.web == WebSettings(host="0.0.0.0", port=9464)
    assert settings.checkpoint.interval_seconds == 2.5


def test_a_variable_mends_what_is_wrong_or_missing_in_the_file(write: Write) -> None:
    path = write(("port = 9464", "port = 0"), ('bootstrap_servers = ["127.0.0.1:9092"]', ""))
    settings = load(path, {"WACHTMONITOR_WEB_PORT": "1", "WACHTMONITOR_KAFKA_BOOTSTRAP_SERVERS": "a:1"})
    assert (settings.web.port, settings.kafka.bootstrap_servers) == (1, ("a:1",))


def test_an_empty_variable_counts_as_not_set() -> None:
    assert load(None, {"WACHTMONITOR_WEB_PORT": "", "WACHTMONITOR_SETTINGS": ""}) == load(None, {})


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("WACHTMONITOR_WEB_PORT", "9464.0", 'expected a whole number from 1 to 65535, such as 9464, got "9464.0"'),
        ("WACHTMONITOR_WEB_PORT", "9" * 5000, 'expected a whole number from 1 to 65535, such as 9464, got "9999'),
        ("WACHTMONITOR_KAFKA_PARTITIONS", "vier", "expected a whole number of partitions from 1 to 1000"),
        ("WACHTMONITOR_KAFKA_BOOTSTRAP_SERVERS", "a:9092,", "expected a list of brokers as host:port"),
        ("WACHTMONITOR_CHECKPOINT_INTERVAL_SECONDS", "nan", "expected a number of seconds from 0.1 to 60"),
        (
            "WACHTMONITOR_KAFKA_GROUP",
            "\udcff",
            r"expected the name of a consumer group, without spaces around it, "
            r'such as "wachtmonitor", got "\udcff"',
        ),
        ("WACHTMONITOR_WEBPORT", "9464", "unknown variable; did you mean WACHTMONITOR_WEB_PORT?"),
        ("WACHTMONITOR_ZONE", "UTC", "unknown variable; "),
    ],
)
def test_a_wrong_variable_is_reported_by_its_name(name: str, text: str, problem: str) -> None:
    (only,) = problems_of(None, {name: text})
    assert only.startswith(f"{name}: {problem}")


def test_other_variables_are_nobodys_business() -> None:
    environ = {"PATH": "/bin", "WACHTMONITOR": "1", "WACHTMONITOR_REAL_CALLS": "/data/calls.tsv"}
    assert load(None, environ) == load(None, {})


def test_unknown_variables_are_reported_even_where_the_file_cannot_be_read(tmp_path: Path) -> None:
    assert len(problems_of(tmp_path / "none.toml", {"WACHTMONITOR_KAFKA_GROEP": "x"})) == 2


# Secrets.

PASSWORD = "hunter2-geheim"
LOGIN = (
    ('security_protocol = "PLAINTEXT"', 'security_protocol = "SASL_SSL"'),
    ('# sasl_mechanism = "SCRAM-SHA-512"', 'sasl_mechanism = "SCRAM-SHA-512"'),
    ('# sasl_username = "wachtmonitor"', 'sasl_username = "wachtmonitor"'),
)


def _revealed(settings: Settings) -> str:
    assert settings.kafka.sasl_password is not None
    return settings.kafka.sasl_password.get_secret_value()


def test_the_password_comes_from_the_environment(write: Write) -> None:
    assert _revealed(load(write(*LOGIN), {"WACHTMONITOR_KAFKA_SASL_PASSWORD": PASSWORD})) == PASSWORD


def test_the_password_comes_from_a_file_beside_the_settings(write: Write, tmp_path: Path) -> None:
    (tmp_path / "password").write_text(f"{PASSWORD}\n", encoding="utf-8")
    path = write(*LOGIN, ('# sasl_password_file = "/run/secrets/kafka"', 'sasl_password_file = "password"'))
    settings = load(path, {})
    assert _revealed(settings) == PASSWORD
    assert settings.kafka.sasl_password_file == tmp_path / "password"
    assert _revealed(load(path, {"WACHTMONITOR_KAFKA_SASL_PASSWORD": "newer"})) == "newer"


def test_a_login_that_lacks_everything_says_what_each_part_needs(write: Write) -> None:
    assert problems_of(write(LOGIN[0])) == [
        '[kafka]: sasl_mechanism: missing, security_protocol "SASL_SSL" needs it; '
        "add one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512",
        '[kafka]: sasl_username: missing, security_protocol "SASL_SSL" needs it; '
        "add the name that Kafka knows this program by",
        '[kafka]: sasl_password: missing, security_protocol "SASL_SSL" needs it; '
        "name a file that holds it in sasl_password_file, or set WACHTMONITOR_KAFKA_SASL_PASSWORD",
    ]


def test_a_password_in_the_settings_is_refused_without_being_shown(write: Write) -> None:
    path = write(*LOGIN, ("[kafka]\n", f'[kafka]\nsasl_password = "{PASSWORD}"\n'))
    (problem,) = problems_of(path)
    assert problem.startswith("[kafka]: sasl_password: a password must not stand in this file; ")
    assert "WACHTMONITOR_KAFKA_SASL_PASSWORD" in problem
    assert PASSWORD not in problem
    assert len(problems_of(path, {"WACHTMONITOR_KAFKA_SASL_PASSWORD": "x"})) == 1


@pytest.mark.parametrize(
    "line",
    [
        f'sasl_pasword = "{PASSWORD}"',
        f'sasl_password_file = "{PASSWORD}"',
        f'sasl_password_file = ["{PASSWORD}"]',
        f'sasl_password = {{ value = "{PASSWORD}" }}',
        f'sasl_password = "{PASSWORD}',
    ],
)
def test_a_password_in_the_wrong_place_is_not_shown_either(write: Write, line: str) -> None:
    """Nor by a stack trace, in which pydantic would repeat what it was given."""
    with pytest.raises(SettingsError) as caught:
        load(write(*LOGIN, ("[kafka]\n", f"[kafka]\n{line}\n")), {})
    assert caught.value.problems
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))


def test_a_password_in_the_address_of_a_broker_is_not_shown() -> None:
    (problem,) = problems_of(None, {"WACHTMONITOR_KAFKA_BOOTSTRAP_SERVERS": f"me:{PASSWORD}@kafka:9092"})
    assert PASSWORD not in problem


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe"])
def test_a_password_file_without_a_password_is_a_problem(write: Write, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "password").write_bytes(content)
    path = write(*LOGIN, ('# sasl_password_file = "/run/secrets/kafka"', 'sasl_password_file = "password"'))
    assert problems_of(path) == [
        "[kafka]: sasl_password_file: expected a file with a password in UTF-8, got one without"
    ]


def test_a_secret_shows_itself_to_nobody_who_does_not_ask(write: Write) -> None:
    settings = load(write(*LOGIN), {"WACHTMONITOR_KAFKA_SASL_PASSWORD": PASSWORD})
    assert PASSWORD not in repr(settings)
    assert PASSWORD not in str(settings.kafka.sasl_password)
    assert PASSWORD not in f"{settings.kafka.sasl_password}"
    with pytest.raises(TypeError):
        msgspec.json.encode(settings.kafka)
    assert settings.kafka.sasl_password == Secret(PASSWORD)
    assert settings.kafka.sasl_password != Secret("other")


def test_certificates_are_looked_up_beside_the_settings_and_from_here_for_variables(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    for directory in (tmp_path, here):
        (directory / "ca.pem").write_text("", encoding="utf-8")
    monkeypatch.chdir(here)
    path = write(
        ('security_protocol = "PLAINTEXT"', 'security_protocol = "SSL"'),
        ('# ssl_ca_file = "kafka-ca.pem"', 'ssl_ca_file = "ca.pem"'),
    )
    assert load(path, {}).kafka.ssl_ca_file == tmp_path / "ca.pem"
    assert load(path, {"WACHTMONITOR_KAFKA_SSL_CA_FILE": "ca.pem"}).kafka.ssl_ca_file == here / "ca.pem"


def test_a_key_without_its_certificate_is_a_problem(write: Write, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("", encoding="utf-8")
    path = write(
        ('security_protocol = "PLAINTEXT"', 'security_protocol = "SSL"'),
        ('# ssl_key_file = "wachtmonitor-key.pem"', 'ssl_key_file = "key.pem"'),
    )
    assert problems_of(path) == [
        "[kafka]: ssl_certificate_file: missing, ssl_key_file is of no use without it; add the certificate"
    ]


# Properties.

minutes_of_the_day = st.integers(0, 24 * 60)


@STEADY
@given(st.sets(minutes_of_the_day, min_size=2, max_size=12).map(sorted))
def test_opening_hours_mean_what_is_written(edges: list[int]) -> None:
    intervals = tuple(OpenInterval(*pair) for pair in zip(edges[::2], edges[1::2], strict=False))
    assert read_hours(", ".join(map(_written, intervals))) == intervals


def _written(interval: OpenInterval) -> str:
    edges = (interval.from_minute, interval.to_minute)
    return "-".join(f"{minute // 60:02d}:{minute % 60:02d}" for minute in edges)


@STEADY
@given(st.lists(st.tuples(minutes_of_the_day, minutes_of_the_day), min_size=1, max_size=4))
def test_opening_hours_are_refused_exactly_when_they_are_not_in_order(pairs: list[tuple[int, int]]) -> None:
    text = ",".join(_written(OpenInterval(*pair)) for pair in pairs)
    edges = [edge for pair in pairs for edge in pair]
    in_order = edges == sorted(edges) and all(start < end for start, end in pairs)
    try:
        intervals = read_hours(text)
    except ValueError:
        assert not in_order
    else:
        assert in_order
        assert intervals == tuple(OpenInterval(*pair) for pair in pairs)


@STEADY
@given(st.text(alphabet="0123456789:-, closed", max_size=24))
def test_no_text_for_opening_hours_ends_in_another_error(text: str) -> None:
    try:
        intervals = read_hours(text)
    except ValueError:
        return
    assert all(0 <= interval.from_minute < interval.to_minute <= 24 * 60 for interval in intervals)


toml_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals()
    | st.text(max_size=8)
    | st.dates()
    | st.datetimes()
    | st.times(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@STEADY
@given(st.data())
def test_whatever_a_key_holds_ends_in_problems_and_never_in_another_error(data: st.DataObject) -> None:
    values = tomllib.loads(PACKAGED, parse_float=Decimal)
    places: list[dict[str, Any]] = [values, *values["cluster"], *(v for v in values.values() if isinstance(v, dict))]
    table = data.draw(st.sampled_from(places))
    known = st.sampled_from([*table]) if table else st.just("url")  # of [prometheus], which is empty
    table[data.draw(known | st.text(max_size=6))] = data.draw(toml_values)
    problems: tuple[str, ...] = ()
    try:
        read_settings(values, Path("/nonexistent/settings.toml"), {}, [])
    except SettingsError as error:
        problems = error.problems
    assert all(": " in problem for problem in problems)


@STEADY
@given(st.sampled_from([(s, key) for s, keys in variable_keys().items() for key in keys]), st.text(max_size=12))
def test_whatever_a_variable_holds_ends_in_problems_and_never_in_another_error(
    place: tuple[str, str], text: str
) -> None:
    name = variable(*place)
    problems: tuple[str, ...] = ()
    try:
        load(None, {name: text})
    except SettingsError as error:
        problems = error.problems
    assert all(": " in problem for problem in problems)
