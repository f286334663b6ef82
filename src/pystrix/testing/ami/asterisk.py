"""A simulated Asterisk as its manager interface shows it, without sockets.

Pure: bytes in, bytes out, and a clock that whoever drives it moves. There is no dialplan and no
media: what the far ends of calls do is said by the test.
"""

from __future__ import annotations

import contextlib
import itertools
import secrets
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final, Literal, overload

from pystrix.ami._message import Event
from pystrix.testing.ami import _actions, _call_actions
from pystrix.testing.ami._guard import guarded
from pystrix.testing.ami._messages import (
    ACTIONS,
    Headers,
    Pairs,
    classes_of_event,
    compose,
    parse_classes,
    to_pairs,
)
from pystrix.testing.ami._registry import BUILTINS
from pystrix.testing.ami._replay import Recording, ReplayedSession
from pystrix.testing.ami._session import Session, User
from pystrix.testing.ami._world import World
from pystrix.testing.transcript import Line, Transcript

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from pystrix.testing.ami._answers import Answer, Script
    from pystrix.testing.ami._requests import ReceivedAction
    from pystrix.testing.ami._session import Builtin

__all__ = ["SimulatedAsterisk"]

KEPT: Final = 100_000
"""How many actions, and how many lines of the transcript, are remembered."""


class _Missing:
    """No answer was given."""


_MISSING: Final = _Missing()
_MODULES = (_actions, _call_actions)  # their actions are registered when they are imported


