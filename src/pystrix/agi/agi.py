"""The name that pystrix 1.x had in this module."""

from pystrix.agi.stdio import AGI

__all__ = ["AGI"]
