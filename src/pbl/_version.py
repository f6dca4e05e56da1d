"""The version: a constant is there at once, installed metadata takes longer than a blend."""

__version__ = "0.1.0"