class SimulatedAsterisk(World):
    """The manager interface of a simulated Asterisk.

    Whoever drives it makes a `Session` for each connection (`open_session`) and moves its bytes,
    and calls `advance` as time goes by. Of the other methods each can be called at any time.

    Args:
        username: A user, who may do everything.
        secret: The password.
        login_delay: The seconds before a wrong login is refused: 1 on a live Asterisk.
        guard: Entered by every method that a test calls, see `pystrix.testing.ami._guard`.
    """

    def __init__(
        self,
        username: str = "admin",
        secret: str = "secret",  # noqa: S107 - of a simulation
        *,
        login_delay: float = 0.0,
        guard: AbstractContextManager[Any] | None = None,
    ) -> None:
        super().__init__(guard or contextlib.nullcontext())
        self.login_delay = login_delay
        """The seconds before a wrong login is refused."""
        self.users: dict[str, User] = {}
        """Who may log in, by the names in lower case; see `add_user`."""
        self._booted = 0.0
        self.version = "22.10.1"
        """The version of Asterisk that it says it is."""
        self.ami_version = "11.0.0"
        """The version of the protocol that it greets with."""
        self.database: dict[str, str] = {}
        """Asterisk's database, ``{"family/key": value}``."""
        self.commands: dict[str, str | Callable[[], str]] = {}
        """The output of commands of the console, or functions that give it, by the whole line."""
        self.modules: set[str] = {"res_agi"}
        """The modules that are loaded."""
        self.actions: deque[ReceivedAction] = deque(maxlen=KEPT)
        """The actions that were received, in order."""
        self.sessions: list[Session] = []
        """The connections that are open."""
        self.failures: list[Exception] = []
        """What scripts raised."""
        self.fully_booted: bool = True
        """Whether it is booted; who logs in before is told when it is."""
        self.shutting_down: bool = False
        """Whether it refuses every action: it is about to end."""
        self.listening: bool = True
        """Whether connections can be made."""
        self.greeting: bool = True
        """Whether connections that are made are kept."""
        self._recordings: list[Recording] = []
        self._replayed: list[ReplayedSession] = []
        self._scripts: dict[str, tuple[str, Script]] = {}
        self._numbers = itertools.count(1)
        self._lines: deque[Line] = deque(maxlen=KEPT)
        self.add_user(username, secret)

    # What a test arranges.

    @guarded
    def add_user(self, name: str, secret: str, *, read: str = "all", write: str = "all") -> None:
        """Let a user log in.

        Args:
            name: Its name; the case of the letters does not matter.
            secret: Its password.
            read: The classes of events it may read, as in manager.conf: ``"call,user"``.
            write: The classes of actions it may use.

        Raises:
            ValueError: If there is no such class.
        """
        user = User(name, secret, parse_classes(read), parse_classes(write))
        self.users[name.lower()] = user

    @overload
    def on(self, name: str) -> Callable[[Script], Script]: ...
    @overload
    def on(self, name: str, answer: Answer | Script) -> None: ...

    def on(
        self, name: str, answer: Answer | Script | _Missing = _MISSING
    ) -> Callable[[Script], Script] | None:
        """Say what an action is answered, instead of what the simulation would answer.

        With the name alone it decorates a function of the `ReceivedAction`, which gives the answer
        or raises `Refused`::

            @server.on("QueueAdd")
            def queue_add(action):
                if action["Queue"] != "sales":
                    raise Refused("Unable to add interface to queue: No such queue")
                server.send_event("QueueMemberAdded", {"Queue": "sales", ...})
                return "Added interface to queue"

        Args:
            name: The name of the action.
            answer: The answer, or such a function. Headers: a success. A str: a success with that
                ``Message``. A list of events: a list. `Refused`: an error. `Later`: one of these
                after a while. `Silence`: none at all. ``NotImplemented``: what the simulation
                answers by itself. None: a success that says nothing.
        """
        if isinstance(answer, _Missing):

            def decorate(script: Script) -> Script:
                self._set_script(name, script)
                return script

            return decorate
        self._set_script(name, answer if callable(answer) else lambda _: answer)
        return None

    @guarded
    def _set_script(self, name: str, script: Script) -> None:
        self._scripts[name.lower()] = (name, script)

    @guarded
    def send_event(
        self, event: Event | str, headers: Headers = (), *, classes: str | None = None
    ) -> None:
        """Send an event to everybody who reads its class.

        Args:
            event: The event, or its name.
            headers: Its headers, if only the name is given.
            classes: Its classes: ``"call"``; None for those of the catalogue. An event that is not
                in there goes to everybody who reads anything.
        """
        pairs = to_pairs(event) if isinstance(event, Event) else to_pairs(headers)
        name = event.name if isinstance(event, Event) else event
        if isinstance(event, Event):
            pairs = pairs[1:]  # behind the name
        known = classes_of_event(name) if classes is None else tuple(classes.split(","))
        self.emit(name, pairs, known)

    @guarded
    def send_raw(self, data: bytes) -> None:
        """Send bytes as they are, to every connection."""
        for session in self.sessions:
            session.send(data)

    @guarded
    def replay(self, transcript: Transcript) -> None:
        """Say on connections that are made from now on what a live Asterisk said in a transcript.

        An action that is not its turn is answered as always, and is in `differences`. If nobody
        logs in there, the transcript begins behind a login.

        Args:
            transcript: The transcript. Of several connections the first is the first that is made
                from now on, and so on; more than there are get the last.
        """
        self._recordings, self._replayed = Recording.all_of(transcript), []

    @property
    def differences(self) -> list[str]:
        """What differed from the transcript that is replayed, or did not come."""
        with self.guard:
            return [text for session in self._replayed for text in session.differences]

    # Its life.

    @guarded
    def begin_shutdown(self) -> None:
        """Refuse every action from now on, as ``core stop gracefully`` does while calls last."""
        self.shutting_down = True

    @guarded
    def end(self, *, says: Literal["Shutdown", "Restart", "nothing"] = "nothing") -> None:
        """End: all connections are closed, and all calls are gone.

        Args:
            says: What the connections are told before.
        """
        if says != "nothing":
            restarts = "True" if says == "Restart" else "False"
            self.emit("Shutdown", [("Shutdown", "Cleanly"), ("Restart", restarts)])
        for session in self.sessions:
            session.close()
        self.channels.clear()
        self._timers.clear()
        self.shutting_down = self.listening = False

    @guarded
    def boot(self, *, fully: bool = True) -> None:
        """Begin anew. With ``fully=False`` the modules are not loaded yet: see `boot_fully`."""
        self._booted = self.now
        self.fully_booted = fully
        self.listening = True

    @guarded
    def boot_fully(self) -> None:
        """Finish booting: who is logged in is told."""
        self.fully_booted = True
        classes, data = self.fully_booted_event(first=True)
        self._deliver(classes, data)

    @guarded
    def refuse_connections(self, *, silently: bool = False) -> None:
        """Take no more connections; those that stand are not touched.

        Args:
            silently: Accept and close them without a word, as Asterisk does when too many are not
                logged in.
        """
        self.listening = silently
        self.greeting = False

    @guarded
    def accept_connections(self) -> None:
        """Take connections again."""
        self.listening = self.greeting = True

    @guarded
    def drop(self, partial: bytes = b"") -> None:
        """Close every connection without a word.

        Args:
            partial: What is sent before: the beginning of a message, so that it ends in the middle.
        """
        for session in self.sessions:
            session.send(partial)
            session.close()

    @guarded
    def freeze(self) -> None:
        """Do nothing from now on: neither answer nor send, but keep the connections."""
        self.frozen: bool = True

    @guarded
    def thaw(self) -> None:
        """Go on behind `freeze`: what waited is answered."""
        self.frozen = False
        for session in self.sessions:
            session.go_on()

    @property
    def transcript(self) -> Transcript:
        """What was exchanged, of all connections; remarks say of which."""
        with self.guard:
            return Transcript(tuple(self._lines))

    # What moves its bytes.

    def open_session(self) -> Session:
        """Accept a connection."""
        banner = f"Asterisk Call Manager/{self.ami_version}\r\n" if self.greeting else ""
        number = next(self._numbers)
        session: Session
        if self._recordings:
            recording = self._recordings[min(len(self._replayed), len(self._recordings) - 1)]
            session = replayed = ReplayedSession(self, number, banner.encode(), recording)
            self._replayed.append(replayed)
        else:
            session = Session(self, number, banner.encode())
        self.sessions.append(session)
        if not self.greeting:
            session.close()
        return session

    def forget_session(self, session: Session) -> None:
        """Note that a connection is closed."""
        self.sessions.remove(session)

    # What its parts ask for.

    @property
    def started_text(self) -> str:
        """When it was booted, as text."""
        return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(self.epoch + self._booted))

    def emit(self, name: str, pairs: Pairs, classes: tuple[str, ...] | None = None) -> None:
        """Send an event to everybody who reads one of its classes."""
        if classes is None:
            classes = classes_of_event(name)
        given = any(header.lower() == "privilege" for header, _ in pairs)
        known = [("Privilege", ",".join((*classes, "all")))] if classes and not given else []
        self._deliver(classes, compose([("Event", name), *known, *pairs]))

    def _deliver(self, classes: tuple[str, ...], data: bytes) -> None:
        for session in self.sessions:
            session.deliver(classes, data)

    def fully_booted_event(self, *, first: bool = False) -> tuple[tuple[str, ...], bytes]:
        """Give the classes and the bytes of FullyBooted; behind booting the order differs."""
        seconds = str(int(self.now - self._booted))
        uptime = [("Uptime", seconds), ("LastReload", seconds)]
        status = [("Status", "Fully Booted")]
        classes = classes_of_event("FullyBooted")
        privilege = ("Privilege", ",".join((*classes, "all")))
        pairs = status + uptime if first else uptime + status
        return classes, compose([("Event", "FullyBooted"), privilege, *pairs])

    def find_action(self, name: str) -> tuple[Script | None, Builtin | None]:
        """Give the script for an action, and what the simulation does."""
        script = self._scripts.get(name)
        return (None if script is None else script[1]), BUILTINS.get(name)

    def scripted_actions(self) -> dict[str, tuple[str, ...]]:
        """Give the names and classes of the actions that have a script."""
        return {
            ACTIONS[key].NAME if key in ACTIONS else name: (
                ACTIONS[key].CLASSES if key in ACTIONS else ()
            )
            for key, (name, _) in self._scripts.items()
        }

    def note_action(self, action: ReceivedAction) -> None:
        """Note that an action was received."""
        self.actions.append(action)

    def note_bytes(self, session: Session, direction: Literal[">>", "<<"], data: bytes) -> None:
        """Note what was exchanged."""
        time = round(self.now, 3)
        if len(self.sessions) > 1:
            self._lines.append(Line("#", text=f"connection {session.number}", time=time))
        self._lines.extend(Line(direction, line, time=time) for line in data.splitlines(True))

    def new_challenge(self) -> str:
        """Make a challenge."""
        return str(secrets.randbelow(900_000_000) + 100_000_000)
