"""Test voice applications without a telephone: a simulated Asterisk.

``place_call(handler, caller="1,w2,42#")`` runs a handler in this process, without a socket, on a
clock of its own, and gives a record of the call. The pytest plugin makes it a fixture.
"""

from pystrix.testing._applications import CallerLeftError
from pystrix.testing._remote import SilentApplicationError
from pystrix.testing._running import EndlessCallError
from pystrix.testing.call_record import CallRecord
from pystrix.testing.caller import Caller
from pystrix.testing.channel import Channel
from pystrix.testing.place import PlaceCall, place_call
from pystrix.testing.record import Command, Entry, Heard, HungUp, Key, Note
from pystrix.testing.replay import replay
from pystrix.testing.setup import Setup
from pystrix.testing.sounds import Sounds
from pystrix.testing.transcript import Line, Transcript, TranscriptError

__all__ = [
    "CallRecord",
    "Caller",
    "CallerLeftError",
    "Channel",
    "Command",
    "EndlessCallError",
    "Entry",
    "Heard",
    "HungUp",
    "Key",
    "Line",
    "Note",
    "PlaceCall",
    "Setup",
    "SilentApplicationError",
    "Sounds",
    "Transcript",
    "TranscriptError",
    "place_call",
    "replay",
]
