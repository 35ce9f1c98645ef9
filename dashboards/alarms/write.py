"""`python -m dashboards.alarms.write` writes the files of deploy/grafana/alerting anew, a folder for each language.

The mute timing follows the opening hours of the settings that WACHTMONITOR_SETTINGS names, or of Lier's. Contact
points and policies are written by hand, beside this module, and are the same in each language.
"""

import os
from pathlib import Path
from typing import Any, Final

import yaml

from dashboards.alarms.alerts import former_file, mute_timings_file, rules_file, templates_file
from streams.core.rules import Rules
from streams.settings import load
from streams.words import Language, words_of

DIRECTORY: Final = Path(__file__).parents[2] / "deploy" / "grafana" / "alerting"

BY_HAND: Final = ("contact-points.yml", "policies.yml")

_HEADER: Final = "# Written by `make dashboards` from {source}: change it there.\n"
_WIDTH: Final = 118


def alert_files(language: Language, rules: Rules) -> dict[str, str]:
    """The files of a language by name."""
    words = words_of(language)
    catalogue = f"dashboards/alarms and streams/words/{language.value}/alarms.ftl"
    return {
        "former.yml": _yaml(former_file(), "dashboards/alarms/alerts.py"),
        "mute-timings.yml": _yaml(mute_timings_file(rules), "the settings by dashboards/alarms/alerts.py"),
        "rules.yml": _yaml(rules_file(words), catalogue),
        "templates.yml": _yaml(templates_file(words), catalogue),
        **{name: _copied(name) for name in BY_HAND},
    }


def _copied(name: str) -> str:
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    return _HEADER.format(source=f"dashboards/alarms/{name}") + text


def _yaml(data: dict[str, Any], source: str) -> str:
    text = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return _HEADER.format(source=source) + text


class _Dumper(yaml.SafeDumper):
    """Texts of several lines stand in the file as they are."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def main() -> None:
    """Write them all."""
    rules = load(None, os.environ).rules
    for language in Language:
        folder = DIRECTORY / language.value
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in alert_files(language, rules).items():
            (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
