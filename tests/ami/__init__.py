"""Tests of pystrix.ami."""
