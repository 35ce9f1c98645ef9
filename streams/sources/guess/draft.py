"""A draft of the mapping for a file, with what was seen in it and what nobody could tell, as comments.

Shows names of columns, formats and the names of queues and outcomes; nothing else of what a row holds.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from streams.channels import channel_of
from streams.channels.named_events import PLAN_FIELD, has_plan
from streams.contracts.names import most_like, shown
from streams.core.rules import Rules
from streams.sources.files.unpacking import Content
from streams.sources.guess.known import Known, recognised
from streams.sources.guess.roles import FEW, SHORT, Column, Roles, roles_of
from streams.sources.guess.sample import Sample
from streams.sources.guess.written import NULLS
from streams.sources.times import Holds, what_formats_hold
from streams.sources.times.durations import HOURS
from streams.sources.times.formats import RFC_3339

VALUES_SHOWN: Final = 12
_TODO: Final = "TODO"
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
"""A key that TOML takes without quotes."""


def draft(sample: Sample, rules: Rules, file: str) -> str:
    """The draft, which the reader of mappings takes as it is."""
    known, sample = recognised(sample)
    roles = roles_of(sample, clusters_of(rules))
    parts = (
        _title(sample, known, file),
        *(_extension(sample, known, roles, rules) if known else _whole(sample, roles, rules)),
        _columns(sample, roles),
    )
    return "\n".join("\n".join(part).strip() + "\n" for lines in parts if (part := list(lines)))


def _whole(sample: Sample, roles: Roles, rules: Rules) -> Iterator[Iterable[str]]:
    """The tables of a mapping that stands alone."""
    yield _file(sample)
    yield _time(roles, rules)
    yield _identity(roles)
    yield _cluster(roles, rules, roles.cluster)
    yield _left_out(roles)
    yield _events(roles)


def _extension(sample: Sample, known: Known, roles: Roles, rules: Rules) -> Iterator[Iterable[str]]:
    """The tables of a mapping that says no more than what the one that comes along cannot know."""
    yield [f"extends = {_text(known.mapping)}"]
    if others := [*_content(sample, known.delimiter), *_around(sample)]:
        yield ["[file]", *others]
    if not known.has_zone:
        yield ["[time]", _zone(rules)]
    named = next((each for each in roles.columns if each.name == known.cluster), roles.cluster)
    yield _cluster(roles, rules, named)


def clusters_of(rules: Rules) -> dict[str, bool]:
    """The clusters of the settings, and whether their contacts may have appointments."""
    return {
        cluster.name: any(map(has_plan, channel_of(cluster.channel).decoder.events)) for cluster in rules.clusters
    }


def _title(sample: Sample, known: Known | None, file: str) -> Iterator[str]:
    yield f"# A draft of the mapping for {file}, guessed from its first {len(sample.rows):,} rows."
    if known:
        yield f"# It looks like {known.about}; what the mapping of that name says need not be repeated."
    yield "# Look at every TODO, then see what is missing, and send nothing yet:"
    yield f"#   wachtmonitor publish {file} --mapping THIS_FILE --dry-run"


def _file(sample: Sample) -> Iterator[str]:
    yield "[file]"
    yield from _content(sample)
    yield from _around(sample)
    if not sample.has_names:
        yield "# No names in the first line; TODO: better ones than these, if you know them."
        yield f"columns = [{', '.join(map(_text, sample.columns))}]"
    if sample.is_uneven:
        yield "uneven_rows = true  # rows have different numbers of fields"
    nulls = [null for null in NULLS if any(null in row for row in sample.rows)]
    if nulls:
        yield f"null_values = [{', '.join(map(_text, nulls))}]  # read as empty"


def _content(sample: Sample, delimiter: str = "") -> Iterator[str]:
    """How it is written; the delimiter, unless it is known to be this one."""
    if sample.content is Content.JSON_LINES:
        yield "# JSON lines: a column is the name of a field, with dots where it stands in others."
    if sample.content is Content.TEXT:
        said = "  # as its first line says" if sample.says_delimiter else ""
        if sample.delimiter != delimiter:
            yield f"delimiter = {_text(sample.delimiter)}{said}"
        if sample.encoding != "utf-8":
            yield f"encoding = {_text(sample.encoding)}  # not UTF-8; TODO: look at accents in what the dry run shows"
    if len(sample.sheets) > 1:
        yield f"sheet = {_text(sample.sheets[0])}  # TODO: or one of: {', '.join(sample.sheets[1:])}"


def _around(sample: Sample) -> Iterator[str]:
    if sample.lines_before:
        yield f"lines_before = {sample.lines_before}  # the names stand in the line after these"
    if sample.rows_after:
        yield f"rows_after = {sample.rows_after}  # totals below the last row"


def _time(roles: Roles, rules: Rules) -> Iterator[str]:
    yield "[time]"
    usual = _usual_formats(roles)
    if not usual:
        yield "# TODO: no column of times was found; say how they are written."
        return
    every = [usual, *map(_formats, roles.times.values())]
    if any(what_formats_hold(each) is not Holds.INSTANT for each in every):
        yield _zone(rules)
    yield f"format = {_one_or_all(usual)}{_doubt(roles)}"
    if what_formats_hold(usual) is Holds.TIME_OF_DAY:
        if roles.day:
            yield f"date_column = {_text(roles.day.name)}"
            yield f"date_format = {_one_or_all(roles.day.written.formats)}{_swap(roles.day)}"
        else:
            yield f'date_column = "{_TODO}"  # TODO: no column of dates was found'


def _zone(rules: Rules) -> str:
    return f"zone = {_text(rules.zone)}  # that of the settings; TODO: unless the file's clock is another's"


def _usual_formats(roles: Roles) -> tuple[str, ...]:
    formats = Counter(_formats(column) for column in roles.times.values() if column.texts)
    return formats.most_common(1)[0][0] if formats else ()


def _formats(column: Column) -> tuple[str, ...]:
    return column.written.formats or (RFC_3339,)


def _one_or_all(formats: Sequence[str]) -> str:
    """As TOML writes one format, or a list."""
    return _text(formats[0]) if len(formats) == 1 else f"[{', '.join(map(_text, formats))}]"


def _doubt(roles: Roles) -> str:
    return next((said for each in roles.times.values() if (said := _swap(each))), "")


def _swap(column: Column) -> str:
    return f"  # TODO: or {_text(column.written.may_be)}; no day above 12 tells" if column.written.may_be else ""


def _identity(roles: Roles) -> Iterator[str]:
    yield "[id]"
    if not roles.id:
        yield "# TODO: no column tells contacts apart; several together may, such as a date and a number."
        yield f'columns = ["{_TODO}"]'
        return
    once = roles.is_unique or roles.verb
    said = "" if once else "  # TODO: it comes more than once; is each row a part of one contact?"
    yield f"columns = [{', '.join(_text(each.name) for each in roles.id)}]{said}"
    if roles.is_unique and all(each.is_short for each in roles.id):
        yield "# TODO: numbers as short as these may begin anew each day; then add a column with the date."


def _cluster(roles: Roles, rules: Rules, column: Column | None) -> Iterator[str]:
    names = [name for name, is_visits in clusters_of(rules).items() if is_visits == roles.is_visits]
    yield "[cluster]"
    if column is None or (len(names) == 1 and not _likes(column.distinct(), names)):
        if column is not None:
            found = column.distinct()
            more = ", ..." if len(found) > VALUES_SHOWN else ""
            yield f"# TODO: is all of it this one, the only one of the settings? {_text(column.name)} holds "
            yield f"# {', '.join(map(_shown, found[:VALUES_SHOWN]))}{more}; to tell them apart, name it as column."
        elif len(names) != 1:
            yield f"# TODO: no column of queues or desks was found; the settings have: {', '.join(names)}"
        yield f"constant = {_text(names[0] if names else _TODO)}"
        return
    yield f"column = {_text(column.name)}"
    yield from _renamed(column.distinct(), names)


def _likes(texts: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    return {text: like.name for text in texts if (like := most_like(text, names)) is not None}


def _renamed(texts: Sequence[str], names: Sequence[str]) -> Iterator[str]:
    """Names of the file that the settings do not have, with the nearest of those that they have."""
    likes, unknown = _likes(texts, names), [text for text in texts if text not in names]
    if not unknown:
        return
    yield f"# The settings have: {', '.join(names) or 'none'}"
    meant = [f"{_text(text)} = {_text(likes[text])}" for text in unknown if text in likes]
    if meant:
        yield f"rename = {{ {', '.join(meant)} }}  # the nearest names; TODO: are they meant?"
    lost = [_shown(text) for text in unknown if text not in likes]
    if lost:
        more = f" and {len(lost) - VALUES_SHOWN} more" if len(lost) > VALUES_SHOWN else ""
        yield f'# TODO: which are these? rename = {{ {lost[0]} = "..." }}: {", ".join(lost[:VALUES_SHOWN])}{more}'


def _left_out(roles: Roles) -> Iterator[str]:
    if roles.verb:
        named = {text for texts in roles.verbs.values() for text in texts}
        others = [_shown(text) for text in roles.verb.distinct() if text not in named]
        yield "[[leave_out]]"
        yield 'reason = "no event of a call or visit"'
        yield f"all_else = true  # seen: {', '.join(others[:VALUES_SHOWN]) or 'none'}"


def _events(roles: Roles) -> Iterator[str]:
    yield from _said_of_outcomes(roles)
    told = {event: column for event, column in roles.times.items() if _can_be_told(event, roles)}
    if not told:
        yield "# TODO: no column with the time of an event was found."
        yield from ("", "[[event]]", f'type = "{"arrived" if roles.is_visits else "offered"}"', f'at = "{_TODO}"')
    for event, column in told.items():
        yield from _event(roles, event, column, {roles.verb.name: roles.verbs[event]} if roles.verb else {})
    yield from _waited(roles)
    yield from _missing(roles)


def _waited(roles: Roles) -> Iterator[str]:
    """The end of the waiting, where the file has no time of it but how long it took."""
    begin = roles.times.get("arrived" if roles.is_visits else "offered")
    answer = "started" if roles.is_visits else "answered"
    if not roles.wait or not begin or answer in roles.times or roles.verb:
        return
    outcomes = {event: texts for event, texts in roles.outcomes.items() if event not in roles.times}
    if roles.is_visits or not outcomes:
        outcomes = {answer: []}
    for event, texts in outcomes.items():
        when = {roles.outcome.name: texts} if roles.outcome and texts else {}
        until = f"{_plus(roles.wait)}  # TODO: is it the time until {_ENDS[event]}?"
        yield from _event(roles, event, begin, when, plus=until)


_ENDS: Final[Mapping[str, str]] = {
    "answered": "an answer",
    "abandoned": "the caller hung up",
    "started": "the visitor was received",
}


def _plus(column: Column) -> str:
    usual, *_ = column.durations
    name = _text(column.name)
    return name if usual == HOURS else f"{{ column = {name}, format = {_text(usual)} }}"


def _can_be_told(event: str, roles: Roles) -> bool:
    """Whether all that the event needs was found: a plan is none, and a request has one."""
    return event != PLAN_FIELD and (event != "requested" or PLAN_FIELD in roles.times)


def _event(
    roles: Roles,
    event: str,
    column: Column,
    when: Mapping[str, Sequence[str]],
    *,
    plus: str = "",
) -> Iterator[str]:
    usual = _usual_formats(roles)
    yield from ("", "[[event]]")
    yield f'type = "{event}"'
    yield f"at = {_at(column, usual)}"
    if plus:
        yield f"plus = {plus}"
    planned = roles.times.get(PLAN_FIELD)
    if planned and event in {"requested", "arrived", "started"}:
        yield f"planned_at = {_at(planned, usual)}"
    if when:
        conditions = (f"{_key(name)} = [{', '.join(map(_text, texts))}]" for name, texts in when.items())
        yield f"when = {{ {', '.join(conditions)} }}"


def _at(column: Column, usual: tuple[str, ...]) -> str:
    own = _formats(column)
    return (
        _text(column.name)
        if own == usual or not column.texts
        else f"{{ column = {_text(column.name)}, format = {_one_or_all(own)} }}"
    )


def _said_of_outcomes(roles: Roles) -> Iterator[str]:
    if roles.outcome:
        texts = ", ".join(map(_shown, roles.outcome.distinct()[:VALUES_SHOWN]))
        yield f"# The column {_text(roles.outcome.name)} says how it went: {texts}."
        yield f'# An event of some of these only: when = {{ {_key(roles.outcome.name)} = ["..."] }}'
    if roles.wait and {"answered", "started"} & set(roles.times):
        yield f"# The column {_text(roles.wait.name)} may be how long somebody waited; the times tell it better."


def _missing(roles: Roles) -> Iterator[str]:
    ends = ({"started"}, "received") if roles.is_visits else ({"answered"}, "answered")
    if not ends[0] & set(roles.times) and not roles.wait:
        yield f"# TODO: no time at which contacts are {ends[1]} was found: without it nobody is."
    if "requested" in roles.times and PLAN_FIELD not in roles.times:
        yield f"# TODO: {_text(roles.times['requested'].name)} may be a request, but no planned time was found."
    for column in roles.unused_times:
        yield f"# TODO: what is the time in {_text(column.name)}? It is not used."


def _columns(sample: Sample, roles: Roles) -> Iterator[str]:
    yield "# The columns, and what was seen in them:"
    for column in roles.columns:
        kind, written = column.written.kind, " or ".join(column.written.formats)
        filled = f"in {len(column.texts):,} of {len(sample.rows):,} rows"
        told = f"{kind.value}{f' as {written}' if written else ''}, {filled}" if column.texts else kind.value
        few = f", {len(set(column.texts))} different" if column.texts and len(set(column.texts)) <= FEW else ""
        yield f"#   {_text(column.name)}: {told}{few}"


def _shown(text: str) -> str:
    """A name of a queue or an outcome, unless it may be a person's."""
    return _text(text) if text.isdecimal() and len(text) <= SHORT else shown(text) or "(not shown)"


def _text(text: str) -> str:
    """As TOML writes it."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(text: str) -> str:
    return text if _BARE.fullmatch(text) else _text(text)
