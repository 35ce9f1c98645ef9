"""How many employees serve a cluster, as counts without names: the event of the topic `staffing`.

Each says all that one source knows of one cluster at one moment, so that one that is lost is made good by the next.
Must not know channels.
"""

from collections.abc import Mapping
from typing import Annotated, Final

import msgspec

from streams.contracts.decode import Decoder
from streams.contracts.events import ClusterName, HappenedAt
from streams.contracts.faults import Expectation
from streams.contracts.rejections import Reason

STAFF_MAX: Final = 100_000
"""More people than any city has at its telephones: what is larger is a mistake."""

PAUSES_MAX: Final = 20
"""Most kinds of pauses that are told apart, in an event as in the settings."""

PAUSE_PATTERN: Final = "^[a-z][a-z0-9_-]{0,29}$"
"""What a kind of pause is called: a label of a metric, and never the text that a person typed."""

OTHER_PAUSE: Final = "other"
"""The kind of every pause that the settings do not name."""

SOURCE_PATTERN: Final = "^[a-z][a-z0-9-]{0,39}$"
"""What a source is called: as a table `[source.NAME]` of the settings."""

Count = Annotated[int, msgspec.Meta(ge=0, le=STAFF_MAX)]

_Pause = Annotated[str, msgspec.Meta(pattern=PAUSE_PATTERN)]


class Staffing(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag="staffing"):
    """How many employees serve a cluster at this moment, as far as one source knows: all of it, not what changed.

    What a source does not know it leaves out: 0 says that there is nobody. Of each source the newest counts, in
    whatever order they come; what several sources tell of one cluster adds up. Who is logged in and in none of the
    other counts is being rung, or the source does not say.
    """

    source: Annotated[
        str,
        msgspec.Meta(
            pattern=SOURCE_PATTERN,
            description="Who tells it: the name of the source in the settings, or another of the kind.",
        ),
    ]
    channel: Annotated[
        str, msgspec.Meta(min_length=1, max_length=40, description="`phone`, `desk`, or a channel that was added.")
    ]
    cluster: ClusterName
    at: HappenedAt
    logged_in: Annotated[Count | None, msgspec.Meta(description="Who may serve, paused or not.")] = None
    free: Annotated[Count | None, msgspec.Meta(description="Of these who could take the next contact now.")] = None
    talking: Annotated[Count | None, msgspec.Meta(description="Who is on the telephone, or serves a visitor.")] = None
    wrapping_up: Annotated[Count | None, msgspec.Meta(description="Who completes a contact that is over.")] = None
    paused: Annotated[Count | None, msgspec.Meta(description="Who has asked for no contacts for a while.")] = None
    paused_by: Annotated[
        Annotated[dict[_Pause, Count], msgspec.Meta(max_length=PAUSES_MAX)] | None,
        msgspec.Meta(
            description="Of the paused how many for each kind of pause; kinds that `pauses` in [staffing] of the "
            "settings does not name count as `other`.",
        ),
    ] = None
    desks_open: Annotated[Count | None, msgspec.Meta(description="Desks at which visitors are received.")] = None

    @property
    def key(self) -> str:
        """The key of its record: of each source and cluster the newest record is kept.

        >>> Staffing("kcc", "phone", "Wonen", 0.0).key
        'kcc/phone/Wonen'
        """
        return f"{self.source}/{self.channel}/{self.cluster}"


COUNTS: Final = ("logged_in", "free", "talking", "wrapping_up", "paused", "desks_open")
"""The fields that are numbers of people or desks."""

_COUNT: Final[Expectation] = (("number", "null"), Reason.WRONG_TYPE, f"a whole number from 0 to {STAFF_MAX}")

_EXPECTED: Final[Mapping[str, Expectation]] = {
    "source": (("string",), Reason.INVALID_ID, "1 to 40 small letters, digits and dashes, a letter first"),
    "channel": (("string",), Reason.UNKNOWN_CLUSTER, "the name of a channel"),
    "paused_by": (
        ("object", "null"),
        Reason.WRONG_TYPE,
        f"at most {PAUSES_MAX} kinds of pauses, each a short name in small letters with a whole number",
    ),
    **dict.fromkeys(COUNTS, _COUNT),
}


class StaffingDecoder(Decoder[Staffing]):
    """Decodes the records of the topic of staffing, of the clusters of one channel."""

    events = (Staffing,)
    id_field = "key"
    key_called = "`source`, `channel` and `cluster` with slashes between them"
    expected = _EXPECTED
