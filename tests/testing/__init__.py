"""The simulated Asterisk."""
