"""What the docstring of a module says that it must not know, it does not import.

The layers in pyproject.toml keep whole rooms apart. What a single module must not know is said where its reader
looks, in a sentence that begins with "Must not know", and checked here. Each thing that such a sentence may name is
given with the modules that stand for it.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]

_CLIENTS: Final = ("aiokafka", "streams.kafka.client", "streams.kafka.clock", "streams.kafka.writer")
_FOLDED: Final = ("streams.channels", "streams.core")
_ONE_CHANNEL: Final = (
    "streams.channels.calls",
    "streams.channels.visits",
    "streams.serve.wall.calls",
    "streams.serve.wall.visits",
    "streams.months.report.calls",
    "streams.months.report.visits",
)

MEANS: Final[Mapping[str, tuple[str, ...]]] = {
    "Faust": ("faust", "mode"),
    "Grafana": ("grafana_api", "streams.months.snapshot"),
    "HTTP": ("aiohttp", "requests", "grafana_api"),
    "Kafka": ("aiokafka", "streams.kafka"),
    "Kafka clients": _CLIENTS,
    "TOML": ("tomllib", "streams.settings"),
    "any channel": _ONE_CHANNEL,
    "any command": ("click", "rich", "streams.commands"),
    "any other package": ("dashboards", "streams"),
    "calls": ("streams.channels.calls", "streams.sources.simulation.calls"),
    "channels": ("streams.channels",),
    "command lines": ("click", "rich", "streams.commands"),
    "dashboards": ("dashboards", "streams.months.snapshot.dashboard"),
    "desks": ("streams.channels.visits", "streams.sources.simulation.desks"),
    "events": ("streams.channels", "streams.contracts"),
    "files": ("io", "os", "pathlib"),
    "how a page is drawn": ("streams.serve.wall.page",),
    "how anything is shown": ("streams.months.report", "streams.months.snapshot", "streams.serve", "streams.words"),
    "how letters are read or sent": ("aiokafka", "streams.kafka"),
    "how messages are sent": ("dashboards.alarms.messages", "dashboards.alarms.write"),
    "how records are packed": (
        "streams.runtime.fetching.legacy",
        "streams.runtime.fetching.packed",
        "streams.runtime.fetching.unpack",
    ),
    "how that is taken back": ("streams.core.former", "streams.core.judging"),
    "how the bytes are served": ("aiohttp", "streams.serve.web"),
    "how the observed states came about": ("streams.kafka", "streams.records", "streams.runtime"),
    "how the page looks or is sent": ("aiohttp", "streams.serve.wall.page", "streams.serve.web"),
    "metrics that workers export": ("streams.serve.metrics",),
    "other partitions": ("streams.runtime.partitions",),
    "partitions": ("streams.runtime",),
    "producers": ("streams.kafka.writer",),
    "settings": ("streams.settings",),
    "the clock": ("streams.process.clock", "streams.runtime.clock", "time"),
    "the environment": ("os",),
    "the files of Grafana": ("dashboards.alarms.write", "dashboards.grafana"),
    "the settings file": ("streams.settings",),
    "the state in which they are counted": ("streams.core.state",),
    "topics": ("streams.channels.topics", "streams.contracts.topics"),
    "what a figure means": _FOLDED,
    "what an event means": _FOLDED,
    "what else a record is refused for": ("streams.contracts.decode", "streams.contracts.spelling"),
    "what is counted": ("streams.core.counts", "streams.core.ledger", "streams.core.state"),
    "what is folded": _FOLDED,
    "what is read": ("streams.channels", "streams.contracts", "streams.core.state"),
    "what records hold": ("streams.channels", "streams.contracts.decode", "streams.contracts.events"),
    "what the figures mean": _FOLDED,
    "when records are written": ("streams.kafka", "streams.runtime"),
    "where it comes from": ("streams.kafka", "streams.live", "streams.records", "streams.runtime"),
    "where a tally belongs": ("streams.core.ledger", "streams.core.state"),
    "which event it is the time of": ("streams.channels", "streams.contracts.decode"),
    "which channels there are": ("streams.channels",),
    "who reads what": ("streams.channels", "streams.runtime", "streams.sources"),
    "why a record is refused": ("streams.contracts",),
    "words": ("dashboards.language", "streams.words"),
}
"""The modules, and all below them, that a thing stands for."""

CLAIM: Final = re.compile(r"\b[Mm]ust not know (?P<things>[^.:]+)")
NEEDED: Final = re.compile(r"\b[Mm]ust not be needed by anything else\b")


def modules() -> dict[str, ast.Module]:
    """What is written in each module, by its name."""
    paths = [path for root in ("streams", "dashboards") for path in (ROOT / root).rglob("*.py")]
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): ast.parse(path.read_bytes())
        for path in sorted(paths)
    }


MODULES: Final = modules()


def docstring(name: str) -> str:
    """In one line."""
    return " ".join((ast.get_docstring(MODULES[name]) or "").split())


def imports(name: str) -> Iterator[str]:
    """All that a module imports, at its head or elsewhere."""
    for node in ast.walk(MODULES[name]):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} imports what is not named in full"
            yield from (f"{node.module}.{each.name}" for each in node.names)
        elif isinstance(node, ast.Import):
            yield from (each.name for each in node.names)


def is_within(module: str, packages: tuple[str, ...]) -> bool:
    """Whether it is one of them or below one."""
    return any(module == each or module.startswith(f"{each}.") for each in packages)


def things(text: str) -> list[str]:
    """What a sentence names: whole things of the list, whatever words stand between two."""
    named, rest = [], text
    for thing in sorted(MEANS, key=len, reverse=True):
        found = re.sub(rf"(?<![\w-]){re.escape(thing)}(?![\w-])", "", rest)
        if found != rest:
            named.append(thing)
            rest = found
    left = re.sub(r"\b(or|nor|and)\b|[,;]", " ", rest).strip()
    assert not left, f'"{left}" stands for no modules: name one of the list, or say here which it stands for'
    return sorted(named)


CLAIMS: Final = [
    (name, thing)
    for name in MODULES
    for claim in CLAIM.finditer(docstring(name))
    for thing in things(claim["things"])
]


@pytest.mark.parametrize(("name", "thing"), CLAIMS)
def test_no_module_imports_what_it_must_not_know(name: str, thing: str) -> None:
    below = [each for each in MODULES if is_within(each, (name,))]  # what a package says holds for all that is in it
    assert [
        (each, found)
        for each in below
        for found in imports(each)
        if is_within(found, MEANS[thing]) and not is_within(found, (name,))
    ] == []


@pytest.mark.parametrize("name", [name for name in MODULES if NEEDED.search(docstring(name))])
def test_nothing_needs_what_must_not_be_needed(name: str) -> None:
    assert [
        each for each in MODULES if each != name and any(is_within(found, (name,)) for found in imports(each))
    ] == []


def test_a_module_says_in_these_words_alone_what_it_must_not_know() -> None:
    """Or nobody would check it."""
    other = re.compile(r"\b(knows? (no|nothing)|(is|are) no concern of)\b", re.IGNORECASE)
    assert [name for name in MODULES if other.search(docstring(name))] == []


def test_nothing_is_listed_that_nobody_names() -> None:
    assert sorted(MEANS) == sorted({thing for _, thing in CLAIMS})
