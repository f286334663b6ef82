"""What the caller of a simulated call does, and when."""

from __future__ import annotations

import dataclasses
import math
import re
from typing import TYPE_CHECKING, Final

from pystrix.testing.record import Heard

if TYPE_CHECKING:
    from typing import Self

    from pystrix.testing.channel import Channel

REACTION: Final = 0.5
"""Seconds after which a caller presses the first key of a group, once keys have an effect."""

GAP: Final = 0.25
"""Seconds between the keys of a group."""

_STEP = re.compile(
    r"w(?P<wait>\d+(?:\.\d+)?)?|(?P<hangup>h)|@\s*(?P<heard>.+)"
    r"|(?P<anyway>!)?(?P<keys>[0-9*#A-D]+)"
)


@dataclasses.dataclass(frozen=True, slots=True)
class _Step:
    """One thing that a caller does."""

    what: str
    """``wait``, ``press``, ``press anyway``, ``heard``, ``send text``, or ``hang up``."""
    text: str = ""
    """The keys, the sound, or the text."""
    seconds: float = 0.0
    """How long to wait, or how long to hesitate before the first key."""

    def __str__(self) -> str:
        if self.what == "wait":
            return f"wait {self.seconds:g}"
        return f"{self.what} {self.text}" if self.text else self.what


class Caller:
    """What a caller does, one step after the other.

    ``Caller("1,w2,42#,h")`` presses 1, waits two seconds, presses 42#, hangs up. Build on it:
    ``Caller().heard("welcome").press("42#").wait(1).hang_up()``.

    Args:
        plan: Steps between commas: keys, pressed as soon as the first has an effect; ``!`` and
            keys, pressed now, whatever that does; ``w2`` to wait two seconds (``w`` for one);
            ``@name`` to wait until a sound was heard; ``h`` to hang up.

    Raises:
        ValueError: If a step is none of these.
    """

    def __init__(self, plan: str = "") -> None:
        self._steps: list[_Step] = []
        for part in plan.split(",") if plan else ():
            match = _STEP.fullmatch(part.strip())
            if match is None:
                raise ValueError(
                    f"{part!r} is nothing a caller does: keys (0-9*#A-D), !<keys>, w<seconds>, "
                    "@<sound>, h"
                )
            if match["anyway"]:
                self.press(match["keys"], after=0, anyway=True)
            elif match["keys"]:
                self.press(match["keys"])
            elif match["heard"]:
                self.heard(match["heard"])
            elif match["hangup"]:
                self.hang_up()
            else:
                self.wait(float(match["wait"] or 1))

    @property
    def steps(self) -> tuple[_Step, ...]:
        """The steps."""
        return tuple(self._steps)

    def press(self, keys: str, *, after: float = REACTION, anyway: bool = False) -> Self:
        """Press keys, as soon as the first has an effect and some time has passed.

        Args:
            keys: DTMF digits, pressed one after the other, a quarter of a second apart.
            after: How long the caller hesitates, in seconds.
            anyway: Whether to press them even if the first has no effect: a wrong key at a
                prompt, or a key that comes too early.

        Raises:
            ValueError: If one is no digit of DTMF, or `after` no time.
        """
        if not keys or not re.fullmatch(r"[0-9*#A-D]*", keys):
            raise ValueError(f"keys are 0-9, *, # and A-D, not {keys!r}")
        self._steps.append(_Step("press anyway" if anyway else "press", keys, _seconds(after)))
        return self

    def wait(self, seconds: float) -> Self:
        """Do nothing for so many seconds.

        Raises:
            ValueError: If that is no time.
        """
        self._steps.append(_Step("wait", seconds=_seconds(seconds)))
        return self

    def heard(self, sound: str) -> Self:
        """Wait until a sound, from now on, has been heard to its end, or was cut short."""
        self._steps.append(_Step("heard", sound))
        return self

    def send_text(self, text: str) -> Self:
        """Send a text message as soon as the application waits for one."""
        self._steps.append(_Step("send text", text))
        return self

    def hang_up(self) -> Self:
        """Hang up."""
        self._steps.append(_Step("hang up"))
        return self


def _seconds(seconds: float) -> float:
    if seconds < 0 or not math.isfinite(seconds):
        raise ValueError(f"a time is 0 seconds or more, not {seconds!r}")
    return seconds


class Plan:
    """Carries out the steps of a caller on a channel.

    Whoever drives the channel asks `due` whenever something has happened, and calls `act` when
    that moment has come.

    Args:
        caller: What to do.
        channel: Where.
    """

    def __init__(self, caller: Caller, channel: Channel) -> None:
        self._steps = list(caller.steps)
        self._channel = channel
        self._since = channel.now  # when the last step was over
        self._seen = 0  # entries of the timeline that were there by then
        self._playing: list[Heard] = []  # what was being heard then
        self._keys = ""  # of a group that has begun
        self._due: float | None = None  # when the first key is to be pressed
        self._deaf: float | None = None  # since when it has no effect, if it had one before

    @property
    def left(self) -> tuple[str, ...]:
        """What the caller still wants to do."""
        begun = (f"press {self._keys}",) if self._keys else ()
        return (*begun, *map(str, self._steps))

    def due(self) -> float | None:
        """Give the moment of the next step; None if it waits for the application, or is none."""
        if self._keys:
            return self._since + GAP
        return self._moment(self._steps[0]) if self._steps else None

    def _moment(self, step: _Step) -> float | None:
        match step.what:
            case "press":
                return self._press_at(step)
            case "press anyway":
                return self._since + step.seconds
            case "heard":
                return self._heard_at(step)
            case "wait":
                return self._since + step.seconds
            case "send text" if not self._channel.waits_for_text:
                return None
            case _:
                return self._channel.now

    def act(self) -> None:
        """Do the next step, now."""
        channel = self._channel
        if self._keys:
            key, self._keys = self._keys[0], self._keys[1:]
            self._done()
            channel.press(key)
            return
        step = self._steps.pop(0)
        self._done()
        match step.what:
            case "press" | "press anyway":
                self._keys = step.text[1:]
                channel.press(step.text[0])
            case "send text":
                channel.send_text(step.text)
            case "hang up":
                channel.hang_up()
            case _:
                pass

    def _done(self) -> None:
        timeline = self._channel.timeline
        self._since = self._channel.now
        self._seen = len(timeline)
        self._playing = [e for e in timeline if isinstance(e, Heard) and e.end is None]
        self._due = self._deaf = None

    def _press_at(self, step: _Step) -> float | None:
        now = self._channel.now
        if step.text[0] not in self._channel.listening:
            if self._deaf is None:
                self._deaf = now
            return None
        # Who has begun to hesitate goes on when the next command follows at once.
        if self._due is None or (self._deaf is not None and self._deaf < now):
            self._due = now + step.seconds
        self._deaf = None
        return self._due

    def _heard_at(self, step: _Step) -> float | None:
        for entry in (*self._playing, *self._channel.timeline[self._seen :]):
            if isinstance(entry, Heard) and entry.what == step.text and entry.end is not None:
                return entry.end
        return None
