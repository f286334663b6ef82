"""Places simulated calls."""

from __future__ import annotations

import contextlib
import inspect
import re
from typing import TYPE_CHECKING, Any, Final, Protocol

from pystrix.agi._scripts import Route, Scripts
from pystrix.agi._wire import FAILURE_LINE
from pystrix.agi.errors import AGIHangup
from pystrix.agi.routing import Request
from pystrix.testing import _aio, _threads
from pystrix.testing._pilot import LIMIT, Pilot
from pystrix.testing._remote import PATIENCE, ProgramWire, RemoteCall, TCPWire
from pystrix.testing.setup import Setup

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Unpack

    from pystrix.testing.call_record import CallRecord
    from pystrix.testing.caller import Caller
    from pystrix.testing.setup import SetupOptions

DEFAULT_PORT: Final = 4573
_HIGHEST_PORT: Final = 65_535

_URL = re.compile(
    r"agi://(?P<host>\[[^\]]+\]|[^/:]+)(?::(?P<port>\d{1,6}))?(?:/(?P<script>.*))?", re.IGNORECASE
)


def place_call(
    application: Callable[..., Any] | Scripts | str | Sequence[str],
    script: str = "",
    caller: Caller | str = "",
    *,
    limit: float = LIMIT,
    patience: float = PATIENCE,
    catch: bool = False,
    **setup: Unpack[SetupOptions],
) -> CallRecord:
    """Place a call to an application, and give the record of it.

    A handler runs in this process, without a socket, on a clock of its own: a prompt of ten
    minutes takes no time. Only commands take time on that clock, and with asyncio what waits on
    the loop.

    Args:
        application: A handler, plain or a coroutine function, with the five arguments or with the
            session alone; a server (it need not serve) whose handler for `script` is called; the
            URL of a server, ``"agi://host:4573/script"``; or a program with its arguments, as a
            list.
        script: Path and query, ``"pay/42?lang=en"``; not with a URL, which has it.
        caller: What the caller does: see `Caller`.
        limit: The seconds, on the call's clock, after which the caller hangs up in any case.
        patience: The seconds of real time that a server or program may take for its next command,
            and a coroutine for what it waits for besides time and Asterisk.
        catch: Whether what the handler or the simulation raised is only kept in the record, and
            not raised.
        setup: What the call is like: the attributes of `Setup`.

    Returns:
        What happened.

    Raises:
        ValueError: If there is no such application, `caller` is no plan, or there is a `script`
            where none can be.
        TypeError: If the handler is none: a generator function, for instance.
        Exception: What the handler raised, but for an `AGIHangup`; or what an application of the
            setup did, even if the handler caught it.
        OSError: If the server cannot be reached, or the program not be started.
        SilentApplicationError: If they take longer than `patience`.
        EndlessCallError: If the handler goes on for ever.
    """
    if isinstance(application, str):
        pilot = _call_server(application, script, caller, limit, patience, setup)
    elif isinstance(application, Scripts) or callable(application):
        pilot = Pilot(Setup(script=script, **setup), caller, limit)
        _run(pilot, application, patience)
    else:
        pilot = _call_program(application, script, caller, limit, patience, setup)
    record = pilot.finish()
    if record.error is not None and not isinstance(record.error, AGIHangup) and not catch:
        raise record.error
    return record


class PlaceCall(Protocol):
    """The type of `place_call`, and of the fixture of that name."""

    def __call__(
        self,
        application: Callable[..., Any] | Scripts | str | Sequence[str],
        script: str = "",
        caller: Caller | str = "",
        *,
        limit: float = LIMIT,
        patience: float = PATIENCE,
        catch: bool = False,
        **setup: Unpack[SetupOptions],
    ) -> CallRecord:
        """Place a call: see `place_call`."""
        ...


def _call_program(
    command: Sequence[str],
    script: str,
    caller: Caller | str,
    limit: float,
    patience: float,
    setup: SetupOptions,
) -> Pilot:
    if script:
        raise ValueError("a program has no script")
    name, *arguments = command
    options: SetupOptions = {"arguments": tuple(arguments), **setup}
    pilot = Pilot(Setup(script=name, stdio=True, **options), caller, limit)
    wire = ProgramWire([name, *arguments], patience)
    try:
        RemoteCall(pilot, wire, patience=patience).run()
        pilot.channel.receive_eof()
    except Exception as error:  # noqa: BLE001 - raised when the record is made
        pilot.error = error
    finally:
        ended_well = wire.close()
    if not ended_well:
        pilot.channel.failed = True
        if pilot.channel.status == "SUCCESS":
            pilot.channel.status = "FAILURE"
    return pilot


