"""The words for people: one catalogue for each language, in folders of Fluent files, one file for each screen.

`Words` reads them; numbers, days and amounts are written by Babel as the language writes them in Belgium. A catalogue
is named by what it says (`wall`, `report`), a message by an English key. It must not know any other package.
"""

from streams.words.language import Language
from streams.words.message import Message, message
from streams.words.words import Words, add_catalogues, plain, told_apart, words_of

__all__ = ["Language", "Message", "Words", "add_catalogues", "message", "plain", "told_apart", "words_of"]
