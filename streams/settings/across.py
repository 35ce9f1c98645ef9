"""What tables of the settings file must not say of each other, though each may say it by itself.

Looked at in the file as it was parsed, of which some may be wrong otherwise: what can be compared is, so that every
problem is told at once.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, TypeGuard

from streams.contracts.spelling import in_one_form
from streams.settings.environment import SOURCES
from streams.settings.kinds import BOUNDS_SECONDS, NotOurs, OfChannel, is_source_name
from streams.settings.sources import SOURCE_KINDS
from streams.settings.toml.section import KIND, ByKind, Key, Section, keys_of
from streams.settings.toml.text import nearest, shown


def problems_across(values: Mapping[str, Any]) -> Iterator[str]:
    """Every one, each with its place and what to do."""
    yield from _clusters_twice(values)
    yield from _bounds_of_no_category(values)
    yield from _unknown_clusters(values)
    yield from _topics_of_our_own(values)


def _clusters(values: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The tables of clusters, each with its place."""
    tables = values.get("cluster")
    for number, table in enumerate(tables if isinstance(tables, list) else (), 1):
        if isinstance(table, dict) and isinstance(name := table.get("name"), str):
            yield f"[[cluster]] {number} {shown(name)}", table


def _clusters_twice(values: Mapping[str, Any]) -> Iterator[str]:
    """Names and aliases that events cannot tell from those of another cluster."""
    first: dict[tuple[str, str], tuple[str, str]] = {}
    for place, table in _clusters(values):
        channel = table.get("channel")
        if not isinstance(channel, str):
            continue
        for key, text in _called(table["name"], table.get("aliases")):
            other, other_text = first.setdefault((in_one_form(text), channel), (place, text))
            if other != place:
                yield f"{place}: {_collision(key, text, other, other_text)}"


def _called(name: str, aliases: object) -> Iterator[tuple[str, str]]:
    """What a cluster is called, each with the key that says so."""
    yield "name", name
    yield from (("aliases", each) for each in (aliases if isinstance(aliases, list) else ()) if isinstance(each, str))


def _collision(key: str, text: str, other: str, other_text: str) -> str:
    got = f"got {'that' if key == 'name' else shown(text)} of {other}"
    if text != other_text:
        got = f"got {shown(text)}, which differs from {shown(other_text)} of {other} in spaces or accents alone"
    return f"{key}: expected a name once for a channel, {got}; rename or remove one"


def _bounds_of_no_category(values: Mapping[str, Any]) -> Iterator[str]:
    """Bounds of the service level of a line that are no speed category's."""
    norms = values.get("norms")
    categories = norms.get("speed_categories_seconds") if isinstance(norms, dict) else None
    if not isinstance(categories, list) or not categories or not all(map(_is_whole, categories)):
        return
    for place, table in _clusters(values):
        seconds = table.get("service_level_seconds")
        if _is_whole(seconds) and seconds in BOUNDS_SECONDS and seconds not in categories:
            yield f"{place}: service_level_seconds: {no_category(seconds, categories)}"


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def no_category(seconds: int, categories: Collection[int]) -> str:
    """Why a bound cannot be one, with the one that comes nearest."""
    nearest = min(categories, key=lambda bound: (abs(bound - seconds), bound))
    return (
        f"expected one of the bounds in speed_categories_seconds ({', '.join(map(str, categories))}), got {seconds}; "
        f"the nearest is {nearest}: only at a bound is it known how many calls were answered in time"
    )


def sources_in(values: Mapping[str, Any]) -> dict[str, type[Section]]:
    """The sources of a parsed file whose name and kind are such, each with the struct of its kind."""
    tables, found = values.get(SOURCES), {}
    kinds = ByKind(SOURCE_KINDS).by_kind()
    for name, table in tables.items() if isinstance(tables, dict) else ():
        kind = table.get(KIND) if isinstance(table, dict) else None
        if isinstance(kind, str) and kind in kinds and is_source_name(name):
            found[name] = kinds[kind]
    return found


def _unknown_clusters(values: Mapping[str, Any]) -> Iterator[str]:
    """What sources call a cluster and the settings do not have."""
    known: dict[str, list[str]] = {}
    for _, table in _clusters(values):
        known.setdefault(str(table.get("channel")), []).extend(
            text for _, text in _called(table["name"], table.get("aliases"))
        )
    for name, section in sources_in(values).items():
        for key in keys_of(section).values():
            value = values[SOURCES][name].get(key.name)
            for part, text in value.items() if isinstance(value, dict) else ((key.name, value),):
                if isinstance(text, str) and (mark := _mark(key)) is not None:
                    place = f"[{SOURCES}.{name}{f'.{key.name}' if isinstance(value, dict) else ''}]: {part}"
                    yield from _no_cluster(place, text, mark.channel, known.get(mark.channel, ()))


def _topics_of_our_own(values: Mapping[str, Any]) -> Iterator[str]:
    """Sources that would read what the monitor writes."""
    table = values.get("kafka")
    kafka = table if isinstance(table, dict) else {}
    ours = {text: name for name, text in kafka.items() if name.endswith("_topic") and isinstance(text, str)}
    for name, section in sources_in(values).items():
        for key in keys_of(section).values():
            topic = values[SOURCES][name].get(key.name)
            if isinstance(topic, str) and topic in ours and any(isinstance(mark, NotOurs) for mark in key.marks):
                yield (
                    f"[{SOURCES}.{name}]: {key.name}: expected a topic of somebody else's, got {shown(topic)}, which "
                    f"is the {ours[topic]} of [kafka]"
                )


def _mark(key: Key) -> OfChannel | None:
    return next((part for part in key.marks if isinstance(part, OfChannel)), None)


def _no_cluster(place: str, text: str, channel: str, known: Collection[str]) -> Iterator[str]:
    if in_one_form(text) not in map(in_one_form, known):
        yield (
            f"{place}: expected the name of a cluster whose channel is {shown(channel)}, got {shown(text)}; "
            f"{nearest(text, known) if known else 'there is none yet: add a [[cluster]]'}"
        )
