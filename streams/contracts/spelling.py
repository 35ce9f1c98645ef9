"""Which cluster an event names: by the settings' name, by an alias, or by either in another spelling.

Systems write one name in several ways: accents as characters of their own, a no-break space, two spaces, capitals.
Such a spelling counts for the cluster as long as it can be no other one's, and is told apart so that it is seen.
Letters that are others, and what is no space but cannot be seen, are never repaired.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

SPELLINGS_REMEMBERED: Final = 1_000
"""Bound on the memory of spellings: spaces can be had in any number."""


class Repair(StrEnum):
    """Why a cluster's name in an event was taken for that of the settings. A label of a metric: never renamed."""

    explanation: str

    def __new__(cls, value: str, explanation: str = "") -> "Repair":
        """A member whose value is the first part alone."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.explanation = explanation
        return member

    ALIAS = ("alias", "The name is one of the cluster's `aliases` in the settings.")
    UNICODE = ("unicode", "Accents are characters of their own (Unicode NFD), where the settings have one (NFC).")
    SPACES = (
        "spaces",
        "Spaces stand around the name or several together, or are of another kind, as a no-break space.",
    )
    CASE = ("case", "Capitals stand for small letters or the other way round, and no other cluster differs in that.")


class Repaired(NamedTuple):
    """A spelling that is not the settings' own, and the cluster that it names."""

    spelling: str
    name: str
    repair: Repair
    """Of several the last that was needed."""


def in_one_form(text: str) -> str:
    """The name in Unicode NFC, without spaces around it and with one plain space wherever there are any.

    >>> in_one_form("  OCMW\\u00a0\\t Noord ")
    'OCMW Noord'
    """
    return " ".join(unicodedata.normalize("NFC", text).split())


class Spellings:
    """The names of one channel's clusters, and what they are called besides."""

    def __init__(self, names: Iterable[str], aliases: Mapping[str, str] | None = None) -> None:
        """`aliases` has the cluster of each; one that is a cluster's name too counts as the name."""
        self.names: Final = frozenset(names)
        known = {**(aliases or {}), **{name: name for name in self.names}}
        self._aliases = {alias: name for alias, name in known.items() if alias not in self.names}
        self._in_one_form = _of_one_cluster(known, in_one_form)
        self._folded = _of_one_cluster(known, _folded)
        self._remembered: dict[str, Repaired] = {}

    def repaired(self, spelling: str) -> Repaired | None:
        """The cluster that a spelling, which is no name of the settings, surely means; None where there is none."""
        found = self._remembered.get(spelling)
        if found is None:
            found = self._repair(spelling)
            if found is not None:
                if len(self._remembered) >= SPELLINGS_REMEMBERED:
                    self._remembered.clear()
                self._remembered[spelling] = found
        return found

    def _repair(self, spelling: str) -> Repaired | None:
        if (name := self._aliases.get(spelling)) is not None:
            return Repaired(spelling, name, Repair.ALIAS)
        whole = in_one_form(spelling)
        if (name := self._in_one_form.get(whole)) is not None:
            is_spaced = whole != unicodedata.normalize("NFC", spelling)
            return Repaired(spelling, name, Repair.SPACES if is_spaced else Repair.UNICODE)
        name = self._folded.get(_folded(spelling))
        return None if name is None else Repaired(spelling, name, Repair.CASE)


def _folded(text: str) -> str:
    return in_one_form(in_one_form(text).casefold())


def _of_one_cluster(known: Mapping[str, str], form: Callable[[str], str]) -> dict[str, str]:
    """The clusters by the form of their names and aliases, without forms that several of them share."""
    clusters: defaultdict[str, set[str]] = defaultdict(set)
    for text, name in known.items():
        clusters[form(text)].add(name)
    return {text: next(iter(names)) for text, names in clusters.items() if len(names) == 1}
