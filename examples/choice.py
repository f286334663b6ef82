"""Asks for a choice, and keeps it in a variable for the dialplan."""

from pystrix.agi import FastAGIServer, core


def choose(agi, args, kwargs, match, path):
    agi.execute(core.Answer())
    pressed = agi.execute(core.StreamFile("welcome", escape_digits="12"))
    if pressed:
        agi.execute(core.SetVariable("CHOICE", pressed.digit))
        agi.execute(core.Exec("Dial", [f"PJSIP/desk{pressed.digit}", 30]))


if __name__ == "__main__":
    with FastAGIServer() as server:
        server.register_script_handler(None, choose)
        server.serve_forever()
