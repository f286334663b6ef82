"""A dialogue: the caller chooses a PIN and enters it again; three tries.

It is a generator of commands, so it runs on threads, on asyncio, in a program that Asterisk starts,
and in a test without a call. The dialplan, in extensions.conf:

    exten => 100,1,AGI(agi://127.0.0.1/new-pin)
"""

from pystrix.agi import FastAGIServer, core


def enter(prompt, length):
    """Ask for digits; "" if they are not all there in time."""
    digits, timed_out = yield core.GetData(prompt, timeout=5000, max_digits=length)
    return "" if timed_out or len(digits) < length else digits


def new_pin(length=4, tries=3):
    """Give the PIN on which the caller has settled; None after too many tries."""
    for _ in range(tries):
        pin = yield from enter("vm-newpassword", length)
        if pin and pin == (yield from enter("vm-reenterpassword", length)):
            yield core.StreamFile("vm-passchanged")
            return pin
        yield core.StreamFile("vm-invalid-password")
    return None


server = FastAGIServer()


@server.script("new-pin")
def choose(agi):
    agi.execute(core.Answer())
    pin = agi.execute(new_pin())  # with asyncio: await agi.execute(new_pin())
    if pin:
        agi.execute(core.DatabasePut("pins", agi.environment.caller_id, pin))


if __name__ == "__main__":
    with server:
        server.serve_forever()
