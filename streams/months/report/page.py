"""The report as one HTML file: no script, nothing fetched, printable on A4."""

from functools import lru_cache
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from streams.months.report.charts import svg
from streams.months.report.data import Report
from streams.months.report.section import Chart
from streams.months.report.view import sections, subtitle, title, words
from streams.months.report.wording import Wording

TEMPLATE: Final = "report.html"


def as_html(report: Report) -> str:
    """The whole report as a document in UTF-8."""
    say = Wording(words(report))
    return _template().render(
        language=report.language.tag,
        title=title(report),
        subtitle=subtitle(report),
        sections=sections(report),
        yes=say.yes,
        no=say.no,
        draw=_draw,
    )


def _draw(chart: Chart) -> Markup:
    """Our own SVG, in which every text has been escaped."""
    return Markup(svg(chart))  # noqa: S704 - see above


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("streams.months.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(TEMPLATE)
