"""Evaluates instant queries of PromQL over samples that are at hand: the frozen figures instead of a Prometheus.

The queries of a dashboard are asked of the figures of one month, so that what a snapshot shows is what was closed
and not what a Prometheus has seen since. What dashboards and recording rules use is here: selectors, arithmetic,
comparisons, sets, matching, aggregations and the functions on labels. Whatever else a query asks for is refused by
name; it never becomes a wrong number. What each operation means is said by Prometheus' documentation of querying;
tests hold the answers against Prometheus itself. Must not know metrics or dashboards.
"""

import math
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

import promql_parser as parser

NAME: Final = "__name__"
"""The label that holds a metric's name; every operation but a selector and a set drops it."""

Labels = frozenset[tuple[str, str]]


class Sample(NamedTuple):
    """One series with its value at the moment of the query."""

    labels: Mapping[str, str]
    value: float


Vector = list[Sample]


class QueryError(ValueError):
    """The query cannot be answered; the text says what in it, and why."""


class Samples:
    """The series at hand, found by name; those that recording rules make are added as they are asked for."""

    def __init__(self, samples: Iterable[Sample], rules: Mapping[str, str]) -> None:
        """`rules` has the expression of each recorded name. Rules may use rules, but not themselves."""
        self._by_name: dict[str, Vector] = {}
        for sample in samples:
            self._by_name.setdefault(sample.labels[NAME], []).append(sample)
        self._rules = rules
        self._asked: list[str] = []

    def named(self, name: str) -> Vector:
        """The series of a metric or a recording rule; empty where there are none.

        Raises `QueryError` for a rule that is not known, which by its name has a colon: it would only look empty.
        """
        if name not in self._by_name and name in self._rules:
            self._by_name[name] = self._recorded(name)
        if name not in self._by_name and ":" in name:
            raise QueryError(f"the recording rule {name} is not known")
        return self._by_name.get(name, [])

    def _recorded(self, name: str) -> Vector:
        if name in self._asked:
            raise QueryError(f"the recording rule {name} is made from itself: {' -> '.join([*self._asked, name])}")
        self._asked.append(name)
        try:
            return [
                Sample({**sample.labels, NAME: name}, sample.value) for sample in evaluate(self._rules[name], self)
            ]
        finally:
            self._asked.pop()


def evaluate(query: str, samples: Samples) -> Vector:
    """The series that an instant query gives; a number becomes one series without labels.

    Raises `QueryError` for a query that is none, that asks for what is not here, or whose series do not match.
    """
    found = _value(_parsed(query), samples)
    if isinstance(found, str):
        raise QueryError(f"the query {query!r} is a text and gives no series")
    return found if isinstance(found, list) else [Sample({}, found)]


@lru_cache(maxsize=1024)
def _parsed(query: str) -> Any:
    try:
        return parser.parse(query)
    except ValueError as error:
        raise QueryError(f"the query {query!r} is not PromQL: {error}") from error


def _value(node: Any, samples: Samples) -> Vector | float | str:
    for kind, evaluator in _EVALUATORS.items():
        if isinstance(node, kind):
            return evaluator(node, samples)
    raise QueryError(f"{type(node).__name__} cannot be asked of the figures of a month: {node.prettify()}")


def _vector(node: Any, samples: Samples) -> Vector:
    found = _value(node, samples)
    if not isinstance(found, list):
        raise QueryError(f"expected series, got {found!r} in {node.prettify()}")
    return found


def _text(node: Any, samples: Samples) -> str:
    found = _value(node, samples)
    if not isinstance(found, str):
        raise QueryError(f"expected a text, got {node.prettify()}")
    return found


def _number(node: Any, samples: Samples) -> float:
    found = _value(node, samples)
    if not isinstance(found, float):
        raise QueryError(f"expected a number, got {node.prettify()}")
    return found


# Literals and selectors.


def _literal(node: Any, _: Samples) -> float | str:
    value: float | str = node.val
    return value


