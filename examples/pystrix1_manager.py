"""Watches hang-ups, as it is documented for pystrix 1.x: nothing in it is new."""

import logging
import os
import sys
import threading

import pystrix

log = logging.getLogger(__name__)


class Watcher:
    """Connects, logs in with MD5, and hears of hang-ups until Asterisk ends."""

    def __init__(self, host, port, username, secret):
        self.hangups = []
        self.ended = threading.Event()
        self.manager = pystrix.ami.Manager()
        self.manager.register_callback("Hangup", self._hung_up)
        self.manager.register_callback("Shutdown", self._shut_down)
        self.manager.connect(host, port)
        challenge = self.manager.send_action(pystrix.ami.core.Challenge())
        if not (challenge and challenge.success):
            raise ConnectionError("Asterisk gave no challenge")
        self.manager.send_action(
            pystrix.ami.core.Login(username, secret, challenge=challenge.result["Challenge"])
        )
        self.manager.monitor_connection()

    def channels(self):
        """Give the names of the channels there are."""
        request = pystrix.ami.core.CoreShowChannels()
        request.synchronous = True
        answer = self.manager.send_action(request)
        return [event["Channel"] for event in answer.events["CoreShowChannel"]]

    def _hung_up(self, event, manager):
        self.hangups.append(event.process()[0])

    def _shut_down(self, event, manager):
        self.ended.set()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    try:
        watcher = Watcher("127.0.0.1", 5038, "watcher", os.environ["AMI_SECRET"])
    except pystrix.ami.core.ManagerAuthError as error:
        sys.exit(f"the login is refused: {error}")
    except pystrix.ami.ManagerSocketError as error:
        sys.exit(f"there is no connection: {error}")
    log.info("there are %s", watcher.channels())
    watcher.ended.wait()
    watcher.manager.close()
