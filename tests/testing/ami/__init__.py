"""Tests of the simulated AMI server."""
