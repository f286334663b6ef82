"""Which call an event is for; and recorded sessions, from their events to the results."""

from __future__ import annotations

import base64
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from pystrix.agi import Action, Command, core, errors
from pystrix.agi._asyncagi_links import (
    BREAK,
    BRIDGED,
    FAIL,
    GONE,
    LEFT,
    OVERTAKEN,
    End,
    Link,
    Links,
    Orders,
    Request,
)
from pystrix.agi._asyncagi_protocol import Result
from pystrix.agi._protocol import State
from tests.agi.recorded import NAMES, Sent, read, tokens
from tests.agi.switch import encode, environment

if TYPE_CHECKING:
    from pystrix.agi import Response

CHANNEL, UNIQUEID = "PJSIP/a-1", "17.1"


def event(name: str, uniqueid: str = UNIQUEID, **headers: str) -> dict[str, str]:
    """Make an event of a call."""
    return {"Event": name, "Channel": CHANNEL, "Uniqueid": uniqueid, **headers}


HANGUP = event("Hangup", Cause="0")
START = event("AsyncAGIStart", Env=encode(environment(CHANNEL, UNIQUEID)))


def begin() -> tuple[Links, Link]:
    """Begin a call."""
    links = Links()
    link, before = links.begin(START)
    assert before is None
    link.protocol.receive_data(link.environment)
    assert link.protocol.state is State.READY
    return links, link


def send(links: Links, link: Link, line: bytes = b"NOOP\n") -> str:
    """Send a command, and give its id."""
    (request,) = links.requests(link, line)
    return request.headers["CommandID"]


# Requests.


def test_requests() -> None:
    """Each command has an id of its own, that nobody can guess."""
    links, link = begin()
    first, second = links.requests(link, b'VERBOSE "\xff"\nNOOP\n')
    assert first.name == second.name == "AGI"
    assert first.headers["Channel"] == CHANNEL
    assert first.headers["Command"] == 'VERBOSE "\udcff"'
    assert second.headers["Command"] == "NOOP"
    ids = {first.headers["CommandID"], second.headers["CommandID"], send(*begin())}
    assert len(ids) == 3
    assert all(len(command_id) > 16 for command_id in ids)
    assert link.commands == [first.headers["CommandID"], second.headers["CommandID"]]


def test_results() -> None:
    """They are for the call whose command they name."""
    links, link = begin()
    other, _ = links.begin(event("AsyncAGIStart", "17.2", Env=""))
    assert len(links) == 2
    first, second = send(links, link), send(links, other)
    exec_ = "AsyncAGIExec"
    got = links.take(event(exec_, "17.2", Result="200%20result%3D0%0A", CommandId=second))
    assert got == [(other, b"200 result=0\n")]
    assert links.take(event(exec_, Result="x", CommandId=second)) == []
    assert links.take(event(exec_, Result="x", CommandId="somebody else's")) == []
    assert links.take(event(exec_, Result="x")) == []
    assert link.commands == [first]
    links.forget(link)
    assert links.take(event(exec_, Result="x", CommandId=first)) == []
    links.forget(link)
    assert len(links) == 1


def test_result_of_another_name() -> None:
    """A call that another one was put in place of is followed by its commands."""
    links, link = begin()
    taken = {"Channel": "PJSIP/b-1", "Uniqueid": "17.9"}
    command = send(links, link)
    assert links.take({**event("AsyncAGIExec", Result="x", CommandId=command), **taken})
    assert (link.channel, link.uniqueid) == ("PJSIP/b-1", "17.9")
    assert links.take(HANGUP) == []
    assert links.take({**event("AsyncAGIEnd"), **taken}) == [(link, LEFT)]
    command = send(links, link)
    assert links.take(event("AsyncAGIExec", Result="x", CommandId=command))
    assert link.uniqueid == "17.1"


def test_rename() -> None:
    """Commands go to the name that the channel has by now."""
    links, link = begin()
    assert links.take(event("Rename", Newname="PJSIP/b-1")) == []
    assert links.take(event("Rename", "17.9", Newname="PJSIP/c-1")) == []
    assert links.requests(link, b"NOOP\n")[0].headers["Channel"] == "PJSIP/b-1"


def arrive(uniqueid: str, data: str = "agi:async,x", **place: str) -> dict[str, str]:
    """Have a channel be at an AsyncAGI of the dialplan."""
    where = {"Context": "sip", "Exten": "5", "Priority": "1", "AppData": data} | place
    return {**event("Newexten", uniqueid, **where), "Channel": f"PJSIP/{uniqueid}"}


def test_channel_that_takes_the_place_of_another() -> None:
    """A call that is transferred into AsyncAGI, or replaced, is followed."""
    links = Links()
    assert links.take(arrive(UNIQUEID)) == []
    link, _ = links.begin(START)
    command = send(links, link)
    assert links.take(event("AsyncAGIExec", Result="x", CommandId=command))
    assert links.take(arrive(UNIQUEID)) == [], "an EXEC that is over"
    assert links.take(arrive("17.2")) == []
    assert links.take(HANGUP) == []
    assert (link.channel, link.uniqueid, link.ended) == ("PJSIP/17.2", "17.2", None)
    assert links.take(event("AsyncAGIEnd")) == []
    assert links.take(event("AsyncAGIEnd", "17.2")) == [(link, LEFT)]
    links.take(arrive("17.2"))  # the next one of the same channel
    assert links.begin(event("AsyncAGIStart", "17.2"))[0].place == link.place