def _inside(node: Any, samples: Samples) -> Vector | float | str:
    return _value(node.expr, samples)


def _negated(node: Any, samples: Samples) -> Vector | float:
    found = _value(node.expr, samples)
    if isinstance(found, str):
        raise QueryError(f"a text has no sign: {node.prettify()}")
    if isinstance(found, float):
        return -found
    return _distinct([Sample(_nameless(sample.labels), -sample.value) for sample in found], node)


def _selected(node: Any, samples: Samples) -> Vector:
    """There is one moment only, so an offset or another moment would be a wrong answer."""
    matchers = node.matchers
    if node.offset is not None or node.at is not None or matchers.or_matchers or not node.name:
        raise QueryError(f"only series of this moment can be selected, by name: {node.prettify()}")
    tests = [_matcher(matcher) for matcher in matchers.matchers]
    return [sample for sample in samples.named(node.name) if all(test(sample.labels) for test in tests)]


def _matcher(matcher: Any) -> Callable[[Mapping[str, str]], bool]:
    """A label that is not there is one whose value is empty. Patterns match the whole value."""
    name, wanted, op = matcher.name, matcher.value, matcher.op
    if op in (parser.MatchOp.Equal, parser.MatchOp.NotEqual):
        equal = op == parser.MatchOp.Equal
        return lambda labels: (labels.get(name, "") == wanted) is equal
    pattern, found = re.compile(wanted), op == parser.MatchOp.Re
    return lambda labels: (pattern.fullmatch(labels.get(name, "")) is not None) is found


# Operators.


def _divided(left: float, right: float) -> float:
    """As processors do: by zero it is infinite, or no number."""
    if right:
        return left / right
    if not left or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1, right)


def _remainder(left: float, right: float) -> float:
    return math.fmod(left, right) if right and not math.isinf(left) else math.nan


def _power(left: float, right: float) -> float:
    try:
        return math.pow(left, right)
    except OverflowError:
        return math.inf
    except ValueError:
        return math.inf if left == 0 else math.nan


