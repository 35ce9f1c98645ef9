"""The alarms: what is compared with which bound, for how long, and what people are told.

An alarm compares one series of deploy/prometheus/rules/alarms.yml: the arithmetic, the norms and the opening hours
are in that. What is chosen here is when to tell people. Must not know metrics that workers export, only recording
rules, nothing of Grafana's files, and nothing of how messages are sent.
"""

from enum import StrEnum
from typing import Final

import msgspec


class Severity(StrEnum):
    """Who is to be told: whoever is on call, the team today, or whoever looks."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class OnSilence(StrEnum):
    """What an alarm does when Prometheus answers nothing, or not at all."""

    KEEP_LAST = "KeepLast"
    """Nothing is known, so nothing has changed; the alarm about the monitor itself tells people."""
    ALERTING = "Alerting"


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """One alarm. Texts are Dutch and may hold Grafana's template actions."""

    uid: str
    """Names the alarm in Grafana, in the label `alarm`, and its section of the runbook."""
    title: str
    severity: Severity
    series: str
    """The recording rule that is compared: one alert for each of its series."""
    fires_above: float
    recovers_below: float
    """Hysteresis: an alert that is firing or about to goes on until the series falls below this."""
    hold_seconds: int
    """How long the series stays above before the alert fires."""
    keep_firing_seconds: int
    """How long the alert goes on after the series has recovered: a new breach in that time is no new message."""
    summary: str
    """What is wrong, with figure and norm: `$values.figure` and `$values.norm`, see `figure` and `norm`."""
    description: str
    """What it means and what to do first."""
    figure: str
    """PromQL of the figure in the message; as always there as `series`."""
    norm: str | None = None
    """PromQL of the norm in the message."""
    on_silence: OnSilence = OnSilence.KEEP_LAST


_MINUTE: Final = 60
_NO_FLAPPING: Final = 10 * _MINUTE
"""What comes back within ten minutes is the same trouble, and people have been told."""

_CLUSTER: Final = "{{ $labels.cluster }}"
_SECONDS: Final = '{{ printf "%.0f" $values.figure.Value }} s'
_NORM_SECONDS: Final = '{{ printf "%.0f" $values.norm.Value }} s'
_TOO_FAST: Final = '{{ reReplaceAll "[.]" "," (printf "%.1f" $values.figure.Value) }} keer te snel'
_COUNT: Final = '{{ printf "%.0f" $values.figure.Value }}'
_NORM_PERCENT: Final = '{{ reReplaceAll "[.]" "," (humanizePercentage $values.norm.Value) }}'
_NORM_WAIT: Final = "cluster:wachtmonitor_norm_wait_seconds:max"

