"""The examples run, and the documentation shows them as they are."""

from __future__ import annotations

import asyncio
import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.agi import FastAGIServer
from pystrix.testing import place_call
from tests.agi.peers import Background, Peer, environment
from tests.agi.transports import Asyncio, AsyncioAsyncAGI, ThreadedAsyncAGI

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"


def load(name: str) -> Any:
    """Load an example."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], Peer]]:
    """Give a function that starts an example, on a free port, and calls one of its scripts."""
    made: list[FastAGIServer] = []
    running: list[Background] = []
    peers: list[Peer] = []

    def server(*_: object) -> FastAGIServer:
        made.append(FastAGIServer(port=0))
        return made[-1]

    def start(name: str, script: str) -> Peer:
        module = load(name)
        if hasattr(module, "FastAGIServer") and name == "fastagi_server":
            thread = module.FastAGIServer()
            thread.start()
        else:
            running.append(Background(made[-1].serve_forever))
        peers.append(Peer.connect(made[-1].server_address))
        peers[-1].send(environment(script))
        return peers[-1]

    monkeypatch.setattr("pystrix.agi.FastAGIServer", server)
    yield start
    for each in made:
        each.shutdown()
        each.server_close()
    for background in running:
        background.result()
    for peer in peers:
        peer.close()


def test_documented_program(call: Callable[[str, str], Peer]) -> None:
    """The documented program."""
    peer = call("fastagi_server", "demo")
    peer.expect(b"ANSWER", b"200 result=0")
    peer.expect(b'STREAM FILE "demo-thanks" "12" "0"', b"200 result=50 endpos=800")
    peer.expect(b'VERBOSE "2 at sample 800" "1"', b"200 result=1")
    peer.expect(b"HANGUP", b"200 result=1")
    assert peer.rest() == b""


def test_quickstart(call: Callable[[str, str], Peer]) -> None:
    """The first server of the README."""
    peer = call("quickstart", "hello")
    peer.expect(b"ANSWER", b"200 result=0")
    peer.expect(b'STREAM FILE "demo-thanks" "123" "0"', b"200 result=51 endpos=800")
    peer.expect(b'SAY DIGITS "3" ""', b"200 result=0")
    peer.expect(b"HANGUP", b"200 result=1")
    assert peer.rest() == b""


def test_pin(call: Callable[[str, str], Peer]) -> None:
    """The PIN: a wrong one, the right one."""
    peer = call("pin", "pin/de")
    peer.expect(b"ANSWER", b"200 result=0")
    peer.expect(b'SET VARIABLE "CHANNEL(language)" "de"', b"200 result=1")
    peer.expect(b'GET DATA "vm-password" "5000" "4"', b"200 result=12 (timeout)")
    peer.expect(b'VERBOSE "PIN cut off" "1"', b"200 result=1")
    peer.expect(b'STREAM FILE "vm-invalid-password" "" "0"', b"200 result=0 endpos=1")
    peer.expect(b'GET DATA "vm-password" "5000" "4"', b"200 result=0815")
    peer.expect(b'VERBOSE "PIN complete" "1"', b"200 result=1")
    peer.expect(b'SET VARIABLE "DEPARTMENT" "support"', b"200 result=1")
    assert peer.rest() == b""


def test_note(call: Callable[[str, str], Peer]) -> None:
    """The note: the caller hangs up, and the clean-up still works."""
    peer = call("pin", "note")
    peer.expect(b"ANSWER", b"200 result=0")
    peer.line()
    peer.send(b"200 result=-1 (hangup) endpos=800\nHANGUP\n")
    peer.expect(b'DATABASE PUT "notes" "1795378777.0" "incomplete"', b"200 result=1")
    assert peer.rest() == b""


def test_own_action(call: Callable[[str, str], Peer]) -> None:
    """Commands without a class."""
    peer = call("own_action", "own")
    peer.expect(b'GET VARIABLE "EXTEN"', b"200 result=1 (100)")
    peer.expect(b'GET VARIABLE "EXTEN"', b"200 result=1 (100)")
    peer.expect(b'VERBOSE "100 is 100"', b"200 result=1")
    assert peer.rest() == b""


def test_asyncio_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """The account on asyncio; three seconds are none here."""
    running = Asyncio()
    monkeypatch.setattr("pystrix.agi.aio.FastAGIServer", lambda *_: running.server)
    module = load("asyncio_server")
    hasty = {**vars(asyncio), "timeout": lambda _: asyncio.timeout_at(0)}  # for the example alone
    monkeypatch.setattr(module, "asyncio", SimpleNamespace(**hasty))
    try:
        with Peer.connect(running.address) as peer:
            peer.send(environment("account"))
            peer.expect(b"ANSWER", b"200 result=0")
            ask = b'GET DATA "vm-enter-num-to-call" "5000" "8"'
            peer.expect(ask, b"200 result= (timeout)")
            peer.expect(ask, b"200 result=42")
            peer.expect(b'SET VARIABLE "ACCOUNT" "account 42"', b"200 result=1")
            assert peer.line() == b'STREAM FILE "demo-congrats" "" "0"'
            echo = peer.line()
            peer.reply(b"200 result=1 (" + echo.split(b'"')[1] + b")")
            peer.expect(b'VERBOSE "that was enough" "1"', b"200 result=1")
            assert peer.rest() == b""
    finally:
        running.stop()


def test_asyncagi_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """The survey over a manager; the caller hangs up in the second question."""
    running = AsyncioAsyncAGI()
    monkeypatch.setattr("pystrix.agi.aio.AsyncAGIServer", lambda _: running.server)
    load("asyncagi_server")
    try:
        peer = running.connect("survey/de?questions=2")
        peer.expect(b"ANSWER", b"200 result=0")
        peer.expect(b'SET VARIABLE "CHANNEL(language)" "de"', b"200 result=1")
        peer.expect(b'GET DATA "survey-1" "2000" "1"', b"200 result=4")
        peer.expect(b'SET VARIABLE "ANSWER_1" "4"', b"200 result=1")
        peer.expect(b'GET DATA "survey-2" "2000" "1"', b"200 result=-1\nHANGUP")
        assert peer.rest() == b""
    finally:
        running.stop()


def test_asyncagi_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """The greeting, for the calls of one context."""
    made: list[Any] = []

    def server(_: object, **options: Any) -> Any:
        made.append(ThreadedAsyncAGI(**options))
        return made[-1].server

    monkeypatch.setattr("pystrix.agi.AsyncAGIServer", server)
    load("asyncagi_threads")
    running = made[0]
    try:
        others = running.connect(None)
        running.switch.context = "reception"
        peer = running.connect(None)
        peer.expect(b"ANSWER", b"200 result=0")
        peer.expect(b'SAY DIGITS "5551234" ""', b"200 result=0")
        peer.expect(b"HANGUP", b"200 result=1")
        assert peer.rest() == b""
        assert others.unheard() == []
    finally:
        running.stop()


def test_readme_shows_the_quickstart() -> None:
    """The first code of the README is the example, without its own description."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    code = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    example = (EXAMPLES / "quickstart.py").read_text(encoding="utf-8")
    assert code[0] == example.partition('"""\n\n')[2]


