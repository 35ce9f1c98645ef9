"""Examples of the events of calls. Everything in them is invented: they are published in the generated documents."""

from datetime import datetime

from streams.channels.calls.events import Abandoned, Answered, CallbackRequested, CalledBack, Ended, Offered
from streams.channels.example import Example


def call_examples() -> tuple[Example, ...]:
    """At least one of each event, in the order of a call's life."""
    hall = "Klantencontactcentrum"
    return (
        Example(
            "A caller dials in; the time is RFC 3339 with the offset of Brussels in summer",
            '{"type":"offered","call_id":"call-1001","cluster":"Klantencontactcentrum",'
            '"at":"2024-05-31T11:40:02+02:00"}',
            Offered("call-1001", hall, datetime.fromisoformat("2024-05-31T11:40:02+02:00")),
        ),
        Example(
            "The same call is answered after 21.5 s; the time is in seconds since 1970",
            '{"type":"answered","call_id":"call-1001","cluster":"Klantencontactcentrum","at":1717148423.5}',
            Answered("call-1001", hall, 1_717_148_423.5),
        ),
        Example(
            "The same call is over; fields that the contract does not know are ignored and never stored",
            '{"type":"ended","call_id":"call-1001","cluster":"Klantencontactcentrum",'
            '"at":"2024-05-31T09:44:10.250Z","queue":{"name":"main","position":3},"agents":[12,14]}',
            Ended("call-1001", hall, datetime.fromisoformat("2024-05-31T09:44:10.250Z")),
        ),
        Example(
            "Another caller hangs up before an answer",
            '{"type":"abandoned","call_id":"call-1002","cluster":"Klantencontactcentrum","at":1717148500}',
            Abandoned("call-1002", hall, 1_717_148_500.0),
        ),
        Example(
            "A third caller asks to be called back instead of waiting on",
            '{"type":"callback_requested","call_id":"call-1003","cluster":"Klantencontactcentrum","at":1717148520}',
            CallbackRequested("call-1003", hall, 1_717_148_520.0),
        ),
        Example(
            "An employee calls this caller back",
            '{"type":"called_back","call_id":"call-1003","cluster":"Klantencontactcentrum","at":1717148700}',
            CalledBack("call-1003", hall, 1_717_148_700.0),
        ),
    )
