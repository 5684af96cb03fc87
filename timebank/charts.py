"""Bars drawn as SVG, to stand in a page beside their table: no script, no style and no colour of their own."""

import sys
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree as ET

import pygal
from markupsafe import Markup
from pygal.style import Style

# pygal asks to be asked about every import from now on, for its maps, in a way that Python warns of. We have no maps.
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "pygal"]

SVG = "{http://www.w3.org/2000/svg}"
WIDTH, ROW, AROUND = 640, 26, 90
# static/css/report.css writes in these sizes, for which pygal has to leave room.
SIZES = Style(label_font_size=17, legend_font_size=17, value_font_size=15)
# What pygal adds for its own script and style.
NOT_OURS = {f"{SVG}defs", f"{SVG}title", f"{SVG}desc"}


def bars(label: str, rows: Sequence[str], series: Mapping[str, Sequence[int | None]]) -> Markup:
    """Horizontal bars: for each row one of each series, the first on top; None draws none. `label` says what it shows."""
    chart = pygal.HorizontalBar(
        width=WIDTH,
        style=SIZES,
        height=AROUND + ROW * len(rows) * len(series),
        js=[],
        css=[],
        print_values=True,
        legend_at_bottom=True,
        legend_at_bottom_columns=len(series),
        truncate_legend=-1,
        show_y_guides=False,
        disable_xml_declaration=True,
        no_data_text="",
    )
    # pygal draws rows from below, and the series of a row from above.
    chart.x_labels = list(reversed(rows))
    for name, values in series.items():
        chart.add(name, list(reversed(values)))
    return Markup(_bare(chart.render(is_unicode=True), label))  # noqa: S704 - pygal escapes what it is given


def _bare(drawn: str, label: str) -> str:
    # Reading the text anew drops pygal's comments, too.
    root = ET.fromstring(drawn)  # noqa: S314 - pygal wrote it
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in NOT_OURS or "tooltip-overlay" in child.get("class", ""):
                parent.remove(child)
        parent.attrib.pop("id", None)
        parent.attrib.pop("style", None)
    root.set("role", "img")
    root.set("aria-label", label)
    ET.register_namespace("", SVG.strip("{}"))
    return ET.tostring(root, encoding="unicode")
