"""The version: a constant is there at once, installed metadata takes longer than a blend.

`pbl --version`, recipes and logs show it.
"""

__version__ = "0.1.0"
