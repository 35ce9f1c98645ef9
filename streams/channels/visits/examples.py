"""Examples of the events of visits. Everything in them is invented: they are published in the generated documents."""

from datetime import datetime

from streams.channels.example import Example
from streams.channels.visits.events import Arrived, Cancelled, Finished, Left, NoShow, Requested, Started


def ticket_examples() -> tuple[Example, ...]:
    """At least one of each event, in the order of a visit's life."""
    return (*_appointment(), *_walk_in(), *_without_a_visit())


def _appointment() -> tuple[Example, ...]:
    planned = datetime.fromisoformat("2024-05-31T11:30:00+02:00")
    return (
        Example(
            "An appointment is asked for, and given for four days later",
            '{"type":"requested","ticket_id":"ticket-7","cluster":"Burgerzaken",'
            '"at":"2024-05-27T15:12:44+02:00","planned_at":"2024-05-31T11:30:00+02:00"}',
            Requested("ticket-7", "Burgerzaken", datetime.fromisoformat("2024-05-27T15:12:44+02:00"), planned),
        ),
        Example(
            "The visitor with that appointment arrives early",
            '{"type":"arrived","ticket_id":"ticket-7","cluster":"Burgerzaken",'
            '"at":"2024-05-31T11:21:30+02:00","planned_at":"2024-05-31T11:30:00+02:00"}',
            Arrived("ticket-7", "Burgerzaken", datetime.fromisoformat("2024-05-31T11:21:30+02:00"), planned),
        ),
    )


def _walk_in() -> tuple[Example, ...]:
    return (
        Example(
            "A walk-in draws a number: no planned time",
            '{"type":"arrived","ticket_id":"ticket-8","cluster":"Wonen","at":1717147800}',
            Arrived("ticket-8", "Wonen", 1_717_147_800.0),
        ),
        Example(
            "An employee receives the walk-in; a planned time of null says the same as none",
            '{"type":"started","ticket_id":"ticket-8","cluster":"Wonen","at":1717148100.75,"planned_at":null}',
            Started("ticket-8", "Wonen", 1_717_148_100.75),
        ),
        Example(
            "The visit is over",
            '{"type":"finished","ticket_id":"ticket-8","cluster":"Wonen","at":"2024-05-31T09:50:00Z"}',
            Finished("ticket-8", "Wonen", datetime.fromisoformat("2024-05-31T09:50:00Z")),
        ),
    )


def _without_a_visit() -> tuple[Example, ...]:
    return (
        Example(
            "An appointment is called off",
            '{"type":"cancelled","ticket_id":"ticket-9","cluster":"Burgerzaken","at":1717140000}',
            Cancelled("ticket-9", "Burgerzaken", 1_717_140_000.0),
        ),
        Example(
            "A visitor does not come to the appointment",
            '{"type":"no_show","ticket_id":"ticket-10","cluster":"Wonen",'
            '"at":"2024-05-31T11:00:00+02:00","planned_at":1717144200}',
            NoShow("ticket-10", "Wonen", datetime.fromisoformat("2024-05-31T11:00:00+02:00"), 1_717_144_200.0),
        ),
        Example(
            "A visitor leaves the hall before being received",
            '{"type":"left","ticket_id":"ticket-11","cluster":"Burgerzaken","at":"2024-05-31T11:05:00+02:00"}',
            Left("ticket-11", "Burgerzaken", datetime.fromisoformat("2024-05-31T11:05:00+02:00")),
        ),
    )
