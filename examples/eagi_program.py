#!/usr/bin/env python3
"""An EAGI program: keeps what the caller says as a WAV file, up to a key or the hang-up.

The dialplan, in extensions.conf:

    exten => 100,1,EAGI(/opt/ivr/eagi_program.py,/var/spool/ivr/note.wav)
"""

import threading
import wave

import pystrix
from pystrix.agi import core


def keep(audio, path):
    """Write the frames into a file; a frame is 20 ms of 16-bit samples."""
    with wave.open(path, "wb") as file:
        file.setparams((1, 2, audio.format.sample_rate, 0, "NONE", ""))
        for frame in audio:  # ends at the hang-up, or when the audio is ended
            file.writeframes(frame)


with pystrix.agi.EAGI() as agi:
    path = agi.request.args[0]
    keeper = threading.Thread(target=keep, args=(agi.audio, path))
    agi.execute(core.Answer())
    keeper.start()  # Asterisk writes audio while it plays, and while it waits for a key
    try:
        agi.execute(core.StreamFile("beep"))
        agi.execute(core.WaitForDigit(10_000))
    finally:
        agi.audio.end()
        keeper.join()
    agi.execute(core.SetVariable("NOTE", path))
