"""The pytest plugin: simulated calls and AMI servers, and transcripts in failure reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

import pytest

from pystrix.agi.errors import AGIHangup
from pystrix.testing.place import place_call as _place_call

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from pystrix.agi._scripts import Scripts
    from pystrix.testing.ami import AMIServer
    from pystrix.testing.call_record import CallRecord
    from pystrix.testing.caller import Caller

_SERVERS: Final[pytest.StashKey[AMIServer]] = pytest.StashKey()
_RECORDS: Final[pytest.StashKey[list[CallRecord]]] = pytest.StashKey()


class PlaceCall(Protocol):
    """The type of the fixture `place_call`."""

    def __call__(
        self,
        application: Callable[..., Any] | Scripts | str | Sequence[str],
        script: str = "",
        caller: Caller | str = "",
        *,
        limit: float = ...,
        patience: float = ...,
        catch: bool = False,
        **setup: Any,  # noqa: ANN401 - see pystrix.testing.Setup
    ) -> CallRecord:
        """Place a call: see `pystrix.testing.place_call`."""
        ...


@pytest.fixture
def place_call(request: pytest.FixtureRequest) -> PlaceCall:
    """Give `pystrix.testing.place_call`; a test that fails shows the transcripts of its calls."""
    records: list[CallRecord] = request.node.stash.setdefault(_RECORDS, [])

    def place(
        application: Callable[..., Any] | Scripts | str | Sequence[str],
        script: str = "",
        caller: Caller | str = "",
        *,
        catch: bool = False,
        **options: Any,  # noqa: ANN401
    ) -> CallRecord:
        record = _place_call(application, script, caller, catch=True, **options)
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
    if report.failed and report.when == "call" and _RECORDS in item.stash:
        records = item.stash[_RECORDS]
        for number, record in enumerate(records, 1):
            report.sections.append((f"transcript of call {number}", str(record)))
    if report.failed and report.when == "call" and _SERVERS in item.stash:
        exchanged = str(item.stash[_SERVERS].transcript)
        report.sections.append(("transcript of the AMI server", exchanged))
    return report
