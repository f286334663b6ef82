"""The environment of a call, against what a live Asterisk sent."""

from __future__ import annotations

from typing import Any

import pytest

from pystrix.testing import Setup
from tests.testing.recordings import sessions

WHOLE: list[tuple[int, dict[str, Any]]] = [
    (
        0,
        {
            "script": "menu?lang=en",
            "arguments": ("first", "second arg"),
            "caller_id": "+493012",
            "caller_name": 'Zoë "Q" O\'Brien, (x)',
            "channel": "Local/silent@far-00000024;1",
        },
    ),
    (
        1,
        {
            "script": "menu",
            "caller_id": "sip:x@y",
            "caller_name": "Müller: 日本",
            "channel": "Local/silent@far-00000025;1",
        },
    ),
]

HOST_SPECIFIC = (b"agi_uniqueid", b"agi_version", b"agi_threadid")


def recorded(name: str, number: int) -> list[bytes]:
    """Give the lines of a recorded environment."""
    return [line.data for line in sessions(name)[number] if line.kind == ">>"]


def lines(setup: Setup) -> list[bytes]:
    """Give the lines of an environment."""
    return setup.environment().splitlines(keepends=True)


@pytest.mark.parametrize(("number", "options"), WHOLE)
def test_whole_block(number: int, options: dict[str, Any]) -> None:
    """The same lines in the same order; only what is of the host differs."""
    ours = lines(Setup(context="agi", extension="run", priority=2, **options))
    theirs = recorded("env-full", number)
    assert [line.partition(b":")[0] for line in ours] == [
        line.partition(b":")[0] for line in theirs
    ]
    assert [line for line in ours if not line.startswith(HOST_SPECIFIC)] == [
        line for line in theirs if not line.startswith(HOST_SPECIFIC)
    ]


MANY = [f"a{number}" for number in range(1, 127)]

SHOWN: list[tuple[str, int, dict[str, Any]]] = [
    ("env-url-variants", 0, {}),
    ("env-url-variants", 2, {"script": "script"}),
    (
        "env-url-variants",
        3,
        {"script": "a/b.agi?x=1&y=%20z&q=é", "host": "127.0.0.1:4573"},
    ),
    ("env-url-variants", 6, {"script": "v6", "host": "[::1]:4573"}),
    ("env-url-variants", 7, {"script": "v6", "host": "::1"}),
    ("env-args", 0, {"script": "s", "arguments": ("one", "", "three", "")}),
    (
        "env-args",
        1,
        {
            "script": "s",
            "arguments": (
                "a:b",
                "quoted, comma",
                "backslash",
                ",esc",
                "it's",
                "ünï",
                "  sp  ",
                "(p,q)",
                "[r,t]",
            ),
        },
    ),
    ("env-args", 2, {"script": "s", "arguments": (*MANY, "a127,a128,a129,a130")}),
]


def test_line_feeds() -> None:
    """They arrive as they are: forged lines, lines of their own, an early end of the block."""
    block = Setup(script="s", arguments=("a\n\nagi_after: z", "b")).environment()
    begin, after = block.split(b"\n\n", 1)
    assert begin.endswith(b"\nagi_arg_1: a")
    assert after == b"".join(recorded("env-newline-injection", 2)[-3:])


@pytest.mark.parametrize(("name", "number", "options"), SHOWN)
def test_lines_that_were_recorded(name: str, number: int, options: dict[str, Any]) -> None:
    """All lines of the recording, in their order."""
    theirs = recorded(name, number)
    (channel,) = [line for line in theirs if line.startswith(b"agi_channel: ")]
    setup = Setup(channel=channel[13:-1].decode(), context="agi", extension="run", **options)
    ours = lines(setup)
    assert [line for line in ours if line in theirs] == theirs


@pytest.mark.parametrize(
    ("options", "url", "script"),
    [
        ({}, "agi://127.0.0.1", None),
        ({"script": "pay/42"}, "agi://127.0.0.1/pay/42", "pay/42"),
        (
            {"script": "p", "query": {"a": "1 2", "b": "ë"}},
            "agi://127.0.0.1/p?a=1+2&b=%C3%AB",
            None,
        ),
        ({"script": "p?x=1", "query": {"a": "1"}}, "agi://127.0.0.1/p?x=1&a=1", "p?x=1&a=1"),
        ({"script": "p", "host": "pbx:99"}, "agi://pbx:99/p", "p"),
        ({"script": "/bin/x", "stdio": True}, "/bin/x", None),
    ],
)
def test_request(options: dict[str, Any], url: str, script: str | None) -> None:
    """The URL; a program has its path, and no network."""
    setup = Setup(**options)
    block = setup.environment().decode()
    assert f"agi_request: {url}\n" in block
    assert block.startswith("agi_network: yes\n") != setup.stdio
    if script is not None:
        assert f"agi_network_script: {script}\n" in block


def test_all_options() -> None:
    """Each stands in its line."""
    block = Setup(
        caller_id="123",
        dialled="5551234",
        channel="PJSIP/probe-00000000",
        unique_id="1.2",
        context="sip",
        extension="5551234",
        priority=7,
        language="de",
        account_code="acc",
    ).environment()
    for line in (
        b"agi_callerid: 123\n",
        b"agi_callingpres: 0\n",
        b"agi_dnid: 5551234\n",
        b"agi_channel: PJSIP/probe-00000000\n",
        b"agi_type: PJSIP\n",
        b"agi_uniqueid: 1.2\n",
        b"agi_context: sip\n",
        b"agi_extension: 5551234\n",
        b"agi_priority: 7\n",
        b"agi_language: de\n",
        b"agi_accountcode: acc\n",
    ):
        assert line in block
    assert block.endswith(b"\n\n")
    assert b"agi_callingpres: 67\n" in Setup().environment()


def test_bytes() -> None:
    """What is not UTF-8 is sent as it is."""
    setup = Setup(caller_name=b"J\xfcrgen".decode("utf-8", "surrogateescape"))
    assert b"agi_calleridname: J\xfcrgen\n" in setup.environment()


def test_defaults_are_not_shared() -> None:
    """Each call has a database of its own, unless it is given one."""
    assert Setup().database is not Setup().database
