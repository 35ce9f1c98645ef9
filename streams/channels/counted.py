"""The tallies that there are: of each channel one."""

from streams.channels import channels
from streams.core.counts import Tally


def tallies() -> tuple[type[Tally], ...]:
    """The tally of each channel, in the order in which they are shown."""
    return tuple(each.tally for each in channels())
