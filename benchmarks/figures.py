"""What a run found, as it stands in its JSON, and the figures that follow from it."""

from __future__ import annotations

import statistics
from typing import Literal, NamedTuple, NotRequired, TypedDict

Kind = Literal["ours", "library", "limit"]
BASE = "pystrix 1.3.0"
"""What ratios refer to."""


class Round(TypedDict):
    """One server under a closed loop of calls for some seconds."""

    calls: int
    seconds: float
    calls_per_second: float
    commands_per_second: float
    failed: int
    starved: int
    """Calls in which nothing came, while there was time for all of them."""
    retransmitted: int
    """Calls of which something had to be sent twice."""
    p50_ms: float
    p99_ms: float
    load_cpu: float
    """How much of a core the load took: near 1 it is the load that limits."""
    cpu_us_per_call: float
    """Processor time of the server."""


class Burst(TypedDict):
    """One server when many calls connect at once."""

    served: int
    failed: int
    retried: int
    """Connects that waited until the kernel tried again."""
    retransmitted: int
    connects_ms: float
    """What it took to ask for all connections."""
    slowest_connect_ms: float
    seconds: float


class ServerFigures(TypedDict):
    """All of one server."""

    name: str
    kind: Kind
    versions: dict[str, str]
    not_measured: str | None
    """Why it was not measured."""
    rounds: dict[str, list[Round]]
    """By the number of calls at a time."""
    idle_kib: list[float]
    """Memory of the server for a call that waits for a reply."""
    bursts: dict[str, list[Burst]]
    """By the number of calls."""


class Machine(TypedDict):
    """Where a run took place."""

    processor: str
    cores: int
    virtual: bool
    memory_gib: float
    kernel: str
    system: str
    somaxconn: int


class Settings(TypedDict):
    """How a run was asked to measure."""

    rounds: dict[str, int]
    seconds: float
    held: int
    server_cores: list[int]
    load_core: int
    second_process_core: NotRequired[int]


class Run(TypedDict):
    """All of a run."""

    date: str
    took_seconds: float
    others: float
    """How much of all cores something else used meanwhile, from 0 to 1."""
    commit: str
    machine: Machine
    settings: Settings
    servers: list[ServerFigures]


Key = Literal["calls_per_second", "cpu_us_per_call", "p50_ms", "p99_ms", "load_cpu"]


class Figure(NamedTuple):
    """What several rounds found."""

    median: float
    low: float
    high: float


def figure(values: list[float]) -> Figure | None:
    """Give the median with its spread; None of nothing."""
    if not values:
        return None
    return Figure(statistics.median(values), min(values), max(values))


def server(run: Run, name: str) -> ServerFigures | None:
    """Find a server."""
    return next((found for found in run["servers"] if found["name"] == name), None)


def _values(run: Run, name: str, concurrency: int, key: Key) -> list[float]:
    found = server(run, name)
    return [each[key] for each in found["rounds"].get(str(concurrency), [])] if found else []


def speed(run: Run, name: str, concurrency: int, key: Key = "calls_per_second") -> Figure | None:
    """Give a figure of a server at so many calls at a time."""
    return figure(_values(run, name, concurrency, key))


def ratio(
    run: Run, name: str, to: str, concurrency: int, key: Key = "calls_per_second"
) -> Figure | None:
    """Compare two servers.

    Returns:
        The ratio of the medians. The spread is that of the rounds, each server against the other
        one in the same round, minutes apart at most: what slows the machine down slows both.
    """
    ours, theirs = _values(run, name, concurrency, key), _values(run, to, concurrency, key)
    pairs = [one / other for one, other in zip(ours, theirs, strict=False) if other]
    if not pairs or not (base := statistics.median(theirs)):
        return None
    middle = statistics.median(ours) / base
    return Figure(middle, min(middle, *pairs), max(middle, *pairs))


def idle(run: Run, name: str) -> Figure | None:
    """Give the KiB that an idle call takes."""
    found = server(run, name)
    return figure(found["idle_kib"]) if found else None


def concurrencies(run: Run) -> list[int]:
    """Give the numbers of calls at a time that were measured, in order."""
    return sorted({int(number) for found in run["servers"] for number in found["rounds"]})


def burst_sizes(run: Run) -> list[int]:
    """Give the numbers of calls that connected at once, in order."""
    return sorted({int(number) for found in run["servers"] for number in found["bursts"]})


def total(run: Run, name: str, concurrency: int, key: Literal["failed", "starved"]) -> int:
    """Count the calls of all rounds with which something was wrong."""
    found = server(run, name)
    return sum(each[key] for each in found["rounds"].get(str(concurrency), [])) if found else 0
