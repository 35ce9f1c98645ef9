"""Queries over samples at hand, held against Prometheus itself: `promtool` evaluates the same query over the same."""

import json
import math
import re
import shutil
import subprocess
from typing import Final

import pytest

from streams.reports.promql import QueryError, Sample, Samples, evaluate, label_values

SERIES: Final = {
    'wait{cluster="KCC", channel="phone", month="2026-10"}': 36.25,
    'wait{cluster="KCC", channel="phone", month="2026-09"}': 45.0,
    'wait{cluster="Loket", channel="desk", month="2026-10"}': 90.5,
    'answered{cluster="KCC", channel="phone", month="2026-10"}': 8.0,
    'answered{cluster="KCC", channel="phone", month="2026-09"}': 0.0,
    'answered{cluster="Loket", channel="desk", month="2026-10"}': 3.0,
    'norm{cluster="KCC", channel="phone"}': 45.0,
    'norm{cluster="Loket", channel="desk"}': 60.0,
    'norm{cluster="Wonen", channel="desk"}': 300.0,
    "share": 0.7,
    'category{up_to_seconds="30", month="2026-10"}': 5.0,
    'category{up_to_seconds="120", month="2026-10"}': 2.0,
    'category{up_to_seconds="+Inf", month="2026-10"}': 1.0,
    'nothing{cluster="KCC"}': math.nan,
    'below{cluster="KCC"}': -2.5,
}

RULES: Final = {
    "cluster_month:wait:sum": "sum by (cluster, month) (wait)",
    "cluster_month:wait:avg": "cluster_month:wait:sum / (sum by (cluster, month) (answered) > 0)",
}

QUERIES: Final = [
    "share",
    "3 * share",
    "1 + 2 * 3 ^ 2 ^ 0.5 - 7 % 4",
    "-2 ^ 2",
    'wait{month="2026-10"}',
    'wait{month!="2026-10"}',
    'wait{cluster=~"K.*|X", channel!~"desk"}',
    'wait{cluster=~"C"}',
    'wait{absent=""}',
    'wait{absent!=""}',
    "nowhere",
    "-wait",
    "wait / 60",
    "60 / wait",
    "wait > 40",
    "40 < wait",
    "wait > bool 40",
    "40 <= bool wait",
    "1 > bool 2",
    "wait / answered",
    "answered / answered",
    "below % 2",
    "below ^ 0.5",
    "nothing > 1",
    "nothing == bool nothing",
    "nothing != nothing",
    "sum(wait)",
    "sum by (cluster) (wait)",
    "sum without (cluster, channel) (wait)",
    "avg by (channel) (wait)",
    "count by (cluster) (wait)",
    "group(wait)",
    "max by (channel) (wait)",
    "min(wait)",
    "max(nothing or on () share)",
    "min(nothing or wait)",
    "sum(nothing or wait)",
    'count_values("value", wait)',
    'count_values by (channel) ("norm", round(wait / 7, 0.01))',
    'count_values("n", nothing)',
    'wait{month="2026-10"} * on (cluster, channel) group_left () norm',
    "wait * on (cluster) group_left (channel) norm",
    'wait{channel="desk"} * on (cluster) group_left (month, share) answered{month="2026-10"}',
    'norm * on (cluster) group_right (channel) wait{month="2026-10"}',
    'norm - on (cluster, channel) wait{month="2026-10"}',
    'norm - ignoring (month) wait{month="2026-10"}',
    'wait{month="2026-10"} < on (cluster, channel) norm',
    'wait{month="2026-10"} < ignoring (month) norm',
    'wait{month="2026-10"} >= bool on (cluster, channel) norm',
    'wait{month="2026-10"} <= on (cluster, channel) group_left () norm',
    "wait and on (cluster) norm > 50",
    "norm unless on (cluster) wait",
    "wait or norm",
    "norm or on (cluster) wait",
    "(norm * 0 + on (cluster, channel) (max by (cluster, channel) (wait) or on (cluster, channel) norm * NaN))",
    'label_replace(norm, "teken", "✔", "", "")',
    'label_replace(norm, "kanaal", "x-$1", "channel", "(p.*)")',
    'label_replace(wait, "channel", "", "channel", "desk")',
    'label_replace(category, "grens", "000$1", "up_to_seconds", "(..)")',
    'label_replace(category, "grens", "langer", "up_to_seconds", "[+]Inf")',
    'label_replace(norm, "both", "${1}_$2 $$", "channel", "(.)(.).*")',
    'label_join(norm, "naam", " ≤ ", "cluster", "channel")',
    "round(wait)",
    "round(below)",
    "round(wait / 7, 0.01)",
    "clamp(wait, 40, 60)",
    "clamp_min(below, 0)",
    "clamp_max(wait, 50)",
    "abs(below)",
    "ceil(wait)",
    "floor(below)",
    "scalar(share) * wait",
    "scalar(wait)",
    "vector(2)",
    "cluster_month:wait:sum",
    "cluster_month:wait:avg",
    'max by (cluster) (cluster_month:wait:avg{month="2026-10"}) / 60',
]

