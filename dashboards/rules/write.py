"""`python -m dashboards.rules.write` writes the recording rules of Prometheus, in deploy/prometheus/rules, anew.

A file is what is written by hand in this folder, with the sums before its first rule.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dashboards.rules.sums import Rule, sums
from streams.serve.metrics.metric import Page

BY_HAND: Final = Path(__file__).parent
DIRECTORY: Final = Path(__file__).parents[2] / "deploy" / "prometheus" / "rules"

PAGES: Final = {"figures.yml": Page.LIVE, "months.yml": Page.MONTHS}
"""The files, each with the page whose metrics are added up in it."""

_HEADER: Final = "# Written by `make dashboards` from dashboards/rules/{name} and the catalogue of metrics.\n"

_RULES: Final = "    rules:\n"
"""Ends what stands before the rules."""


def rule_files() -> dict[str, str]:
    """The files by name."""
    return {name: _whole(name, page) for name, page in PAGES.items()}


def _whole(name: str, page: Page) -> str:
    before, rules, after = (BY_HAND / name).read_text(encoding="utf-8").partition(_RULES)
    return "".join((_HEADER.format(name=name), before, rules, *_lines(sums(page)), after))


def _lines(sections: dict[str, list[Rule]]) -> Iterator[str]:
    for title, rules in sections.items():
        yield f"      # ---- {title}.\n"
        for rule in rules:
            yield f"      - record: {rule.record}\n        expr: {rule.expr}\n"
    yield "\n"


def main() -> None:
    """Write them all."""
    for name, text in rule_files().items():
        (DIRECTORY / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
