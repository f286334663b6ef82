"""Tests of the actions under their names of pystrix 1.x."""
