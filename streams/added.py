"""A channel that an installation adds, by one call: what is counted of it, its wall, its report and its words."""

from streams.channels import ChannelParts, register
from streams.months.report.channel import ReportChannel
from streams.months.report.channels import add_report
from streams.serve.wall.layout import Layout, add_layout
from streams.sources.simulation.channels import add_simulator
from streams.sources.simulation.simulator import Simulator
from streams.words import Language, add_catalogues, words_of


def add_channel(
    channel: ChannelParts,
    layout: Layout,
    catalogues: str,
    report: ReportChannel | None = None,
    simulator: Simulator | None = None,
) -> None:
    """Make a channel known to everything, behind those that are known; before settings are read.

    `catalogues` is a package that has a folder of Fluent files for each language: the words of the layout, and
    `contacts-<name>` for what goes wrong. Without a `report` the month's has a table of the declared counts, and
    without a `simulator` nobody comes through it on a simulated day. Raises `ValueError` for a name that another
    channel has already, and for words of its indicators that a language lacks.
    """
    register(channel)
    add_layout(channel.name, layout)
    add_catalogues(catalogues)
    _require_words(channel, catalogues)
    if report is not None:
        add_report(channel.name, report)
    if simulator is not None:
        add_simulator(channel.name, simulator)


def _require_words(channel: ChannelParts, catalogues: str) -> None:
    """Here, and not when the first report is made."""
    needed = [key for each in channel.indicators for key in each.word_keys]
    lacking = [f"{key} ({each.value})" for each in Language for key in needed if key not in words_of(each).keys]
    if lacking:
        raise ValueError(
            f"expected words for the indicators of {channel.called} in {catalogues}: add {', '.join(lacking)}"
        )
