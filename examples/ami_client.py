"""A client of the manager interface, as programs for pystrix 1.x are written.

The user in manager.conf needs ``read = system`` for what it waits for.
"""

import getpass
import logging
import sys
import threading

import pystrix

logger = logging.getLogger("ami_client")


class AMIClient:
    """Logs in with a challenge, and logs what it hears until Asterisk ends."""

    def __init__(self, host, port, username, password):
        self.over = threading.Event()
        self._manager = pystrix.ami.Manager()
        self._register_callbacks()
        try:
            self._manager.connect(host, port)
            self._log_in(username, password)
            self._manager.monitor_connection()
        except pystrix.ami.Error:
            self._manager.close()
            raise

    def _register_callbacks(self):
        register = self._manager.register_callback
        register("FullyBooted", self._handle_by_name)
        register(pystrix.ami.core_events.FullyBooted, self._handle_by_class)
        register("", self._handle_all)
        register(None, self._handle_orphan)
        register("Shutdown", self._handle_shutdown)

    def _log_in(self, username, password):
        challenge = self._manager.send_action(pystrix.ami.core.Challenge())
        if not (challenge and challenge.success):
            raise pystrix.ami.ManagerError("Asterisk gave no challenge")
        self._manager.send_action(
            pystrix.ami.core.Login(username, password, challenge=challenge.result["Challenge"])
        )

    def _handle_by_name(self, event, manager):
        logger.info("Asterisk has started: %s", event["Status"])

    def _handle_by_class(self, event, manager):
        logger.info("it runs for %s s", event.process()[0]["Uptime"])

    def _handle_all(self, event, manager):
        logger.info("event %s", event.name)

    def _handle_orphan(self, response, manager):
        logger.info("nobody waits for this any more: %s", dict(response))

    def _handle_shutdown(self, event, manager):
        self.over.set()

    def is_alive(self):
        return self._manager.is_connected()

    def kill(self):
        self._manager.close()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    client = AMIClient("127.0.0.1", 5038, sys.argv[1], getpass.getpass())
    try:
        client.over.wait()
    finally:
        client.kill()
