"""Tests of ``pystrix ami``."""
