"""Refused records as problems: what is said of a topic of which most records are refused, or all of a line."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from streams.channels.acceptance import Explainer, Refused
from streams.channels.refusals import RecentRefusals
from streams.contracts.rejections import Reason
from streams.core.rules import Channel, Rules
from streams.live.problems import Problem
from streams.words import Message, message

_LEFT: Final = "They are counted nowhere and stand in the dead letters."


def reason_words(reason: Reason) -> Message:
    """Why a record is refused, on screens."""
    return message(f"refused-{reason.value.replace('_', '-')}")


class TopicRefusals:
    """What is refused of one topic, as far as this process reads it."""

    def __init__(self, topic: str, channel: Channel, rules: Rules) -> None:
        self.topic = topic
        self._channel = channel
        self._explainer = Explainer(channel, rules)
        self.recent = RecentRefusals(self._explainer)

    def problems(self, applied: int, rejected: Mapping[str, int]) -> tuple[Problem, ...]:
        """What is wrong by the newest records, where so many were applied so far and so many rejected by reason."""
        problem = None if applied else self._all_refused(rejected)
        problem = problem or self._most_refused()
        return tuple(self._lines()) if problem is None else (problem,)

    def _all_refused(self, rejected: Mapping[str, int]) -> Problem | None:
        by_reason = Counter({reason: rejected[reason] for reason in Reason if reason in rejected})
        if not by_reason:
            return None
        total, ((reason, count),) = by_reason.total(), by_reason.most_common(1)
        every = "the only record" if total == 1 else f"all {total:,} records"
        return self._refused(
            f"{every} of {self.topic} that {'was' if total == 1 else 'were'} read", reason, is_only=count == total
        )

    def _most_refused(self) -> Problem | None:
        recent, newest = self.recent, self.recent.commonest()
        if not recent.are_most or newest is None:
            return None
        reason, count = newest.rejection.reason, recent.refused_count
        return self._refused(
            f"{count} of the newest {recent.recent_count} records of {self.topic}",
            reason,
            is_only=recent.count_of(reason) == count,
        )

    def _refused(self, which: str, reason: Reason, *, is_only: bool) -> Problem:
        return Problem(
            code=f"refused_{self._channel}",
            text=f"refused: {which} ({'' if is_only else 'mostly '}{reason}); {self._particulars(reason)} {_LEFT}",
            on_wall=message(
                "problem-refused", contacts=message(f"contacts-{self._channel}"), reason=reason_words(reason)
            ),
            channels=(self._channel,),
        )

    def _particulars(self, reason: Reason) -> str:
        newest = self.recent.commonest()
        if newest is None or newest.rejection.reason is not reason:  # from before a restart
            return f"{reason.explanation} {reason.remedy}"
        return self.explained(newest)

    def explained(self, refused: Refused) -> str:
        """What is wrong with a record, and what to do."""
        return self._explainer.particulars(refused)

    def _lines(self) -> Iterator[Problem]:
        """Lines that are lost while others are counted: their figures alone cannot be trusted."""
        for line in self.recent.lines():
            which = f"{line.records:,} or more records of {self.topic} for the spelling of their cluster"
            yield Problem(
                code=f"refused_{self._channel}_{line.cluster}",
                text=f"refused: {which}; {self.explained(line.newest)} {_LEFT}",
                on_wall=message("problem-misspelt", cluster=line.cluster),
                channels=(),
            )
