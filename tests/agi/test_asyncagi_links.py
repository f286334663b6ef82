"""Which call an event of AsyncAGI is for, and what is to be sent for it."""

from __future__ import annotations

from collections import deque

import pytest

from pystrix.agi import core
from pystrix.agi._asyncagi_links import (
    BRIDGED,
    GONE,
    LEFT,
    OVERTAKEN,
    End,
    Link,
    Links,
    Orders,
    Request,
)
from pystrix.agi._protocol import State
from tests.agi.switch import encode, environment

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