def parse_url(url: str) -> tuple[str, int, str]:
    """Give host, port and script of a URL.

    Raises:
        ValueError: If it is none of FastAGI.
    """
    match = _URL.fullmatch(url)
    if match is None or int(match["port"] or 0) > _HIGHEST_PORT:
        raise ValueError(f"not the URL of a FastAGI server (agi://host[:port][/script]): {url!r}")
    return match["host"].strip("[]"), int(match["port"] or DEFAULT_PORT), match["script"] or ""


def setup_for(url: str, setup: Mapping[str, Any]) -> Setup:
    """Make the setup of a call to a URL."""
    host, _, script = parse_url(url)
    shown = url.partition("://")[2].partition("/")[0] or host
    return Setup(script=script, host=shown, **setup)


def _call_server(
    url: str,
    script: str,
    caller: Caller | str,
    limit: float,
    patience: float,
    setup: SetupOptions,
) -> Pilot:
    if script:
        raise ValueError("the script is part of the URL")
    host, port, _ = parse_url(url)
    pilot = Pilot(setup_for(url, setup), caller, limit)
    wire = TCPWire((host, port))
    try:
        RemoteCall(pilot, wire, patience=patience).run()
    except Exception as error:  # noqa: BLE001 - raised when the record is made
        pilot.error = error
    finally:
        wire.close()
    return pilot


def _run(
    pilot: Pilot, application: Callable[..., Any] | Scripts, patience: float = PATIENCE
) -> None:
    """Run a handler; what it raises is kept."""
    pilot.channel.start()
    try:
        if _is_coroutine(application):
            _aio.run_handler(pilot, lambda session: _serve_async(session, application), patience)
        else:
            _threads.run_handler(pilot, lambda session: _serve(session, application))
    except BaseException as error:
        pilot.error = error
        if not isinstance(error, Exception):
            raise


def _is_coroutine(application: Callable[..., Any] | Scripts) -> bool:
    if isinstance(application, Scripts):
        return application.runs_coroutines
    return inspect.iscoroutinefunction(application) or inspect.iscoroutinefunction(
        getattr(application, "__call__", None)  # noqa: B004 - an object whose call is a coroutine
    )


def _serve(session: _threads.SimulatedFastAGI, application: Callable[..., Any] | Scripts) -> None:
    route, request = _find(session, application)
    try:
        result = route.call(session, request)
    except AGIHangup:
        raise
    except Exception:
        session.fail(FAILURE_LINE)
        raise
    if inspect.isawaitable(result):
        raise _no_handler(application, result, "a plain function that gives a coroutine")


async def _serve_async(session: Any, application: Callable[..., Any] | Scripts) -> None:  # noqa: ANN401
    route, request = _find(session, application)
    try:
        await route.call(session, request)
    except AGIHangup:
        raise
    except Exception:
        with contextlib.suppress(OSError):
            session._socket.send_last(FAILURE_LINE)
        raise


def _no_handler(application: object, result: object, what: str) -> TypeError:
    if inspect.iscoroutine(result):
        result.close()  # it is never run
    return TypeError(
        f"{application!r} is {what}, so nothing would run: a handler is a plain function or a "
        "coroutine function; a dialogue runs by agi.execute(dialogue())"
    )


def _find(session: Any, application: Callable[..., Any] | Scripts) -> tuple[Route, Request]:  # noqa: ANN401
    if isinstance(application, Scripts):
        found = application._find(
            session.environment, session.peer if hasattr(session, "peer") else ""
        )
        if found is None:
            raise ValueError(f"the server has no handler for {session.environment.path!r}")
        route, request = found
    else:
        if inspect.isgeneratorfunction(application):
            raise _no_handler(application, None, "a generator function")
        route = Route(application, _takes_session(application))
        request = Request.of(session.environment, None)
    session.set_request(request)
    return route, request


def _takes_session(function: Callable[..., Any]) -> bool:
    """Tell whether a handler takes the session alone, rather than five arguments."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(function).parameters.values()
    if any(each.kind is inspect.Parameter.VAR_POSITIONAL for each in parameters):
        return False
    needed = [p for p in parameters if p.kind in kinds and p.default is inspect.Parameter.empty]
    return len(needed) == 1


__all__ = ["PlaceCall", "place_call"]