@pytest.mark.parametrize(
    "others",
    [
        [],
        [arrive("17.2", Priority="2")],
        [arrive("17.2", "agi:async,y")],
        [arrive("17.2", "agi://127.0.0.1/x")],
        [arrive("17.2"), event("AsyncAGIStart", "17.2")],
        [arrive("17.2"), event("Hangup", "17.2")],
        [arrive("17.2"), *(arrive(f"18.{number}", "agi:async,y") for number in range(64))],
    ],
)
def test_call_that_is_gone(others: list[dict[str, str]]) -> None:
    """If no channel is in its place it is over."""
    links = Links()
    links.take(arrive(UNIQUEID))
    link, _ = links.begin(START)
    for each in others:
        if each["Event"] == "AsyncAGIStart":
            links.begin(each)
        else:
            links.take(each)
    assert links.take(HANGUP) == [(link, GONE)]


def test_call_that_is_hung_up() -> None:
    """A channel that arrives at the same place in this moment is another call."""
    links = Links()
    links.take(arrive(UNIQUEID))
    link, _ = links.begin(START)
    links.take(arrive("17.2"))
    assert links.take(event("Hangup", Cause="16")) == [(link, GONE)]


def test_command_for_a_name_that_is_nobodys() -> None:
    """It is sent again when the channel is known to have another name; what stops one is not."""
    links = Links()
    links.take(arrive(UNIQUEID))
    link, _ = links.begin(START)
    first = send(links, link)
    (request,) = links.requests(link, b"ANSWER\n")
    for refused in (Request("ControlPlayback", {"Channel": CHANNEL}), request):
        assert links.refused(link, refused) is None
    assert links.take(event("AsyncAGIExec", Result="x", CommandId=first)) == [(link, b"x")]
    assert link.missed == [request]
    links.take(arrive("17.2"))
    again = Request("AGI", request.headers | {"Channel": "PJSIP/17.2"})
    assert links.take(HANGUP) == [(link, Orders([again]))]
    assert links.take(event("AGIExecStart", "17.2", Command="ANSWER")) == []
    assert links.refused(link, request) == again, "it is known by now"
    assert links.refused(link, again) is None
    assert links.take(event("AsyncAGIEnd", "17.2")) == [(link, LEFT)]


def test_command_for_a_name_that_is_nobodys_any_more() -> None:
    """A result and a new name may come as one."""
    links, link = begin()
    first = send(links, link)
    (request,) = links.requests(link, b"ANSWER\n")
    assert links.refused(link, request) is None
    renamed = {"Channel": "PJSIP/b-1", "Uniqueid": "17.9"}
    got = links.take({**event("AsyncAGIExec", Result="x", CommandId=first), **renamed})
    again = Request("AGI", request.headers | {"Channel": "PJSIP/b-1"})
    assert got == [(link, b"x"), (link, Orders([again]))]


def test_place_that_is_not_known() -> None:
    """Without class dialplan nobody is followed."""
    links, link = begin()
    links.take(arrive("17.2"))
    assert links.take(HANGUP) == [(link, GONE)]


# Ends.


@pytest.mark.parametrize(
    ("name", "end"), [("AsyncAGIEnd", LEFT), ("Hangup", GONE), ("BridgeEnter", BRIDGED)]
)
def test_ends(name: str, end: End) -> None:
    """A call is over once, whatever tells it first."""
    links, link = begin()
    assert links.take(event(name, "17.9")) == []
    assert links.take(event(name)) == [(link, end)]
    assert link.ended is end
    for other in ("AsyncAGIEnd", "Hangup", "BridgeEnter"):
        assert links.take(event(other)) == []


@pytest.mark.parametrize("line", [b'EXEC "Dial" "x"\n', b'gosub "a" "b" "1"\n'])
def test_bridge_of_a_command(line: bytes) -> None:
    """A command may lead the channel into a bridge."""
    links, link = begin()
    command = send(links, link, line)
    assert links.take(event("BridgeEnter")) == []
    assert links.take(event("AsyncAGIExec", Result="x", CommandId=command))
    send(links, link, b'STREAM FILE "x" "" "0"\n')
    assert links.take(event("BridgeEnter")) == [(link, BRIDGED)]


def test_next_asyncagi_of_a_channel() -> None:
    """What was before is over, even if its end was not heard."""
    links, link = begin()
    second, before = links.begin(START)
    assert before is link
    assert link.ended is OVERTAKEN
    assert links.take(event("AsyncAGIEnd")) == [(second, LEFT)]
    third, before = links.begin(START)
    assert before is None
    links.forget(second)
    assert links.take(event("AsyncAGIEnd")) == [(third, LEFT)]


