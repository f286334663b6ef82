"""What has to be reached, held against a run."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from benchmarks import bars
from benchmarks.figures import Figure
from tests.benchmarks.sample import burst_of, round_of, run_of, server_of, usual

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.figures import Run


def verdicts(run: Run) -> dict[tuple[str, float], str]:
    """Give the verdict of each bar."""
    return {(bar.claim, bar.bound): bar.verdict for bar in bars.bars(run)}


def test_bounds() -> None:
    """The bound itself is reached, and an aim that is missed is no failure."""
    exact = Figure(2.0, 1.0, 3.0)
    assert bars.Bar("", exact, 2.0, at_least=True).verdict == "holds"
    assert bars.Bar("", exact, 2.0, at_least=False).verdict == "holds"
    assert bars.Bar("", exact, 2.1, at_least=True).verdict == "DOES NOT HOLD"
    assert bars.Bar("", exact, 1.9, at_least=False).verdict == "DOES NOT HOLD"
    assert bars.Bar("", exact, 2.1, at_least=True, aim=True).verdict == "not reached"
    assert bars.Bar("", exact, 2.0, at_least=True, aim=True).verdict == "reached"
    assert bars.Bar("", None, 2.0, at_least=True).verdict == "not measured"
    assert bars.Bar("", None, 2.0, at_least=True, aim=True).verdict == "not measured"


def test_bars() -> None:
    """Each is held against the figure it speaks of."""
    found = verdicts(usual())
    uvloop = "asyncio, uvloop"
    assert found[f"calls/s at 50: {uvloop} / pystrix 1.3.0", 2.0] == "holds"
    assert found[f"calls/s at 50: {uvloop} / pystrix 1.3.0", 3.0] == "not reached"
    assert found[f"calls/s at 1,000: {uvloop} / pystrix 1.3.0", 2.0] == "not measured"
    assert found["calls/s at 50: threads / pystrix 1.3.0", 1.6] == "not measured"
    assert found[f"CPU per call at 50: {uvloop} / bare await, uvloop", 1.5] == "holds"
    assert found[f"p99 at 50: {uvloop} / bare await, uvloop", 1.7] == "holds"
    assert found[f"KiB per idle call: {uvloop}", 7] == "holds"
    assert found[f"failed of 5,000 connects at once: {uvloop}", 0] == "holds"
    assert found[f"retried of 4,096 connects at once: {uvloop}", 0] == "holds"
    assert (f"retried of 5,000 connects at once: {uvloop}", 0) not in found  # beyond the queue


def test_what_does_not_hold() -> None:
    """Slow, dear, large, late."""
    slow = server_of(
        bars.UVLOOP,
        "ours",
        [round_of(1900, cpu=200, p99=30)],
        idle=7.1,
        bursts={"4096": [burst_of(4095, failed=1, retried=1)]},
    )
    run = run_of(
        slow,
        server_of("pystrix 1.3.0", "library", [round_of(1000)]),
        server_of(bars.AWAIT_UVLOOP, "limit", [round_of(4000)]),
    )
    missed = [claim for (claim, _), verdict in verdicts(run).items() if verdict == "DOES NOT HOLD"]
    assert missed == [
        "calls/s at 50: asyncio, uvloop / pystrix 1.3.0",
        "CPU per call at 50: asyncio, uvloop / bare await, uvloop",
        "p99 at 50: asyncio, uvloop / bare await, uvloop",
        "KiB per idle call: asyncio, uvloop",
        "failed of 4,096 connects at once: asyncio, uvloop",
        "retried of 4,096 connects at once: asyncio, uvloop",
    ]


def test_report() -> None:
    """A line for each, with bound and spread; a run without bursts says so."""
    lines = bars.report(usual()).splitlines()
    assert lines[1].split("  ")[0] == "calls/s at 50: asyncio, uvloop / pystrix 1.3.0"
    assert lines[1].split()[-6:] == ["2", "2.60", "(2.00", "to", "3.00)", "holds"]
    without = bars.report(run_of(server_of("a", "ours", [])))
    assert "failed of 5,000 connects at once: threads" in without


def test_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It reads the JSON of a run."""
    path = tmp_path / "run.json"
    path.write_text(json.dumps(usual()), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["bars", str(path)])
    bars.main()
    assert capsys.readouterr().out == bars.report(usual())


def test_command_without_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says how to get them."""
    monkeypatch.setattr(sys, "argv", ["bars", str(tmp_path / "none.json")])
    with pytest.raises(SystemExit, match=r"none\.json: `make bench BENCH=--write` writes it"):
        bars.main()
