"""The smallest server: greets a caller and says the key that was pressed.

The dialplan, in extensions.conf:

    exten => 100,1,AGI(agi://127.0.0.1/hello)
"""

import logging

import pystrix
from pystrix.agi import core

server = pystrix.agi.FastAGIServer("127.0.0.1", 4573)


@server.script("hello")
def hello(agi):
    agi.execute(core.Answer())
    pressed = agi.execute(core.StreamFile("demo-thanks", escape_digits="123"))
    if pressed:  # (digit, offset); None when the file played to its end
        agi.execute(core.SayDigits(pressed.digit))
    agi.execute(core.Hangup())


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    with server:
        server.serve_forever()
