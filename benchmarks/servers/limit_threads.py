"""The limit on threads: blocking sockets, a new thread for each call, nothing parsed."""

import socket
import threading

from standard_call import lines


def serve(connection):
    data = b""
    while not data.endswith(b"\n\n"):
        data += connection.recv(4096)
    for line in lines():
        connection.sendall(line)
        if not connection.recv(4096):
            break
    connection.close()


with socket.create_server(("127.0.0.1", 0), backlog=4096) as listener:
    print(listener.getsockname()[1], flush=True)
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve, args=(connection,), daemon=True).start()
