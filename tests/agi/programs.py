"""Programs in processes of their own, started as Asterisk starts them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

from tests.agi.peers import TIMEOUT, PipePeer, environment

if TYPE_CHECKING:
    from collections.abc import Callable

LOG = "logging.basicConfig(format='%(levelname)s %(message)s')"
"""In a program: the log goes to standard error."""

THREADS = """
import logging, os, signal, subprocess, sys
import pystrix
from threading import Event
from pystrix.agi import AGI, EAGI, AGIHangup, AGIResultHangup, AGISIGHUPHangup, core
{before}
with {door}() as agi:
{body}
"""
ASYNCIO = """
import asyncio, logging, os, signal, subprocess, sys
from asyncio import Event
from pystrix.agi import AGIHangup, AGIResultHangup, AGISIGHUPHangup, core
from pystrix.agi.aio import AGI, EAGI
{before}
async def main():
    async with {door}() as agi:
{body}
"""


def threads(body: str, *, before: str = LOG, door: str = "AGI") -> str:
    """Make a program of a body that is written for asyncio, where only its colour is taken off."""
    plain = textwrap.dedent(body).replace("await ", "").replace("async for", "for")
    return THREADS.format(
        before=textwrap.dedent(before), door=door, body=textwrap.indent(plain, "    ")
    )


def asyncio(body: str, *, before: str = LOG, door: str = "AGI") -> str:
    """Make a program on the stock loop."""
    body = textwrap.indent(textwrap.dedent(body), "        ")
    program = ASYNCIO.format(before=textwrap.dedent(before), door=door, body=body)
    return program + "asyncio.run(main())\n"


def uvloop(body: str, *, before: str = LOG, door: str = "AGI") -> str:
    """Make a program on uvloop."""
    program = asyncio(body, before=before, door=door).removesuffix("asyncio.run(main())\n")
    return program + "import uvloop\nuvloop.run(main())\n"


KINDS: dict[str, Callable[..., str]] = {"threads": threads, "asyncio": asyncio, "uvloop": uvloop}


class Program(PipePeer):
    """A program that runs, and Asterisk's end of it.

    Args:
        text: Its source text.
        options: Options of the interpreter.
        prepare: Python that is run in its process at first.
        audio: The descriptor that becomes its number 3.
        prologue: What it gets to read at first.
    """

    def __init__(
        self,
        text: str,
        *options: str,
        prepare: str = "",
        audio: int | None = None,
        prologue: bytes = environment(),
    ) -> None:
        super().__init__()
        command = [sys.executable, "-W", "error", *options, "-c", text]
        if audio is not None:
            prepare = f"os.dup2({audio}, 3)"
        if prepare:
            before = f"import os, sys; {prepare}; os.execv(sys.argv[1], sys.argv[1:])"
            command = [sys.executable, "-S", "-c", before, *command]
        buffered = {name: os.environ[name] for name in os.environ if name != "PYTHONUNBUFFERED"}
        self.process = subprocess.Popen(  # noqa: S603 - our own interpreter
            command,
            stdin=self.stdin,
            stdout=self.stdout,
            stderr=subprocess.PIPE,
            env=buffered,
            pass_fds=() if audio is None else (audio,),
        )
        for each in self.program_ends:
            os.close(each)
        self.signal = lambda: self.process.send_signal(signal.SIGHUP)
        self.send(prologue)

    def said(self) -> str:
        """Wait for a text that the program tells by VERBOSE; it is not answered."""
        line = self.line().decode()
        assert line.startswith('VERBOSE "'), line
        return line.split('"')[1]

    def goes_on(self) -> None:
        """Answer a VERBOSE."""
        self.reply(b"200 result=1")

    def at(self, text: str) -> None:
        """Wait until the program tells where it is, and let it go on."""
        assert self.said() == text
        self.goes_on()

    def end(self, status: int = 0) -> str:
        """Wait for its end; give what it wrote to standard error."""
        if self._reader >= 0:
            assert self.rest() == b""
        _, written = self.process.communicate(timeout=TIMEOUT)
        text: str = written.decode()
        assert self.process.returncode == status, text
        return text

    def close(self) -> None:
        """End it, unless it has ended."""
        super().close()
        self.process.kill()
        self.process.communicate()
