"""The engine version: what a declaration's numbers depend on besides the declaration itself."""

from __future__ import annotations

ENGINE_VERSION = 1
"""Raised whenever the same declaration yields other numbers; golden digests in the tests force it."""
