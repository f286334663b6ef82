"""How a session begins: what is sent, and what of the answers matters."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.ami import (
    Action,
    ManagerActionError,
    ManagerAuthError,
    ManagerError,
    ManagerPermissionError,
    ManagerSocketError,
    ManagerTimeoutError,
    Response,
)
from pystrix.ami._login import Auth, Credentials, Opening, await_start, is_final, log_in

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass
class Booting:
    """What is known of Asterisk's start."""

    booted: bool = False
    tells_boot: bool = False


def run(opening: Opening, answers: Sequence[object]) -> list[Action[Any] | None]:
    """Run an opening to its end, giving these answers; give what it yielded."""
    yielded = [next(opening)]
    for answer in answers:
        try:
            if isinstance(answer, Exception):
                yielded.append(opening.throw(answer))
            else:
                yielded.append(opening.send(answer))
        except StopIteration:
            assert answer is answers[-1]
            return yielded
    raise AssertionError("it wants more answers")


OK = Response(["Response: Success"])
CHALLENGE = Response(["Response: Success", "Challenge: 874066429"])


def credentials(auth: Auth = "plain", **options: Any) -> Credentials:
    """Make credentials."""
    return Credentials("admin", "s3cret é", auth, **options)


def refused(message: str, kind: type[ManagerActionError] = ManagerActionError) -> Exception:
    """Make the error of a refusal."""
    return kind("refused", Response(["Response: Error", f"Message: {message}"]))


def test_plain() -> None:
    """The secret as it is."""
    (login,) = run(log_in(credentials()), [OK])
    assert login == {"Action": "Login", "Username": "admin", "Secret": "s3cret é"}


def test_md5() -> None:
    """The hash of challenge and secret, in lower case; the secret itself is not sent."""
    challenge, login = run(log_in(credentials("MD5", event_mask=["call", "user"])), [CHALLENGE, OK])
    assert challenge == {"Action": "Challenge", "AuthType": "MD5"}
    key = hashlib.md5("874066429s3cret é".encode(), usedforsecurity=False).hexdigest()
    assert login == {
        "Action": "Login",
        "Username": "admin",
        "AuthType": "MD5",
        "Key": key,
        "Events": "call,user",
    }


def test_started() -> None:
    """The answer to a Ping comes behind all of the login: it tells whether Asterisk has started."""
    assert run(await_start(Booting(booted=True), 60), [OK]) == [{"Action": "Ping"}]


def test_still_starting() -> None:
    """Whoever is told of the start waits for that."""
    assert run(await_start(Booting(tells_boot=True), 60), [OK, None])[1:] == [None]


def test_the_console_waits() -> None:
    """Whoever was never told lets the console wait, as long as a start may take."""
    action = run(await_start(Booting(), 60), [OK, OK])[1]
    assert action == {"Action": "Command", "Command": "core waitfullybooted"}
    assert action is not None
    assert action.timeout == 60


@pytest.mark.parametrize(
    "error",
    [
        refused("Permission denied", ManagerPermissionError),
        refused("Command output follows"),
    ],
)
def test_nobody_says_it(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever may not use the console goes on; that is no warning."""
    caplog.set_level(logging.DEBUG, "pystrix.ami")
    run(await_start(Booting(), 60), [OK, error])
    assert [record.levelno for record in caplog.records] == [logging.DEBUG]


@pytest.mark.parametrize("told", [True, False])
def test_a_start_that_takes_too_long(told: bool, caplog: pytest.LogCaptureFixture) -> None:
    """It goes on, and says so."""
    late = ManagerTimeoutError("too long", sent=True)
    run(await_start(Booting(tells_boot=told), 60), [OK, late])
    assert "Asterisk has not started within 60 s" in caplog.text


def test_refused() -> None:
    """What refuses the login ends it; so does an Asterisk that ends."""
    opening = log_in(credentials())
    next(opening)
    with pytest.raises(ManagerAuthError):
        opening.throw(refused("Authentication failed", ManagerAuthError))
    for before in (0, 1):  # the Ping, the console
        opening = await_start(Booting(), 60)
        next(opening)
        for _ in range(before):
            opening.send(OK)
        with pytest.raises(ManagerActionError):
            opening.throw(refused("Asterisk is shutting down"))


def test_the_action_of_a_refused_login_says_so() -> None:
    """The error is that of a login, in Asterisk's words."""
    action = next(log_in(credentials()))
    assert action is not None
    error = action.failure(Response(["Response: Error", "Message: Authentication failed"]))
    assert isinstance(error, ManagerAuthError)
    assert "Authentication failed" in str(error)


@pytest.mark.parametrize(
    ("error", "final"),
    [
        (refused("Authentication failed", ManagerAuthError), True),
        (refused("Must specify AuthType", ManagerAuthError), True),
        (ManagerAuthError("without an answer"), True),
        (refused("Login Already In Use", ManagerAuthError), False),
        (refused("Asterisk is shutting down", ManagerAuthError), False),
        (refused("Asterisk is shutting down"), False),
        (ManagerSocketError("refused"), False),
        (ManagerTimeoutError("late", sent=True), False),
        (ManagerError("other"), False),
    ],
)
def test_when_it_is_no_use_to_try_again(error: Exception, final: bool) -> None:
    """Only when the user or the secret is wrong."""
    assert is_final(error) is final


def test_credentials() -> None:
    """They do not show the secret, and know the ways to log in."""
    assert "s3cret" not in repr(credentials())
    with pytest.raises(ValueError, match="'MD5' or 'plain', not 'md5'"):
        credentials("md5")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("username", "secret", "auth", "mask"),
    [
        ("a\nb", "s", "MD5", None),
        ("a", "s\r\nAction: Logoff", "plain", None),
        ("a" * 2000, "s", "plain", None),
        ("a", "s", "MD5", ["call\n"]),
        ("a", "\ud800", "MD5", None),
    ],
)
def test_what_cannot_be_sent(username: str, secret: str, auth: Auth, mask: list[str]) -> None:
    """A value that Asterisk could not take is refused at once; the secret is not shown."""
    with pytest.raises(ValueError, match=r".") as caught:
        Credentials(username, secret, auth, mask)
    assert "Logoff" not in str(caught.value)


def test_any_secret_can_be_hashed() -> None:
    """With MD5 it is not sent."""
    assert Credentials("a", " s\n", "MD5").login("1")["Key"]
