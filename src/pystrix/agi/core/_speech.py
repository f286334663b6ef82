"""Speech recognition, by an engine that Asterisk has loaded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from pystrix.agi._wire import encode_command
from pystrix.agi.core._results import PlainAction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pystrix.agi._wire import Response

__all__ = [
    "SpeechActivateGrammar",
    "SpeechCandidate",
    "SpeechCreate",
    "SpeechDeactivateGrammar",
    "SpeechDestroy",
    "SpeechLoadGrammar",
    "SpeechRecognition",
    "SpeechRecognize",
    "SpeechSet",
    "SpeechUnloadGrammar",
]

_SCORE = re.compile(r"(?:^| )score\d+=")
_CANDIDATE = re.compile(r'(-?[0-9]{1,9}) text\d+="')
_GRAMMAR = re.compile(r'" grammar\d+=')

Outcome = Literal["speech", "digit", "timeout"]
_OUTCOMES: Final[dict[str, Outcome]] = {
    "speech": "speech",
    "digit": "digit",
    "timeout": "timeout",
}


class SpeechCandidate(NamedTuple):
    """One thing the caller may have said."""

    score: int
    """How sure the engine is."""
    text: str
    """The words."""
    grammar: str
    """The grammar that knows them."""


class SpeechRecognition(NamedTuple):
    """How a recognition ended."""

    outcome: Outcome
    """What ended it."""
    digit: str
    """The key that ended it, or ``""``."""
    offset: int
    """Where the prompt stood (endpos), in samples at 8 kHz."""
    candidates: tuple[SpeechCandidate, ...]
    """What was said, in the engine's order; may be empty."""


class _SpeechAction(PlainAction[bool]):
    """Base of the speech commands that give whether they worked."""

    def process_response(self, response: Response) -> bool:
        """Tell whether it worked."""
        result = self.number(response)
        if result < 0:
            raise self.failed(response)
        return result == 1


class SpeechCreate(_SpeechAction):
    """Create the speech object of the call.

    Asterisk: SPEECH CREATE.

    Args:
        engine: The engine; ``""`` for the default one.

    Returns:
        Whether it worked; False without such an engine, or if there is an object already.
    """

    def __init__(self, engine: str = "") -> None:
        self.wire: bytes = encode_command("SPEECH CREATE", (engine,))


class SpeechDestroy(_SpeechAction):
    """Destroy the speech object of the call.

    Asterisk: SPEECH DESTROY. Works on a dead channel.

    Returns:
        Whether there was one.
    """

    def __init__(self) -> None:
        self.wire: bytes = encode_command("SPEECH DESTROY", ())


class SpeechSet(_SpeechAction):
    """Set something in the engine.

    Asterisk: SPEECH SET.

    Args:
        name: The setting.
        value: Its value.

    Returns:
        Whether it worked.
    """

    def __init__(self, name: str, value: object) -> None:
        self.wire: bytes = encode_command("SPEECH SET", (name, value))


class SpeechLoadGrammar(_SpeechAction):
    """Load a grammar.

    Asterisk: SPEECH LOAD GRAMMAR.

    Args:
        grammar: The name it gets.
        path: Where it is, on Asterisk's machine.

    Returns:
        Whether it worked.
    """

    def __init__(self, grammar: str, path: object) -> None:
        self.wire: bytes = encode_command("SPEECH LOAD GRAMMAR", (grammar, path))


class SpeechUnloadGrammar(_SpeechAction):
    """Unload a grammar.

    Asterisk: SPEECH UNLOAD GRAMMAR. Works on a dead channel.

    Args:
        grammar: Its name.

    Returns:
        Whether it worked.
    """

    def __init__(self, grammar: str) -> None:
        self.wire: bytes = encode_command("SPEECH UNLOAD GRAMMAR", (grammar,))


class SpeechActivateGrammar(_SpeechAction):
    """Activate a loaded grammar.

    Asterisk: SPEECH ACTIVATE GRAMMAR.

    Args:
        grammar: Its name.

    Returns:
        Whether it worked.
    """

    def __init__(self, grammar: str) -> None:
        self.wire: bytes = encode_command("SPEECH ACTIVATE GRAMMAR", (grammar,))


class SpeechDeactivateGrammar(_SpeechAction):
    """Deactivate a grammar.

    Asterisk: SPEECH DEACTIVATE GRAMMAR.

    Args:
        grammar: Its name.

    Returns:
        Whether it worked.
    """

    def __init__(self, grammar: str) -> None:
        self.wire: bytes = encode_command("SPEECH DEACTIVATE GRAMMAR", (grammar,))


class SpeechRecognize(PlainAction[SpeechRecognition]):
    """Play a prompt and recognize what the caller says.

    Asterisk: SPEECH RECOGNIZE.

    Args:
        prompt: The sound file, without its format.
        timeout: How long to wait for speech, in seconds.
        sample_offset: Where to begin the prompt, in samples at 8 kHz.

    Returns:
        ``(outcome, digit, offset, candidates)``.

    Raises:
        AGIAppError: If the call has no speech object.
        AGIResultHangup: If the caller hung up.
    """

    def __init__(self, prompt: object, timeout: int, sample_offset: int = 0) -> None:
        self.wire: bytes = encode_command("SPEECH RECOGNIZE", (prompt, timeout, sample_offset))

    def process_response(self, response: Response) -> SpeechRecognition:
        """Give what was said."""
        tag = response.items["result"].data
        outcome = _OUTCOMES.get(tag)
        if outcome is None:
            raise self.failed(response, tag or "the call has no speech object")
        digit = response.items.get("digit") if outcome == "digit" else None
        return SpeechRecognition(
            outcome,
            digit.value if digit else "",
            self.endpos(response),
            tuple(_candidates(response.raw)),
        )


def _candidates(raw: str) -> Iterator[SpeechCandidate]:
    """Read the candidates; their texts are quoted and not escaped: the last quote ends one."""
    for part in _SCORE.split(raw)[1:]:
        begin = _CANDIDATE.match(part)
        grammars = list(_GRAMMAR.finditer(part))
        if begin and grammars:
            end = grammars[-1]
            text = part[begin.end() : end.start()]
            yield SpeechCandidate(int(begin[1]), text, part[end.end() :].rstrip(" "))
