"""Writes the generated documents of the contract to where they are kept: `python -m tests.contracts.write_documents`.

Run it after every change of the contract; a test fails while the files are not what the code says.
"""

from pathlib import Path
from typing import Final

from streams.contracts.schema import documents

DOCUMENTS: Final = Path(__file__).parents[2] / "deploy" / "contract"
"""Beside the other files that are handed to those who connect to the monitor or run it."""


def main() -> None:
    """Write every document and say which."""
    DOCUMENTS.mkdir(parents=True, exist_ok=True)
    for name, text in documents().items():
        (DOCUMENTS / name).write_text(text, encoding="utf-8")
        print(f"wrote {DOCUMENTS / name}")


if __name__ == "__main__":
    main()
