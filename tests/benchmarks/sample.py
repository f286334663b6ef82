"""A run that was never made, with figures that are easy to reckon with."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.figures import Burst, Kind, Round, Run, ServerFigures


def round_of(calls_per_second: float, *, cpu: float = 100.0, p99: float = 10.0) -> Round:
    """Make a round."""
    return {
        "calls": int(calls_per_second),
        "seconds": 1.0,
        "calls_per_second": calls_per_second,
        "commands_per_second": 11 * calls_per_second,
        "failed": 1,
        "starved": 2,
        "retransmitted": 0,
        "p50_ms": 5.0,
        "p99_ms": p99,
        "load_cpu": 0.25,
        "cpu_us_per_call": cpu,
    }


def burst_of(served: int, *, failed: int = 0, retried: int = 0) -> Burst:
    """Make a burst."""
    return {
        "served": served,
        "failed": failed,
        "retried": retried,
        "retransmitted": retried,
        "connects_ms": 40.0,
        "slowest_connect_ms": 12.5,
        "seconds": 2.25,
    }


def server_of(
    name: str,
    kind: Kind,
    rounds: list[Round],
    *,
    idle: float = 6.5,
    bursts: dict[str, list[Burst]] | None = None,
    reason: str | None = None,
) -> ServerFigures:
    """Make the figures of a server."""
    return {
        "name": name,
        "kind": kind,
        "versions": {} if reason else {"Python": "3.11.7", name.split(maxsplit=1)[0]: "1.0"},
        "not_measured": reason,
        "rounds": {"50": rounds} if rounds else {},
        "idle_kib": [] if reason else [idle],
        "bursts": bursts or {},
    }


def run_of(*servers: ServerFigures) -> Run:
    """Make a run."""
    return {
        "date": "2026-01-02 03:04 UTC",
        "took_seconds": 720.0,
        "others": 0.02,
        "commit": "abc1234",
        "machine": {
            "processor": "Some CPU",
            "cores": 2,
            "virtual": True,
            "memory_gib": 23.5,
            "kernel": "6.1.0",
            "system": "Debian",
            "somaxconn": 4096,
        },
        "settings": {
            "rounds": {"50": 3, "1000": 0},
            "seconds": 1.0,
            "held": 2000,
            "server_cores": [0],
            "load_core": 1,
            "second_process_core": 1,
        },
        "servers": list(servers),
    }


def usual() -> Run:
    """Make a run of four servers, one of which was not there."""
    bursts = {"4096": [burst_of(4096)], "5000": [burst_of(5000, retried=3)]}
    return run_of(
        server_of(
            "pystrix on asyncio, uvloop",
            "ours",
            [round_of(3000, cpu=300), round_of(2000, cpu=280), round_of(2600, cpu=290)],
            bursts=bursts,
        ),
        server_of(
            "pystrix 1.3.0", "library", [round_of(1000), round_of(1000), round_of(1300)], idle=30.2
        ),
        server_of("ding-dong", "library", [], reason="no node"),
        server_of("limit: bare await, uvloop", "limit", [round_of(4000, cpu=200)] * 3, idle=2.0),
    )
