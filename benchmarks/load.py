"""A closed loop of simulated calls against a FastAGI server: load.c where no C compiler is.

One process, one epoll loop, nothing parsed: what arrives at once is one command, and every command
but STREAM FILE gets the same reply. Prints JSON, and "counting" to stderr when the warm-up is over.
It uses up to a core and more itself, so it limits what can be measured.

    python benchmarks/load.py PORT CONCURRENCY SECONDS
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time
from dataclasses import dataclass

ENVIRONMENT = (
    b"agi_network: yes\nagi_network_script: demo?x=1\nagi_request: agi://127.0.0.1/demo?x=1\n"
    b"agi_channel: PJSIP/alice-00000001\nagi_language: en\nagi_type: PJSIP\n"
    b"agi_uniqueid: 1795378777.0\nagi_version: 22.10.1\nagi_callerid: 493012\n"
    b"agi_calleridname: Alice\nagi_callingpres: 0\nagi_callingani2: 0\nagi_callington: 0\n"
    b"agi_callingtns: 0\nagi_dnid: 5551234\nagi_rdnis: unknown\nagi_context: sip\n"
    b"agi_extension: 5551234\nagi_priority: 1\nagi_enhanced: 0.0\nagi_accountcode: \n"
    b"agi_threadid: 139857114666688\n\n"
)
WARM_UP = 1.5
"""Seconds before counting."""
COMMANDS = 11
"""Of the standard call; a call with fewer was cut off."""
REPLIES = {
    b"ANSWER": b"200 result=0\n",
    b"STREAM": b"200 result=0 endpos=3520\n",
    b"GET": b"200 result=1 (value)\n",
}
DONE = b"200 result=1\n"


@dataclass
class Call:
    """A call that runs."""

    connection: socket.socket
    since: float
    heard: float
    answered: int = 0


def run(port: int, concurrency: int, seconds: float) -> dict[str, float]:
    """Hold `concurrency` calls at a time for some seconds, and count."""
    poll = select.epoll()
    calls: dict[int, Call] = {}
    durations: list[float] = []
    commands = failed = 0
    used = 0.0

    def connect() -> None:
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.send(ENVIRONMENT)
        now = time.perf_counter()
        calls[connection.fileno()] = Call(connection, since=now, heard=now)
        poll.register(connection.fileno(), select.EPOLLIN)

    for _ in range(concurrency):
        connect()
    # What happens until the first calls have ended is the start-up, and not counted.
    warm = time.perf_counter() + WARM_UP
    began = warm
    end = began + seconds
    warming = True
    while time.perf_counter() < end:
        if warming and time.perf_counter() >= warm:
            warming = False
            began = time.perf_counter()
            durations.clear()
            commands = failed = 0
            used = time.process_time()
            sys.stderr.write("counting\n")
            sys.stderr.flush()
        for fileno, _ in poll.poll(1):
            call = calls[fileno]
            try:
                data = call.connection.recv(4096)
                if data:
                    call.connection.send(REPLIES.get(data.split()[0], DONE))
                    commands += 1
                    call.answered += 1
                    call.heard = time.perf_counter()
                    continue
                complete = call.answered >= COMMANDS
            except OSError:
                complete = False
            if complete:
                durations.append(time.perf_counter() - call.since)
            else:
                failed += 1
            del calls[fileno]
            call.connection.close()
            connect()
    took = time.perf_counter() - began
    # Who was silent all the time is stuck, not slow.
    failed += sum(call.heard < began for call in calls.values())
    cpu = time.process_time() - used
    durations.sort()
    return {
        "calls": len(durations),
        "seconds": took,
        "calls_per_second": len(durations) / took,
        "commands_per_second": commands / took,
        "failed": failed,
        "p50_ms": 1000 * durations[len(durations) // 2] if durations else 0,
        "p99_ms": 1000 * durations[len(durations) * 99 // 100] if durations else 0,
        "load_cpu": cpu / took,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))))
