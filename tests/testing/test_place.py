"""Calls to every kind of application."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import functools
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.agi import AGIDeadChannelError, AGIHangup, FastAGI, FastAGIServer, aio, core
from pystrix.testing import CallRecord, Setup, SilentApplicationError, Sounds, place_call
from pystrix.testing.place import parse_url, setup_for
from pystrix.testing.setup import SetupOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

PROMPTS = Sounds({"menu": 5.0, "bye": 1.0}, others=None)


# Handlers of each kind; all do the same.


def five(agi: FastAGI, args: Any, kwargs: Any, match: Any, path: Any) -> None:
    """Take what 1.x gave, and play a menu."""
    agi.execute(core.Verbose(f"{args} {kwargs} {match and match.groups()} {path}"))
    digit = agi.execute(core.StreamFile("menu", escape_digits="12"))
    agi.execute(core.SetVariable("CHOICE", digit[0] if digit else "none"))


def alone(agi: FastAGI) -> None:
    """Take the session alone."""
    request = agi.request
    five(agi, request.args, request.kwargs, request.match, request.path)


async def five_async(agi: aio.FastAGI, args: Any, kwargs: Any, match: Any, path: Any) -> None:
    """Take what 1.x gave, on asyncio."""
    await agi.execute(core.Verbose(f"{args} {kwargs} {match and match.groups()} {path}"))
    digit = await agi.execute(core.StreamFile("menu", escape_digits="12"))
    await agi.execute(core.SetVariable("CHOICE", digit[0] if digit else "none"))


async def alone_async(agi: aio.FastAGI) -> None:
    """Take the session alone, on asyncio."""
    request = agi.request
    await five_async(agi, request.args, request.kwargs, request.match, request.path)


class Plain:
    """An object that can be called."""

    def __call__(self, agi: FastAGI) -> None:
        """Take the session alone."""
        alone(agi)

    def method(self, agi: FastAGI, args: Any, kwargs: Any, match: Any, path: Any) -> None:
        """Take the five arguments."""
        five(agi, args, kwargs, match, path)


class AsyncCallable:
    """An object whose call is a coroutine."""

    async def __call__(self, agi: aio.FastAGI, *request: Any) -> None:
        """Take whatever there is."""
        await five_async(agi, *request)


def star(agi: FastAGI, *request: Any) -> None:
    """Take whatever there is."""
    five(agi, *request)


def with_default(agi: FastAGI, extra: str = "x") -> None:
    """Take the session, and something with a default."""
    assert extra == "x"
    alone(agi)


def with_keyword(agi: FastAGI, *, extra: str = "x") -> None:
    """Take the session, and a keyword."""
    with_default(agi, extra)


HANDLERS: list[Callable[..., Any]] = [
    five,
    alone,
    five_async,
    alone_async,
    Plain(),
    Plain().method,
    AsyncCallable(),
    star,
    with_default,
    with_keyword,
    functools.partial(with_keyword, extra="x"),
]


@pytest.mark.parametrize("handler", HANDLERS, ids=repr)
@pytest.mark.parametrize(
    ("caller", "choice", "seconds"), [("2", "2", 0.5), ("w1,1", "1", 1.5), ("", "none", 5.0)]
)
def test_handlers(handler: Callable[..., Any], caller: str, choice: str, seconds: float) -> None:
    """Every colour and shape, with every outcome."""
    record = place_call(handler, "a/b?x=1&x=2", caller, arguments=("one", ""), sounds=PROMPTS)
    assert record.variables["CHOICE"] == choice
    assert (record.status, record.duration, record.heard) == ("SUCCESS", seconds, ["menu"])
    assert record.commands[0] == ("VERBOSE \"('one', '') {'x': ['1', '2']} None a/b\" \"1\"")


def registered(server: FastAGIServer | aio.FastAGIServer) -> None:
    """Register the handlers of a server."""
    is_async = isinstance(server, aio.FastAGIServer)
    one: Any = five_async if is_async else five
    two: Any = alone_async if is_async else alone
    server.register_script_handler(r"old/(\d+)", one)
    server.script(r"new/(\d+)")(two)


@contextlib.contextmanager
def closing(kind: str) -> Iterator[FastAGIServer | aio.FastAGIServer]:
    """Give a server that does not serve."""
    if kind == "threads":
        with FastAGIServer(port=0) as server:
            registered(server)
            yield server
    else:
        other = aio.FastAGIServer(port=0)
        registered(other)
        yield other
        asyncio.run(other.server_close())


@pytest.mark.parametrize("kind", ["threads", "asyncio"])
def test_servers(kind: str) -> None:
    """A server's handler for the script is called; the server need not serve."""
    with closing(kind) as server:
        for script in ("old/42", "new/42"):
            record = place_call(server, script, "1", sounds=PROMPTS)
            assert record.variables["CHOICE"] == "1"
            assert f"('42',) {script}" in record.commands[0]
        with pytest.raises(ValueError, match="no handler for 'none'"):
            place_call(server, "none")
        record = place_call(server, "none", catch=True)
        assert isinstance(record.error, ValueError)
        assert record.status == "SUCCESS"


