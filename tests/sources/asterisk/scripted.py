"""What an Asterisk would send and write in cases of which there is no recording, by its source and its manual."""

from streams.channels.calls.events import CallEvent
from tests.sources.asterisk.replaying import Recording, Sent, Written, fact_of

BEGIN_MS = 1_795_900_000_000
"""Where the clocks of scripts begin, UTC."""


class Script:
    """What happens, by seconds since the beginning."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.written: list[Written] = []
        self._number = 0

    def recording(self) -> Recording:
        """To be played."""
        return Recording(
            sorted(self.sent, key=lambda sent: sent.at_ms), sorted(self.written, key=lambda line: line.at_ms), ()
        )

    def id_at(self, seconds: float) -> str:
        """That of the next channel."""
        self._number += 1
        return f"{(BEGIN_MS + round(seconds * 1000)) // 1000}.{self._number - 1}"

    def start(self, seconds: float) -> None:
        """The exchange starts: ids begin anew."""
        self._number = 0
        self.write(seconds, "NONE", "NONE", "NONE", "QUEUESTART")

    def send(self, seconds: float, event: str, call: str, linked: str = "", **fields: str) -> None:
        """An event about a channel."""
        at_ms = BEGIN_MS + round(seconds * 1000)
        lines = [
            f"Event: {event}",
            "Privilege: call,all",
            f"Timestamp: {at_ms / 1000:.6f}",
            "Channel: PJSIP/trunk-00000001",
            "CallerIDNum: 0612000001",
            "CallerIDName: jansen",
            f"Uniqueid: {call}",
            f"Linkedid: {linked or call}",
            *(f"{key}: {value}" for key, value in fields.items()),
        ]
        self.sent.append(Sent(at_ms, "\r\n".join(lines).encode()))

    def write(self, seconds: float, *parts: str) -> None:
        """A line of queue_log."""
        at_ms = (BEGIN_MS + int(seconds * 1000)) // 1000 * 1000
        self.written.append(Written(at_ms, "|".join([str(at_ms // 1000), *parts]).encode()))

    def dial_in(self, seconds: float, number: str = "088301", linked: str = "") -> str:
        """A channel is made; gives its id."""
        call = self.id_at(seconds)
        self.send(seconds, "Newchannel", call, linked, Exten=number)
        return call

    def join(self, seconds: float, call: str, queue: str, linked: str = "") -> None:
        """A caller enters a queue."""
        self.send(seconds, "QueueCallerJoin", call, linked, Queue=queue, Position="1")
        self.write(seconds, call, queue, "NONE", "ENTERQUEUE", "", "0612000001", "1")

    def answer(self, seconds: float, call: str, queue: str, linked: str = "") -> str:
        """An employee picks up; gives the id of the telephone's channel."""
        phone = self.dial_in(seconds - 2, "s", linked or call)
        self.picked_up(seconds, call, queue, phone, linked)
        return phone

    def picked_up(self, seconds: float, call: str, queue: str, phone: str, linked: str = "") -> None:
        """The telephone that rings is picked up."""
        self.send(seconds, "DialEnd", call, linked, DialStatus="ANSWER", DestUniqueid=phone)
        self.send(seconds, "QueueCallerLeave", call, linked, Queue=queue)
        self.send(seconds, "AgentConnect", call, linked, Queue=queue, MemberName="Sanne")
        self.write(seconds, call, queue, "Sanne", "CONNECT", "2", phone, "2")
        for each in (phone, call):
            self.send(seconds, "BridgeEnter", each, linked or call, BridgeUniqueid=f"bridge-{phone}")

    def time_is_up(self, seconds: float, call: str, queue: str) -> None:
        """The queue lets go of a caller."""
        self.send(seconds, "QueueCallerAbandon", call, Queue=queue)
        self.send(seconds, "QueueCallerLeave", call, Queue=queue)
        self.write(seconds, call, queue, "NONE", "EXITWITHTIMEOUT", "1", "1", "6")

    def give_up(self, seconds: float, call: str, queue: str) -> None:
        """A caller hangs up in the queue."""
        self.send(seconds, "QueueCallerAbandon", call, Queue=queue)
        self.send(seconds, "QueueCallerLeave", call, Queue=queue)
        self.hang_up(seconds, call)
        self.write(seconds, call, queue, "NONE", "ABANDON", "1", "1", "6")

    def complete(
        self, seconds: float, call: str, queue: str, phone: str, *, by: str = "AGENT", linked: str = ""
    ) -> None:
        """A talk is over, and with it the channel of the employee's telephone."""
        self.send(seconds, "AgentComplete", call, linked, Queue=queue, Reason="agent")
        self.hang_up(seconds, phone, linked or call)
        self.write(seconds, call, queue, "Sanne", f"COMPLETE{by}", "2", "7", "1")

    def hang_up(self, seconds: float, call: str, linked: str = "") -> None:
        """A channel is no more."""
        self.send(seconds, "BridgeLeave", call, linked)
        self.send(seconds, "Hangup", call, linked, Cause="16")


def told(events: list[tuple[CallEvent, bool]]) -> list[tuple[str, str, float]]:
    """Type, cluster and second since the beginning."""
    return [
        (kind, cluster, round(at - BEGIN_MS / 1000, 3))
        for kind, _, cluster, at in (fact_of(event) for event, _ in events)
    ]
