"""What type checkers know of the library; checked, never run."""
