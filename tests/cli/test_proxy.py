"""What stands between Asterisk and a server: every byte, half-closes, and resets."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.cli import _proxy
from pystrix.cli._proxy import Proxy
from pystrix.cli._session_log import LONGEST_LINE, create
from tests.agi.peers import TIMEOUT
from tests.machine import NEEDS_IPV6

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from typing import Self

    Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Recording:
    """A proxy, a server behind it, and what it tells.

    Args:
        folder: Where the transcripts go.
        options: Of the proxy.
    """

    def __init__(self, folder: Path, **options: Any) -> None:
        self.told: list[str] = []
        self.folder = folder
        self.proxy: Proxy
        self._options = options
        self._calls: asyncio.Queue[Streams] = asyncio.Queue()
        self._ends: asyncio.Queue[str] = asyncio.Queue()
        self._where = ""
        self._server: asyncio.Server

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", 0)
        address = self._server.sockets[0].getsockname()
        self.proxy = Proxy(address, self.folder, self._tell, **self._options)
        self._where = await self.proxy.start("127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.proxy.stop()
        self._server.close()
        assert not self.proxy.sessions

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._calls.put_nowait((reader, writer))

    def _tell(self, text: str) -> None:
        self.told.append(text)
        self._ends.put_nowait(text)

    async def call(self) -> tuple[Streams, Streams]:
        """Connect; give Asterisk's end and the server's."""
        host, _, port = self._where.rpartition(":")
        asterisk = await asyncio.open_connection(host, int(port))
        return asterisk, await self._calls.get()

    async def only_asterisk(self) -> Streams:
        """Connect where there is no server any more."""
        self._server.close()
        host, _, port = self._where.rpartition(":")
        return await asyncio.open_connection(host, int(port))

    async def end(self) -> str:
        """Wait until something is told."""
        return await self._ends.get()

    @property
    def transcript(self) -> str:
        """The text of the only transcript, without times."""
        (path,) = self.folder.iterdir()
        lines = re.sub(r"(?m)^# (\+\d+\.\d+ ?)?", "", path.read_text()).splitlines()
        first, *rest = filter(None, lines)
        assert " calls 127.0.0.1:" in first
        return "\n".join(rest)


def reset(writer: asyncio.StreamWriter) -> None:
    """Break a connection."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def recording(
    folder: Path, scenario: Callable[[Recording], Awaitable[None]], **options: Any
) -> Recording:
    """Run a scenario."""

    async def main() -> Recording:
        async with asyncio.timeout(TIMEOUT), Recording(folder, **options) as made:
            await scenario(made)
        return made

    return asyncio.run(main())


@contextlib.asynccontextmanager
async def closing(*streams: Streams) -> AsyncIterator[None]:
    """Close connections in any case."""
    yield
    for _, writer in streams:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def test_bytes_and_half_closes(tmp_path: Path) -> None:
    """Everything arrives as it was sent, also behind the end of the other side."""

    async def scenario(made: Recording) -> None:
        (reader, writer), (server_reader, server_writer) = await made.call()
        async with closing((reader, writer), (server_reader, server_writer)):
            writer.write(b"agi_network: yes\n\n")
            assert await server_reader.readexactly(18) == b"agi_network: yes\n\n"
            server_writer.write(b"NOO")
            assert await reader.readexactly(3) == b"NOO"
            server_writer.write(b"P\n\xff\x00")
            server_writer.write_eof()
            assert await reader.read() == b"P\n\xff\x00"
            writer.write(b"200 result=0\nHANG")
            assert await server_reader.readexactly(17) == b"200 result=0\nHANG"
            writer.write_eof()
            assert await server_reader.read() == b""
            assert (await made.end()).endswith(" s")

    made = recording(tmp_path, scenario)
    assert made.transcript.splitlines() == [
        ">> b'agi_network: yes\\n'",
        ">> b'\\n'",
        "<< b'NOOP\\n'",
        "<< b'\\xff\\x00'",
        "the application closes",
        ">> b'200 result=0\\n'",
        ">> b'HANG'",
        "Asterisk closes",
    ]


