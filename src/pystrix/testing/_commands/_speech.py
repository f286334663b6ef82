"""Speech recognition. Without engines in the setup every command says that there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pystrix.testing._parts import ALL_KEYS, listen, number, play
from pystrix.testing._running import Kind, Running, command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pystrix.testing.channel import Channel


@command("SPEECH CREATE")
def speech_create(channel: Channel, words: Sequence[str]) -> str:
    """Begin to use an engine; a session has one."""
    name = words[0] if words else ""
    if channel.speech is not None or name not in channel.setup.speech_engines:
        return "result=0"
    channel.speech = name
    return "result=1"


@command("SPEECH DESTROY", dead=True)
def speech_destroy(channel: Channel, _words: Sequence[str]) -> str:
    """Stop using it."""
    engine, channel.speech = channel.speech, None
    return "result=0" if engine is None else "result=1"


def _done(channel: Channel) -> str:
    return "result=0" if channel.speech is None else "result=1"


@command("SPEECH SET", 2, 2)
def speech_set(channel: Channel, _words: Sequence[str]) -> str:
    """Change a setting of the engine."""
    return _done(channel)


@command("SPEECH LOAD GRAMMAR", 2, 2)
def speech_load_grammar(channel: Channel, _words: Sequence[str]) -> str:
    """Load a grammar."""
    return _done(channel)


@command("SPEECH UNLOAD GRAMMAR", 1, 1, dead=True)
def speech_unload_grammar(channel: Channel, _words: Sequence[str]) -> str:
    """Unload a grammar."""
    return _done(channel)


@command("SPEECH ACTIVATE GRAMMAR", 1, 1)
def speech_activate_grammar(channel: Channel, _words: Sequence[str]) -> str:
    """Use a grammar."""
    return _done(channel)


@command("SPEECH DEACTIVATE GRAMMAR", 1, 1)
def speech_deactivate_grammar(channel: Channel, _words: Sequence[str]) -> str:
    """Use a grammar no more."""
    return _done(channel)


@command("SPEECH RECOGNIZE", 2)
def speech_recognize(channel: Channel, words: Sequence[str]) -> Running:
    """Play a file and wait for what the caller says, which the engine of the setup knows."""
    if channel.speech is None:
        return "result=0"
    frames = channel.setup.sounds.frames(words[0])
    seconds = number(words[1])
    if frames is None:
        return "result=1 (timeout) endpos=0"
    said = channel.setup.speech_engines[channel.speech](channel)
    event, _ = yield from play(channel, words[0], 0 if said else frames, ALL_KEYS)
    if event.kind is Kind.TIME and not said:
        event = yield from listen(channel, channel.now + seconds, ALL_KEYS)
    match event.kind:
        case Kind.KEY:
            return f"result=1 (digit) digit={event.text} endpos=0"
        case Kind.HANGUP:
            return "result=1 (hangup) endpos=0"
        case _:
            if not said:
                return "result=1 (timeout) endpos=0"
            texts = "".join(
                f'score{n}={score} text{n}="{text}" grammar{n}={grammar} '
                for n, (text, score, grammar) in enumerate(said)
            )
            return f"result=1 (speech) endpos=0 results={len(said)} {texts}".rstrip()