def test_end_of_all() -> None:
    """Each call is told once."""
    links, link = begin()
    other, _ = links.begin(event("AsyncAGIStart", "17.2", Env=""))
    links.take(event("AsyncAGIEnd", "17.2"))
    end = End("the connection is lost")
    assert links.lose(end) == [link]
    assert (link.ended, other.ended) == (end, LEFT)
    assert links.lose(end) == []
    assert len(links.give_back([PLACE])) == 1, "though another connection was lost since"
    assert not links.has_lost


PLACE = {
    "Channel": "PJSIP/renamed",
    "Uniqueid": UNIQUEID,
    "Context": "sip",
    "Exten": "5551234",
    "Priority": "1",
}


def test_calls_of_a_connection_that_was_lost() -> None:
    """Those that are where they were are ended as failures, once; others are left alone."""
    for channels, count in (
        ([PLACE], 1),
        ([{**PLACE, "Priority": "2"}], 0),
        ([{**PLACE, "Uniqueid": "17.9"}], 0),
        ([{}], 0),
        ([], 0),
        (None, 0),
    ):
        links, link = begin()
        links.lose(End("the connection is lost"))
        links.forget(link)
        assert links.has_lost
        headers = {"Channel": "PJSIP/renamed", "Command": 'RECEIVE CHAR "0"'}
        assert links.give_back(channels) == [(link, Request("AGI", headers))] * count
        assert links.give_back(channels) == []


def test_call_that_was_lost_and_begins_again() -> None:
    """A channel that enters AsyncAGI again, where it was, is not ended."""
    links, link = begin()
    links.lose(End("the connection is lost"))
    links.forget(link)
    links.begin(START)
    assert links.give_back([PLACE]) == []


# Why a command answered -1.


def answers(link: Link, *values: str | None) -> bool:
    """Find out whether a command failed, given what AGISTATUS is when it is asked for."""
    settling = link.settle()
    left = deque(values)
    try:
        assert next(settling) == Request("Getvar", {"Channel": CHANNEL, "Variable": "AGISTATUS"})
        while True:
            settling.send(left.popleft())
    except StopIteration as end:
        assert not left
        return bool(end.value)


def test_status() -> None:
    """It is that of the end; what is older or younger is asked for again."""
    assert answers(begin()[1], "FAILURE")
    assert not answers(begin()[1], "HANGUP")
    assert answers(begin()[1], None, "FAILURE")
    assert not answers(begin()[1], None, None, None)
    assert answers(begin()[1], "", "SUCCESS", "FAILURE")
    assert not answers(begin()[1], "", "HANGUP")
    assert answers(begin()[1], *["SUCCESS"] * 5)


def test_status_that_was_told() -> None:
    """An event behind the end tells it, at the latest while it is asked for."""
    links, link = begin()
    status = event("VarSet", Variable="AGISTATUS", Value="FAILURE")
    assert links.take(status) == []
    assert link.status is None, "it is of an earlier AGI"
    links.take(event("AsyncAGIEnd"))
    links.take(event("VarSet", Variable="X", Value="HANGUP"))
    assert link.status is None
    settling = link.settle()
    next(settling)
    links.take(status)
    with pytest.raises(StopIteration) as end:
        settling.send(None)  # the channel is gone
    assert end.value.value is True
    with pytest.raises(StopIteration) as end:
        next(link.settle())
    assert end.value.value is True


# Stopping a command.


RUNS = event("AGIExecStart", Command='STREAM FILE "x" "" "0"')


def test_stop_of_a_command_that_runs() -> None:
    """It is sent at once, before what comes behind it."""
    links, link = begin()
    protocol = link.protocol
    line = protocol.send_action(core.StreamFile("x"))
    command = links.requests(link, line)[0].headers["CommandID"]
    assert links.take(event("AGIExecStart", Command="NOOP")) == []
    assert not link.started, "that is of somebody else"
    assert links.take(RUNS) == []
    assert link.started
    protocol.cancel()
    names = [request.name for request in links.requests(link, protocol.data_to_send())]
    assert names == ["ControlPlayback", "AGI", "AGI"]
    links.take(event("AsyncAGIExec", Result="x", CommandId=command))
    assert not link.started


def test_stop_of_a_command_that_waits() -> None:
    """It is sent when the command runs, for before that it would be lost."""
    links, link = begin()
    protocol = link.protocol
    links.requests(link, protocol.send_action(core.StreamFile("x")))
    protocol.cancel()
    names = [request.name for request in links.requests(link, protocol.data_to_send())]
    assert names == ["AGI", "AGI"]
    got = links.take(RUNS)
    stop = Request("ControlPlayback", {"Channel": CHANNEL, "Control": "stop"})
    assert got == [(link, Orders([stop]))]
    assert links.take(RUNS) == []


def test_start_without_a_command() -> None:
    """It is of somebody else."""
    links, link = begin()
    assert links.take(RUNS) == []
    assert not link.started


# Recorded sessions.


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
