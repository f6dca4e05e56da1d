"""Say what keeps a fitted pillar from being used.

Raised by code that knows only bytes and arrays; code that knows the file makes it a finding (PBL821).
"""

from __future__ import annotations


class FittedError(Exception):
    """The bytes are no fitted pillar, or lead to predictions that aren't finite; the message says why."""
