"""Settings for the worker under test: those of Lier, always open, with as many clusters as asked for."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from streams.settings import Settings, load

LIER: Final = Path(__file__).parents[2] / "streams" / "wachtmonitor.toml"


def write_settings(path: Path, phone: Sequence[str], desks: Sequence[str]) -> Path:
    """A settings file with these clusters: whenever the benchmark runs, its calls lie in opening hours."""
    clusters = "".join(
        f'[[cluster]]\nname = "{name}"\nchannel = "{channel}"\nnorm_seconds = 45\n\n'
        for channel, names in (("phone", phone), ("desk", desks))
        for name in names
    )
    text = LIER.read_text(encoding="utf-8")
    head, rest = text.split("[[cluster]]", 1)
    text = head + clusters + rest[rest.index("\n[norms]\n") :]  # the table itself: comments name it too
    text = re.sub(r"^(\w+day) = .*$", r'\1 = "00:00-24:00"', text, flags=re.MULTILINE)
    path.write_text(text.replace('public_holidays = "BE"', 'public_holidays = "none"'), encoding="utf-8")
    return path


def settings(directory: Path, phone: Sequence[str], desks: Sequence[str]) -> Settings:
    """The same settings, read."""
    return load(write_settings(directory / "wachtmonitor.toml", phone, desks), {})
