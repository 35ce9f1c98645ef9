"""The languages that there are words for, and how each writes numbers, percentages and days."""

from enum import StrEnum
from typing import Final

from babel import Locale


class Language(StrEnum):
    """The languages there are words for; the value is the folder, and what the settings say."""

    DUTCH = "nl"
    ENGLISH = "en"
    FRENCH = "fr"

    @property
    def locale(self) -> Locale:
        """How numbers and days are written: as in Belgium, and for English as in Britain."""
        return Locale.parse(_LOCALES[self])

    @property
    def tag(self) -> str:
        """The same for browsers: `nl-BE`."""
        return _LOCALES[self].replace("_", "-")

    @property
    def percent_sign(self) -> str:
        """The sign with what stands before it."""
        return "%" if self is Language.ENGLISH else "\N{NO-BREAK SPACE}%"


_LOCALES: Final = {Language.DUTCH: "nl_BE", Language.ENGLISH: "en_GB", Language.FRENCH: "fr_BE"}
