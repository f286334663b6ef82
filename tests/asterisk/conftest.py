"""The live server and the callers, as fixtures."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.agi import FastAGI, FastAGIServer
from tests.asterisk.calls import SECONDS, Call, Done, hang_up_leftovers, place_call
from tests.asterisk.provision import Installation, UnavailableError, find_or_provision
from tests.asterisk.server import Asterisk
from tests.asterisk.telephony import TelephonyAsterisk

if TYPE_CHECKING:
    from collections.abc import Iterator

_FOLDER = os.path.dirname(__file__)  # noqa: PTH120 - compared with a prefix of text below
_found: Installation | UnavailableError | None = None


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Make the server before the first test, whose time limit is too short for that."""
    global _found  # noqa: PLW0603 - once a run
    wanted = any(str(item.path).startswith(_FOLDER) for item in session.items)
    if wanted and not session.config.option.collectonly:
        try:
            _found = find_or_provision()
        except UnavailableError as unavailable:
            _found = unavailable


@pytest.fixture(scope="session")
def live_asterisk() -> Iterator[Asterisk]:
    """Give the server, for the whole run."""
    if not isinstance(_found, Installation):
        reason = f"no live Asterisk: {_found}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with Asterisk(_found) as asterisk:
        yield asterisk


Script = Callable[[FastAGI, Call], Any]


class Caller:
    """Calls a script on a server of pystrix.

    The script runs as the handler; what it returns or raises comes back to the test.
    """

    def __init__(self, asterisk: Asterisk, server: FastAGIServer) -> None:
        self._asterisk = asterisk
        self.server = server

    def url(self, path: str) -> str:
        """Give the URL of a path."""
        return f"agi://127.0.0.1:{self.server.server_address[1]}/{path}"

    def call(self, path: str, *, arguments: str = "", **options: Any) -> Call:
        """Place a call to whatever handler the server has (see `place_call`)."""
        return place_call(self._asterisk, f"{self.url(path)}{arguments}", **options)

    def run(self, script: Script, **options: Any) -> tuple[Any, Done]:
        """Place a call to a script; give its result, and how the AGI ended."""
        calls: Future[Call] = Future()
        outcome: Future[Any] = Future()

        def handler(agi: FastAGI, *_: object) -> None:
            try:
                outcome.set_result(script(agi, calls.result()))
            except BaseException as error:  # noqa: BLE001 - the test raises it again
                outcome.set_exception(error)

        self.server.register_script_handler(None, handler)
        call = self.call("script", **options)
        calls.set_result(call)
        return outcome.result(SECONDS), call.done()


@pytest.fixture
def caller(asterisk: Asterisk) -> Iterator[Caller]:
    """Give a server of pystrix that serves, and what calls it."""
    with FastAGIServer(port=0, daemon_threads=False) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        with hang_up_leftovers(asterisk):
            yield Caller(asterisk, server)
        server.shutdown()
        thread.join()


@pytest.fixture
def asterisk(live_asterisk: Asterisk) -> Iterator[Asterisk]:
    """Give the server; calls that are left are hung up after the test."""
    with hang_up_leftovers(live_asterisk):
        yield live_asterisk


@pytest.fixture(scope="session")
def live_telephony(live_asterisk: Asterisk) -> Iterator[TelephonyAsterisk]:
    """Give a server with telephones, for the whole run."""
    with TelephonyAsterisk(live_asterisk._installation) as asterisk:
        yield asterisk


@pytest.fixture
def telephony(live_telephony: TelephonyAsterisk) -> Iterator[TelephonyAsterisk]:
    """Give the server with telephones; calls that are left are hung up after the test."""
    with hang_up_leftovers(live_telephony):
        yield live_telephony
