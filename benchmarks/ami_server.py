"""A scripted Asterisk manager: prints its port, and answers whatever it is asked at once.

python benchmarks/ami_server.py
"""

import re
import socket
import threading

ACTION_ID = re.compile(rb"ActionID: ([^\r\n]*)", re.IGNORECASE)
# As Asterisk 22 answers a Ping.
PONG = b"Response: Success\r\nActionID: %b\r\nPing: Pong\r\nTimestamp: 1795378944.123456\r\n\r\n"
CHALLENGE = b"Response: Success\r\nActionID: %b\r\nChallenge: 123456789\r\n\r\n"
BOOTED = b"Event: FullyBooted\r\nPrivilege: system,all\r\nStatus: Fully Booted\r\n\r\n"


def log_in(connection: socket.socket) -> None:
    """Greet, and answer up to the login."""
    connection.sendall(b"Asterisk Call Manager/11.0.0\r\n")
    data = b""
    while True:
        data += connection.recv(65536)
        if not data.endswith(b"\r\n\r\n"):
            continue
        (action_id,) = ACTION_ID.findall(data)
        if b"Challenge" in data:
            connection.sendall(CHALLENGE % action_id)
        else:
            connection.sendall(PONG % action_id)
            if b"Action: Login" in data:
                if b"Events: off" not in data:
                    connection.sendall(BOOTED)
                return
        data = b""


def serve(connection: socket.socket) -> None:
    """Answer one client until it leaves."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        log_in(connection)
        rest = b""
        while data := connection.recv(65536):
            whole, end, rest = (rest + data).rpartition(b"\r\n\r\n")
            if end:
                connection.sendall(b"".join([PONG % found for found in ACTION_ID.findall(whole)]))
    except ConnectionError:
        pass
    finally:
        connection.close()


with socket.create_server(("127.0.0.1", 0)) as listener:
    print(listener.getsockname()[1], flush=True)
    while True:
        accepted, _ = listener.accept()
        threading.Thread(target=serve, args=(accepted,), daemon=True).start()
