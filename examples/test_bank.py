"""Tests of `bank.py`, without Asterisk: ``pytest test_bank.py``.

`place_call` is a fixture of pystrix: it places a call to the server's handler, and gives a record
of what was heard and done. The call has a clock of its own, so prompts and pauses take no time.
"""

import bank
import pytest

from pystrix.agi import core
from pystrix.testing import Caller

WELCOME = ["bank/welcome", "bank/menu"]


@pytest.fixture
def call(place_call):
    """Place a call to the bank; account 1234 has the PIN 4711 and 950 in it."""

    def place(caller="", **setup):
        database = {"pins/1234": "4711", "balances/1234": "950"}
        return place_call(bank.server, "bank", caller, database=database, **setup)

    return place


def test_balance(call):
    """Who knows the PIN hears the balance."""
    record = call("1, 1234, 4711")
    assert record.heard == [
        *WELCOME,
        "bank/account",
        "bank/pin",
        "bank/your-balance",
        "number 950",
        "bank/goodbye",
    ]
    assert record.status == "SUCCESS"


def test_second_try(call):
    """A wrong PIN costs a try, and nothing else."""
    record = call("1, 1234, 0000, 1234, 4711")
    assert record.heard.count("bank/wrong") == 1
    assert "number 950" in record.heard


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param("1, 1234,0000, 1234,0001, 1234,0002", id="three wrong PINs"),
        pytest.param("1, 9999,4711, 9999,4711, 9999,4711", id="an account that does not exist"),
        pytest.param("1, #,#, #,#, #,#", id="nothing but #"),
        pytest.param("1", id="silence"),
    ],
)
def test_no_pin(call, keys):
    """Three tries; the dialplan is told why."""
    record = call(keys)
    assert record.heard.count("bank/wrong") == 3
    assert record.variables["REASON"] == "no PIN"
    assert record.heard[-1] == "bank/goodbye"


def test_opening_hours(call):
    """The menu is heard to its end; the caller thinks for two seconds, and presses 2."""
    record = call(Caller().press("2", after=4))
    assert record.heard == [*WELCOME, "bank/opening-hours", "bank/goodbye"]


def test_nothing_chosen(call):
    """The menu is played three times, with pauses of four seconds."""
    record = call()
    assert record.heard == [*WELCOME, "bank/menu", "bank/menu", "bank/goodbye"]
    assert record.duration == pytest.approx(2 + 3 * (2 + 4) + 2)


def test_barge_in(call):
    """A key during the menu cuts it short."""
    record = call("2")
    menu = next(entry for entry in record.timeline if getattr(entry, "what", "") == "bank/menu")
    assert not menu.whole


def test_operator(call):
    """0 calls the operator, who talks for 20 seconds."""

    def dial(channel, data):
        assert data == "PJSIP/operator,30"
        yield 20
        channel.values.set("DIALSTATUS", "ANSWER")

    record = call("0", applications={"Dial": dial})
    assert record.variables["DIALSTATUS"] == "ANSWER"
    assert record.duration > 20
    assert record.heard[-1] == "bank/goodbye"


@pytest.mark.parametrize("plan", ["@bank/welcome,h", "1,@bank/account,h", "1,1234,@bank/pin,h"])
def test_hangup(call, plan):
    """The caller may leave at any point: that is no failure."""
    record = call(plan)
    assert record.hung_up_by == "caller"
    assert record.status == "HANGUP"


def test_leaves_while_entering(call):
    """Half a PIN, then nothing more."""
    record = call("1, 1234, 47, h")
    assert record.hung_up_by == "caller"
    assert record.status == "HANGUP"
    assert record.keys == "1123447"


def test_dialogue_alone():
    """A dialogue can be answered by hand, too."""
    dialogue = bank.menu("x", "12", tries=1)
    assert next(dialogue) == core.GetOption("x", escape_digits="12", timeout=4000)
    with pytest.raises(StopIteration):
        dialogue.send(None)
