"""Answer and control telephone calls on Asterisk.

* `pystrix.agi`: FastAGI servers, and the commands that drive a call.
* `pystrix.ami`: the manager, with which a program watches and steers the whole of Asterisk.
"""

import importlib
import logging
from typing import TYPE_CHECKING

from pystrix import agi as agi

if TYPE_CHECKING:
    from pystrix import ami as ami

__version__ = "2.0.0.dev0"
"""The version of pystrix."""

VERSION = __version__
"""The same, as pystrix 1.x names it."""
COPYRIGHT = "(c) 2026 The pystrix contributors, MIT licence"
"""Whose it is, and its licence."""

__all__ = ["COPYRIGHT", "VERSION", "__version__", "agi", "ami"]

# Without a handler Python's last resort prints warnings to stderr; a library stays silent
# until the program configures logging.
logging.getLogger("pystrix").addHandler(logging.NullHandler())


def __getattr__(name: str) -> object:
    # An AGI program is started for every call, and need not wait for a catalogue of AMI.
    if name == "ami":
        return importlib.import_module("pystrix.ami")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
