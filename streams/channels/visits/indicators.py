"""The indicators of visits: what the city's plan asks of the desks, and how each compares to its norm."""

from typing import Final

from streams.core.indicators import Comparison, Measure, Unit

WAIT: Final = Measure(
    name="visitor_wait",
    part="wait_ms",
    whole="served",
    unit=Unit.SECONDS,
    comparison=Comparison.AT_MOST,
    place=1,
    of_cluster=True,
)

LEAD_TIME: Final = Measure(
    name="lead_time",
    part="lead_days",
    whole="requests",
    unit=Unit.WORKING_DAYS,
    comparison=Comparison.AT_MOST,
    place=5,
    norm_setting=lambda rules, _: rules.lead_norm_days,
    metric="lead_workdays",
    norm_meaning="An appointment is given within this many working days.",
)
"""Of all clusters together it is the plan's own figure: working days and requests of all of them, each once."""
