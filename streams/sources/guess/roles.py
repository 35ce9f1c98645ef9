"""What the columns of a file may be for: the id, the cluster, the time of each event. By their names and contents.

A guess is no more than that: whoever uses it says so, with what else it might have been.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from streams.contracts.names import most_like
from streams.sources.guess.sample import Sample
from streams.sources.guess.written import NULLS, Kind, Written, kind_of
from streams.sources.times.durations import duration_formats_of

FEW: Final = 40
"""A column of at most so many different texts names kinds of things: queues, outcomes, verbs."""

SHORT: Final = 4
"""Digits of a number that is no telephone number, nor an id that lasts."""

_VISIT_WORDS: Final = (
    "ticket",
    "loket",
    "balie",
    "bezoek",
    "visit",
    "afspraak",
    "appointment",
    "guichet",
    "desk",
    "rdv",
)

_TIMES: Final[Mapping[bool, Sequence[tuple[str, tuple[str, ...]]]]] = {
    False: (
        ("ended", ("disconnect", "hangup", "hungup")),
        ("answered", ("answer", "beantw", "opgenomen", "aangenomen", "pickup", "pickedup", "connectedtoagent")),
        ("answered", ("accept", "reponse", "repondu", "decroch", "connect")),
        ("abandoned", ("abandon", "afgebroken", "opgehangen", "verlaten", "left", "gemist", "missed", "lost")),
        ("offered", ("enqueue", "enterqueue", "entryqueue", "queued", "offered", "aangeboden", "dialled", "dialed")),
        ("ended", ("einde", "end", "finish", "stop", "completed", "fin", "closed")),
        ("offered", ("binnen", "inkom", "start", "begin", "debut", "arriv", "received", "created", "initiat")),
        ("offered", ("calldate", "callstart", "entree", "entry", "time", "tijd", "datum", "date", "heure")),
    ),
    True: (
        ("planned_at", ("planned", "gepland", "afspraak", "appointment", "scheduled", "prevu", "rdv")),
        ("requested", ("request", "aangevraagd", "gevraagd", "booked", "geboekt", "geboekt", "demande")),
        ("arrived", ("arriv", "aankomst", "aangemeld", "checkin", "gekomen", "printed", "taken", "getrokken")),
        ("finished", ("einde", "end", "finish", "klaar", "afgerond", "closed", "fin")),
        ("started", ("opgeroepen", "oproep", "called", "served", "start", "begin", "bedien", "geholpen", "appel")),
        ("arrived", ("created", "issued", "time", "tijd", "uur", "heure")),
    ),
}
"""Words in the names of times, for calls and for visits, the surest first."""

_VERBS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("offered", "enterqueue", "taskcreated", "queued", "enqueued", "binnen"), "offered"),
    **dict.fromkeys(("answered", "connect", "reservationaccepted", "connected", "beantwoord"), "answered"),
    **dict.fromkeys(("abandoned", "abandon", "exitwithtimeout", "exitwithkey", "exitempty"), "abandoned"),
    **dict.fromkeys(("taskcanceled", "afgebroken", "hangupinqueue"), "abandoned"),
    **dict.fromkeys(("ended", "completeagent", "completecaller", "taskcompleted", "completed"), "ended"),
    **dict.fromkeys(("requested",), "requested"),
    **dict.fromkeys(("arrived", "aangemeld"), "arrived"),
    **dict.fromkeys(("started", "opgeroepen"), "started"),
    **dict.fromkeys(("finished",), "finished"),
    **dict.fromkeys(("cancelled",), "cancelled"),
    **dict.fromkeys(("no_show", "noshow"), "no_show"),
}
"""What a row of one event calls it, in small letters."""

_IDS: Final = ("uniqueid", "linkedid", "callid", "contactid", "ticketid", "tasksid", "historyid", "guid", "uuid")
_ID_WORDS: Final = ("nr", "nummer", "number", "numero", "id", "oproepnr", "ticket", "ref")
_PHONE_WORDS: Final = ("phone", "telef", "caller", "clid", "cli", "ani", "from", "src", "gsm", "endpoint")
_CLUSTERS: Final = ("cluster", "queue", "wachtrij", "dienst", "service", "lijn", "skill", "afdeling", "department")
_CLUSTER_WORDS: Final = (*_CLUSTERS, "loket", "desk", "guichet", "group", "groep", "line")
_WAITS: Final = ("wacht", "wait", "hold", "attente", "queuetime", "ringtime")
_LENGTHS: Final = ("duur", "duration", "duree", "gesprek", "talk", "bill", "wrap", "handling")
"""In the names of lengths of time that may look like times of day."""


class Column(msgspec.Struct, frozen=True):
    """A column, and what stands in it."""

    name: str
    written: Written
    texts: tuple[str, ...]
    """Those that are not empty, in the order of the rows."""
    durations: tuple[str, ...]
    """The formats by which all of its texts are lengths of time."""

    @property
    def word(self) -> str:
        """Its name as it is compared."""
        return plain(self.name)

    @property
    def is_short(self) -> bool:
        """Whether it holds numbers so short that they begin anew some day."""
        return all(len(text) <= SHORT for text in self.texts)

    def distinct(self) -> list[str]:
        """Its different texts, the most frequent first."""
        return [text for text, _ in Counter(self.texts).most_common()]


class Roles(msgspec.Struct, kw_only=True):
    """What the columns may be for."""

    columns: list[Column]
    is_visits: bool
    id: tuple[Column, ...]
    """The columns that together tell contacts apart; empty where none were found."""
    is_unique: bool
    """Whether no two rows have the same id."""
    times: dict[str, Column]
    """By the event, and `planned_at`."""
    verb: Column | None
    """The column that says which event a row is."""
    verbs: dict[str, list[str]]
    """By the event, how the file writes it."""
    day: Column | None
    cluster: Column | None
    wait: Column | None
    outcome: Column | None
    """The column that says how a contact went."""
    outcomes: dict[str, list[str]]
    """By the event with which a contact's waiting ended, how that column writes it."""
    unused_times: list[Column]


