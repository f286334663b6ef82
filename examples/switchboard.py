"""Connects people, and says what happens to calls: threads."""

import logging
import os

from pystrix.ami import CallFailedError, Manager
from pystrix.ami.calls import ChangeKind

log = logging.getLogger(__name__)


def say(change):
    """Say what happens, to which call, and whom it talks with."""
    if change.kind in (ChangeKind.RINGING, ChangeKind.BRIDGED, ChangeKind.HELD, ChangeKind.ENDED):
        others = ", ".join(channel.name for channel in change.call.bridged_with)
        log.info("%s %s %s", change.call.id, change.kind.value, others)


def connect(manager, one, extension):
    """Call somebody; who answers is connected with the extension."""
    call = manager.originate(one, exten=extension, context="internal", caller_id="Desk <100>")
    try:
        call.answered()
        call.wait_until(lambda call: call.bridged_with, timeout=30)
    except (CallFailedError, TimeoutError):
        call.hang_up()
        return None
    return call


def main():
    with Manager(reconnect=True) as manager:
        manager.connect("127.0.0.1", username="operator", secret=os.environ["AMI_SECRET"])
        manager.calls.register_callback(say)
        manager.calls.start()  # those that there are already
        call = connect(manager, "PJSIP/alice", "200")
        if call is not None:
            log.info("%s", call.ended())


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    main()
