"""What can go wrong, by what the user can do about it (tier 0; imports nothing, so that ``--help`` stays fast)."""

from __future__ import annotations


class ParknerError(Exception):
    """An error a user can act on: printed as one line, without a traceback."""


class UsageError(ParknerError):
    """Wrong usage or configuration, noticed before any work (exit code 2)."""


class DataError(ParknerError):
    """A record that cannot be read; the message names file, line and value."""


class ModelError(UsageError):
    """A model or encoder folder that cannot be used; the message names the path."""
