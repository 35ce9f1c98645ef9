"""Prometheus as snapshots need it: instant queries of one moment, over its HTTP API, tried again while that may help.

The moment is Prometheus' own, a little before it is first asked: what was scraped and recorded by then is all there,
so that every answer is about the same samples. Must not know dashboards, nor what the figures mean.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import requests

from streams.months.snapshot.asking import ATTEMPTS, cause, tries
from streams.months.snapshot.frames import Sample
from streams.settings import PrometheusSettings

SETTLED_SECONDS: Final = 5.0
"""So long before now scrapes and rules have come to their ends: neither may take longer by deploy/prometheus."""

PATIENCE_SECONDS: Final = 30.0

_RULE: Final = re.compile(r"\b[a-zA-Z_]\w*(?::\w+)+")
_TEXT: Final = re.compile(r'"(?:\\.|[^"\\])*"')
_REFUSED: Final = (400, 422)
_SERVER_ERRORS: Final = range(500, 600)


class PrometheusError(Exception):
    """Prometheus cannot be asked; the text says why and what to do."""

    def __init__(self, text: str, *, may_pass: bool = False) -> None:
        """With `may_pass` another try may help."""
        super().__init__(text)
        self.may_pass = may_pass


class QueryError(ValueError):
    """Prometheus does not answer a query."""


class _Reply(msgspec.Struct):
    """What the HTTP API answers (prometheus.io/docs/prometheus/latest/querying/api)."""

    status: str
    data: Any = None
    error: str = ""


class Prometheus:
    """The figures of one moment."""

    def __init__(
        self, settings: PrometheusSettings, *, attempts: int = ATTEMPTS, patience_seconds: float = PATIENCE_SECONDS
    ) -> None:
        """Nothing connects yet. Raises `PrometheusError` when the settings name no Prometheus."""
        if settings.url is None:
            raise PrometheusError(
                "No Prometheus is set, and the figures of a snapshot come from it. Name it: url in [prometheus] of "
                "the settings, or WACHTMONITOR_PROMETHEUS_URL."
            )
        self.url = settings.url
        self._attempts = attempts
        self._patience_seconds = patience_seconds
        self._session = requests.Session()
        self._at: float | None = None
        self._rules: frozenset[str] | None = None

    def at(self) -> float:
        """The moment that all answers are about, in Unix seconds by Prometheus' clock."""
        if self._at is None:
            now = self._ask("query", {"query": "time()"})["result"][1]
            self._at = float(now) - SETTLED_SECONDS
        return self._at

    def query(self, expr: str) -> list[Sample]:
        """The series of a query; sorted by their labels, unless the query sorts them.

        Raises `QueryError` for one that Prometheus refuses, or that reads a recording rule which it does not have,
        and `PrometheusError`.
        """
        self._require_rules(expr)
        data = self._ask("query", {"query": expr, "time": repr(self.at())})
        if data["resultType"] == "scalar":
            return [Sample({}, float(data["result"][1]))]
        if data["resultType"] != "vector":
            raise QueryError(f"it gives a {data['resultType']}, and a snapshot is of one moment: {expr!r}")
        found = [Sample(each["metric"], float(each["value"][1])) for each in data["result"]]
        is_sorted = expr.lstrip().startswith("sort")
        return found if is_sorted else sorted(found, key=lambda each: sorted(each.labels.items()))

    def label_values(self, selector: str, label: str) -> list[str]:
        """The values that a label has in these series."""
        return sorted({value for each in self.query(selector) if (value := each.labels.get(label, ""))})

    def _require_rules(self, expr: str) -> None:
        """A series that nobody records is no answer, though Prometheus takes it for an empty one."""
        named = set(_RULE.findall(_TEXT.sub('""', expr)))
        if named:
            if self._rules is None:
                groups: Sequence[Mapping[str, Any]] = self._ask("rules", {"type": "record"})["groups"]
                self._rules = frozenset(rule["name"] for group in groups for rule in group["rules"])
            for name in sorted(named - self._rules):
                raise QueryError(
                    f"the recording rule {name} is not known to Prometheus: load the rules of deploy/prometheus/rules"
                )

    # How it is asked.

    def _ask(self, path: str, parameters: Mapping[str, str]) -> Any:
        for attempt in tries(self._attempts, _may_pass):
            with attempt:
                return self._asked(path, parameters)
        raise AssertionError("the last try returns or raises")

    def _asked(self, path: str, parameters: Mapping[str, str]) -> Any:
        url = f"{self.url}/api/v1/{path}"
        is_query = path == "query"  # as a form, since queries are longer than addresses may be
        try:
            response = self._session.request(
                "POST" if is_query else "GET",
                url,
                data=parameters if is_query else None,
                params=None if is_query else parameters,
                timeout=self._patience_seconds,
                allow_redirects=False,
            )
        except requests.Timeout as error:
            text = f"Prometheus at {self.url} gave no answer within {self._patience_seconds:g} s. Is it up?"
            raise PrometheusError(text, may_pass=True) from error
        except requests.RequestException as error:
            text = (
                f"Prometheus at {self.url} could not be asked: {cause(error)}. Is it up, and is url in [prometheus]"
            )
            raise PrometheusError(f"{text} right?", may_pass=True) from error
        return self._data(response)

    def _data(self, response: requests.Response) -> Any:
        try:
            reply = msgspec.json.decode(response.content, type=_Reply)
        except msgspec.MsgspecError as error:
            text = (
                f"What answers at {self.url} is no Prometheus ({response.status_code}): correct url in [prometheus]"
            )
            raise PrometheusError(f"{text}.", may_pass=response.status_code in _SERVER_ERRORS) from error
        if response.status_code in _REFUSED:
            raise QueryError(reply.error)
        if reply.status != "success":
            text = f"Prometheus at {self.url} does not answer ({response.status_code}: {reply.error})."
            raise PrometheusError(text, may_pass=response.status_code in _SERVER_ERRORS)
        return reply.data


def _may_pass(error: Exception) -> bool:
    return isinstance(error, PrometheusError) and error.may_pass
