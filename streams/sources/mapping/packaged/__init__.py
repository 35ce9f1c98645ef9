"""Mappings that come along, for what many have: `extends` takes one, and what a person says goes over it."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal, get_args

from streams.settings.toml.text import parse_toml

Name = Literal["3cx", "asterisk-queue-log", "issabel"]
NAMES: Final[tuple[str, ...]] = get_args(Name)

DocumentName = Literal["qminder", "twilio-taskrouter"]
DOCUMENT_NAMES: Final[tuple[str, ...]] = get_args(DocumentName)
"""Those of documents."""


@cache
def text_of(name: str) -> str:
    """A mapping that comes along, as it is written."""
    return files(__name__).joinpath(f"{name}.toml").read_text(encoding="utf-8")


def values_of(name: str) -> dict[str, Any]:
    """Its tables."""
    return parse_toml(text_of(name))


def extended(values: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """The tables of a mapping that extends one of these names, over that one.

    Of a table each key goes over its like. Own [[event]] tables take the place of all, own [[leave_out]] tables stand
    before the others. Where the name is not known, any does: the name is reported, and not what is missing besides.
    """
    if "extends" not in values:
        return dict(values)
    name = values["extends"] if values["extends"] in names else names[0]
    base = values_of(name)
    merged = {key: _over(base[key], values[key]) if key in base else values[key] for key in values}
    if isinstance(cluster := values.get("cluster"), dict) and {"column", "constant"} & cluster.keys():
        merged["cluster"] = cluster
    if isinstance(own := values.get("leave_out"), list):
        has_else = any(isinstance(rule, dict) and rule.get("all_else") for rule in own)
        others = [rule for rule in base.get("leave_out", []) if not (has_else and rule.get("all_else"))]
        merged["leave_out"] = [*own, *others]
    return base | merged


def _over(base: Any, own: Any) -> Any:
    return base | own if isinstance(base, dict) and isinstance(own, dict) else own
