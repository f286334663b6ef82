"""The simulated Asterisk behind a port, for programs on threads and on asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from typing import TYPE_CHECKING

import pytest

from pystrix.ami import actions
from pystrix.ami.manager import Manager
from pystrix.testing.ami import AMIServer, Later, ReceivedAction
from tests.asterisk.ami_dialogue import Dialogue
from tests.machine import NEEDS_IPV6

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 5.0


@pytest.fixture
def server() -> Iterator[AMIServer]:
    """Give a server that listens."""
    with AMIServer() as server:
        yield server


@pytest.fixture
def peer(server: AMIServer) -> Iterator[Dialogue]:
    """Give a connection that is logged in."""
    with Dialogue(server.address) as peer:
        peer.log_in("admin", "secret")
        yield peer


def test_manager(server: AMIServer) -> None:
    """A program uses it like any Asterisk."""
    manager = Manager()
    with contextlib.closing(manager):
        manager.connect(*server.address)
        manager.send(actions.Login(server.username, secret=server.secret))
        manager.send(actions.Originate("PJSIP/a", application="Wait", async_=True))
        (channel,) = manager.send(actions.CoreShowChannels())
    assert channel.channel == server.calls[0].channel.name
    assert [action.name for action in server.actions][-2:] == ["Originate", "CoreShowChannels"]


def test_what_a_test_does_is_sent_when_it_returns(server: AMIServer, peer: Dialogue) -> None:
    """An event is in the program's hands."""
    peer.act("Events", EventMask="on")
    for number in range(20):
        server.send_event("Own", {"Number": number})
        peer.say(b"")
        assert peer.hear(Number=str(number))
    assert not peer.ended


def test_wait_for_action(server: AMIServer, peer: Dialogue) -> None:
    """A test waits for what the program does."""
    with pytest.raises(
        TimeoutError, match=r"1 x Ping did not come within 0\.01 s, but \['Login'\]"
    ):
        server.wait_for_action("Ping", timeout=0.01)
    timer = threading.Timer(0.05, peer.say, [b"Action: Ping\r\nA: 1\r\n\r\n"])
    timer.start()
    assert server.wait_for_action("ping")["A"] == "1"
    timer.join()
    peer.say(b"Action: Ping\r\nA: 2\r\n\r\n")
    assert server.wait_for_action("Ping", 2)["A"] == "2"
    assert server.wait_for_action("Ping", 1)["A"] == "1"


def test_action_came() -> None:
    """The same on asyncio."""

    async def main() -> list[str]:
        async with AMIServer() as server:
            reader, writer = await asyncio.open_connection(*server.address)
            await reader.readline()
            with pytest.raises(TimeoutError, match="1 x Ping did not come"):
                await server.action_came("Ping", timeout=0.01)
            assert server._watchers == []
            waiting = asyncio.create_task(server.action_came("Ping", 2))
            for number in (b"1", b"2"):
                await asyncio.sleep(0)
                writer.write(b"Action: Ping\r\nA: " + number + b"\r\n\r\n")
            second = await waiting
            first = await server.action_came("Ping")
            writer.close()
            await writer.wait_closed()
            return [first["A"], second["A"]]

    assert asyncio.run(main()) == ["1", "2"]


def test_time_passes(server: AMIServer, peer: Dialogue) -> None:
    """What is due happens by itself."""
    server.on("Slow", Later(0.05, "Slept"))
    assert dict(peer.act("Slow"))["Message"] == "Slept"


def test_scripts_may_use_the_server(server: AMIServer, peer: Dialogue) -> None:
    """From within its thread."""

    @server.on("Own")
    def own(action: ReceivedAction) -> str:
        server.send_event("Happened", {"Id": action.action_id})
        return "Done"

    peer.act("Events", EventMask="on")
    peer.act("Own")
    assert peer.hear(Event="Happened")
    assert own is not None


def test_a_script_that_fails() -> None:
    """Its error is raised at the end of the test, unless there is another."""

    def fail_and_raise(server: AMIServer) -> None:
        fail(server)
        raise AssertionError("another")

    def fail(server: AMIServer) -> None:
        server.on("Own", lambda _: 1 / 0)  # type: ignore[arg-type, return-value]
        with Dialogue(server.address) as peer:
            peer.log_in("admin", "secret")
            peer.act("Own")

    with pytest.raises(ZeroDivisionError), AMIServer() as server:
        fail(server)
    server = AMIServer()
    with pytest.raises(AssertionError, match="another"), server:
        fail_and_raise(server)


def test_drop(server: AMIServer, peer: Dialogue) -> None:
    """The end comes in the middle of a message."""
    server.drop(b"Event: Half")
    peer.hear_end()
    assert server.sessions == []


