"""The health of the monitor itself: is what the screens show complete and of this moment."""

from typing import Any, Final

from dashboards import queries
from dashboards.layout import Band, dashboard, stacked
from dashboards.panels import BYTES, COUNT, SECONDS, lines, override, stat, table, texts

UID: Final = "wachtmonitor-gezondheid"


def build() -> dict[str, Any]:
    """The dashboard."""
    return dashboard(
        UID,
        "Of de monitor zelf bij is: achterstand, vertraging, geweigerde berichten, controlepunten, workers.",
        stacked(
            [
                Band(6, ((5, _workers()), (7, _partitions()), (4, _opening()), (8, _versions())), heading="Workers"),
                Band(8, ((12, _feed_ages()), (12, _lag()))),
                Band(8, ((12, _latency()), (12, _events())), heading="Van bericht tot cijfer"),
                Band(
                    8,
                    ((8, _rejected_recently()), (8, _rejected()), (8, _deleted_unread())),
                    heading="Geweigerde en verloren berichten",
                ),
                Band(
                    8,
                    ((6, _checkpoint_age()), (6, _behind()), (6, _duration()), (6, _size())),
                    heading="Controlepunten",
                ),
                Band(8, ((12, _contacts()), (12, _up())), heading="Geheugen en bereikbaarheid"),
            ]
        ),
        since="now-3h",
        refresh="10s",
    )


def _workers() -> dict[str, Any]:
    return stat(
        "Workers",
        "Workers die Prometheus bereikt. Met 0 zijn alle schermen oud. Valt er een uit, dan nemen de andere zijn "
        "partities over.",
        [queries.WORKERS],
        COUNT,
    )


def _partitions() -> dict[str, Any]:
    return stat(
        "Partities en achterstand",
        "Partities die samen door de workers gelezen worden, en berichten die op de broker staan en nog niet gelezen "
        "zijn. Zijn er minder partities dan de topics hebben, dan ontbreken oproepen of bezoekers.",
        [queries.PARTITIONS, queries.LAG_NOW],
        COUNT,
        rows=True,
    )


def _opening() -> dict[str, Any]:
    panel = stat(
        "Openingsuren",
        "Of het volgens de instellingen nu binnen de openingsuren is. Daarbuiten zwijgen de alarmen.",
        [queries.OPENING],
        COUNT,
        overrides=[override("byFrameRefID", "A", mappings=[texts({"1": "open", "0": "gesloten"})])],
    )
    return {**panel, "options": {**panel["options"], "textMode": "value"}}


def _versions() -> dict[str, Any]:
    return stat(
        "Versies",
        "Welke versies draaien, elk met het aantal workers. Meer dan een versie is alleen tijdens een vernieuwing "
        "goed.",
        [queries.VERSIONS],
        COUNT,
    )


def _feed_ages() -> dict[str, Any]:
    return lines(
        "Tijd sinds het laatste bericht",
        "Hoe oud het nieuwste bericht van elk topic is. De streepjeslijn is de stilte waarna de cijfers in de "
        "openingsuren oud heten, uit de instellingen.",
        queries.FEED_AGES,
        SECONDS,
        shades=True,
        decimals=0,
    )


def _lag() -> dict[str, Any]:
    return lines(
        "Achterstand per partitie",
        "Berichten op de broker die de worker nog niet gelezen heeft.",
        queries.LAG,
        COUNT,
        shades=True,
    )


def _latency() -> dict[str, Any]:
    return lines(
        "Vertraging van bericht tot cijfer",
        "Tijd van het bericht in Kafka tot het in de cijfers zit, over de laatste vijf minuten. Een gat betekent "
        "dat er geen berichten kwamen.",
        queries.LATENCY,
        SECONDS,
        decimals=2,
    )


def _events() -> dict[str, Any]:
    return lines(
        "Verwerkte berichten",
        "Berichten die in de laatste vijf minuten in de cijfers zijn opgenomen, herhaalde meegeteld.",
        queries.EVENTS,
        COUNT,
        shades=True,
    )


def _rejected_recently() -> dict[str, Any]:
    return lines(
        "Geweigerd in de laatste 15 minuten",
        "Berichten die geen geldige gebeurtenis waren. Zij staan met hun plaats en reden op het topic "
        "dead-letters en veranderen geen cijfer.",
        queries.REJECTED_RECENTLY,
        COUNT,
        shades=True,
    )


def _rejected() -> dict[str, Any]:
    return table(
        "Geweigerd sinds het begin, met reden",
        "Alle geweigerde berichten sinds het eerste bericht van elke partitie. De redenen zijn die van het "
        "berichtencontract, waarin elk bericht op dead-letters er een bij zich heeft.",
        [queries.REJECTED],
        ["berichten"],
        labels={"reden": "reden"},
        decimals=0,
        sort="berichten",
        descending=True,
    )


def _deleted_unread() -> dict[str, Any]:
    return lines(
        "Verwijderd voor ze gelezen waren",
        "Berichten die Kafka na de bewaartermijn van het topic verwijderde voor een worker ze las. Elk cijfer mist "
        "ze: boven 0 moet de bewaartermijn langer.",
        queries.DELETED_UNREAD,
        COUNT,
        shades=True,
    )


def _checkpoint_age() -> dict[str, Any]:
    return lines(
        "Ouderdom",
        "Ouderdom van het oudste van de laatste controlepunten. Een controlepunt zonder nieuwe berichten hoeft niet "
        "vernieuwd te worden.",
        queries.CHECKPOINT_AGE,
        SECONDS,
        decimals=1,
        shades=True,
    )


def _behind() -> dict[str, Any]:
    return lines(
        "Nog niet vastgelegd",
        "Verwerkte berichten die nog in geen controlepunt staan: een herstart leest ze opnieuw.",
        queries.CHECKPOINT_BEHIND,
        COUNT,
        shades=True,
    )


def _duration() -> dict[str, Any]:
    return lines(
        "Duur van het schrijven",
        "Hoe lang het vastleggen en schrijven van het laatste controlepunt duurde, van de traagste partitie.",
        queries.CHECKPOINT_DURATION,
        SECONDS,
        shades=True,
        decimals=2,
    )


def _size() -> dict[str, Any]:
    return lines(
        "Grootte", "Grootte van de laatste controlepunten, samen.", queries.CHECKPOINT_SIZE, BYTES, shades=True
    )


def _contacts() -> dict[str, Any]:
    return lines(
        "Contacten in het geheugen",
        "Open: de afloop is nog niet bekend. Onthouden: zo lang corrigeren late berichten nog en tellen herhaalde "
        "maar één keer.",
        queries.CONTACTS,
        COUNT,
        shades=True,
    )


def _up() -> dict[str, Any]:
    return lines(
        "Bereikbaarheid van elke worker",
        "1 als Prometheus de worker kon lezen, 0 als dat niet lukte.",
        [queries.UP],
        COUNT,
        shades=True,
    )
