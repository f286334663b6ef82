"""What type checkers know of the catalogue: results follow from actions, fields have their types.

Checked by mypy and pyright, never run.
"""

from datetime import datetime
from typing import Any, assert_type

from pystrix.ami import EventList, Manager, Response, actions, core, events, responses
from pystrix.ami.responses import AvailableAction, ConfigCategory


def plain(manager: Manager) -> None:
    """Actions that a response answers."""
    assert_type(manager.send(actions.Hangup("x", cause=16)), Response)
    assert_type(manager.send(actions.Redirect("x", "100", "default", 1)), Response)
    assert_type(manager.send(actions.QueuePause("PJSIP/alice", True, reason="lunch")), Response)
    assert_type(manager.send(actions.MuteAudio("x", "in", True)), Response)
    assert_type(manager.send(actions.MuteAudio("x", "another word", True)), Response)
    login = actions.Login("u", auth_type="MD5", key="k", events=("call",))
    assert_type(manager.send(login), Response)


def originate(manager: Manager) -> None:
    """Variables are a mapping, or pairs; names one text, or several."""
    call = actions.Originate(
        "PJSIP/alice", context="c", exten="e", priority="label", variable={"A": 1}, codecs="alaw"
    )
    assert_type(manager.send(call), Response)
    pairs = [("A", "1"), ("A", "2")]
    manager.send(actions.Originate("x", variable=pairs, codecs=["alaw", "ulaw"], async_=True))


def typed_responses(manager: Manager) -> None:
    """Actions whose response has fields."""
    value = manager.send(actions.Getvar("CHANNEL(state)", channel="x"))
    assert_type(value, responses.GetvarResponse)
    assert_type(value.value, str)
    status = manager.send(actions.CoreStatus())
    assert_type(status.core_current_calls, int)
    assert_type(manager.send(actions.Ping()).timestamp, float)
    assert_type(manager.send(actions.Command("core show uptime")).output, list[str])
    commands = manager.send(actions.ListCommands()).commands
    assert_type(commands, dict[str, AvailableAction])
    assert_type(commands["Ping"].classes, tuple[str, ...])
    assert_type(manager.send(actions.GetConfig("f")).categories, list[ConfigCategory])
    assert_type(manager.send(actions.GetConfigJSON("f")).config, dict[str, Any])
    assert_type(manager.send(actions.MailboxStatus("1")).waiting, bool)


def lists(manager: Manager) -> None:
    """Actions that a list of events answers."""
    channels = manager.send(actions.CoreShowChannels())
    assert_type(channels, EventList[events.CoreShowChannel, events.CoreShowChannelsComplete])
    assert_type(channels[0], events.CoreShowChannel)
    assert_type(channels[0].duration, int)
    assert_type(channels.complete.list_items, int)
    for channel in channels:
        assert_type(channel.chan_variable, dict[str, str])
        assert_type(channel.uniqueid, str)
    queues = manager.send(actions.QueueStatus(queue="q"))
    assert_type(queues[0], events.QueueParams | events.QueueMember | events.QueueEntry)
    assert_type(queues.of(events.QueueMember), list[events.QueueMember])
    hung_up = manager.send(actions.HangupMatching("^PJSIP/"))
    assert_type(hung_up[0], events.ChannelHungup)


def one_event(manager: Manager) -> None:
    """Actions that one event answers."""
    assert_type(manager.send(actions.FAXStats()), events.FAXStats)
    assert_type(manager.send(actions.FAXStats()).current_sessions, int)
    assert_type(manager.send(actions.WaitEvent(5)), events.WaitEventComplete)


def fields(event: events.DialEnd, member: events.QueueMemberStatus, record: events.Cdr) -> None:
    """Fields have the types of their values."""
    assert_type(event.channel, str)
    assert_type(event.dest_channel_state, int)
    assert_type(event.dest_chan_variable, dict[str, str])
    assert_type(member.paused, bool)
    assert_type(member.last_call, int)
    assert_type(record.start_time, datetime)


def quality(event: events.RTCPReceived, security: events.SuccessfulAuth) -> None:
    """Fields of a few events."""
    assert_type(event.rtt, float)
    assert_type(event.report_ia_jitter, list[int])
    assert_type(event.report_dlsr, list[float])
    assert_type(security.event_tv, datetime)
    assert_type(security.using_password, bool)


def names_of_1_x(manager: Manager) -> None:
    """The names of pystrix 1.x, with the results of the catalogue."""
    assert_type(manager.send(core.Ping()), responses.PingResponse)
    assert_type(manager.send(core.Login("u", "s")), Response)
    assert_type(manager.send(core.Getvar("v", "x")).value, str)
    assert_type(manager.send(core.Originate_Application("x", "NoOp", ("a", 1))), Response)
    statuses = manager.send(core.Status("x"))
    assert_type(statuses, EventList[events.Status, events.StatusComplete])
    assert_type(manager.send(core.SIPshowpeer("p")), Response)
    assert_type(manager.send(core.SIPpeers()), EventList[events.PeerEntry, events.PeerlistComplete])
