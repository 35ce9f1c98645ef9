"""The topics that there are: those of the events of each channel, and those of the monitor itself."""

from streams.channels import channels
from streams.contracts.topics import TopicSettings, TopicSpec, specs_with


def topic_specs(settings: TopicSettings) -> tuple[TopicSpec, ...]:
    """All topics as they should be, those of events first."""
    return specs_with({each.topic(settings): each.decoder.id_field for each in channels()}, settings)
