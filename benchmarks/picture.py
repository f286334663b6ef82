"""A run as a picture: calls per second, with the spread of the rounds."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from benchmarks import figures, tables
from benchmarks.figures import BASE

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

    from benchmarks.figures import Kind, Run

mpl.use("svg")
from matplotlib import pyplot as plt

# Colours that can be read on white and on black.
INK = "#808080"
COLOURS: dict[Kind, str] = {"ours": "#3b82f6", "library": "#d08a2e", "limit": "#9a9a9a"}
LABELS: dict[Kind, str] = {"ours": "pystrix", "library": "other libraries", "limit": "limits"}
STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.size": 9,
    "svg.fonttype": "none",
    "svg.hashsalt": "pystrix",
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}
PREFERRED = (50, 1000)


def draw(run: Run, path: Path) -> None:
    """Write the picture as SVG."""
    measured = figures.concurrencies(run)
    shown = [count for count in PREFERRED if count in measured] or measured[:2]
    names = [found["name"] for found in run["servers"] if found["rounds"]]
    with mpl.rc_context(STYLE):
        picture, panels = plt.subplots(
            1,
            len(shown),
            sharey=True,
            squeeze=False,
            figsize=(2.8 + 3.2 * len(shown), 1.2 + 0.27 * len(names)),
            layout="constrained",
        )
        for panel, count in zip(panels[0], shown, strict=True):
            _bars(panel, run, names, count)
        handles = [
            Rectangle((0, 0), 1, 1, color=COLOURS[kind], label=LABELS[kind]) for kind in LABELS
        ]
        about = textwrap.fill("; ".join(tables.facts(run)), 52 + 60 * len(shown))
        picture.supxlabel(f"calls per second (ratio to {BASE})", fontsize=9)
        picture.text(0.01, -0.01, about, fontsize=6, va="top")
        picture.legend(handles=handles, loc="outside upper center", ncols=3, frameon=False)
        picture.savefig(path, transparent=True, bbox_inches="tight", metadata={"Date": None})
        plt.close(picture)


def _bars(panel: Axes, run: Run, names: list[str], count: int) -> None:
    """Draw a bar for each server, with its ratio to the base."""
    kinds = {found["name"]: found["kind"] for found in run["servers"]}
    most = 0.0
    for place, name in enumerate(names):
        figure = figures.speed(run, name, count)
        if figure is None:
            continue
        reach = [[figure.median - figure.low], [figure.high - figure.median]]
        panel.barh(
            place,
            figure.median,
            color=COLOURS[kinds[name]],
            xerr=reach,
            error_kw={"ecolor": INK, "elinewidth": 1, "capsize": 2},
        )
        ratio = figures.ratio(run, name, BASE, count)
        text = f"{figure.median:,.0f}" + (f"  ({ratio.median:.1f})" if ratio else "")
        panel.annotate(
            text, (figure.high, place), (4, 0), textcoords="offset points", va="center", fontsize=8
        )
        most = max(most, figure.high)
    panel.set_xlim(0, 1.35 * most or 1)
    panel.set_yticks(range(len(names)), names)
    panel.set_title(f"{count:,} calls at a time", fontsize=10)
    panel.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    panel.xaxis.set_major_locator(MaxNLocator(4))
    panel.spines[["top", "right"]].set_visible(False)
    if not panel.yaxis_inverted():
        panel.invert_yaxis()
