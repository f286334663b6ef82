"""The commands of the simulation, by topic; importing this fills `COMMANDS`."""

from pystrix.testing._commands import (
    _call,
    _database,
    _dialplan,
    _input,
    _playback,
    _record,
    _say,
    _speech,
    _text,
)
from pystrix.testing._running import COMMANDS

__all__ = ["COMMANDS"]

TOPICS = (_call, _database, _dialplan, _input, _playback, _record, _say, _speech, _text)