def test_readme_shows_a_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second is a test of the first."""
    with FastAGIServer(port=0) as server:
        monkeypatch.setattr("pystrix.agi.FastAGIServer", lambda *_: server)
        names = vars(load("quickstart"))
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        code = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
        exec(code[1], names)  # noqa: S102 - it is ours
        names["test_one_is_said"](place_call)


def test_readme_shows_the_dialer() -> None:
    """The third is a part of an example."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    code = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    assert code[2] in (EXAMPLES / "dialer.py").read_text(encoding="utf-8")


def test_test_suites() -> None:
    """The suites that are examples pass, as a user runs them."""
    options = ["-q", "-p", "no:cacheprovider", "-o", "addopts=", "-o", "pythonpath="]
    ran = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "pytest", *options, "."],
        cwd=EXAMPLES,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    assert re.search(r"^\d+ passed", ran.stdout, re.MULTILINE), ran.stdout


def test_documentation_has_no_python_of_its_own() -> None:
    """Python in the documentation is always an example that tests run, or a test."""
    tests = "".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    for page in (ROOT / "docs").glob("**/*.rst"):
        text = page.read_text(encoding="utf-8")
        assert ".. code-block:: python" not in text, page
        for name in re.findall(r"literalinclude:: \.\./examples/(\w+)\.py", text):
            tested = name.startswith("test_") or (EXAMPLES / f"test_{name}.py").exists()
            assert tested or f'"{name}"' in tests, page