def test_restart(server: AMIServer, peer: Dialogue) -> None:
    """Until it is booted again nobody can connect; the port stays."""
    address = server.address
    peer.act("Events", EventMask="on")
    server.end(says="Restart")
    with pytest.raises(ConnectionRefusedError):
        Dialogue(address)
    peer.hear_end()
    assert dict(peer.messages[-1])["Shutdown"] == "Cleanly"
    server.boot()
    assert server.address == address
    with Dialogue(address) as again:
        again.log_in("admin", "secret")


def test_refuse(server: AMIServer) -> None:
    """New connections are refused, or closed at once."""
    server.refuse_connections()
    with pytest.raises(ConnectionRefusedError):
        Dialogue(server.address)
    server.refuse_connections(silently=True)
    with Dialogue(server.address) as peer:
        peer.hear_end()
        assert peer.banner == b""
    server.accept_connections()
    with Dialogue(server.address) as peer:
        peer.log_in("admin", "secret")


def test_freeze(server: AMIServer, peer: Dialogue) -> None:
    """It takes what is sent, and says nothing until it is thawed."""
    server.freeze()
    peer.say(b"Action: Ping\r\nActionID: x\r\n\r\n")
    server.wait_for_action("Ping")
    server.thaw()
    assert peer.hear(ActionID="x")


def test_half_closed(server: AMIServer) -> None:
    """A peer that has said all is answered, and then it is over."""
    with Dialogue(server.address) as peer:
        peer.log_in("admin", "secret")
        peer.say(b"Action: Ping\r\nActionID: x\r\n\r\n")
        peer._socket.shutdown(socket.SHUT_WR)
        assert peer.hear(ActionID="x")
        peer.hear_end()


def test_half_closed_in_the_middle(server: AMIServer, peer: Dialogue) -> None:
    """While an action takes its time the end of the peer's words does no harm."""
    server.on("Slow", Later(0.05, "Slept"))
    peer.say(b"Action: Slow\r\nActionID: x\r\n\r\n")
    server.wait_for_action("Slow")
    peer._socket.shutdown(socket.SHUT_WR)
    assert peer.hear(Message="Slept")
    peer.hear_end()


def test_reset(server: AMIServer, peer: Dialogue) -> None:
    """A peer that breaks the connection is gone, for the server and for the events to it."""
    server.freeze()
    peer._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer._socket.close()
    server.thaw()
    with Dialogue(server.address) as other:
        other.log_in("admin", "secret", events="on")
        server.send_event("Own")
        assert other.hear(Event="Own")
    assert len(server.sessions) <= 1


def test_a_slow_reader(server: AMIServer, peer: Dialogue) -> None:
    """What cannot be sent at once waits; nothing is lost."""
    peer.act("Events", EventMask="on")
    size, count = 100_000, 100
    for number in range(count):
        server.send_event("Own", {"Filling": "x" * size, "Number": number})
    assert peer.hear(Number=str(count - 1))
    numbers = [dict(message).get("Number") for message in peer.messages]
    assert [each for each in numbers if each] == [str(number) for number in range(count)]


def test_a_reader_that_is_gone(server: AMIServer) -> None:
    """What cannot be sent any more is dropped."""
    with Dialogue(server.address) as peer:
        peer.log_in("admin", "secret", events="on")
        peer._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        for _ in range(100):
            server.send_event("Own", {"Filling": "x" * 100_000})
    for _ in range(3):
        server.send_event("Own")
    with Dialogue(server.address) as peer:
        peer.act("Ping")
    assert server.failures == []


def test_ports() -> None:
    """A port can be chosen; one that is in use cannot."""
    with AMIServer() as server, pytest.raises(OSError, match="in use"):
        AMIServer(port=server.port).start()
    with AMIServer(port=server.port) as again:
        assert again.port == server.port


@NEEDS_IPV6
def test_ipv6() -> None:
    """It listens on IPv6, too."""
    with AMIServer(host="::1") as server, Dialogue(server.address) as peer:
        peer.log_in("admin", "secret")


def test_close() -> None:
    """It ends once, with its connections; before it was started there is nothing to end."""
    server = AMIServer()
    server.close()
    server.send_event("Own")
    with server, Dialogue(server.address) as peer:
        peer.log_in("admin", "secret")
        server.close()
        peer.hear_end()
    server.close()
    server.receive_call("PJSIP/a")
    names = {thread.name for thread in threading.enumerate()}
    assert "pystrix-testing-ami" not in names


def test_several_threads(server: AMIServer) -> None:
    """Tests may use it from any thread."""

    def work() -> None:
        for _ in range(20):
            server.receive_call("PJSIP/a").hang_up()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert server.channels == {}
