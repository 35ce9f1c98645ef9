"""What share of a topic's newest records is refused, and which of its lines are refused altogether.

One bad record among good ones is for the dead letters; here it is about a source of which little or nothing is
counted. All is judged by the order of records and not by time, so that a quiet desk is judged as a busy line is.
Costs next to nothing while nothing is refused.
"""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from math import ceil
from typing import Final, NamedTuple

from streams.channels.acceptance import Explainer, Refused
from streams.contracts.batch import RejectedRecord
from streams.contracts.rejections import Reason

RECENT_RECORDS: Final = 20
"""So many of the newest records are judged: a handful of calls, which come within minutes on a quiet line."""

NAMED_RECORDS: Final = 100
"""In so many refused records of a batch names are looked for, so that a flood costs next to nothing."""

MANY_REFUSED: Final = 10
"""So many refused of them are most. One call has up to four records, so two bad calls in a row are not it."""

ACCEPTED_AGAIN: Final = 5
"""So many accepted in a row, two calls, end it where all was refused: whoever has mended a source wants to see it.
Where every second record was, it takes twice as many, so that what is refused in part is not over and back again by
chance all day."""

LINE_RECORDS: Final = 10
"""A name is a line's, not one call's, once so many records came with it."""

MISSED_TURNS: Final = 8
"""A line's name comes no more after so many times the records that there used to be between two of it: by chance that
happens once in 3,000 times."""

NAMES_MAX: Final = 50
"""So many names that nobody knows are remembered, and the one that came least recently is forgotten first."""


class Line(NamedTuple):
    """A cluster of the settings whose records are refused because a source writes its name differently."""

    cluster: str
    records: int
    """How many were seen; there may have been more."""
    newest: Refused


class _Name:
    """How often, and where among the records of the topic, a name came that the settings do not have."""

    def __init__(self, place: int) -> None:
        self.count = 0
        self.first = self.last = place
        self.newest: Refused | None = None
        self.like: str | None = None
        """The cluster that it is surely the name of; looked up once the name is a line's."""

    def note(self, place: int, refused: Refused) -> None:
        self.count, self.last, self.newest = self.count + 1, place, refused

    def is_over(self, place: int) -> bool:
        gap = (self.last - self.first) / max(1, self.count - 1)
        return place - self.last > MISSED_TURNS * max(1.0, gap)


class RecentRefusals:
    """The newest records of one topic: how many are refused, why, and the names that are not known."""

    def __init__(self, explainer: Explainer) -> None:
        """Nothing is known of any record, so nothing is claimed."""
        self._explainer = explainer
        self._recent: deque[Refused | None] = deque(maxlen=RECENT_RECORDS)
        """None for an accepted one. Holds nothing of before so many were accepted in a row that it was over."""
        self._accepted_in_a_row = 0
        self._over_after = ACCEPTED_AGAIN
        self._place = 0
        """Records so far."""
        self._names: dict[str, _Name] = {}
        self._is_bad = False

    def note(
        self,
        values: Sequence[bytes | None],
        times_ms: Sequence[int],
        rejected: Sequence[RejectedRecord],
    ) -> None:
        """Take in consecutive records, and which of them were rejected."""
        count = len(values)
        if not count:
            return
        if not rejected:
            self._place += count
            self._accept(count)
            return
        for place, rejection in rejected[-NAMED_RECORDS:]:
            self._look_for_name(self._place + place + 1, Refused(rejection, values[place], times_ms[place]))
        self._place += count
        newest = dict(rejected[-RECENT_RECORDS:])
        for place in range(max(0, count - RECENT_RECORDS), count):
            if place in newest:
                self._refuse(Refused(newest[place], values[place], times_ms[place]))
            else:
                self._accept(1)

    def _accept(self, count: int) -> None:
        self._accepted_in_a_row += count
        if self._accepted_in_a_row >= self._over_after:
            self._over_after = ACCEPTED_AGAIN
            self._recent.clear()
            self._is_bad = False
        else:
            self._recent.extend([None] * count)

    def _refuse(self, refused: Refused) -> None:
        if refused.rejection.reason is Reason.TOO_LARGE:
            refused = refused._replace(value=None)
        self._accepted_in_a_row = 0
        self._recent.append(refused)
        self._is_bad = self._is_bad or self.refused_count >= MANY_REFUSED
        if self._is_bad:
            self._over_after = ceil(ACCEPTED_AGAIN * len(self._recent) / self.refused_count)

    def _look_for_name(self, place: int, refused: Refused) -> None:
        if refused.rejection.reason is not Reason.UNKNOWN_CLUSTER:
            return
        cluster = self._explainer.cluster(refused.value)
        if cluster is None:
            return
        name = self._names.pop(cluster, None) or _Name(place)  # the last in the dictionary came last
        self._names[cluster] = name
        name.note(place, refused)
        if name.count == LINE_RECORDS:
            like = self._explainer.like(cluster)
            name.like = like.name if like is not None and like.is_same else None
        if len(self._names) > NAMES_MAX:
            del self._names[next(iter(self._names))]

    # Reading.

    @property
    def are_most(self) -> bool:
        """Whether most of the newest records are refused, and that not over yet."""
        return self._is_bad

    @property
    def recent_count(self) -> int:
        """How many records are judged."""
        return len(self._recent)

    @property
    def refused_count(self) -> int:
        """How many of them are refused."""
        return len(self._recent) - self._recent.count(None)

    def count_of(self, reason: Reason) -> int:
        """How many of them for this reason."""
        return sum(each is not None and each.rejection.reason is reason for each in self._recent)

    def commonest(self) -> Refused | None:
        """The newest record that was refused for the reason for which most were; None where none is remembered."""
        refused = [each for each in self._recent if each is not None]
        if not refused:
            return None
        ((reason, _),) = Counter(each.rejection.reason for each in refused).most_common(1)
        return next(each for each in reversed(refused) if each.rejection.reason is reason)

    def lines(self) -> Iterator[Line]:
        """The clusters whose records a source sends under another spelling, as long as it does."""
        for name in self._names.values():
            if name.like is not None and name.newest is not None and not name.is_over(self._place):
                yield Line(name.like, name.count, name.newest)
