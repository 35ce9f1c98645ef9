"""The wall page as one document in the language of the screen, with the headers that fit exactly this text.

Its style and its script stand in files of their own and are put into it: the browser asks for nothing more. It must
not know what a figure means.
"""

import base64
import hashlib
import re
from importlib.resources import files
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from streams.words import Language, words_of

_ASKED: Final = {
    "duration_seconds": ("duration-seconds", ("seconds",)),
    "duration_minutes": ("duration-minutes", ("minutes", "seconds")),
    "duration_hours": ("duration-hours", ("hours", "minutes")),
    "lost": ("wall-lost", ()),
    "unreachable": ("wall-unreachable", ()),
    "stale": ("wall-says-stale", ()),
    "above": ("wall-above", ("count", "total")),
    "page": ("wall-page", ("page", "pages")),
    "part": ("wall-part", ("first", "last", "total")),
}
"""What the script says by itself: what goes on between two payloads, or without any. The rest it is told."""


class Page:
    """The wall page, with the headers that fit exactly this text."""

    def __init__(self, html: bytes) -> None:
        """Hash the page's own style and script: the browser runs these and nothing else."""
        self.html = html
        self.version = hashlib.sha256(html).hexdigest()
        self.policy = "; ".join(
            (
                "default-src 'none'",
                "connect-src 'self'",
                "img-src data:",
                f"style-src {_hash_source(html, b'style')}",
                f"script-src {_hash_source(html, b'script')}",
                "base-uri 'none'",
                "form-action 'none'",
                "frame-ancestors 'none'",
                "require-trusted-types-for 'script'",
                "trusted-types 'none'",
            )
        )


def read_page(language: Language) -> bytes:
    """The wall page as it is packaged, in one language."""
    environment = Environment(
        loader=PackageLoader("streams.serve.wall", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    html = environment.get_template("page.html").render(
        words=words_of(language),
        language=language.value,
        messages=_messages(language),
        style=_own("wall.css"),
        script=_own("wall.js"),
    )
    return html.encode()


def _messages(language: Language) -> dict[str, str]:
    """What the script says by itself, with `{name}` where it fills something in."""
    words = words_of(language)
    said = {name: words(key, **{each: f"{{{each}}}" for each in asked}) for name, (key, asked) in _ASKED.items()}
    return said | {"locale": language.tag}


def _own(name: str) -> Markup:
    """A file of ours, which stands in the page as it is."""
    return Markup(files("streams.serve.wall").joinpath(name).read_text(encoding="utf-8"))  # noqa: S704 - see above


def _hash_source(html: bytes, tag: bytes) -> str:
    """The Content-Security-Policy source that allows the page's one inline element of this tag."""
    (content,) = re.findall(b"<%b>(.*?)</%b>" % (tag, tag), html, re.DOTALL)
    return f"'sha256-{base64.b64encode(hashlib.sha256(content).digest()).decode()}'"
