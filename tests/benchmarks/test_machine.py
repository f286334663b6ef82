"""What is read from /proc."""

from __future__ import annotations

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


def test_busy_ticks() -> None:
    """What programs took: not idle, not waiting for a disk, not interrupts."""
    assert machine.busy_ticks("cpu  100 20 30 800 7 8 9 0 0 0\ncpu0 50 10 15 400\n") == 150
