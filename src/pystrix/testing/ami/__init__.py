"""A simulated Asterisk for programs that use its manager interface.

``with AMIServer() as server:`` listens on a free port of loopback; ``server.address`` is where,
``server.username`` and ``server.secret`` log in.
"""

from pystrix.testing.ami._answers import Later, ListAnswer, Refused, Silence
from pystrix.testing.ami._calls import FarEnd, SimulatedCall
from pystrix.testing.ami._channels import SimulatedChannel
from pystrix.testing.ami._requests import ReceivedAction
from pystrix.testing.ami.asterisk import SimulatedAsterisk
from pystrix.testing.ami.server import AMIServer

__all__ = [
    "AMIServer",
    "FarEnd",
    "Later",
    "ListAnswer",
    "ReceivedAction",
    "Refused",
    "Silence",
    "SimulatedAsterisk",
    "SimulatedCall",
    "SimulatedChannel",
]