ALARMS: Final = (
    Alarm(
        uid="langste-wachttijd",
        title="Langste wachttijd boven de norm",
        severity=Severity.CRITICAL,
        series="cluster:wachtmonitor_alarm_longest_wait:norm_ratio",
        fires_above=1,
        recovers_below=0.8,
        hold_seconds=30,
        keep_firing_seconds=_NO_FLAPPING,
        summary=f"{_CLUSTER}: er wacht iemand al {_SECONDS}, de norm is {_NORM_SECONDS}.",
        description="Al minstens een halve minuut wacht er een beller langer dan de norm. Zet iemand bij.",
        figure="cluster:wachtmonitor_alarm_longest_wait:seconds",
        norm=_NORM_WAIT,
    ),
    Alarm(
        uid="gemiddelde-wachttijd",
        title="Gemiddelde wachttijd boven de norm",
        severity=Severity.WARNING,
        series="cluster:wachtmonitor_alarm_wait_15m:norm_ratio",
        fires_above=1,
        recovers_below=0.9,
        hold_seconds=_MINUTE,
        keep_firing_seconds=_NO_FLAPPING,
        summary=f"{_CLUSTER}: gemiddeld {_SECONDS} wachten over 15 minuten, de norm is {_NORM_SECONDS}.",
        description="Van minstens vijf beantwoorde oproepen. Dit is drukte, geen enkele beller die pech heeft.",
        figure="cluster:wachtmonitor_alarm_wait_15m:seconds",
        norm=_NORM_WAIT,
    ),
    Alarm(
        uid="loket-wachttijd",
        title="Wachttijd aan het loket boven de norm",
        severity=Severity.WARNING,
        series="cluster:wachtmonitor_alarm_desk_wait_60m:norm_ratio",
        fires_above=1,
        recovers_below=0.9,
        hold_seconds=2 * _MINUTE,
        keep_firing_seconds=_NO_FLAPPING,
        summary=f"{_CLUSTER}: bezoekers wachten gemiddeld {_SECONDS} over een uur, de norm is {_NORM_SECONDS}.",
        description="Van minstens drie bezoekers met een afspraak, vanaf het geplande begin. De planning loopt uit.",
        figure="cluster:wachtmonitor_alarm_desk_wait_60m:seconds",
        norm=_NORM_WAIT,
    ),
    Alarm(
        uid="snelheid-verbruik",
        title="Te veel trage antwoorden dit uur",
        severity=Severity.WARNING,
        series="cluster:wachtmonitor_alarm_service_level:fast_burn_rate",
        fires_above=2,
        recovers_below=1.5,
        hold_seconds=2 * _MINUTE,
        keep_firing_seconds=_NO_FLAPPING,
        summary=f"{_CLUSTER}: trage antwoorden gaan {_TOO_FAST} voor de norm van {_NORM_PERCENT}.",
        description="Over het laatste uur en nog steeds over het laatste kwartier, van minstens twintig oproepen.",
        figure="cluster:wachtmonitor_alarm_service_level:fast_burn_rate",
        norm="city:wachtmonitor_norm_service_level_ratio:max",
    ),
    Alarm(
        uid="snelheid-maand",
        title="De maand haalt de norm voor snelheid niet",
        severity=Severity.INFO,
        series="cluster:wachtmonitor_alarm_service_level:slow_burn_rate",
        fires_above=1,
        recovers_below=0.95,
        hold_seconds=15 * _MINUTE,
        keep_firing_seconds=60 * _MINUTE,
        summary=f"{_CLUSTER}: trage antwoorden gaan {_TOO_FAST} voor de norm van {_NORM_PERCENT}.",
        description="Deze maand tot nu toe, en ook vandaag. Bekijk in het maandbeeld op welke uren het misgaat.",
        figure="cluster:wachtmonitor_alarm_service_level:slow_burn_rate",
        norm="city:wachtmonitor_norm_service_level_ratio:max",
    ),
    Alarm(
        uid="gemist-verbruik",
        title="Te veel gemiste oproepen dit uur",
        severity=Severity.WARNING,
        series="cluster:wachtmonitor_alarm_missed_calls:fast_burn_rate",
        fires_above=2,
        recovers_below=1.5,
        hold_seconds=2 * _MINUTE,
        keep_firing_seconds=_NO_FLAPPING,
        summary=f"{_CLUSTER}: gemiste oproepen gaan {_TOO_FAST} voor de norm van hoogstens {_NORM_PERCENT}.",
        description="Over het laatste uur en nog steeds over het laatste kwartier, van minstens twintig oproepen.",
        figure="cluster:wachtmonitor_alarm_missed_calls:fast_burn_rate",
        norm="city:wachtmonitor_norm_missed_ratio:max",
    ),
    Alarm(
        uid="gemist-jaar",
        title="Het jaar haalt de norm voor gemiste oproepen niet",
        severity=Severity.INFO,
        series="cluster:wachtmonitor_alarm_missed_calls:slow_burn_rate",
        fires_above=1,
        recovers_below=0.95,
        hold_seconds=15 * _MINUTE,
        keep_firing_seconds=60 * _MINUTE,
        summary=f"{_CLUSTER}: gemiste oproepen gaan {_TOO_FAST} voor de norm van hoogstens {_NORM_PERCENT}.",
        description="Dit jaar tot nu toe, en ook vandaag. Het maandbeeld toont hoeveel er nog gemist mogen worden.",
        figure="cluster:wachtmonitor_alarm_missed_calls:slow_burn_rate",
        norm="city:wachtmonitor_norm_missed_ratio:max",
    ),
    Alarm(
        uid="toevoer-stil",
        title="Toevoer stil",
        severity=Severity.INFO,
        series="city:wachtmonitor_alarm_feed:stale_ratio",
        # The scrape, the rules and Grafana take 20 s at most: the message is there before the figures count as old.
        fires_above=0.75,
        recovers_below=0.5,
        hold_seconds=0,
        keep_firing_seconds=_NO_FLAPPING,
        summary=f"Al {_SECONDS} geen bericht van de centrale of de loketten.",
        description="Op een kalm moment kan dat. Blijft het stil, dan kloppen de cijfers op de muur niet meer.",
        figure="city:wachtmonitor_alarm_feed:silence_seconds",
    ),
    Alarm(
        uid="toevoer-uitgevallen",
        title="Toevoer uitgevallen",
        severity=Severity.CRITICAL,
        series="topic:wachtmonitor_alarm_feed:events_missing",
        fires_above=16,
        recovers_below=4,
        hold_seconds=0,
        keep_firing_seconds=_NO_FLAPPING,
        summary="Topic {{ $labels.topic }}: " + f"al {_SECONDS} geen bericht, veel langer dan bij deze drukte kan.",
        description="De muur toont oude cijfers: een stille toevoer lijkt op niemand die wacht. Kijk naar de bron.",
        figure="topic:wachtmonitor_feed_age_seconds:min",
    ),
    Alarm(
        uid="monitor-uit",
        title="Wachtmonitor antwoordt niet",
        severity=Severity.CRITICAL,
        series="city:wachtmonitor_alarm_workers:missing",
        fires_above=0.5,
        recovers_below=0.5,
        hold_seconds=30,
        keep_firing_seconds=_MINUTE,
        summary="Prometheus bereikt geen enkele worker: niemand meet.",
        description="De muur staat stil en andere alarmen zwijgen. Start de workers of Prometheus opnieuw.",
        figure="city:wachtmonitor_alarm_workers:missing",
        on_silence=OnSilence.ALERTING,
    ),
    Alarm(
        uid="partities-zonder-worker",
        title="Een deel van de oproepen wordt niet gelezen",
        severity=Severity.CRITICAL,
        series="topic:wachtmonitor_alarm_partitions:missing",
        fires_above=0.5,
        recovers_below=0.5,
        hold_seconds=_MINUTE,
        keep_firing_seconds=_MINUTE,
        summary="Topic {{ $labels.topic }}: " + f"{_COUNT} partities hebben geen worker.",
        description="Alle cijfers zijn te laag. Na een storing neemt een andere worker ze binnen tien seconden over.",
        figure="topic:wachtmonitor_alarm_partitions:missing",
    ),
    Alarm(
        uid="monitor-achter",
        title="Wachtmonitor loopt achter",
        severity=Severity.CRITICAL,
        series="topic:wachtmonitor_alarm_lag:min1m",
        fires_above=20,
        recovers_below=5,
        hold_seconds=0,
        keep_firing_seconds=2 * _MINUTE,
        summary="Topic {{ $labels.topic }}: " + f"al een minuut minstens {_COUNT} ongelezen berichten.",
        description="De cijfers zijn oud. Een worker leest er duizenden per seconde, dus er houdt hem iets tegen.",
        figure="topic:wachtmonitor_alarm_lag:min1m",
    ),
    Alarm(
        uid="controlepunt-oud",
        title="Wachtmonitor kan zijn stand niet wegschrijven",
        severity=Severity.WARNING,
        series="topic:wachtmonitor_alarm_checkpoint:overdue_seconds",
        fires_above=60,
        recovers_below=30,
        hold_seconds=_MINUTE,
        keep_firing_seconds=2 * _MINUTE,
        summary="Topic {{ $labels.topic }}: " + f"het laatste controlepunt is {_SECONDS} oud.",
        description="De cijfers kloppen, maar na een herstart leest de worker alles opnieuw. Kijk naar Kafka.",
        figure="topic:wachtmonitor_alarm_checkpoint:overdue_seconds",
    ),
    Alarm(
        uid="berichten-geweigerd",
        title="Berichten geweigerd",
        severity=Severity.INFO,
        series="topic:wachtmonitor_alarm_rejections:growth15m",
        fires_above=5,
        recovers_below=1,
        hold_seconds=0,
        keep_firing_seconds=15 * _MINUTE,
        summary="Topic {{ $labels.topic }}: " + f"{_COUNT} berichten in 15 minuten geweigerd.",
        description="Ze tellen nergens mee. De reden staat bij elk bericht op het topic dead-letters.",
        figure="topic:wachtmonitor_alarm_rejections:growth15m",
    ),
    Alarm(
        uid="berichten-verloren",
        title="Berichten verloren",
        severity=Severity.WARNING,
        series="topic:wachtmonitor_alarm_deleted_unread:growth1d",
        fires_above=0.5,
        recovers_below=0.5,
        hold_seconds=0,
        # Longer than the pause at noon, in which it is silent: what was told in the morning is no news after it.
        keep_firing_seconds=70 * _MINUTE,
        summary="Topic {{ $labels.topic }}: " + f"{_COUNT} berichten verwijderd voor iemand ze las.",
        description="Kafka bewaarde ze niet lang genoeg. Elk cijfer mist ze, ook dat van de maand.",
        figure="topic:wachtmonitor_alarm_deleted_unread:growth1d",
    ),
)
