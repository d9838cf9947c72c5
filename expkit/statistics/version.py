"""The version of the statistics, a part of every evidence file. Imports nothing: asking for it costs nothing."""

STATISTICS_VERSION = 1
"""Raised when the same seeds yield another statistic; evidence of an older version is stale."""
