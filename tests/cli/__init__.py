"""Tests of the command ``pystrix``."""
