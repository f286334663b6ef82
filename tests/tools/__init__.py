"""Tests of the programs that make parts of the library."""
