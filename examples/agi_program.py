#!/usr/bin/env python3
"""An AGI program, which Asterisk starts for each call: the keys 1 and 2 cut its prompt short.

The dialplan, in extensions.conf:

    exten => 100,1,AGI(/opt/ivr/agi_program.py)
"""

import pystrix
from pystrix.agi import core

with pystrix.agi.AGI() as agi:
    agi.execute(core.Answer())
    pressed = agi.execute(core.StreamFile("demo-thanks", escape_digits=("1", "2")))
    if pressed:
        agi.execute(core.Verbose(f"{pressed.digit} at sample {pressed.offset}"))
    agi.execute(core.Hangup())
