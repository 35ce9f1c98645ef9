"""The indicators of the telephone: what the city's plan asks of it, and how each compares to its norm."""

from typing import Final

from streams.core.indicators import Comparison, Measure, Period, Unit

WAIT: Final = Measure(
    name="call_wait",
    part="wait_ms",
    whole="answered",
    unit=Unit.SECONDS,
    comparison=Comparison.BELOW,
    place=2,
    of_cluster=True,
)

SERVICE_LEVEL: Final = Measure(
    name="service_level",
    part="within_service_level",
    whole="answered",
    unit=Unit.RATIO,
    comparison=Comparison.AT_LEAST,
    place=3,
    has_bound=True,
)

MISSED_SHARE: Final = Measure(
    name="missed_share",
    part="missed",
    whole="offered",
    unit=Unit.RATIO,
    comparison=Comparison.AT_MOST,
    period=Period.YEAR,
    place=4,
    decimals=2,
    norm_setting=lambda _, norms: norms.missed_ratio,
    metric="missed_ratio",
    norm_meaning="At most this share of the offered calls is missed.",
)
"""With two decimals, as in the reports of earlier years."""
