"""What comes in about chats, and what tells it from what is refused."""

from typing import Final, get_args

import msgspec

from streams.contracts.decode import Decoder
from streams.contracts.events import ClusterName, ContactId, Instant


class ChatEvent(msgspec.Struct, frozen=True, gc=False, tag_field="type"):
    """A fact about one chat."""

    chat_id: ContactId
    cluster: ClusterName
    at: Instant


class Offered(ChatEvent, frozen=True, gc=False, tag_field="type", tag="offered"):
    """A citizen opens a chat: waiting starts here."""


class Answered(ChatEvent, frozen=True, gc=False, tag_field="type", tag="answered"):
    """An employee answers: waiting ends here."""


class Abandoned(ChatEvent, frozen=True, gc=False, tag_field="type", tag="abandoned"):
    """The citizen leaves before an answer."""


class Ended(ChatEvent, frozen=True, gc=False, tag_field="type", tag="ended"):
    """The chat is over."""


AnyChatEvent = Offered | Answered | Abandoned | Ended

CHAT_EVENTS: Final[tuple[type[ChatEvent], ...]] = get_args(AnyChatEvent)


class ChatDecoder(Decoder[AnyChatEvent]):
    """Decodes the records of the topic of chats."""

    events = CHAT_EVENTS
    id_field = "chat_id"
