"""Recorded sessions of AsyncAGI, from their events to the results of actions."""

from __future__ import annotations

import base64
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from pystrix.agi import Action, Command, core, errors
from pystrix.agi._asyncagi_links import BREAK, FAIL, Link, Links, Orders, Request
from pystrix.agi._asyncagi_protocol import Result
from pystrix.agi._protocol import State
from tests.agi.recorded import NAMES, Sent, read, tokens

if TYPE_CHECKING:
    from pystrix.agi import Response


class Cancelled(NamedTuple):
    """An action that is cancelled while it runs."""

    action: Action[Any]


class Encoded(core.GetFullVariable):
    """A variable in base64 behind an x, as the recorded program read it."""

    def __init__(self, name: str) -> None:
        super().__init__(f"${{BASE64_ENCODE(x${{{name}}})}}")

    def process_response(self, response: Response) -> str:
        """Give the value."""
        return base64.b64decode(super().process_response(response) or "")[1:].decode()


BREAKS = object()
"""The server gives the call back."""
FAILS = object()
"""The server ends the call as a failure."""
STREAM = core.StreamFile("demo-congrats")
DOUBLE = core.Exec("Set", "B=${B}${B}")
FULL = core.SetVariable("AGIEXECFULL", "1")
SESSIONS: dict[str, list[tuple[Any, Any]]] = {
    "commands": [
        (core.Answer(), None),
        (core.GetVariable("EXTEN"), "run"),
        (core.GetVariable("NOPE"), None),
        (core.SetVariable("V", 'a "b" \\ %41 é (x)'), None),
        (core.GetVariable("V"), 'a "b" \\ %41 é (x)'),
        (core.Verbose("hello"), None),
        (Command("FOO"), errors.AGIInvalidCommandError),
        (Command("GET DATA"), errors.AGIUsageError),
        (Command("CONTROL STREAM FILE"), errors.AGIUsageError),
        (core.Gosub("subs", "s", 1, ("a",)), True),
        (core.GetVariable("GOSUB_RETVAL"), "ret-a/"),
        (core.Exec("NoSuch"), errors.AGIAppError),
        (core.Exec("Return"), "-1"),
        (core.StreamFile("beep"), None),
        (core.GetData("", 100), ("", True)),
        (core.ChannelStatus(), 6),
        (FULL, None),
        (core.Exec("Set", "N=${BASE64_DECODE(YSkKMjAwIHJlc3VsdD0wCihiKQ==)}"), "0"),
        (core.GetVariable("N"), "a)\n200 result=0\n(b)"),
        (core.GetFullVariable("${N}"), "a)\n200 result=0\n(b)"),
        (core.Exec("SMS"), "-1"),
        (BREAKS, None),
    ],
    "long-values": [
        (FULL, None),
        (core.SetVariable("B", "v" * 252), None),
        (DOUBLE, "0"),
        (DOUBLE, "0"),
        (core.GetFullVariable("${B}"), "v" * 1008),
        (core.GetFullVariable("${B}d"), "v" * 1008 + "d"),
        (core.SetVariable("B", "v" * 700), None),
        (DOUBLE, "0"),
        (DOUBLE, "0"),
        (DOUBLE, "0"),
        (core.GetFullVariable("${B}"), "v" * 5600),
        (Encoded("B"), "v" * 5600),
        (core.GetVariable("EXTEN"), "run"),
        (BREAKS, None),
    ],
    "lost": [
        (FULL, None),
        (core.SetVariable("B", "%" * 700), None),
        (core.GetVariable("B"), errors.AGITruncatedReplyError),
        (core.GetVariable("EXTEN"), "run"),
        (DOUBLE, "0"),
        (DOUBLE, "0"),
        (core.GetFullVariable("${B}"), errors.AGITruncatedReplyError),
        (core.GetVariable("EXTEN"), "run"),
        (Encoded("B"), "%" * 2800),
        (core.SetVariable("B", "ü" * 340), None),
        (core.GetVariable("B"), errors.AGITruncatedReplyError),
        (core.GetVariable("EXTEN"), "run"),
        (BREAKS, None),
    ],
    "failed": [
        (core.StreamFile("nosuch"), errors.AGIAppError),
        (core.Noop(), errors.AGISIGPIPEHangup),
    ],
    "hung-up": [(STREAM, errors.AGIResultHangup), (core.Noop(), errors.AGISIGPIPEHangup)],
    "hung-up-idle": [(core.Verbose("x"), None), (core.Noop(), errors.AGISIGPIPEHangup)],
    "cancelled": [
        (Cancelled(STREAM), None),
        (core.GetVariable("EXTEN"), "run"),
        (Cancelled(core.WaitForDigit()), None),
        (Cancelled(core.GetData("demo-congrats")), None),
        (Cancelled(core.GetOption("demo-congrats", "1", 5000)), None),
        (Cancelled(core.ControlStreamFile("demo-congrats")), None),
        (core.GetVariable("EXTEN"), "run"),
        (BREAKS, None),
    ],
    "environment-cut": [(core.GetVariable("EXTEN"), "run"), (BREAKS, None)],
    "environment-lost": [(FAILS, None)],
    "own-break": [(core.AsyncAGIBreak(), None), (core.Noop(), errors.AGISIGPIPEHangup)],
    "own-hangup": [(core.Hangup(), None), (core.Noop(), errors.AGISIGPIPEHangup)],
}
"""What was executed in each, and its results; None for those that do not matter."""


