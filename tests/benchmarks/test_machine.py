"""What is read from /proc."""

from __future__ import annotations

import pytest

from benchmarks import machine

CPUINFO = """\
processor\t: 0
model name\t: Some CPU @ 2.60GHz
flags\t\t: fpu vme hypervisor avx
processor\t: 1
model name\t: Some CPU @ 2.60GHz
"""


def test_processor() -> None:
    """Its name, if there is one."""
    assert machine.processor(CPUINFO) == "Some CPU @ 2.60GHz"
    assert machine.processor("processor\t: 0\nBogoMIPS\t: 50.00\n") is None


def test_virtual() -> None:
    """Processors of virtual machines have a flag."""
    assert machine.is_virtual(CPUINFO)
    assert not machine.is_virtual(CPUINFO.replace("hypervisor", "hypervisors"))


def test_busy_share() -> None:
    """What was neither idle nor waiting for a disk."""
    before = "cpu  100 0 100 800 0 0 0 0 0 0"
    after = "cpu  120 0 110 860 10 0 0 0 0 0"
    assert machine.busy_share(before, after) == pytest.approx(0.3)
    assert machine.busy_share(before, before) == 0