PROMQL_TEST: Final = """
rule_files: [rules.yml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series: {series}
    promql_expr_test: {queries}
"""


def samples() -> Samples:
    """The series above."""
    named = [(*series.partition("{")[::2], value) for series, value in SERIES.items()]
    return Samples([Sample({"__name__": name, **_labels(rest)}, value) for name, rest, value in named], RULES)


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[frozenset[tuple[str, str]], float]]:
    """What Prometheus answers to each query: promtool tells it where it differs from nothing."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("no promtool on the PATH: install prometheus to hold the queries against it")
    folder = tmp_path_factory.mktemp("promtool")
    rules = [{"record": name, "expr": expr} for name, expr in RULES.items()]
    (folder / "rules.yml").write_text(json.dumps({"groups": [{"name": "g", "rules": rules}]}))
    series = [{"series": name, "values": f"{_written(value)}+0x5"} for name, value in SERIES.items()]
    queries = [
        {"expr": query, "eval_time": "2m", "exp_samples": [{"labels": '{no="such"}', "value": 0}]}
        for query in QUERIES
    ]
    test = PROMQL_TEST.format(series=json.dumps(series), queries=json.dumps(queries))
    (folder / "test.yml").write_text(test)
    done = subprocess.run(
        [promtool, "test", "rules", "test.yml"], cwd=folder, capture_output=True, text=True, check=False
    )
    return _read(done.stdout + done.stderr)


def _written(value: float) -> str:
    return "NaN" if math.isnan(value) else repr(value)


_SERIES_AND_VALUE: Final = re.compile(r'\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\} (\S+?)(?:, |$)')


def _read(said: str) -> dict[str, dict[frozenset[tuple[str, str]], float]]:
    """Of each query `expr: "..."`, and `got: {a="b"} 1E+00, {} NaN` or `got: nil`."""
    found = {}
    for query, got in re.findall(r'expr: ("(?:[^"\\]|\\.)*"),.*\n.*\n *got: (.*)', said):
        found[json.loads(query)] = {
            frozenset(_labels(labels).items()): float(value.replace("Inf", "inf").replace("NaN", "nan"))
            for labels, value in _SERIES_AND_VALUE.findall(got)
        }
    return found


def _labels(text: str) -> dict[str, str]:
    return {name: json.loads(value) for name, value in re.findall(r'(\w+)=("(?:[^"\\]|\\.)*")', text)}


@pytest.mark.parametrize("query", QUERIES)
def test_the_answer_is_that_of_prometheus(
    answers: dict[str, dict[frozenset[tuple[str, str]], float]], query: str
) -> None:
    """The same series with the same labels, and the same numbers to the last digit but rounding."""
    found = {frozenset(sample.labels.items()): sample.value for sample in evaluate(query, samples())}
    assert query in answers, "promtool has answered"
    assert found == pytest.approx(answers[query], rel=1e-12, nan_ok=True)


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("sum(", "is not PromQL: unclosed left parenthesis"),
        ("rate(wait[5m])", "the function rate is not known here"),
        ("wait[5m]", "MatrixSelector cannot be asked of the figures of a month"),
        ("wait offset 5m", "only series of this moment can be selected"),
        ("wait @ 100", "only series of this moment can be selected"),
        ('{cluster="KCC"}', "only series of this moment can be selected, by name"),
        ("topk(1, wait)", "the aggregation topk is not known here"),
        ('"text"', "is a text and gives no series"),
        ("wait * on (cluster) norm", "several series match one"),
        ("norm * on (cluster) group_left () wait", "several series on the side of the one match each other"),
        ('label_replace(label_replace(norm, "cluster", "one", "", ""), "channel", "", "", "")', "the same labels"),
        ("no:such", "the recording rule no:such is not known"),
        ("a:b", "made from itself: a:b -> c:d -> a:b"),
    ],
)
def test_what_cannot_be_answered_is_refused_by_name(query: str, problem: str) -> None:
    """Never a wrong number, never an empty panel."""
    given = Samples(
        [sample for name in ("wait", "norm") for sample in samples().named(name)], {"a:b": "c:d", "c:d": "a:b"}
    )
    with pytest.raises(QueryError, match=re.escape(problem)):
        evaluate(query, given)


def test_the_values_of_a_variable() -> None:
    """Each once, in their order."""
    assert list(label_values("wait", "month", samples())) == ["2026-09", "2026-10"]
    assert list(label_values('wait{channel="desk"}', "cluster", samples())) == ["Loket"]
