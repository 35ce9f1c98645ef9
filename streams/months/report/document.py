"""The report for programs: JSON of everything in it, the figures of each channel under its key."""

from typing import Any

import msgspec

from streams.months.report.channels import reports
from streams.months.report.data import Report


def as_json(report: Report) -> str:
    """The whole report, indented."""
    told = msgspec.to_builtins(report, str_keys=True)
    for figures in (told["summary"], *told["months"]):
        _spread_out(figures)
    return msgspec.json.format(msgspec.json.encode(told), indent=2).decode() + "\n"


def _spread_out(figures: dict[str, Any]) -> None:
    """The figures of the channels beside those of all of them, where programs look for them."""
    channels, coverage = figures.pop("channels"), figures.pop("coverage")
    figures |= {each.key: channels[name] for name, each in reports().items()}
    figures["coverage"] = coverage