def plain(name: str) -> str:
    """A name as it is compared: small letters and digits."""
    return re.sub(r"[\W_]", "", name).casefold()


def roles_of(sample: Sample, clusters: Mapping[str, bool]) -> Roles:
    """The roles that the columns may have; `clusters` of the settings say whether visits are theirs."""
    columns = [_column(name, sample.values(name)) for name in dict.fromkeys(sample.columns)]
    cluster = _cluster(columns, clusters)
    verb, verbs = _verb(columns)
    is_visits = _is_visits(columns, cluster, clusters, verbs)
    moments = [each for each in columns if each.written.kind is Kind.MOMENT]
    clocks = [each for each in columns if each.written.kind is Kind.CLOCK and not _is_length(each)]
    times = moments or clocks
    by_verb: dict[str, Column] = {event: times[0] for event in _ORDER if event in verbs and times}
    named = by_verb if verb else _times(times, is_visits=is_visits)
    taken = {each.name for each in named.values()}
    day = None if moments else next((each for each in columns if each.written.kind is Kind.DAY), None)
    outcome, outcomes = (None, {}) if verb else _outcome(columns, cluster)
    identity, is_unique = _id(columns, taken | {cluster.name if cluster else ""}, day)
    return Roles(
        columns=columns,
        is_visits=is_visits,
        id=identity,
        is_unique=is_unique,
        times=named,
        verb=verb,
        verbs=verbs,
        day=day,
        cluster=cluster,
        wait=next((each for each in columns if _is_wait(each)), None),
        outcome=outcome,
        outcomes=outcomes,
        unused_times=[each for each in times if each.name not in taken],
    )


def _column(name: str, texts: list[str]) -> Column:
    filled = tuple(text for text in texts if text and text not in NULLS)
    return Column(name, kind_of(filled), filled, tuple(duration_formats_of(filled)) if filled else ())


def _is_wait(column: Column) -> bool:
    named = column.word not in _CLUSTERS and any(word in column.word for word in _WAITS)
    return bool(column.durations) and named


def _is_length(column: Column) -> bool:
    return _is_wait(column) or (bool(column.durations) and any(word in column.word for word in _LENGTHS))


def _cluster(columns: Sequence[Column], clusters: Mapping[str, bool]) -> Column | None:
    """The column whose texts are clusters of the settings, else the one that is called so."""
    few = [each for each in columns if each.texts and len(set(each.texts)) <= FEW]
    for column in few:
        if column.written.kind is Kind.TEXT and any(most_like(text, clusters, 0.85) for text in column.distinct()):
            return column
    named = [each for each in few if each.written.kind in (Kind.TEXT, Kind.NUMBER) and not _is_wait(each)]
    return next((each for word in _CLUSTER_WORDS for each in named if word in each.word), None)