@pytest.mark.parametrize("breaks", ["Asterisk", "the application"])
def test_resets(tmp_path: Path, breaks: str) -> None:
    """Who breaks the connection breaks it for the other side, too."""

    async def scenario(made: Recording) -> None:
        asterisk, server = await made.call()
        async with closing(asterisk, server):
            asterisk[1].write(b"agi_x: y\n")
            await server[0].readexactly(9)
            one, two = (asterisk, server) if breaks == "Asterisk" else (server, asterisk)
            reset(one[1])
            with pytest.raises(ConnectionResetError):
                await two[0].read()
            await made.end()

    made = recording(tmp_path, scenario)
    assert made.transcript.splitlines() == [
        ">> b'agi_x: y\\n'",
        f"{breaks} breaks the connection",
    ]


def test_who_reads_slowly_is_waited_for(tmp_path: Path) -> None:
    """What one side does not read piles up with the other, and not in between."""
    much = 64 * 1024 * 1024

    async def scenario(made: Recording) -> None:
        asterisk, server = await made.call()
        async with closing(asterisk, server):
            for (_, writer), (reader, _) in ((asterisk, server), (server, asterisk)):
                writer.write(b"x" * much)
                # All that is stuck is stuck here, but for what the kernel and the proxy buffer.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.5):
                        await writer.drain()
                transport: Any = writer.transport
                assert transport.get_write_buffer_size() > much // 2
                assert await reader.readexactly(much) == b"x" * much
                writer.write_eof()
                assert await reader.read() == b""
            await made.end()

    made = recording(tmp_path, scenario, most=1000)
    assert made.transcript.count("the rest is not recorded") == 1
    (path,) = tmp_path.iterdir()
    assert path.stat().st_size < 5 * LONGEST_LINE


def test_no_server(tmp_path: Path) -> None:
    """Asterisk sees what it would see without a recording: AGISTATUS=FAILURE."""

    async def scenario(made: Recording) -> None:
        reader, writer = await made.only_asterisk()
        async with closing((reader, writer)):
            writer.write(b"agi_network: yes\n\n")
            assert await reader.read() == b"failure\n"
            writer.write_eof()
            assert "cannot reach 127.0.0.1:" in await made.end()
            assert (await made.end()).endswith(" s")

    made = recording(tmp_path, scenario)
    line, *others = made.transcript.splitlines()
    assert line.startswith("cannot reach 127.0.0.1:")
    assert line.endswith(": Connection refused")
    assert others == [">> b'agi_network: yes\\n'", ">> b'\\n'", "Asterisk closes"]


def test_server_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is a server waited for that does not answer; and Asterisk not, if it stays."""
    monkeypatch.setattr(_proxy, "_CONNECT_SECONDS", 0.05)
    monkeypatch.setattr(_proxy, "_LEAVE_SECONDS", 0.05)
    with contextlib.ExitStack() as exits:
        full = exits.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            filler = exits.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())

        async def main() -> list[str]:
            told: list[str] = []
            proxy = Proxy(full.getsockname(), tmp_path, told.append)
            host, _, port = (await proxy.start("127.0.0.1", 0)).rpartition(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            async with closing((reader, writer)):
                assert await reader.readline() == b"failure\n"
                with contextlib.suppress(ConnectionResetError):
                    assert await reader.read() == b""
                (session,) = proxy.sessions or [None]
                if session is not None:
                    await session.over.wait()
            await proxy.stop()
            return told

        told = asyncio.run(main())
    assert told[0].endswith(": no answer")
    assert told[1].endswith(" s")


def test_asterisk_leaves_at_once(tmp_path: Path) -> None:
    """Who has left before the server is reached is no error."""

    async def scenario(made: Recording) -> None:
        reader, writer = await made.only_asterisk()
        async with closing((reader, writer)):
            reset(writer)
            await made.end()

    made = recording(tmp_path, scenario)
    assert made.told


def test_stop_ends_the_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of the recording ends calls that run, also those that nobody reads."""
    monkeypatch.setattr(_proxy, "_LEAVE_SECONDS", 0.05)

    async def scenario(made: Recording) -> None:
        asterisk, server = await made.call()
        async with closing(asterisk, server):
            asterisk[1].write(b"x" * 64 * 1024 * 1024)
            await server[0].readexactly(1)
            await made.proxy.stop()
            with contextlib.suppress(ConnectionResetError):
                await server[0].read()

    made = recording(tmp_path, scenario)
    assert "the recording ends" in made.transcript


