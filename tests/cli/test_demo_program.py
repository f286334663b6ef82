"""The program of the demonstration is the documented one."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pystrix.cli import demo_program
from pystrix.testing import place_call

if TYPE_CHECKING:
    import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "fastagi_server.py"


def test_the_program_is_the_documented_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The example and the program of the demonstration do the same."""
    spec = importlib.util.spec_from_file_location("fastagi_server", EXAMPLE)
    assert spec
    assert spec.loader
    example: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    demo = demo_program.DemoServer()
    real = example.pystrix.agi.FastAGIServer
    monkeypatch.setattr(example.pystrix.agi, "FastAGIServer", lambda: real(port=0))
    documented = example.FastAGIServer()
    try:
        for script, caller in (("demo", ""), ("demo", "w1,1"), ("other", "")):
            one, two = (place_call(each._server, script, caller) for each in (demo, documented))
            assert str(one) == str(two)
    finally:
        demo.shutdown()
        documented._server.server_close()
