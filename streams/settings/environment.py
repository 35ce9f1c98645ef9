"""Which environment variables are settings, and what they replace.

Must not know what the values mean: they are read by the same kinds as those of the file.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from streams.toml_table import Override, nearest

PREFIX: Final = "WACHTMONITOR_"

FILE_VARIABLE: Final = f"{PREFIX}SETTINGS"
"""Names the settings file where no command line does."""

TEST_VARIABLES: Final = (f"{PREFIX}REAL_CALLS",)
"""Known so that they are not refused, and read by the tests alone."""


def variable(section: str, key: str) -> str:
    """The name of the variable for a key, such as WACHTMONITOR_KAFKA_GROUP."""
    return f"{PREFIX}{section}_{key}".upper()


def overrides(
    environ: Mapping[str, str], sections: Mapping[str, Iterable[str]], problems: list[str]
) -> dict[str, dict[str, Override]]:
    """What the environment says, by section and key; `sections` are the keys that it may say something about.

    An empty variable counts as one that is not set, as Docker Compose passes those on. Unknown ones are problems.
    """
    found: dict[str, dict[str, Override]] = {section: {} for section in sections}
    known = {variable(section, key): (section, key) for section, keys in sections.items() for key in keys}
    for name in known.keys() & environ.keys():
        section, key = known[name]
        if environ[name]:
            found[section][key] = Override(environ[name], name)
    problems.extend(_unknown(environ, (FILE_VARIABLE, *known)))
    return found


def _unknown(environ: Mapping[str, str], known: Collection[str]) -> Iterator[str]:
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known and name not in TEST_VARIABLES:
            yield f"{name}: unknown variable; {nearest(name, known)}"
