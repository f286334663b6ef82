"""Serves two calls of a live Asterisk with the documented program, and tells what happens.

``python -m tests.asterisk.demo``
"""

from __future__ import annotations

import importlib.util
import logging
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.asterisk.calls import Call, place_call
from tests.asterisk.provision import UnavailableError, find_or_provision
from tests.asterisk.server import Asterisk

if TYPE_CHECKING:
    from tests.asterisk.ami import Message

EXAMPLE = Path(__file__).parents[2] / "examples" / "fastagi_server.py"


def say(text: str) -> None:
    """Tell something."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def load_program() -> Any:
    """Load the documented program."""
    spec = importlib.util.spec_from_file_location("fastagi_server", EXAMPLE)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(EXAMPLE)
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    return program


def tell_commands(asterisk: Asterisk, call: Call) -> None:
    """Tell each command of a call and its answer, until the AGI ends."""
    number = 0
    channel = call.channel

    def wanted(event: Message) -> bool:
        return event.get("Channel") == channel and (
            event.get("Event") in ("AGIExecStart", "AGIExecEnd")
            or event.get("UserEvent") == "AGIDone"
        )

    while True:
        event = asterisk.ami.wait_event(wanted, 30, since=number)
        number += 1
        if event.get("Event") == "AGIExecStart":
            say(f"    {event.get('Command')}")
        elif event.get("Event") == "AGIExecEnd":
            say(f"        reply code {event.get('ResultCode')}")
        else:
            say(f"  back in the dialplan: AGISTATUS={event.get('AGIStatus')}")
            return


def run(asterisk: Asterisk) -> None:
    """Start the program and place the calls."""
    program = load_program()
    thread = program.FastAGIServer()
    thread.start()
    try:
        url = "agi://127.0.0.1/demo"
        say(f"\nA caller who listens to the end: AGI({url})")
        call = place_call(asterisk, url)
        tell_commands(asterisk, call)
        say(f"\nA caller who presses 1 during the prompt: AGI({url})")
        call = place_call(asterisk, url)
        call.runs("STREAM FILE")
        threading.Timer(1, call.press, "1").start()
        tell_commands(asterisk, call)
        url = "agi://127.0.0.1/other"
        say(f"\nA script that no pattern matches goes to the fallback: AGI({url})")
        tell_commands(asterisk, place_call(asterisk, url))
    finally:
        thread.shutdown()
        thread.join()


def main() -> None:
    """Find or make an Asterisk, and run the demonstration."""
    logging.basicConfig(format="  the program's log: %(levelname)s %(message)s")
    say("Looking for an Asterisk; making one takes a minute, the first time.")
    try:
        installation = find_or_provision()
    except UnavailableError as unavailable:
        sys.exit(str(unavailable))
    with Asterisk(installation) as asterisk:
        say(asterisk.command("core show version")[0].partition(" built")[0])
        run(asterisk)


if __name__ == "__main__":
    main()
