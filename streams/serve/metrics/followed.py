"""The exposition of whoever follows sources, or is called by some: what became of all that they told."""

from collections.abc import Callable, Iterable

from streams.contracts.rejections import Reason
from streams.live.followed import Followed
from streams.serve.metrics import catalogue
from streams.serve.metrics.exposition import Families, Written
from streams.serve.metrics.metric import Page


class SourceMetrics:
    """The metrics of some sources: `render` reads what `observe` returns, at each scrape."""

    def __init__(self, observe: Callable[[], Iterable[Followed]]) -> None:
        """`observe` is called once for each scrape."""
        self._observe = observe
        self._written = Written()

    def render(self) -> bytes:
        """The Prometheus text format, to be served as `CONTENT_TYPE_LATEST`."""
        page = Families(Page.FOLLOWER, self._written)
        for known in self._observe():
            _add(page, known)
        return page.text({})


def _add(page: Families, known: Followed) -> None:
    source = known.source
    page.add(catalogue.SOURCE_CONNECTED, (source,), int(known.connected))
    page.add_ms(catalogue.SOURCE_CONNECTED_SINCE, (source,), known.since_ms)
    for (channel, name), count in known.facts.items():
        page.add(catalogue.SOURCE_FACTS, (source, channel.value, name), count)
    for channel in known.channels:  # those at 0 too: `increase()` does not see a series that begins at 1
        for reason in Reason:
            refused = known.refused.get((channel, reason.value), 0)
            page.add(catalogue.SOURCE_REFUSED, (source, channel.value, reason.value), refused)
    for why, count in known.left_out.items():
        page.add(catalogue.SOURCE_LEFT_OUT, (source, why), count)
    page.add(catalogue.SOURCE_FILLED, (source,), known.filled)
    page.add_ms(catalogue.SOURCE_LAST_FACT, (source,), known.last_fact_ms)
    page.add_ms(catalogue.SOURCE_WRITTEN, (source,), known.written_ms)
