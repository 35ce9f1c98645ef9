"""Norms of indicators that channels which an installation adds declare: by the indicator's name, in its own unit."""

from decimal import Decimal
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field

from streams.channels import channels, indicator_of
from streams.core.indicators import Unit as Measured
from streams.core.rules import SECOND_MS
from streams.settings.kinds import number
from streams.settings.toml.section import Expected, Unit, together
from streams.settings.toml.text import nearest

_PERCENT: Final = 100


def _other_indicator(name: str) -> str:
    added = [each for each in channels() if not each.topic_setting]
    others = [each.name for channel in added for each in channel.indicators if not each.of_cluster]
    if name in others:
        return name
    if not others:
        raise ValueError("expected no key here: every indicator that there is has a norm of its own; remove this one")
    raise ValueError(f"expected an indicator of a channel that was added as the key; {nearest(name, others)}")


AddedIndicator = Annotated[str, AfterValidator(_other_indicator), Unit("indicator")]
"""The name of an indicator that a registered channel declares, and that no other key has the norm of."""

_Norm = Annotated[
    Decimal,
    BeforeValidator(number),
    Field(ge=0, le=10**6),
    Expected("a number in the unit of the indicator: a percentage, seconds or working days", "80"),
]


def _shares(found: dict[str, Decimal]) -> dict[str, Decimal]:
    """A share is no more than a whole."""
    for name, norm in found.items():
        if indicator_of(name)[0].unit is Measured.RATIO and norm > _PERCENT:
            raise together(f"expected a percentage from 0 to 100 for {name}, got {norm}: it is a share")
    return found


AddedNorms = Annotated[dict[AddedIndicator, _Norm], AfterValidator(_shares)]


def as_counted(name: str, norm: Decimal) -> float:
    """The norm of an indicator as its counts have it: a ratio, ms, working days."""
    unit = indicator_of(name)[0].unit
    if unit is Measured.RATIO:
        return float(norm / _PERCENT)
    return float(norm * SECOND_MS) if unit is Measured.SECONDS else float(norm)
