"""Medians, spreads and ratios."""

from __future__ import annotations

import pytest

from benchmarks import figures
from tests.benchmarks.sample import round_of, run_of, server_of, usual

UVLOOP = "pystrix on asyncio, uvloop"


def test_median_and_spread() -> None:
    """The middle round, with the smallest and the largest."""
    assert figures.figure([3.0, 1.0, 2.0]) == (2.0, 1.0, 3.0)
    assert figures.figure([1.0, 2.0]) == (1.5, 1.0, 2.0)
    assert figures.figure([]) is None


def test_speed() -> None:
    """Of each key; None where nothing was measured."""
    run = usual()
    assert figures.speed(run, UVLOOP, 50) == (2600, 2000, 3000)
    assert figures.speed(run, UVLOOP, 50, "cpu_us_per_call") == (290, 280, 300)
    assert figures.speed(run, UVLOOP, 1000) is None
    assert figures.speed(run, "ding-dong", 50) is None
    assert figures.speed(run, "nobody", 50) is None


def test_ratio_is_of_medians_and_its_spread_of_rounds() -> None:
    """2600 by 1000; in the rounds 3000 by 1000, 2000 by 1000, 2600 by 1300."""
    assert figures.ratio(usual(), UVLOOP, "pystrix 1.3.0", 50) == (2.6, 2.0, 3.0)


def test_spread_of_a_ratio_has_the_ratio_in_it() -> None:
    """Also where every round is below the ratio of the medians."""
    run = run_of(
        server_of("a", "ours", [round_of(10), round_of(20), round_of(90)]),
        server_of("b", "ours", [round_of(5), round_of(50), round_of(4)]),
    )
    ratio = figures.ratio(run, "a", "b", 50)
    assert ratio == pytest.approx((4.0, 0.4, 22.5))


def test_no_ratio_without_both() -> None:
    """Nor to a server that served nothing."""
    run = usual()
    assert figures.ratio(run, UVLOOP, "ding-dong", 50) is None
    assert figures.ratio(run, "nobody", UVLOOP, 50) is None
    dead = run_of(server_of("a", "ours", [round_of(5)]), server_of("b", "ours", [round_of(0)]))
    assert figures.ratio(dead, "a", "b", 50) is None


def test_no_ratio_to_a_server_that_mostly_served_nothing() -> None:
    """Its median is nothing, though one round was not."""
    run = run_of(
        server_of("a", "ours", [round_of(5)] * 3),
        server_of("b", "ours", [round_of(0), round_of(1), round_of(0)]),
    )
    assert figures.ratio(run, "a", "b", 50) is None


def test_what_was_measured() -> None:
    """In order, and counted over all rounds."""
    run = usual()
    run["servers"][0]["rounds"]["5"] = [round_of(1)]
    assert figures.concurrencies(run) == [5, 50]
    assert figures.burst_sizes(run) == [4096, 5000]
    assert figures.idle(run, UVLOOP) == (6.5, 6.5, 6.5)
    assert figures.idle(run, "nobody") is None
    assert figures.total(run, UVLOOP, 50, "failed") == 3
    assert figures.total(run, UVLOOP, 50, "starved") == 6
    assert figures.total(run, "nobody", 50, "starved") == 0
