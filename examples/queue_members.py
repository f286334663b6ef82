"""Knows who is in which queue, whatever becomes of the connection: threads."""

import logging
import os
import threading

from pystrix.ami import Backoff, Gap, Manager, actions, events

log = logging.getLogger(__name__)


class Members:
    """The members of all queues."""

    def __init__(self, manager):
        self.paused = {}  # by queue and interface
        manager.register_resync(self.ask)
        manager.register_callback(Gap, self.missed)
        manager.register_callback(events.QueueMemberPause, self.changed)

    def ask(self, manager):
        """Ask for all; the manager does so before events flow again."""
        return manager.send(actions.QueueStatus()).of(events.QueueMember)

    def take(self, members):
        """Take what Asterisk says of all."""
        self.paused = {(member.queue, member.name_): member.paused for member in members}

    def missed(self, gap, manager):
        """Go on from what there is now."""
        log.warning("heard nothing from %s to %s: %s", gap.from_, gap.until, gap.reason)
        self.take(gap.results[self.ask])

    def changed(self, event, manager):
        """Note that one pauses, or goes on."""
        self.paused[event.queue, event.member_name] = event.paused


def main():
    with Manager(reconnect=Backoff(first=1, maximum=60)) as manager:
        members = Members(manager)
        manager.connect("127.0.0.1", username="watcher", secret=os.environ["AMI_SECRET"])
        members.take(members.ask(manager))
        threading.Event().wait()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    main()
