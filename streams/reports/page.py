"""The report as one HTML file: no script, nothing fetched, printable on A4.

Must not know what the figures mean: it shows the sections that it is given.
"""

from functools import lru_cache
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from streams.reports.charts import svg
from streams.reports.report import Report
from streams.reports.view import NO, YES, Chart, sections, subtitle, title

TEMPLATE: Final = "report.html"


def as_html(report: Report) -> str:
    """The whole report as a document in UTF-8."""
    return _template().render(
        title=title(report), subtitle=subtitle(report), sections=sections(report), yes=YES, no=NO, draw=_draw
    )


def _draw(chart: Chart) -> Markup:
    """Our own SVG, in which every text has been escaped."""
    return Markup(svg(chart))  # noqa: S704 - see above


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("streams.reports", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(TEMPLATE)
