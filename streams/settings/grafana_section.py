"""The table [grafana] of the settings file: its keys, and the token that must not stand in it.

Whatever is wrong becomes a problem, and the reading goes on. Must not connect to anything.
"""

import re
from pathlib import Path
from typing import Final

from streams.settings import kinds
from streams.settings.environment import variable
from streams.settings.model import Secret
from streams.toml_table import WRONG, Entry, Fields, Table

TOKEN_VARIABLE: Final = variable("grafana", "token")

_UID: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")
"""What Grafana takes for a uid (pkg/util/shortid_generator.go)."""


def grafana_entries(base: Path) -> tuple[Entry, ...]:
    """The keys of [grafana]; files are looked up from the directory `base`."""
    uid = kinds.pattern(
        "the uid of a dashboard, 1 to 40 letters, digits, dashes or underscores",
        "wachtmonitor-maand",
        lambda text: _UID.fullmatch(text) is not None,
    )
    rules = kinds.files("a list of files with recording rules", base, '["figures.yml"]')
    return tuple(
        Entry(key, kind, key, required=False)
        for key, kind in (
            ("url", kinds.URL),
            ("token_file", kinds.readable_file("a file that holds the token and nothing else", base)),
            ("token", kinds.PASSWORD),
            ("ca_file", kinds.readable_file("a PEM file", base)),
            ("timeout_seconds", kinds.decimal("seconds", "1", "600", "30")),
            ("dashboard_uid", uid),
            ("rules_files", rules),
            ("expires_days", kinds.whole("days", 0, 36_600, 0)),
        )
    )


def read_grafana(table: Table, base: Path) -> Fields:
    """The fields of `GrafanaSettings`; files are looked up from the directory `base`."""
    refused = table.refuse(
        "token",
        "a token must not stand in this file; put it alone into a file that only this program may read and name that "
        f"in token_file, or set {TOKEN_VARIABLE}",
    )
    fields = table.read(grafana_entries(base))
    table.close()
    if "token" not in fields:
        fields |= {"token": WRONG} if refused else _token(table, fields)
    return fields


def _token(table: Table, fields: Fields) -> Fields:
    """The field with the token from its file, if one is named."""
    path = fields.get("token_file")
    if not isinstance(path, Path):
        return {} if path is None else {"token": WRONG}
    try:
        token = path.read_text(encoding="utf-8").strip()
    except UnicodeDecodeError:
        token = ""
    if not token:
        table.problem("expected a file with a token in UTF-8, got one without", "token_file")
    return {"token": Secret(token) if token else WRONG}