class Replay:
    """A recorded session once more: what Asterisk said then, and what is executed now."""

    def __init__(self, steps: list[tuple[Any, Any]]) -> None:
        self.steps = deque(steps)
        self.links = Links()
        self.link: Link
        self.sent: deque[bytes | str] = deque()
        self.ids: dict[str, str] = {}
        self.current: tuple[Any, Any] | None = None

    def run(self, session: list[Sent | dict[str, str]]) -> None:
        """Go through a session."""
        for each in session:
            if isinstance(each, Sent):
                if not self.sent:
                    self.step()
                assert self.sent.popleft() == each.command
            else:
                self.take(each)
                self.finish()
        while self.steps:
            self.step()
            self.finish()
        # The question is not sent if the end comes before it.
        assert list(self.sent) in ([], [b"CHANNEL STATUS"])

    def step(self) -> None:
        """Execute the next action, or cancel the one that runs."""
        protocol = self.link.protocol
        if self.current is not None:
            assert isinstance(self.current[0], Cancelled)
            assert protocol.cancel()
            self.flush()
            return
        action, expected = self.steps.popleft()
        if action is BREAKS or action is FAILS:
            self.flush(BREAK if action is BREAKS else FAIL)
            return
        self.current = action, expected
        if self.link.ended is not None:
            self.current = None
            with pytest.raises(expected):
                protocol.send_action(action)
            return
        self.flush(protocol.send_action(action.action if isinstance(action, Cancelled) else action))

    def flush(self, lines: bytes = b"") -> None:
        """Send what is to be sent."""
        for request in self.links.requests(self.link, lines or self.link.protocol.data_to_send()):
            self.post(request)

    def post(self, request: Request) -> None:
        """Note an action as it was recorded."""
        if request.name == "AGI":
            self.ids[str(len(self.ids) + 1)] = request.headers["CommandID"]
            self.sent.append(request.headers["Command"].encode("utf-8", "surrogateescape"))
        else:
            what = request.headers.get("Control") or request.headers["Digit"]
            self.sent.append(f"{request.name} {what}")

    def take(self, event: dict[str, str]) -> None:
        """Take an event."""
        if event["Event"] == "AsyncAGIStart":
            self.link, _ = self.links.begin(event)
            self.link.protocol.receive_data(self.link.environment)
            self.flush()
            return
        if "CommandId" in event:
            event = {**event, "CommandId": self.ids[event["CommandId"]]}
        for _, item in self.links.take(event):
            if isinstance(item, Result):
                self.link.protocol.receive_data(item)
                self.flush()
            elif isinstance(item, Orders):
                for request in item.requests:
                    self.post(request)

    def finish(self) -> None:
        """See whether the action is done, and what came of it."""
        protocol = self.link.protocol
        end = self.link.ended
        if end is not None and protocol.state is not State.CLOSED:
            if protocol.may_have_failed and self.link.status is None:
                return  # the next event tells
            failed = protocol.may_have_failed and self.link.status == "FAILURE"
            protocol.note_end(end.why, failed=failed)
            protocol.receive_eof()
        if self.current is None or protocol.state is State.WAITING:
            return
        (action, expected), self.current = self.current, None
        if isinstance(action, Cancelled):
            return
        if isinstance(expected, type):
            with pytest.raises(expected):
                action.process_response(protocol.response())
            return
        result = action.process_response(protocol.response())
        assert result == expected or expected is None


def test_every_recorded_session_is_replayed() -> None:
    """The list of this file has all of them."""
    assert sorted(SESSIONS) == NAMES


@pytest.mark.parametrize("name", SESSIONS)
def test_recorded_session(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """It is gone through with the same commands, and has these results."""
    session = read(name)
    replay = Replay(SESSIONS[name])
    texts = [text.decode().partition("-")[0] for text in tokens(session)]
    monkeypatch.setattr("secrets.token_hex", lambda _: texts.pop(0))
    replay.run(session)
    assert texts == []
