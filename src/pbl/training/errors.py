"""Say what keeps a fitted pillar from being used.

Raised where only bytes and arrays are known; whoever knows the file makes it a finding (PBL821).
"""

from __future__ import annotations


class FittedError(Exception):
    """The bytes are no fitted pillar, or lead to predictions that aren't finite; the message says why."""
