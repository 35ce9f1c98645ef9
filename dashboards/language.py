"""Says a dashboard in a language: the messages in it become texts, and all else stays as it is.

A message may ask for the labels of series and the variables of the dashboard, which Grafana fills in: `{ $cluster }`
becomes `{{cluster}}`, `{ $month }` becomes `$month`.
"""

import re
from typing import Any, Final

from streams.words import Message, Words

LABELS: Final = ("cluster", "line", "sign", "norm", "bound", "waiting", "words", "topic", "version")
"""What legends are made of."""
VARIABLES: Final = ("month", "year")
"""What is chosen above a dashboard."""

_FILLED_BY_GRAFANA: Final = {
    **{label: f"{{{{{label}}}}}" for label in LABELS},
    **{variable: f"${variable}" for variable in VARIABLES},
}
_IN_QUERIES: Final = re.compile(r"<<([a-z0-9-]+)>>")


def said(value: Any, words: Words) -> Any:
    """The value in a language, whatever it is made of."""
    match value:
        case Message():
            return words(value.key, **_FILLED_BY_GRAFANA | {name: said(each, words) for name, each in value.values})
        case dict():
            return {key: said(each, words) for key, each in value.items()}
        case list() | tuple():
            return [said(each, words) for each in value]
        case str():
            return _IN_QUERIES.sub(lambda found: words(found[1]), value)
    return value
