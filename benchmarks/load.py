"""A closed loop of simulated calls against a FastAGI server: as fast as it answers.

One process, one epoll loop, nothing parsed: a command is anything that ends with a line feed, and
every command but STREAM FILE gets the same reply. Prints JSON.

    python benchmarks/load.py PORT CONCURRENCY SECONDS
"""

from __future__ import annotations

import json
import resource
import select
import socket
import sys
import time

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
REPLY = b"200 result=1 (value)\n"
PLAYED = b"200 result=0 endpos=3520\n"


def run(port: int, concurrency: int, seconds: float) -> dict[str, float]:
    """Hold `concurrency` calls at a time for some seconds, and count."""
    poll = select.epoll()
    calls: dict[int, tuple[socket.socket, float]] = {}
    durations: list[float] = []
    commands = failed = 0

    def connect() -> None:
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.send(ENVIRONMENT)
        calls[connection.fileno()] = (connection, time.perf_counter())
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
        for fileno, _ in poll.poll(1):
            connection, since = calls[fileno]
            try:
                data = connection.recv(4096)
            except ConnectionResetError:
                data = b""
                failed += 1
            if data:
                commands += 1
                connection.send(PLAYED if data.startswith(b"STREAM") else REPLY)
                continue
            durations.append(time.perf_counter() - since)
            del calls[fileno]
            connection.close()
            connect()
    took = time.perf_counter() - began
    for connection, _ in calls.values():
        connection.close()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    durations.sort()
    return {
        "calls_per_second": len(durations) / took,
        "commands_per_second": commands / took,
        "failed": failed,
        "p50_ms": 1000 * durations[len(durations) // 2] if durations else 0,
        "p99_ms": 1000 * durations[len(durations) * 99 // 100] if durations else 0,
        "cpu_share": (usage.ru_utime + usage.ru_stime) / took,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))))