ARITHMETIC: Final[dict[str, Callable[[float, float], float]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divided,
    "%": _remainder,
    "^": _power,
}
COMPARISONS: Final[dict[str, Callable[[float, float], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
SETS: Final = ("and", "or", "unless")


def _operated(node: Any, samples: Samples) -> Vector | float:
    left, right, op = _value(node.lhs, samples), _value(node.rhs, samples), str(node.op)
    if isinstance(left, str) or isinstance(right, str):
        raise QueryError(f"a text cannot be counted with: {node.prettify()}")
    if op not in SETS and op not in ARITHMETIC and op not in COMPARISONS:
        raise QueryError(f"the operator {op} is not known here: {node.prettify()}")
    if isinstance(left, list) and isinstance(right, list):
        return _combined(node, op, left, right) if op in SETS else _matched(node, op, left, right)
    return _with_number(node, op, left, right)


def _with_number(node: Any, op: str, left: Vector | float, right: Vector | float) -> Vector | float:
    returns_bool = node.modifier is not None and node.modifier.return_bool
    if isinstance(left, float) and isinstance(right, float):
        return ARITHMETIC[op](left, right) if op in ARITHMETIC else float(COMPARISONS[op](left, right))
    vector = left if isinstance(left, list) else right
    assert isinstance(vector, list), "one of them is a vector"
    results = []
    for sample in vector:
        one, other = (sample.value, right) if isinstance(left, list) else (left, sample.value)
        assert isinstance(one, float | int), "the other one is a number"
        assert isinstance(other, float | int), "the other one is a number"
        value = _calculated(op, one, other, sample.value, returns_bool=returns_bool)
        if value is not None:
            keeps_name = op in COMPARISONS and not returns_bool
            results.append(Sample(sample.labels if keeps_name else _nameless(sample.labels), value))
    return _distinct(results, node)


def _calculated(op: str, left: float, right: float, kept: float, *, returns_bool: bool) -> float | None:
    """The result; None where a comparison filters the series out, and else `kept` where it lets it through."""
    if op in ARITHMETIC:
        return ARITHMETIC[op](left, right)
    holds = COMPARISONS[op](left, right)
    if returns_bool:
        return float(holds)
    return kept if holds else None


def _combined(node: Any, op: str, left: Vector, right: Vector) -> Vector:
    """Sets of series by their labels, names apart; values and labels stay as they are."""
    key = _matching(node.modifier)
    mine, theirs = {key(sample.labels) for sample in left}, {key(sample.labels) for sample in right}
    if op == "and":
        return [sample for sample in left if key(sample.labels) in theirs]
    if op == "unless":
        return [sample for sample in left if key(sample.labels) not in theirs]
    return [*left, *(sample for sample in right if key(sample.labels) not in mine)]


def _matching(modifier: Any) -> Callable[[Mapping[str, str]], Labels]:
    """By what series of both sides belong together: `on` these labels, or all but those `ignoring`."""
    matching = modifier.matching if modifier is not None else None
    labels = frozenset(matching.labels) if matching is not None else frozenset[str]()
    if matching is not None and matching.type == parser.LabelModifierType.Include:
        return lambda found: frozenset((name, value) for name, value in found.items() if name in labels and value)
    left_out = labels | {NAME}
    return lambda found: frozenset((name, value) for name, value in found.items() if name not in left_out and value)


def _matched(node: Any, op: str, left: Vector, right: Vector) -> Vector:
    modifier = node.modifier
    card = modifier.card if modifier is not None else parser.VectorMatchCardinality.OneToOne
    swapped = card == parser.VectorMatchCardinality.OneToMany
    many, one = (right, left) if swapped else (left, right)
    key = _matching(modifier)
    partners: dict[Labels, Sample] = {}
    for sample in one:
        if partners.setdefault(key(sample.labels), sample) is not sample:
            raise QueryError(f"several series on the side of the one match each other: {node.prettify()}")
    is_one_to_one = card == parser.VectorMatchCardinality.OneToOne
    results, seen = [], set[Labels]()
    for sample in many:
        found = key(sample.labels)
        if (partner := partners.get(found)) is None:
            continue
        values = (partner.value, sample.value) if swapped else (sample.value, partner.value)
        returns_bool = modifier is not None and modifier.return_bool
        value = _calculated(op, *values, values[0], returns_bool=returns_bool)
        if value is None:
            continue
        if is_one_to_one and found in seen:
            raise QueryError(f"several series match one, which takes group_left or group_right: {node.prettify()}")
        seen.add(found)
        keeps_name = op in COMPARISONS and not returns_bool
        results.append(Sample(_result_labels(modifier, sample.labels, partner.labels, found, keeps_name), value))
    return _distinct(results, node)


def _result_labels(
    modifier: Any, many: Mapping[str, str], one: Mapping[str, str], key: Labels, keeps_name: bool
) -> Mapping[str, str]:
    """`on` keeps its labels, `ignoring` all but its own, of the side of the many everything and what is grouped."""
    labels = dict(many) if keeps_name else _nameless(many)
    if modifier is None or modifier.card == parser.VectorMatchCardinality.OneToOne:
        matching = modifier.matching if modifier is not None else None
        if matching is not None and matching.type == parser.LabelModifierType.Include:
            return dict(key)
        left_out = matching.labels if matching is not None else ()
        return {label: value for label, value in labels.items() if label not in left_out}
    for label in modifier.group_labels:
        if value := one.get(label, ""):
            labels[label] = value
        else:
            labels.pop(label, None)
    return labels


# Aggregations.

AGGREGATIONS: Final[dict[str, Callable[[Sequence[float]], float]]] = {
    "sum": math.fsum,
    "avg": lambda values: math.fsum(values) / len(values),
    "count": lambda values: float(len(values)),
    "group": lambda _: 1.0,
    "min": lambda values: min(values, key=lambda value: (math.isnan(value), value)),
    "max": lambda values: max(values, key=lambda value: (not math.isnan(value), value)),
}
"""`min` and `max` take a number before what is none, as Prometheus does."""


def _aggregated(node: Any, samples: Samples) -> Vector:
    op, vector = str(node.op), _vector(node.expr, samples)
    if op == "count_values":
        return _counted(node, vector, _text(node.param, samples))
    if op not in AGGREGATIONS:
        raise QueryError(f"the aggregation {op} is not known here: {node.prettify()}")
    return [
        Sample(dict(labels), AGGREGATIONS[op]([sample.value for sample in group]))
        for labels, group in _groups(node.modifier, vector).items()
    ]


def _groups(modifier: Any, vector: Vector) -> dict[Labels, Vector]:
    groups: dict[Labels, Vector] = {}
    for sample in vector:
        groups.setdefault(_group(modifier, sample.labels), []).append(sample)
    return groups


def _group(modifier: Any, labels: Mapping[str, str]) -> Labels:
    """`by` keeps these labels, `without` all but these and the name; neither keeps none."""
    if modifier is None:
        return frozenset()
    chosen = frozenset(modifier.labels)
    if modifier.type == parser.AggModifierType.By:
        return frozenset((name, value) for name, value in labels.items() if name in chosen and value)
    return frozenset((name, value) for name, value in labels.items() if name not in chosen and name != NAME)


def _counted(node: Any, vector: Vector, label: str) -> Vector:
    """How many series have each value, the value being a label."""
    counts: dict[Labels, int] = {}
    for sample in vector:
        group = dict(_group(node.modifier, sample.labels)) | {label: _written(sample.value)}
        key = frozenset(group.items())
        counts[key] = counts.get(key, 0) + 1
    return [Sample(dict(labels), float(count)) for labels, count in counts.items()]


def _written(value: float) -> str:
    """As Go writes a float with as few digits as tell it apart: `45`, `0.3`, `NaN`, `+Inf`."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    text = repr(value).removesuffix(".0")
    if "e" in text:
        raise QueryError(f"the value {value!r} is too large or small to be a label here")
    return text


# Functions.


def _called(node: Any, samples: Samples) -> Vector | float:
    name = node.func.name
    if name not in _FUNCTIONS:
        raise QueryError(f"the function {name} is not known here: {node.prettify()}")
    found = _FUNCTIONS[name](node, samples)
    return _distinct(found, node) if isinstance(found, list) else found


def _label_replace(node: Any, samples: Samples) -> Vector:
    vector_node, *texts = node.args
    target, replacement, source, pattern = (_text(each, samples) for each in texts)
    compiled = re.compile(pattern)
    results = []
    for sample in _vector(vector_node, samples):
        found = compiled.fullmatch(sample.labels.get(source, ""))
        labels = dict(sample.labels)
        if found is not None:
            _set(labels, target, _expanded(replacement, found))
        results.append(Sample(labels, sample.value))
    return results


def _expanded(replacement: str, found: "re.Match[str]") -> str:
    """`$1`, `${1}` and `${name}` by their groups; a group that is not there is empty, `$$` is a dollar."""

    def group(reference: "re.Match[str]") -> str:
        name = reference[1] or reference[2]
        if name is None:
            return "$"
        try:
            return found[int(name) if name.isdecimal() else name] or ""
        except IndexError:
            return ""

    return re.sub(r"\$(?:\$|(\w+)|\{(\w+)\})", group, replacement)


def _label_join(node: Any, samples: Samples) -> Vector:
    vector_node, *texts = node.args
    target, separator, *sources = (_text(each, samples) for each in texts)
    results = []
    for sample in _vector(vector_node, samples):
        labels = dict(sample.labels)
        _set(labels, target, separator.join(sample.labels.get(source, "") for source in sources))
        results.append(Sample(labels, sample.value))
    return results


def _set(labels: dict[str, str], name: str, value: str) -> None:
    """An empty label is none."""
    if value:
        labels[name] = value
    else:
        labels.pop(name, None)


def _round(node: Any, samples: Samples) -> Vector:
    """To the nearest multiple, halves up. Prometheus divides by the inverse, so that tenths stay tenths."""
    inverse = 1 / _number(node.args[1], samples) if len(node.args) > 1 else 1.0
    return _each(
        node, samples, lambda value: value if math.isnan(value) else math.floor(value * inverse + 0.5) / inverse
    )


def _clamp(node: Any, samples: Samples) -> Vector:
    low, high = _number(node.args[1], samples), _number(node.args[2], samples)
    return [] if low > high else _each(node, samples, lambda value: max(low, min(high, value)))


def _clamp_min(node: Any, samples: Samples) -> Vector:
    low = _number(node.args[1], samples)
    return _each(node, samples, lambda value: max(low, value))


def _clamp_max(node: Any, samples: Samples) -> Vector:
    high = _number(node.args[1], samples)
    return _each(node, samples, lambda value: min(high, value))


def _each(node: Any, samples: Samples, function: Callable[[float], float]) -> Vector:
    return [Sample(_nameless(sample.labels), function(sample.value)) for sample in _vector(node.args[0], samples)]


def _simple(function: Callable[[float], float]) -> Callable[[Any, Samples], Vector]:
    return lambda node, samples: _each(node, samples, function)


def _sorted(*, descending: bool) -> Callable[[Any, Samples], Vector]:
    """By value, what is no number last."""

    def sort(node: Any, samples: Samples) -> Vector:
        vector = _vector(node.args[0], samples)
        sign = -1 if descending else 1
        return sorted(vector, key=lambda sample: (math.isnan(sample.value), sign * sample.value))

    return sort


def _of_number(node: Any, samples: Samples) -> Vector:
    return [Sample({}, _number(node.args[0], samples))]


def _scalar(node: Any, samples: Samples) -> float:
    vector = _vector(node.args[0], samples)
    return vector[0].value if len(vector) == 1 else math.nan


_FUNCTIONS: Final[dict[str, Callable[[Any, Samples], Vector | float]]] = {
    "abs": _simple(abs),
    "ceil": _simple(lambda value: value if math.isnan(value) else float(math.ceil(value))),
    "floor": _simple(lambda value: value if math.isnan(value) else float(math.floor(value))),
    "clamp": _clamp,
    "clamp_max": _clamp_max,
    "clamp_min": _clamp_min,
    "label_join": _label_join,
    "label_replace": _label_replace,
    "round": _round,
    "scalar": _scalar,
    "sort": _sorted(descending=False),
    "sort_desc": _sorted(descending=True),
    "vector": _of_number,
}

_EVALUATORS: Final[dict[type[Any], Callable[[Any, Samples], Vector | float | str]]] = {
    parser.NumberLiteral: _literal,
    parser.StringLiteral: _literal,
    parser.ParenExpr: _inside,
    parser.UnaryExpr: _negated,
    parser.VectorSelector: _selected,
    parser.BinaryExpr: _operated,
    parser.AggregateExpr: _aggregated,
    parser.Call: _called,
}


def _nameless(labels: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in labels.items() if name != NAME}


def _distinct(vector: Iterable[Sample], node: Any) -> Vector:
    """The series, of which no two may have the same labels."""
    found: dict[Labels, Sample] = {}
    for sample in vector:
        if found.setdefault(frozenset(sample.labels.items()), sample) is not sample:
            raise QueryError(f"two series have the same labels in {node.prettify()}")
    return list(found.values())


def label_values(query: str, label: str, samples: Samples) -> Iterator[str]:
    """The values that a label has among the series of a selector, in their order, each once."""
    yield from sorted({value for sample in evaluate(query, samples) if (value := sample.labels.get(label, ""))})