def test_stop_between_accepting_and_beginning(tmp_path: Path) -> None:
    """A connection that is made while the recording ends is closed, too, and told once."""
    told: list[str] = []

    async def main() -> None:
        calls: asyncio.Queue[Streams] = asyncio.Queue()
        server = await asyncio.start_server(
            lambda *streams: calls.put_nowait(streams), "127.0.0.1", 0
        )
        async with server:
            address = server.sockets[0].getsockname()
            proxy = Proxy(address, tmp_path, told.append)
            side = proxy._accept()
            (session,) = proxy.sessions
            stopping = asyncio.create_task(proxy.stop())
            await asyncio.sleep(0)
            await asyncio.get_running_loop().create_connection(lambda: side, *address)
            async with closing(await calls.get()):
                await stopping
                session.lost()

    asyncio.run(main())
    assert len(told) == 1
    assert not list(tmp_path.iterdir())


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """A call goes on, recorded or not."""

    async def scenario(made: Recording) -> None:
        asterisk, server = await made.call()
        async with closing(asterisk, server):
            asterisk[1].write(b"x\n")
            assert await server[0].readexactly(2) == b"x\n"
            assert (await made.end()).endswith(": not recorded: No such file or directory")

    recording(tmp_path / "none", scenario)


def test_disk_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call goes on when its transcript cannot."""
    monkeypatch.setattr(_proxy, "create", lambda *_: create(Path("/dev/full"), "w"))

    async def scenario(made: Recording) -> None:
        asterisk, server = await made.call()
        async with closing(asterisk, server):
            for _ in range(2):
                asterisk[1].write(b"x\n")
                assert await server[0].readexactly(2) == b"x\n"
            text = await made.end()
            assert text.endswith(": not recorded any further: No space left on device")

    made = recording(tmp_path, scenario)
    assert sum("not recorded" in text for text in made.told) == 1


@pytest.mark.parametrize(
    ("listen", "host"),
    [
        ("127.0.0.1", "localhost"),
        ("0.0.0.0", "127.0.0.1"),
        pytest.param("::", "::1", marks=NEEDS_IPV6),
        pytest.param("::1", "::1", marks=NEEDS_IPV6),
    ],
)
def test_calls_of_itself(tmp_path: Path, listen: str, host: str) -> None:
    """A proxy whose server is itself would make calls for ever."""

    async def main() -> bool:
        proxy = Proxy(("", 0), tmp_path, pytest.fail)
        _, _, port = (await proxy.start(listen, 0)).rpartition(":")
        proxy.address = (host, int(port))
        itself = await proxy.calls_itself()
        await proxy.stop()
        return itself

    assert asyncio.run(main())


@pytest.mark.parametrize(
    ("listen", "host"),
    [
        ("127.0.0.1", "127.0.0.2"),
        ("0.0.0.0", "192.0.2.1"),
        ("127.0.0.1", "a..b"),
    ],
)
def test_calls_of_others(tmp_path: Path, listen: str, host: str) -> None:
    """The same port of another host, or of none, is another server."""

    async def main() -> bool:
        proxy = Proxy((host, 1), tmp_path, pytest.fail)
        assert not await proxy.calls_itself()
        _, _, port = (await proxy.start(listen, 0)).rpartition(":")
        assert not await proxy.calls_itself()
        proxy.address = (host, int(port))
        itself = await proxy.calls_itself()
        await proxy.stop()
        return itself

    assert not asyncio.run(main())
