"""Of which rows something holds: conditions of a mapping, on the places of their columns."""

from collections.abc import Mapping, Sequence

from streams.sources.mapping import Conditions

PlacedConditions = list[tuple[int, frozenset[str]]]


def placed(conditions: Conditions, at: Mapping[str, int]) -> PlacedConditions:
    """The conditions by the places of their columns."""
    return [(at[column], texts) for column, texts in conditions.items()]


def hold(conditions: PlacedConditions, cells: Sequence[str]) -> bool:
    """Whether all of them hold for a row."""
    return not conditions or all(cells[place] in texts for place, texts in conditions)
