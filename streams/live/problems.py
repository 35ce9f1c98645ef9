"""What is wrong with the monitor at this moment, said once for everybody: whoever is on call, the log and the wall.

A problem knows whose figures cannot be trusted while it lasts.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from streams.channels import channel_names
from streams.core.rules import Channel
from streams.words import Message


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong. While there is any, nothing is healthy.

    The figures of `channels` cannot be trusted meanwhile, so they are grey wherever they are shown.
    """

    code: str
    """One fixed word for its kind, however often the figures in its text change: by it the log says it once."""
    text: str
    """For whoever is on call, in English: what is wrong, and what to do where that is known."""
    on_wall: Message
    """The same in a few words for the wall, which says it in the language of the screen."""
    channels: tuple[Channel, ...] = msgspec.field(default_factory=channel_names)
    in_process: bool = False
    """Whether this process is ill, so that starting it again may help; it would be for nothing otherwise."""


CODES: Final[Mapping[str, str]] = {
    "waiting_for_partitions": "The worker has no partitions yet, or hands them over: it waits for the group.",
    "catching_up": "Partitions are being read up to their end; the figures are those of more than two seconds ago.",
    "part_missing": "No worker has told the figures of some partitions within the last two seconds.",
    "part_unanswered": "A worker has partitions, but no broker has answered it about them for two seconds.",
    "cut_off": "The worker does not reach the brokers; another one may have taken its partitions over.",
    "stopped": "Counting has stopped by an error. The process ends; the log says why.",
    "judging_anew": "Norms, hours or other rules have changed, and are being applied to all that is remembered.",
    "other_settings": "Another worker of the group counts by other rules, so that figures do not add up.",
    "share_unwritten": "The figures of this worker do not reach the others of the group.",
    "shares_unread": "The figures of the other workers are not read.",
    "closed_months_unread": "Which months are closed cannot be read; /metrics/months shows no month that is over.",
    "clocks_differ": "The clocks of this worker and of the brokers are more than five seconds apart.",
    "clocks_apart": "They are a minute or more apart: no month closes, no report or snapshot is made.",
    "clocks_unknown": "No broker has told its time for a minute; the same holds as for clocks that are far apart.",
    "source_<name>": "A source of the settings is not connected, or nobody follows it; the text says why.",
    "refused_<channel>": "Most or all records of the channel's topic are refused; the text says why and what to do.",
    "refused_<channel>_<cluster>": "Records of one cluster are lost for the spelling of its name.",
}
"""Every code with what it means, for the documentation."""
