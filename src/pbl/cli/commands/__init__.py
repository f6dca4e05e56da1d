"""The commands, one a file: parameters in, one call of the core, the result to `show`."""
