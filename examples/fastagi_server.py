"""A FastAGI server: plays a prompt that the keys 1 and 2 can cut short.

The dialplan, in extensions.conf:

    exten => 100,1,AGI(agi://127.0.0.1/demo)
"""

import re
import signal
import sys
import threading

import pystrix


class FastAGIServer(threading.Thread):
    """Serves calls in a thread of its own."""

    def __init__(self):
        super().__init__(name="fastagi", daemon=True)
        self._server = pystrix.agi.FastAGIServer()
        self._server.register_script_handler(re.compile("demo"), self._demo_handler)
        self._server.register_script_handler(None, self._noop_handler)

    def _demo_handler(self, agi, args, kwargs, match, path):
        agi.execute(pystrix.agi.core.Answer())
        response = agi.execute(pystrix.agi.core.StreamFile("demo-thanks", escape_digits=("1", "2")))
        if response:  # a key cut the prompt short
            dtmf_character, offset = response
            agi.execute(pystrix.agi.core.Verbose(f"{dtmf_character} at sample {offset}"))
        agi.execute(pystrix.agi.core.Hangup())

    def _noop_handler(self, agi, args, kwargs, match, path):
        """Does nothing: the call goes back to the dialplan."""

    def shutdown(self):
        self._server.shutdown()

    def run(self):
        self._server.serve_forever()


if __name__ == "__main__":
    server = FastAGIServer()
    server.start()
    try:
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
    except KeyboardInterrupt:
        sys.exit(130)
    server.shutdown()
    server.join()
