"""The pytest plugin: simulated calls and AMI servers, and transcripts in failure reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from pystrix.agi.errors import AGIHangup
from pystrix.testing._pilot import LIMIT
from pystrix.testing._remote import PATIENCE
from pystrix.testing.place import place_call as _place_call

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from typing import Unpack

    from pystrix.agi._scripts import Scripts
    from pystrix.testing.ami import AMIServer
    from pystrix.testing.call_record import CallRecord
    from pystrix.testing.caller import Caller
    from pystrix.testing.place import PlaceCall
    from pystrix.testing.setup import SetupOptions

_MOST_LINES: Final = 400
_SERVERS: Final[pytest.StashKey[AMIServer]] = pytest.StashKey()
_RECORDS: Final[pytest.StashKey[list[CallRecord]]] = pytest.StashKey()


@pytest.fixture
def place_call(request: pytest.FixtureRequest) -> PlaceCall:
    """Give `pystrix.testing.place_call`; a test that fails shows the transcripts of its calls."""
    records: list[CallRecord] = request.node.stash.setdefault(_RECORDS, [])

    def place(
        application: Callable[..., Any] | Scripts | str | Sequence[str],
        script: str = "",
        caller: Caller | str = "",
        *,
        limit: float = LIMIT,
        patience: float = PATIENCE,
        catch: bool = False,
        **setup: Unpack[SetupOptions],
    ) -> CallRecord:
        __tracebackhide__ = True
        record = _place_call(
            application, script, caller, limit=limit, patience=patience, catch=True, **setup
        )
        records.append(record)
        if record.error is not None and not isinstance(record.error, AGIHangup) and not catch:
            raise record.error
        return record

    return place


@pytest.fixture
def ami_server(request: pytest.FixtureRequest) -> Generator[AMIServer]:
    """Give a simulated AMI server that listens; a test that fails shows what was exchanged."""
    from pystrix.testing.ami import AMIServer  # noqa: PLC0415 - most tests need no AMI

    with AMIServer() as server:
        request.node.stash[_SERVERS] = server
        yield server


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the transcripts to the report of a test that failed."""
    report = yield
    if report.failed and _RECORDS in item.stash:
        records = item.stash[_RECORDS]
        for number, record in enumerate(records, 1):
            report.sections.append((f"transcript of call {number}", _shortened(str(record))))
    if report.failed and _SERVERS in item.stash:
        exchanged = str(item.stash[_SERVERS].transcript)
        report.sections.append(("transcript of the AMI server", _shortened(exchanged)))
    return report


def _shortened(transcript: str) -> str:
    """Leave out the middle of a transcript that nobody would read."""
    lines = transcript.splitlines(keepends=True)
    left_out = len(lines) - _MOST_LINES
    if left_out <= 0:
        return transcript
    half = _MOST_LINES // 2
    return "".join([*lines[:half], f"# ({left_out} lines left out)\n", *lines[-half:]])
