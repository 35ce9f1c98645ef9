"""The texts that people read: README, CONTRIBUTING and the pages of docs/."""

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]

README: Final = ROOT / "README.md"

PAGES: Final = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in (README, *sorted(ROOT.glob("[A-Z]*.md")), *sorted((ROOT / "docs").rglob("*.md")))
}
"""Text by path from the root."""
