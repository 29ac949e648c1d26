"""The fold: standing, keys and log time as pure functions of the log. No I/O, no clock, no randomness."""