@pytest.mark.parametrize("handler", [alone, alone_async], ids=["threads", "asyncio"])
def test_hang_up_is_kept(handler: Callable[..., Any]) -> None:
    """An `AGIHangup` ends the handler, and is no failure of the test."""
    record = place_call(handler, "", "w1,h", sounds=PROMPTS)
    assert isinstance(record.error, AGIHangup)
    assert (record.status, record.hung_up_by, record.duration) == ("HANGUP", "caller", 1.0)


def broken(agi: FastAGI) -> None:
    """Fail in the middle."""
    agi.execute(core.Answer())
    raise LookupError("mine")


async def broken_async(agi: aio.FastAGI) -> None:
    """Fail in the middle, on asyncio."""
    await agi.execute(core.Answer())
    raise LookupError("mine")


@pytest.mark.parametrize("handler", [broken, broken_async], ids=["threads", "asyncio"])
def test_errors(handler: Callable[..., Any]) -> None:
    """They are raised, or kept; the dialplan sees a failure."""
    with pytest.raises(LookupError, match="mine"):
        place_call(handler)
    record = place_call(handler, catch=True)
    assert isinstance(record.error, LookupError)
    assert (record.status, record.answered) == ("FAILURE", True)


def quits(_agi: FastAGI) -> None:
    """Leave the program."""
    raise SystemExit(3)


async def interrupts(_agi: aio.FastAGI) -> None:
    """Be interrupted."""
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("handler", "error"), [(quits, SystemExit), (interrupts, KeyboardInterrupt)]
)
def test_what_is_no_error(handler: Callable[..., Any], error: type[BaseException]) -> None:
    """What ends a program goes through, also with `catch`."""
    with pytest.raises(error):
        place_call(handler, catch=True)


def test_limit() -> None:
    """The caller has only so much patience."""
    record = place_call(alone, limit=3.0, sounds=PROMPTS)
    assert (record.hung_up_by, record.duration) == ("caller, who is tired of waiting", 3.0)
    assert record.status == "HANGUP"


def test_setup() -> None:
    """What the call is like is what the handler sees."""

    def handler(agi: FastAGI) -> None:
        assert agi.environment["agi_callerid"] == "42"
        assert agi.execute(core.DatabaseGet("a", "b")) == "c"
        agi.execute(core.DatabasePut("a", "b", "d"))
        agi.execute(core.RecordFile("r", timeout=1000))

    database = {"a/b": "c"}
    record = place_call(handler, caller_id="42", database=database)
    assert record.database is database
    assert database == {"a/b": "d"}
    assert list(record.recordings.values()) == [pytest.approx(1.0)]
    with pytest.raises(TypeError, match="nosuch"):
        place_call(handler, nosuch=1)  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="nothing a caller does"):
        place_call(handler, "", "x")


# Programs.

