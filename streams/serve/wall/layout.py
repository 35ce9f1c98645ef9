"""How a channel stands on the wall: as tiles or as a table, with which figures. One for each channel.

Whatever has a layout here is shown, by the page and by `say`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from streams.channels import CALLS, VISITS
from streams.core.rules import Channel
from streams.serve.wall.calls import CallsLayout
from streams.serve.wall.moment import ClusterNow, Moment
from streams.serve.wall.payload import Cell, Column, Form
from streams.serve.wall.visits import VisitsLayout
from streams.words import Words


class Layout(Protocol):
    """What a channel tells of itself; titles and names are keys of the catalogues."""

    @property
    def form(self) -> Form:
        """Tiles or a table."""

    @property
    def feed(self) -> str:
        """What the wall calls its feed."""

    @property
    def title(self) -> str:
        """Stands above or beside its clusters."""

    @property
    def place(self) -> str:
        """What one of its clusters is called."""

    def window(self, sums: Sequence[int]) -> Any:
        """A window from the sums of a share, in their order."""

    def columns(self, moment: Moment, words: Words) -> tuple[Column, ...]:
        """The figures that each of its clusters has."""

    def cells(self, cluster: ClusterNow, moment: Moment, words: Words) -> tuple[Cell, ...]:
        """The figures of a cluster, one for each column; the one keyed `average` judges it."""

    def norm(self, cluster: ClusterNow, words: Words) -> str:
        """The norm of a cluster's average wait."""

    def note(self, cluster: ClusterNow, moment: Moment, words: Words) -> str:
        """What else there is to tell of a cluster, if anything."""


_LAYOUTS: Final[dict[Channel, Layout]] = {CALLS.name: CallsLayout(), VISITS.name: VisitsLayout()}

LAYOUTS: Final[Mapping[Channel, Layout]] = _LAYOUTS
"""In the order of the wall."""


def add_layout(channel: Channel, layout: Layout) -> None:
    """Show a channel on the wall, after those that are there."""
    _LAYOUTS[channel] = layout
