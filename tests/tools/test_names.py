"""Names on the wire, and what they are called in Python."""

from __future__ import annotations

import pytest

from pystrix.ami import Event
from tools.catalogue.names import TAKEN, attribute_name, class_name, parameter_name


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Channel", "channel"),
        ("ChannelStateDesc", "channel_state_desc"),
        ("CallerIDNum", "caller_id_num"),
        ("CallerIDnum", "caller_id_num"),
        ("DAHDIChannel", "dahdi_channel"),
        ("AMAFlags", "ama_flags"),
        ("Uniqueid", "uniqueid"),
        ("UniqueID", "uniqueid"),
        ("RoundtripUsec", "roundtrip_usec"),
        ("T38UdptlEc", "t38_udptl_ec"),
        ("Cause-txt", "cause_text"),
        ("CID-CallingPres", "calling_pres"),
        ("100rel", "prack"),
        ("From", "from_"),
        ("Class", "class_"),
        ("Name", "name_"),
        ("Data", "data_"),
        ("Items", "items_"),
        ("Max", "max"),
    ],
)
def test_attributes(header: str, name: str) -> None:
    """Words are kept apart; what Python or a message has already gets an underscore."""
    assert attribute_name(header) == name


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Async", "async_"),
        ("ID", "id_"),
        ("Filter", "filter_"),
        ("Object", "object_"),
        ("From", "from_"),
        ("Data", "data"),
        ("Content-Type", "content_type"),
        ("CallerID", "caller_id"),
        ("channel", "channel"),
    ],
)
def test_parameters(header: str, name: str) -> None:
    """Words are kept apart; what Python has already gets an underscore."""
    assert parameter_name(header) == name


@pytest.mark.parametrize(("name", "kind"), [("AOC-D", "AOCD"), ("Newexten", "Newexten")])
def test_classes(name: str, kind: str) -> None:
    """What is no letter or digit is left out."""
    assert class_name(name) == kind


def test_taken() -> None:
    """The names that every event has are known."""
    assert {name for name in dir(Event) if name.islower() and not name.startswith("_")} == TAKEN
