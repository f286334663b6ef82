"""The same on threads: only the calls of one context are this program's.

The dialplan, in extensions.conf:

    [reception]
    exten => _X.,1,AGI(agi:async)
"""

import logging
import os

import pystrix
from pystrix.agi import core

manager = pystrix.ami.Manager(reconnect=True)
server = pystrix.agi.AsyncAGIServer(
    manager, accept=lambda environment: environment.context == "reception"
)


def greet(agi, args, kwargs, match, path):
    agi.execute(core.Answer())
    agi.execute(core.SayDigits(agi.environment.extension))
    agi.execute(core.Hangup())


server.register_script_handler(None, greet)

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    manager.connect("127.0.0.1", username="surveys", secret=os.environ["AMI_SECRET"])
    with manager, server:
        server.serve_forever()