def _verb(columns: Sequence[Column]) -> tuple[Column | None, dict[str, list[str]]]:
    """The column that says which event a row is, if there is one: it knows two that follow each other."""
    for column in columns:
        found: dict[str, list[str]] = {}
        distinct = column.distinct() if len(set(column.texts)) <= FEW else []
        for text in distinct:
            if (event := _event_of(text)) is not None:
                found.setdefault(event, []).append(text)
        if {"offered", "arrived", "requested"} & set(found) and len(found) > 1:
            return column, found
    return None, {}


def _event_of(text: str) -> str | None:
    """The event that a verb names, whatever stands before its last two parts."""
    parts = text.split(".")
    return next((_VERBS[word] for count in (1, 2) if (word := plain("".join(parts[-count:]))) in _VERBS), None)


def _is_visits(
    columns: Sequence[Column], cluster: Column | None, clusters: Mapping[str, bool], verbs: Mapping[str, list[str]]
) -> bool:
    if verbs:
        return not {"offered", "answered", "abandoned", "ended"} & set(verbs)
    met = [most_like(text, clusters, 0.85) for text in (cluster.distinct() if cluster else ())]
    kinds = {clusters[like.name] for like in met if like}
    if len(kinds) == 1:
        return kinds.pop()
    return any(word in column.word for column in columns for word in _VISIT_WORDS)


def _times(times: Sequence[Column], *, is_visits: bool) -> dict[str, Column]:
    """The time of each event, each column once."""
    found: dict[str, Column] = {}
    for event, words in _TIMES[is_visits]:
        if event not in found:
            free = [each for each in times if each.name not in {taken.name for taken in found.values()}]
            match = next((each for word in words for each in free if word in each.word), None)
            if match is not None:
                found[event] = match
    first = "arrived" if is_visits else "offered"
    rest = [each for each in times if each.name not in {taken.name for taken in found.values()}]
    if not found.keys() & {"offered", "arrived", "requested"} and rest:
        found[first] = rest[0]
    order = [event for event in _ORDER if event in found]
    return {event: found[event] for event in order}


_ORDER: Final = (
    *("requested", "planned_at", "offered", "arrived", "started", "answered", "abandoned"),
    *("finished", "ended", "cancelled", "no_show"),
)


def _id(columns: Sequence[Column], taken: set[str], day: Column | None) -> tuple[tuple[Column, ...], bool]:
    """The columns that tell contacts apart, and whether each row has others."""
    free = [
        each
        for each in columns
        if each.name not in taken
        and each.written.kind in (Kind.TEXT, Kind.NUMBER)
        and each.texts
        and not any(word in each.word for word in _PHONE_WORDS)
    ]
    unique = [each for each in free if _are_unique(each)]
    if named := next(_named_ids(unique), None) or next(iter(unique), None):
        return ((day, named) if day and named.is_short else (named,)), True
    if day:
        daily = [each for each in free if _are_unique(day, each)]
        if named := next(_named_ids(daily), None) or next(iter(daily), None):
            return (day, named), True
    named = next(_named_ids(free), None)
    return ((named,) if named else ()), False


def _are_unique(*columns: Column) -> bool:
    """Whether no two rows have the same texts in these columns, and none lacks one."""
    rows = list(zip(*(each.texts for each in columns), strict=False))
    return len({len(each.texts) for each in columns}) == 1 and len(set(rows)) == len(rows)


def _named_ids(columns: Sequence[Column]) -> Iterator[Column]:
    yield from (each for word in _IDS for each in columns if each.word == word)
    yield from (each for word in _IDS for each in columns if word in each.word)
    yield from (each for word in _ID_WORDS for each in columns if each.word == word)
    yield from (
        each for word in _ID_WORDS for each in columns if each.word.endswith(word) and "queue" not in each.word
    )


_OUTCOMES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("answered", "beantwoord", "opgenomen", "repondu", "terminada", "completed"), "answered"),
    **dict.fromkeys(("abandon", "afgebroken", "opgehangen", "gemist", "missed", "noanswer", "hangup"), "abandoned"),
}
"""How the words begin with which exports say what ended the waiting, in small letters."""


def _outcome(columns: Sequence[Column], cluster: Column | None) -> tuple[Column | None, dict[str, list[str]]]:
    """The column that says how a contact went, and what it says of which event."""
    for column in columns:
        distinct = column.distinct()
        if cluster is column or len(distinct) > FEW or column.written.kind is not Kind.TEXT:
            continue
        found: dict[str, list[str]] = {}
        for text in distinct:
            word = plain(text)
            for event in {event for begin, event in _OUTCOMES.items() if word.startswith(begin)}:
                found.setdefault(event, []).append(text)
        if found:
            return column, found
    return None, {}
