"""The tests of `pystrix.agi`, without an Asterisk."""
