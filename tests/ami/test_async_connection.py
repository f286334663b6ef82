"""One connection on asyncio: what is read, what is sent and when, and its end."""

from __future__ import annotations

import asyncio
import logging

import pytest

from pystrix.ami import (
    AnyAction,
    Gap,
    ManagerConnectionLostError,
    ManagerSocketError,
    ManagerTimeoutError,
    actions,
)
from pystrix.ami._async_connection import AsyncConnection
from pystrix.ami._protocol import AMIProtocol
from tests.ami.looping import PING, PONG, online, ping, run
from tests.ami.managers import return_to
from tests.ami.servers import ScriptedServer, trusting


def test_cancelled(server: ScriptedServer) -> None:
    """A cancelled action leaves no memory; its answer goes to nobody; the session goes on."""

    async def main() -> None:
        async with online(server) as (manager, peer):
            asking = asyncio.create_task(manager.send(actions.CoreShowChannels()))
            request = await asyncio.to_thread(peer.expect, "CoreShowChannels")
            asking.cancel()
            await asyncio.wait([asking])
            connection = manager._link.get_usable()
            assert connection is not None
            assert connection._protocol.outstanding == 0
            with manager.events() as stream:
                peer.respond(request, "Response: Success", "EventList: start")
                peer.respond(request, "Event: CoreShowChannelsComplete", "EventList: Complete")
                await ping(manager, peer)
                assert (await anext(stream)).name == "CoreShowChannelsComplete"

    run(main())


def test_cancelled_before_it_was_sent(server: ScriptedServer) -> None:
    """Then it is not sent."""

    async def main() -> None:
        async with online(server) as (manager, peer):
            connection = manager._link.get_usable()
            assert connection is not None
            connection.pause_writing()
            asking = asyncio.create_task(manager.send(AnyAction("Originate")))
            await asyncio.sleep(0)
            asking.cancel()
            await asyncio.wait([asking])
            connection.resume_writing()
            await ping(manager, peer)

    run(main())


def test_not_sent_while_the_peer_does_not_read(server: ScriptedServer) -> None:
    """What the transport does not take is kept here, and the error says that it was not sent."""

    async def main() -> None:
        async with online(server) as (manager, peer):
            connection = manager._link.get_usable()
            assert connection is not None
            connection.pause_writing()
            with pytest.raises(ManagerTimeoutError) as caught:
                await manager.send(AnyAction("Originate"), timeout=0.01)
            assert not caught.value.sent
            asking = asyncio.create_task(manager.send(PING))
            await asyncio.sleep(0)
            connection.resume_writing()
            await asyncio.to_thread(peer.expect, "Ping", *PONG)
            await asking
            connection.pause_writing()
            lost = asyncio.create_task(manager.send(AnyAction("Originate")))
            await asyncio.sleep(0)
            peer.close()
            with pytest.raises(ManagerConnectionLostError) as lost_error:
                await lost
            assert not lost_error.value.sent

    run(main())


def test_sent_at_once(server: ScriptedServer) -> None:
    """What is asked for at the same time is written at the same time, in order."""

    async def main() -> None:
        async with online(server) as (manager, peer):
            names = [str(number) for number in range(5)]
            asking = [
                asyncio.create_task(manager.send(AnyAction("Ping", {"N": name}))) for name in names
            ]
            found = [await asyncio.to_thread(peer.expect, "Ping", *PONG) for _ in names]
            assert [request["N"] for request in found] == names
            await asyncio.wait(asking)

    run(main())


def test_not_sent_when_it_ends(server: ScriptedServer) -> None:
    """What is to be sent when the end was read, and nobody knows of it yet, was surely not sent."""

    async def main() -> None:
        async with online(server) as (manager, _):
            connection = manager._link.get_usable()
            assert connection is not None
            assert connection._transport is not None
            connection._transport.abort()
            with pytest.raises(ManagerConnectionLostError, match="before Ping was sent") as caught:
                await manager.send(PING)
            assert not caught.value.sent

    run(main())


def test_no_ping_when_it_ends(server: ScriptedServer) -> None:
    """A keepalive that is due in the moment of the end does nothing."""

    async def main() -> None:
        complaints: list[object] = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, about: complaints.append(about))
        async with online(server, reconnect=False) as (manager, _):
            connection = manager._link.get_usable()
            assert connection is not None
            connection.heard -= 100.0
            loop.call_soon(connection._check)
            connection.close("the end")
            await manager.wait_closed()
        assert complaints == []

    run(main())


