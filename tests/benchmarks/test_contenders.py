"""The servers that are measured."""

from __future__ import annotations

import pytest

from benchmarks import bars, contenders
from benchmarks.figures import BASE


def test_names() -> None:
    """Each has one of its own, and those that the bars speak of are there."""
    names = [contender.name for contender in contenders.CONTENDERS]
    assert len(set(names)) == len(names)
    spoken_of = {BASE, bars.THREADS, bars.STOCK, bars.UVLOOP, bars.AWAIT, bars.AWAIT_UVLOOP}
    spoken_of |= {"panoramisk", "panoramisk, uvloop", "aioagi-ik", "aioagi-ik, uvloop"}
    assert spoken_of <= set(names)


def test_files() -> None:
    """Each program is there."""
    for contender in contenders.CONTENDERS:
        assert (contenders.HERE / "servers" / contender.file).is_file()


def test_chosen() -> None:
    """A whole name is that one alone, a part all that have it; in the order of the table."""
    assert contenders.chosen(None) == list(contenders.CONTENDERS)
    assert [each.name for each in contenders.chosen(["panoramisk"])] == ["panoramisk"]
    found = [each.name for each in contenders.chosen(["limit: bare a", "threads"])]
    assert found == ["pystrix on threads", "limit: bare await", "limit: bare await, uvloop"]
    with pytest.raises(ValueError, match="no server is named 'nobody'; there are: pystrix"):
        contenders.chosen(["nobody"])


def test_why_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that cannot be measured says why."""
    ding_dong = next(each for each in contenders.CONTENDERS if each.program == "node")
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert ding_dong.why_not() == "no node"
    absent = ding_dong._replace(program=".venv-bench-none/bin/python")
    assert absent.why_not() == "no .venv-bench-none/bin/python: `make bench` makes it"
