"""A run as Markdown, reStructuredText and text."""

from __future__ import annotations

import pytest

from benchmarks import tables
from benchmarks.figures import Figure
from tests.benchmarks.sample import run_of, server_of, usual


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (1.234, "1.23"), (12.34, "12.3"), (123.4, "123"), (12345.6, "12,346")],
)
def test_number(value: float, text: str) -> None:
    """Three digits, or all before the point."""
    assert tables.number(value) == text


def test_spread() -> None:
    """One round has none."""
    assert tables.spread(None) == "-"
    assert tables.spread(Figure(2.6, 2.0, 3.0)) == "2.60 (2.00 to 3.00)"
    assert tables.spread(Figure(2.6, 2.6, 2.6)) == "2.60"


def test_summary() -> None:
    """Ratios and memory of each, and why one is missing."""
    table = tables.summary(usual())
    assert table.heading == ["server", "at 50", "KiB per idle call"]
    assert table.rows == [
        ["pystrix on asyncio, uvloop", "2.60 (2.00 to 3.00)", "6.50"],
        ["pystrix 1.3.0", "1.00", "30.2"],
        ["ding-dong", "not measured: no node", "-"],
        ["limit: bare await, uvloop", "4.00 (3.08 to 4.00)", "2.00"],
    ]


def test_closed_loop() -> None:
    """Everything of one concurrency; who was not measured is not there."""
    table = tables.closed_loop(usual(), 50)
    assert table.title == "50 calls at a time"
    speed = "2,600 (2,000 to 3,000)"
    assert table.rows[0][1:] == [speed, "2.60", "290", "5.00", "10.0", "0.25", "3", "6"]
    assert [row[0] for row in table.rows] == [
        "pystrix on asyncio, uvloop",
        "pystrix 1.3.0",
        "limit: bare await, uvloop",
    ]
    assert tables.closed_loop(usual(), 1).title == "1 call at a time"


def test_burst() -> None:
    """What failed, what was retried, how long it took."""
    table = tables.burst(usual(), 5000)
    assert table.title == "5,000 connects at once"
    assert table.rows == [["pystrix on asyncio, uvloop", "0", "3", "3", "12.5", "2.25"]]


def test_facts() -> None:
    """When, where, how, and each version once."""
    where = (
        "Some CPU, 2 cores, 23.5 GiB; virtual machine, Debian, Linux 6.1.0, somaxconn 4,096; "
        "other programs used 2% of the cores meanwhile"
    )
    cores = (
        "server on core 0, load on core 1; the second of 2 processes on core 1, which it shares "
        "with the load"
    )
    assert tables.facts(usual()) == [
        "2026-01-02 03:04 UTC, in 12 minutes, pystrix at abc1234",
        where,
        "rounds: 3 at 50; 1 s counted in each",
        cores,
        "versions: Python 3.11.7, pystrix 1.0, limit: 1.0",
    ]


def test_facts_of_more_cores() -> None:
    """The second process shares nothing, or is not there."""
    run = usual()
    run["settings"]["load_core"] = 3
    assert tables.facts(run)[3].endswith("the second of 2 processes on core 1")
    del run["settings"]["second_process_core"]
    assert tables.facts(run)[3] == "server on core 0, load on core 3"
    assert len(tables.facts(run_of(server_of("a", "ours", [], reason="no node")))) == 4


def test_markdown() -> None:
    """Tables that Markdown reads, with the picture."""
    text = tables.as_markdown(usual())
    assert text.startswith("# FastAGI servers side by side\n\n* 2026-01-02")
    assert "![Calls per second](latest.svg)" in text
    assert "| server | at 50 | KiB per idle call |\n| --- | ---: | ---: |\n| pystrix on" in text


def test_rst() -> None:
    """Tables that Sphinx reads; a comma in a name is no column."""
    text = tables.as_rst(usual())
    assert '   :header: "server", "at 50", "KiB per idle call"\n\n   "pystrix on as' in text
    assert '   "ding-dong", "not measured: no node", "-"\n' in text


def test_text() -> None:
    """Columns for a terminal."""
    assert tables.columns([["a", "bb"], ["ccc", "d"]]) == "a    bb\nccc   d"
    assert "ding-dong                   not measured: no node" in tables.as_text(usual())
