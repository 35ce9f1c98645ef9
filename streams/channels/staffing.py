"""What tells events of staffing from what is refused, for the clusters of all channels.

Must not know Kafka clients.
"""

from datetime import datetime
from typing import Final

from streams.channels import channel_names, channel_of_event
from streams.channels.example import Example
from streams.contracts.decode import Event
from streams.contracts.rejections import Reason, Rejection
from streams.contracts.staffing import Staffing, StaffingDecoder
from streams.core.rules import Channel, Rules


class AnyStaffing:
    """The events of staffing that the rules accept."""

    def __init__(self, rules: Rules) -> None:
        self._decoders = {
            channel.value: StaffingDecoder(
                clusters=frozenset(rules.channel_clusters(channel)),
                aliases=rules.channel_aliases(channel),
                earliest_ms=rules.earliest_ms,
                future_tolerance_ms=rules.future_tolerance_ms,
                plan_ahead_ms=rules.plan_ahead_ms,
            )
            for channel in channel_names()
        }
        self._first = next(iter(self._decoders.values()))
        self._unknown_channel = Rejection(
            Reason.UNKNOWN_CLUSTER, f"expected `channel` to be one of {', '.join(self._decoders)}, got another"
        )

    def __call__(self, key: bytes | None, value: bytes | None, timestamp_ms: int) -> Staffing | Rejection:
        """The event that one record holds, its cluster called as in the rules, or why it holds none."""
        event = self._first.read(value)
        if event is None:
            return self._first(key, value, timestamp_ms)
        decoder = self._decoders.get(event.channel)
        return self._unknown_channel if decoder is None else decoder(key, value, timestamp_ms)

    def read(self, value: bytes | None) -> Staffing | None:
        """The event that a value holds, acceptable or not."""
        return self._first.read(value)


def channel_told(event: Event) -> Channel:
    """Of which channel an event of any topic tells; the first where staffing names one that is not known."""
    if not isinstance(event, Staffing):
        return channel_of_event(event).name
    names = channel_names()
    return next((each for each in names if each.value == event.channel), names[0])


TAG: Final = str(Staffing.__struct_config__.tag)
"""What the contract writes as the `type` of these events."""


def staffing_examples() -> tuple[Example, ...]:
    """One of a line and one of a desk; all in them is invented."""
    return (
        Example(
            "Of seven employees on a telephone line three are free, two in a talk, one writes up, and one has lunch",
            '{"type":"staffing","source":"kcc","channel":"phone","cluster":"Klantencontactcentrum",'
            '"at":"2024-05-31T11:40:02+02:00","logged_in":7,"free":3,"talking":2,"wrapping_up":1,"paused":1,'
            '"paused_by":{"lunch":1}}',
            Staffing(
                "kcc",
                "phone",
                "Klantencontactcentrum",
                datetime.fromisoformat("2024-05-31T11:40:02+02:00"),
                logged_in=7,
                free=3,
                talking=2,
                wrapping_up=1,
                paused=1,
                paused_by={"lunch": 1},
            ),
        ),
        Example(
            "Two desks are open; what a source does not know it leaves out",
            '{"type":"staffing","source":"tickets","channel":"desk","cluster":"Burgerzaken","at":1717148402,'
            '"desks_open":2}',
            Staffing("tickets", "desk", "Burgerzaken", 1_717_148_402.0, desks_open=2),
        ),
    )
