"""What a session knows of its call before the first command."""

from __future__ import annotations

import pytest

from pystrix.agi import AGISIGPIPEHangup
from pystrix.agi._facts import CallFacts
from pystrix.agi._protocol import AGIProtocol
from tests.agi.peers import environment


def test_facts() -> None:
    """The environment, a copy of it, and the request made of it once."""
    protocol = AGIProtocol()
    facts = CallFacts(protocol)
    with pytest.raises(AGISIGPIPEHangup):
        _ = facts.environment
    protocol.receive_data(environment("x?a=b", ["one"]))
    assert facts.environment.extension == "5551234"
    copy = facts.get_environment()
    copy["agi_extension"] = "changed"
    assert facts.environment.extension == "5551234"
    assert facts.request == (("one",), {"a": ["b"]}, None, "x")
    assert facts.request is facts.request
