"""Registrations: what stood when data of some trials were first recorded."""

from __future__ import annotations

from pydantic import JsonValue

from expkit.records.base import Commit, Digest, Moment, Record
from expkit.specs.experiment import Streams


class Standing(Record):
    """One hypothesis as it stood at a moment: its digests, and what they were made of."""

    question: str
    hypothesis: str
    decision_digest: Digest
    """Of metric and version, estimand, kind, region, arm keys, streams, root, seeds, looks and failure policy."""
    family_digest: Digest
    """Of all decisions of the question, with alpha and correction."""
    wording_digest: Digest
    """Of the statement, white space normalised."""
    statement: str
    """The statement as it stood, so that a rewording can be shown."""
    decision: dict[str, JsonValue]
    """The decision itself, resolved: what `decision_digest` is the digest of."""


class TrialSet(Record):
    """Some seeds of one arm under one root."""

    arm_key: Digest
    root: int
    streams: Streams
    seeds: tuple[int, ...]


class Registration(Record):
    """An entry of `evidence.json`: the hypothesis that stood when these trials were first recorded. Append-only.

    A hypothesis whose data were recorded before it existed has entries with `standing` None: data without a hypothesis.
    """

    trials: tuple[TrialSet, ...]
    standing: Standing | None
    commit: Commit | None
    """The commit the run was made from; None outside git or before the first commit."""
    clean: bool
    """Whether the tree equalled the commit."""
    pushed: bool | None = None
    """Whether a remote held the commit when the run began; None when there was no remote."""
    recorded: Moment
    """When the first of these trials was recorded."""
