"""The command line: the only part of pbl that knows a terminal, a clock, a working folder and an environment."""
