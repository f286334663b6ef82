"""Asterisk's database."""

from __future__ import annotations

import pytest

from tests.testing.asking import USAGE, ask, dead, ok

CONTENT = {"fam/k": "v", "fam/empty": "", "fam/k2": "a (b) c", "fam/sub/k3": "x y", "famous/k": "1"}

GOLDEN: list[tuple[str, bytes, dict[str, str | None]]] = [
    ("GET fam k", ok("1 (v)"), {}),
    ("GET fam nokey", ok("0"), {}),
    ("GET fam empty", ok("1 ()"), {}),
    ("GET fam k2", ok("1 (a (b) c)"), {}),
    ("GET fam sub/k3", ok("1 (x y)"), {}),
    ("GET fam/sub k3", ok("1 (x y)"), {}),
    ('GET "" ""', ok("0"), {}),
    ("GET fam", USAGE, {}),
    ("GET fam k k", USAGE, {}),
    ("PUT fam k new", ok("1"), {"fam/k": "new"}),
    ('PUT fam k ""', ok("1"), {"fam/k": ""}),
    ('PUT fam "" v', ok("1"), {"fam/": "v"}),
    ("PUT fam k", USAGE, {}),
    ("PUT fam k v v", USAGE, {}),
    ("DEL fam k", ok("1"), {"fam/k": None}),
    ("DEL fam nokey", ok("1"), {}),
    ("DEL fam", USAGE, {}),
    ("DELTREE fam sub", ok("0"), {"fam/sub/k3": None}),
    ("DELTREE fam k", ok("0"), {"fam/k": None}),
    ("DELTREE famous", ok("0"), {"famous/k": None}),
    ("DELTREE fam", ok("0"), {key: None for key in CONTENT if key.startswith("fam/")}),
    ("DELTREE fam nosuch", ok("1"), {}),
    ("DELTREE fa", ok("1"), {}),
    ('DELTREE ""', ok("0"), dict.fromkeys(CONTENT)),
    ("DELTREE", USAGE, {}),
    ("DELTREE a b c", USAGE, {}),
]


@pytest.mark.parametrize(("words", "reply", "changes"), GOLDEN, ids=[row[0] for row in GOLDEN])
@pytest.mark.parametrize("state", ["alive", "dead"])
def test_command(words: str, reply: bytes, changes: dict[str, str | None], state: str) -> None:
    """Each line has its reply and its effect, also on a dead channel."""
    database = dict(CONTENT)
    answer = (dead if state == "dead" else ask)(f"DATABASE {words}", database=database)
    assert (answer.reply, answer.seconds) == (reply, 0.0)
    expected = {**CONTENT, **changes}
    assert database == {key: value for key, value in expected.items() if value is not None}


def test_deltree_twice() -> None:
    """The second time there is nothing to delete."""
    answer = ask("DATABASE DELTREE fam", "DATABASE DELTREE fam", database=dict(CONTENT))
    assert answer.reply == ok("1")


def test_shared() -> None:
    """Calls that share a dict share the database; functions reach it, too."""
    database: dict[str, str] = {}
    ask("DATABASE PUT a b c", database=database)
    assert ask("DATABASE GET a b", database=database).reply == ok("1 (c)")
    assert ask("GET VARIABLE DB(a/b)", database=database).reply == ok("1 (c)")
