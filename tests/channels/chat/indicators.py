"""The indicators of chats, which nobody else has."""

from typing import Final

from streams.core.indicators import Comparison, Measure, Unit

WAIT: Final = Measure(
    name="chat_wait",
    part="wait_ms",
    whole="answered",
    unit=Unit.SECONDS,
    comparison=Comparison.AT_MOST,
    of_cluster=True,
)
