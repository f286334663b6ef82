"""pystrix 1.3.0.

pystrix1.py parse STREAM SECONDS
pystrix1.py trips|pings PORT SECONDS
"""

import io
import threading
import time

from counting import IN_FLIGHT, arguments, read_repeatedly, say_rate, time_trips

from pystrix.ami import Manager, ami, core


def read(chunks):
    """Read messages as its reader thread does; it always reads all headers."""
    source = object.__new__(ami._SynchronisedSocket)  # noqa: SLF001
    source._socket_file = io.BytesIO(b"".join(chunks))
    source._socket_read_lock = threading.Lock()
    source._socket_write_lock = threading.Lock()
    source._connected = True
    # Its readline never ends at the end of what there is: what is read is counted.
    size, count = len(source._socket_file.getbuffer()), 0
    while source._socket_file.tell() < size:
        message = source.read_message()
        if ami.KEY_EVENT in message:
            message.__class__ = ami._EVENT_REGISTRY.get(message.name) or ami._Event  # noqa: SLF001
        count += 1
    return count


what, where, seconds = arguments()
if what == "parse":
    read_repeatedly(read, where, seconds)
else:
    manager = Manager()
    manager.connect("127.0.0.1", int(where))
    manager.send_action(core.Login("tests", "-"))
    if what == "trips":
        time_trips(lambda: manager.send_action(core.Ping()), int(where), seconds)
    else:
        counts = [0] * IN_FLIGHT
        ending = threading.Event()

        def ping(number):
            while not ending.is_set():
                manager.send_action(core.Ping())
                counts[number] += 1

        for number in range(IN_FLIGHT):
            threading.Thread(target=ping, args=(number,), daemon=True).start()
        ending.wait(0.3)
        before, began, used = sum(counts), time.perf_counter(), time.process_time()
        ending.wait(seconds)
        say_rate(sum(counts) - before, began, used)
        ending.set()
