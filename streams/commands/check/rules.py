"""Which recording rules the files of `rules_files` hold, to compare with those that Prometheus has."""

from collections.abc import Sequence
from pathlib import Path

import yaml


class RulesFileError(ValueError):
    """A file of rules cannot be used; the text says which, why and what to do."""


def read_rules(files: Sequence[Path]) -> dict[str, str]:
    """The expression of every recording rule in these files of Prometheus. Raises `RulesFileError`."""
    rules: dict[str, str] = {}
    for file in files:
        try:
            groups = yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]
            found = [rule for group in groups for rule in group["rules"] if "record" in rule]
            rules |= {rule["record"]: str(rule["expr"]) for rule in found}
        except OSError as error:
            raise RulesFileError(
                f"{file} cannot be read ({error.strerror}): correct rules_files in [grafana] of the settings."
            ) from error
        except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError) as error:
            raise RulesFileError(f"{file} is no file of rules for Prometheus: {error}.") from error
    return rules
