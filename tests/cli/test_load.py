"""``pystrix load``."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.testing import CliRunner

from pystrix.agi import FastAGIServer, core
from pystrix.cli.load import load
from pystrix.testing.load import run_load
from tests.agi.peers import TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Iterator

RUNNER = CliRunner()


@pytest.fixture
def url() -> Iterator[str]:
    """Serve a short call; give its URL."""

    def handler(agi: Any, _args: Any, _kwargs: Any, _match: Any, path: str) -> None:
        agi.execute(core.Answer())
        if path == "broken":
            raise LookupError
        agi.execute(core.GetData("enter", max_digits=2))

    with FastAGIServer(port=0) as server:
        server.register_script_handler(None, handler)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"agi://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


async def load_until_a_call_has_ended(*arguments: Any, notice: Any, **options: Any) -> Any:
    """Load a server, and end that when a call has ended, however long it takes."""
    results: list[Any] = []

    def notice_and_end(result: Any) -> None:
        results.append(result)
        notice(result)
        if result.calls or result.errors:
            task.cancel()

    options["duration"] = TIMEOUT
    task = asyncio.create_task(run_load(*arguments, notice=notice_and_end, **options))
    with contextlib.suppress(asyncio.CancelledError):
        await task
    return results[-1]


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have loads end when a call has ended."""
    monkeypatch.setattr("pystrix.testing.load._SWEEP_SECONDS", 0.05)
    monkeypatch.setattr("pystrix.cli.load.run_load", load_until_a_call_has_ended)


def run(*arguments: str) -> Any:
    """Run the command."""
    app = typer.Typer()
    app.command()(load)
    return RUNNER.invoke(app, ["-d", "0.2", "-c", "3", *arguments])


@pytest.mark.usefixtures("patient")
def test_figures(url: str) -> None:
    """As JSON; the times are of what was measured."""
    result = run(f"{url}/x", "--json", "--keys", "12")
    assert result.exit_code == 0
    figures = json.loads(result.stdout)
    assert figures["calls"] > 0
    more = figures["commands"] - 2 * figures["calls"]
    assert figures["cut_off"] <= more <= 2 * figures["cut_off"]
    assert figures["cut_off"] + figures["waiting"] <= 3
    assert figures["calls_per_second"] == pytest.approx(figures["calls"] / figures["seconds"], 0.1)
    assert 0 < figures["command_ms"]["p50"] <= figures["command_ms"]["max"]
    assert figures["call_ms"]["p50"] <= figures["call_ms"]["p99.9"] <= figures["call_ms"]["max"]
    assert figures["errors"] == {}


@pytest.mark.usefixtures("patient")
def test_picture(url: str) -> None:
    """A table and a distribution."""
    result = run(f"{url}/x")
    assert result.exit_code == 0
    assert "calls/s" in result.stdout
    assert "set-up" in result.stdout
    assert "█" in result.stdout


@pytest.mark.usefixtures("patient")
def test_without_uvloop(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop of Python does as well."""
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert run(f"{url}/x", "--rate", "50").exit_code == 0


@pytest.mark.usefixtures("patient")
def test_failures(url: str) -> None:
    """Calls that failed are told by kind."""
    result = run(f"{url}/broken")
    assert result.exit_code == 3
    assert "failed: AGISTATUS=FAILURE" in result.stdout


@pytest.mark.usefixtures("patient")
def test_nobody_there() -> None:
    """A server that cannot be reached."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        result = run(f"agi://127.0.0.1:{probe.getsockname()[1]}")
    assert result.exit_code == 3
    assert "cannot connect: Connection refused" in result.stdout


def test_some_fail(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some calls were served, and some were not."""

    async def half(*_: Any, notice: Any, **options: Any) -> Any:
        result = await load_until_a_call_has_ended(f"{url}/x", notice=notice, **options)
        result.errors["the connection broke"] += 1
        return result

    monkeypatch.setattr("pystrix.cli.load.run_load", half)
    assert run(f"{url}/x").exit_code == 1


@pytest.mark.parametrize("arguments", [("http://x",), ("agi://127.0.0.1", "--keys", "z")])
def test_bad_arguments(arguments: tuple[str, ...]) -> None:
    """They are refused."""
    assert run(*arguments).exit_code == 2


def test_no_host() -> None:
    """A name that is none."""
    result = run("agi://a..b")
    assert result.exit_code == 3
    assert result.stderr.startswith("pystrix: cannot reach agi://a..b: there is no such address")
    assert result.stderr.strip().count("\n") == 0  # the progress leaves an empty line


def test_silence() -> None:
    """A server that says nothing up to the end has served nobody."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        result = run(f"agi://127.0.0.1:{silent.getsockname()[1]}")
    assert result.exit_code == 3
    assert "3 more were waiting for their first command at the end" in result.stdout


@pytest.mark.parametrize("uvloop", [True, False])
def test_interrupted(url: str, monkeypatch: pytest.MonkeyPatch, uvloop: bool) -> None:
    """Ctrl-C ends it, and what was measured is told."""
    if not uvloop:
        monkeypatch.setitem(sys.modules, "uvloop", None)

    async def interrupt(*arguments: Any, notice: Any, **options: Any) -> Any:
        def notice_and_interrupt(result: Any) -> None:
            notice(result)
            if not interrupted:
                interrupted.append(result.calls)
                os.kill(os.getpid(), signal.SIGINT)

        interrupted: list[int] = []
        options["duration"] = TIMEOUT
        return await run_load(*arguments, notice=notice_and_interrupt, **options)

    monkeypatch.setattr("pystrix.cli.load.run_load", interrupt)
    result = run(f"{url}/x", "--json")
    assert result.exit_code == 130
    assert json.loads(result.stdout)["calls"] > 0


def test_interrupted_before_it_began(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nothing to tell."""

    async def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pystrix.cli.load.run_load", interrupt)
    result = run("agi://127.0.0.1")
    assert (result.exit_code, result.stdout) == (130, "")