def test_cancelled_when_it_ends(server: ScriptedServer) -> None:
    """An action that is cancelled in the moment its connection ends is cancelled."""

    async def main() -> None:
        async with online(server) as (manager, peer):
            asking = asyncio.create_task(manager.send(PING))
            await asyncio.to_thread(peer.expect, "Ping")
            connection = manager._link.get_usable()
            assert connection is not None
            asking.cancel()
            connection.close("the end")
            await asyncio.wait([asking])
            assert asking.cancelled()

    run(main())


def test_closed_before_the_transport_is_there() -> None:
    """A connection that is closed while it is made is closed when it is there."""

    class Transport:
        aborted = False

        def abort(self) -> None:
            self.aborted = True

    async def main() -> None:
        connection = AsyncConnection(
            AMIProtocol("peer"), lambda _: None, debug=False, logger=logging.getLogger()
        )
        connection.close("too late")
        assert connection.closed.done()
        transport = Transport()
        connection.connection_made(transport)  # type: ignore[arg-type]
        assert transport.aborted

    run(main())


@pytest.mark.parametrize("debug", [True, False])
def test_a_reset(server: ScriptedServer, caplog: pytest.LogCaptureFixture, debug: bool) -> None:
    """A connection that breaks is lost like any; how it broke is for those who debug."""
    caplog.set_level(logging.DEBUG, "pystrix.ami")

    async def main() -> None:
        async with online(server, debug=debug) as (manager, peer):
            with manager.events(Gap) as gaps:
                peer.reset()
                await asyncio.to_thread(return_to, server)
                assert "closed the connection" in (await anext(gaps)).reason

    run(main())
    assert ("the connection broke: " in caplog.text) is debug


def test_last_words(server: ScriptedServer) -> None:
    """Who sends at the moment of the end does not hide what came before it."""

    async def main() -> None:
        async with online(server) as (manager, peer):
            connection = manager._link.get_usable()
            assert connection is not None
            with manager.events() as stream:
                peer.message("Event: Hangup")
                peer.message("Event: Shutdown", "Restart: True")
                peer.reset()
                # The loop cannot read before this is written.
                connection._protocol.send_action(PING)
                connection._flush()
                await asyncio.to_thread(return_to, server)
                heard = [await anext(stream) for _ in range(3)]
                assert heard == ["Hangup", "Shutdown", "Gap"]
                assert "Asterisk restarts" in heard[2]["Reason"]

    run(main())


def test_tls_that_breaks() -> None:
    """What was not decrypted is lost."""

    async def main() -> None:
        with ScriptedServer(tls=True) as server:
            async with online(server, ssl=trusting(), auth="MD5", reconnect=False) as (
                manager,
                peer,
            ):
                peer.reset()
                with pytest.raises(ManagerSocketError, match="closed the connection"):
                    await manager.wait_closed()

    run(main())


def test_a_message_without_end(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer that does not speak AMI is left."""
    monkeypatch.setattr(
        "pystrix.ami._protocol.AMIProtocol.__init__.__kwdefaults__",
        {
            "events": None,
            "message_limit": 100,
            "list_limit": 100,
        },
    )

    async def main() -> None:
        async with online(server, reconnect=False) as (manager, peer):
            peer.send(b"Event: " + b"x" * 1000)
            with pytest.raises(ManagerSocketError, match="longer than 100 bytes"):
                await manager.wait_closed()

    run(main())


def test_failing_reader(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An error that should not be ends the connection, in the open; the next one is as any."""

    def fail(_: object) -> None:
        raise ZeroDivisionError("a defect")

    async def main() -> None:
        async with online(server) as (manager, peer):
            with manager.events(Gap) as gaps:
                monkeypatch.setattr(manager._link.get_usable(), "_on_messages", fail)
                peer.message("Event: X")
                again = await asyncio.to_thread(return_to, server)
                gap = await anext(gaps)
            assert "failed: ZeroDivisionError('a defect')" in gap.reason
            assert isinstance(gap.failure and gap.failure.__cause__, ZeroDivisionError)
            await ping(manager, again)

    run(main())
    assert "a defect" in caplog.text
