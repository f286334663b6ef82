"""Answer and control telephone calls on Asterisk.

* `pystrix.agi`: FastAGI servers, and the commands that drive a call.
"""

import logging

from pystrix import agi as agi

__version__ = "2.0.0.dev0"

VERSION = __version__
COPYRIGHT = "(c) 2026 The pystrix contributors, MIT licence"

__all__ = ["COPYRIGHT", "VERSION", "__version__", "agi"]

# Without a handler Python's last resort prints warnings to stderr; a library stays silent
# until the program configures logging.
logging.getLogger("pystrix").addHandler(logging.NullHandler())
