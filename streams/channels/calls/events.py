"""What comes in about telephone calls: the events of the topic `calls`, and what tells them from what is refused."""

from typing import Final, get_args

import msgspec

from streams.contracts.decode import Decoder
from streams.contracts.events import ClusterName, ContactId, HappenedAt


class CallEvent(msgspec.Struct, frozen=True, gc=False, tag_field="type"):
    """A fact about one telephone call.

    `call_id` is the record's key; `cluster` is the activity cluster dialled; `at` is when it happened.
    """

    call_id: ContactId
    cluster: ClusterName
    at: HappenedAt


class Offered(CallEvent, frozen=True, gc=False, tag_field="type", tag="offered"):
    """The caller dials in: waiting starts here, in the voice menu and the queue alike.

    Once more for who had left the queue and is in it again: such a caller waits since first dialling in.
    """


class Answered(CallEvent, frozen=True, gc=False, tag_field="type", tag="answered"):
    """An employee answers: waiting ends here. An answer after the caller has left counts as none."""


class Abandoned(CallEvent, frozen=True, gc=False, tag_field="type", tag="abandoned"):
    """The caller leaves the queue before an answer: hangs up, or is sent on when the queue's time is up."""


class Ended(CallEvent, frozen=True, gc=False, tag_field="type", tag="ended"):
    """The call is over, however it went. Without an earlier answer the call is missed."""


class CallbackRequested(CallEvent, frozen=True, gc=False, tag_field="type", tag="callback_requested"):
    """A caller who waits asks to be called back: waiting ends here, without an answer and without being missed."""


class CalledBack(CallEvent, frozen=True, gc=False, tag_field="type", tag="called_back"):
    """An employee calls back somebody who asked for it."""


AnyCallEvent = Offered | Answered | Abandoned | Ended | CallbackRequested | CalledBack

CALL_EVENTS: Final[tuple[type[CallEvent], ...]] = get_args(AnyCallEvent)


class CallDecoder(Decoder[AnyCallEvent]):
    """Decodes the records of the topic of calls."""

    events = CALL_EVENTS
    id_field = "call_id"
