"""The golden tables of the commands."""
