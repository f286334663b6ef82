"""pystrix 1.3.0: prints its port, and serves the standard call."""

import pystrix
from pystrix.agi import core


def demo(agi, args, kwargs, match, path):
    caller = agi.get_environment()["agi_callerid"]
    agi.execute(core.Answer())
    agi.execute(core.StreamFile("demo-thanks", escape_digits=("1", "2")))
    for number in range(4):
        agi.execute(core.SetVariable(f"V{number}", caller))
        agi.execute(core.GetVariable(f"V{number}"))
    agi.execute(core.Hangup())


server = pystrix.agi.FastAGIServer(port=0, daemon_threads=True)
server.register_script_handler("demo", demo)
print(server.server_address[1], flush=True)
server.serve_forever()
