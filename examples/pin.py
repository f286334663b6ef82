"""Asks for a PIN, looks the account up while the caller may hang up, and routes the call."""

import threading

from pystrix.agi import AGIAppError, AGIHangup, FastAGIServer, core

PINS = {"4711": "sales", "0815": "support"}

server = FastAGIServer()


@server.script(r"pin/(?P<language>\w\w)")
def pin(agi):
    gone = threading.Event()
    agi.on_hangup(gone.set)  # called in another thread, at once, whatever this one does

    agi.execute(core.Answer())
    agi.execute(core.SetVariable("CHANNEL(language)", agi.request.match["language"]))
    for _ in range(3):
        digits, timed_out = agi.execute(core.GetData("vm-password", timeout=5000, max_digits=4))
        agi.execute(core.Verbose(f"PIN {'cut off' if timed_out else 'complete'}"))
        if digits in PINS and not gone.is_set():
            agi.execute(core.SetVariable("DEPARTMENT", PINS[digits]))
            return
        agi.execute(core.StreamFile("vm-invalid-password"))
    raise AGIAppError("three wrong PINs")  # the dialplan sees AGISTATUS=FAILURE


@server.script("note")
def note(agi):
    """Cleans up after a hang-up: variables, database and log still work then."""
    agi.execute(core.Answer())
    try:
        agi.execute(core.RecordFile("/tmp/note", escape_digits="#", timeout=60_000, silence=3))
    except AGIHangup:
        agi.execute(core.DatabasePut("notes", agi.environment.unique_id, "incomplete"))
        raise


if __name__ == "__main__":
    with server:
        server.serve_forever()