PROGRAM = """
import sys
from pystrix.agi import AGI, core

agi = AGI()
agi.execute(core.Answer())
agi.execute(core.SetVariable("ARGS", " ".join(sys.argv[1:])))
agi.execute(core.SetVariable("SEEN", agi.environment["agi_arg_1"]))
agi.execute(core.StreamFile("menu", escape_digits="1"))
sys.exit(int(sys.argv[2]))
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """Give a program on stdio."""
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return path


@pytest.mark.parametrize(("exit_status", "status"), [("0", "SUCCESS"), ("3", "FAILURE")])
def test_program(program: Path, exit_status: str, status: str) -> None:
    """It is started with its arguments; its exit status counts."""
    command = [sys.executable, str(program), "one", exit_status]
    record = place_call(command, caller="1", sounds=PROMPTS)
    assert (record.status, record.keys, record.heard) == (status, "1", ["menu"])
    assert record.variables["ARGS"] == f"one {exit_status}"
    assert record.variables["SEEN"] == str(program)


def test_program_that_was_hung_up_on(program: Path) -> None:
    """HANGUP stands, whatever the exit status."""
    command = [sys.executable, str(program), "one", "3"]
    record = place_call(command, caller="w1,h", sounds=PROMPTS)
    assert record.status == "HANGUP"


def test_no_program() -> None:
    """What cannot be started, and what has no script."""
    with pytest.raises(FileNotFoundError):
        place_call(["/nonexistent/program"])
    with pytest.raises(ValueError, match="no script"):
        place_call([sys.executable], "script")


# Servers that serve.


@pytest.fixture
def served() -> Iterator[str]:
    """Give the URL of a server in a thread."""
    with FastAGIServer(port=0) as server:
        registered(server)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"agi://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_url(served: str) -> None:
    """A call over a socket, by the script in the URL."""
    record = place_call(f"{served}/old/7?x=1", caller="2", sounds=PROMPTS)
    assert record.variables["CHOICE"] == "2"
    assert "{'x': ['1']} ('7',) old/7" in record.commands[0]
    assert (record.status, record.duration) == ("SUCCESS", 0.5)
    assert record.error is None


def test_no_url(served: str) -> None:
    """The script stands in the URL; another scheme is none; nobody may listen."""
    with pytest.raises(ValueError, match="part of the URL"):
        place_call(served, "script")
    with pytest.raises(ValueError, match="not the URL"):
        place_call("http://127.0.0.1/x")
    with FastAGIServer(port=0) as server:
        address = f"agi://127.0.0.1:{server.server_address[1]}/x"
    with pytest.raises(OSError, match="refused"):
        place_call(address)


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("agi://pbx", ("pbx", 4573, "")),
        ("agi://pbx/", ("pbx", 4573, "")),
        ("AGI://pbx:99/a/b?x=1", ("pbx", 99, "a/b?x=1")),
        ("agi://[::1]:4573/v6", ("::1", 4573, "v6")),
        ("agi://[::1]", ("::1", 4573, "")),
    ],
)
def test_parse_url(url: str, parts: tuple[str, int, str]) -> None:
    """Host, port and script."""
    assert parse_url(url) == parts
    assert setup_for(url, {"language": "de"}).url.lower() == url.rstrip("/").lower()


@pytest.mark.parametrize(
    "url",
    [
        *("", "agi://", "agi:///x", "agi://host:port/x", "agis://h/x"),
        *("agi://host:65536/x", "agi://host:9999999/x"),
    ],
)
def test_parse_no_url(url: str) -> None:
    """What is none of FastAGI is refused."""
    with pytest.raises(ValueError, match="not the URL of a FastAGI server"):
        parse_url(url)


def test_silent_server() -> None:
    """A server that accepts nobody is given up."""
    with FastAGIServer(port=0) as server, pytest.raises(SilentApplicationError):
        place_call(f"agi://127.0.0.1:{server.server_address[1]}/x", patience=0.05)


def test_record() -> None:
    """The record reads as the call went."""
    record: CallRecord = place_call(alone, "", "1", sounds=PROMPTS)
    begin, _, rest = str(record).partition(">> b'\\n'\n")
    assert begin.startswith("# +0.000\n>> b'agi_network: yes\\n'\n")
    assert rest == (
        '<< b\'VERBOSE "() {} None /" "1"\\n\'\n'
        ">> b'200 result=1\\n'\n"
        '<< b\'STREAM FILE "menu" "12" "0"\\n\'\n'
        "# caller hears menu\n"
        "# +0.500 caller presses 1\n"
        "# menu is cut short\n"
        ">> b'200 result=49 endpos=4000\\n'\n"
        '<< b\'SET VARIABLE "CHOICE" "1"\\n\'\n'
        ">> b'200 result=1\\n'\n"
        "# the dialplan goes on: AGISTATUS=SUCCESS\n"
    )


def dialogue() -> Generator[object]:
    """Be a generator function."""
    yield core.Answer()


def test_no_handler() -> None:
    """What would run nothing is refused."""

    async def coroutine(agi: aio.FastAGI) -> None:
        await agi.execute(core.Answer())

    def plain(agi: Any) -> Any:
        return coroutine(agi)

    with pytest.raises(TypeError, match="is a generator function, so nothing would run"):
        place_call(dialogue)
    with pytest.raises(TypeError, match="a plain function that gives a coroutine"):
        place_call(plain)


def test_silence_is_in_the_record(served: str) -> None:
    """What is wrong with a server or program is raised, or kept with what happened before."""
    record = place_call(
        [sys.executable, "-c", "import time; time.sleep(9)"], patience=0.2, catch=True
    )
    assert isinstance(record.error, SilentApplicationError)
    with pytest.raises(SilentApplicationError):
        place_call([sys.executable, "-c", "import time; time.sleep(9)"], patience=0.2)
    assert place_call(served, catch=True).error is None


def test_options_are_those_of_the_setup() -> None:
    """The keywords of `place_call` are typed, and none is missing."""
    own = {"script", "host", "stdio"}
    fields = {field.name: field.type for field in dataclasses.fields(Setup)}
    assert {name: type_ for name, type_ in fields.items() if name not in own} == {
        name: hint.__forward_arg__ for name, hint in SetupOptions.__annotations__.items()
    }


def test_dead() -> None:
    """A call in the extension h: commands for the living are refused, and nobody hangs up."""

    def handler(agi: FastAGI) -> None:
        assert agi.execute(core.GetVariable("EXTEN")) == "h"
        assert not agi.hung_up
        with pytest.raises(AGIDeadChannelError):
            agi.execute(core.Answer())

    record = place_call(handler, extension="h", dead=True)
    assert record.status == "SUCCESS"
    assert record.hung_up_by is None
