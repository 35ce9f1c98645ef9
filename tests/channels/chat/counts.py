"""What is counted of chats."""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Final

from streams.core.counts import SERVED, Count, Shown, Tally, Terms, Unit, add_to_sketch, count_excluded
from streams.core.measure import Excluded, Measurement
from streams.core.places import Places
from tests.channels.chat.contact import AbandonedChat, AnsweredChat

CHATS: Final = Unit("chats")


class ChatTally(Tally, gc=False, omit_defaults=True):
    """Chats of one cluster, of which the outcome is known."""

    title: ClassVar[str] = "chat"

    answered: Annotated[int, Count(CHATS, "Chats answered.", metric=SERVED)] = 0
    abandoned: Annotated[int, Count(CHATS, "Chats that ended without an answer.")] = 0

    @property
    def known(self) -> Annotated[int, Count(CHATS, "Chats of which the outcome is known.", shown=Shown.NOWHERE)]:
        """What the share of abandoned chats divides by."""
        return self.answered + self.abandoned

    def shared(self, _: Terms) -> tuple[int, ...]:
        """Answered, their waits in ms, those within the norm, abandoned."""
        return self.answered, self.wait_ms, self.within_norm, self.abandoned

    @staticmethod
    def count_in(tallies: "Sequence[ChatTally]", measured: Measurement, sign: int, places: Places) -> None:
        """Add (sign 1) or take back (sign -1) one chat in each of the tallies."""
        if isinstance(measured, AnsweredChat):
            add_to_sketch(tallies[0], [measured.wait_ms], sign)
            for tally in tallies:
                tally.answered += sign
                tally.wait_ms += sign * measured.wait_ms
                tally.within_norm += sign * (measured.wait_ms <= places.norms_ms.get(measured.cluster, 0))
        elif isinstance(measured, AbandonedChat):
            for tally in tallies:
                tally.abandoned += sign
        elif isinstance(measured, Excluded):
            count_excluded(tallies, measured, sign, places)
