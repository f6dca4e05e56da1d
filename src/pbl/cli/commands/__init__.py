"""The commands, one a file: text parameters in, one call of the core, its result to `show`."""
