"""The golden tables of the simulated commands."""
