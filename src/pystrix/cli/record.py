"""``pystrix record``: stands between Asterisk and a FastAGI server, and writes transcripts."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Annotated, Final

import typer

from pystrix.cli._output import FAILED, fail, plain, reason
from pystrix.cli._proxy import Proxy

_HOST: Final = "127.0.0.1"
_PORTS: Final = range(65536)
_MEBIBYTE: Final = 1024 * 1024


def record(
    listen: Annotated[
        str,
        typer.Option(metavar="[HOST:]PORT", help="Where Asterisk connects to; HOST is 127.0.0.1."),
    ],
    to: Annotated[str, typer.Option(metavar="HOST:PORT", help="The FastAGI server.")],
    output: Annotated[
        Path, typer.Option(file_okay=False, help="The folder for the transcripts.")
    ] = Path(),
    most: Annotated[
        float,
        typer.Option("--most", min=0.001, metavar="MIB", help="The size of a transcript at most."),
    ] = 16.0,
) -> None:
    """Record the calls of a live Asterisk: one transcript for each.

    Everything is forwarded as it is, both ways. Ctrl-C ends the recording, and the calls that
    run. The exit status is 0 then, 1 if it cannot listen or write, 2 if the command line is wrong.
    """
    host, port = _address(listen, "--listen", otherwise=_HOST)
    target = _address(to, "--to")
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fail(f"cannot write to {output}: {reason(error)}", FAILED)
    proxy = Proxy(target, output, lambda text: typer.echo(plain(text)), most * _MEBIBYTE)
    try:
        asyncio.run(_run(proxy, host, port))
    except OSError as error:
        fail(f"cannot listen on {listen}: {reason(error)}", FAILED)


async def _run(proxy: Proxy, host: str, port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    where = await proxy.start(host, port)
    if await proxy.calls_itself():
        await proxy.stop()
        raise typer.BadParameter(f"{where} is where --listen is", param_hint="--to")
    typer.echo(f"listening on {where} for {proxy.target}; Ctrl-C ends it")
    await stop.wait()
    await proxy.stop()


def _address(text: str, option: str, otherwise: str = "") -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    host = host.strip("[]") or otherwise
    if not host or not port.isdecimal() or int(port) not in _PORTS:
        what = "[HOST:]PORT" if otherwise else "HOST:PORT"
        raise typer.BadParameter(f"not {what}: {text!r}", param_hint=option)
    return host, int(port)
