from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from expkit.errors import CheckFailed
from expkit.outcomes.serialise import evidence_bytes, parse_evidence, read_evidence
from expkit.records.evidence import Evidence


def test_evidence_reads_back_as_itself_and_writes_the_same_bytes(evidence: Evidence) -> None:
    """One form for one content, so that an unchanged result is an unchanged file."""
    content = evidence_bytes(evidence)
    assert parse_evidence(content) == evidence
    assert evidence_bytes(parse_evidence(content)) == content
    assert content.endswith(b"}\n")


def test_a_question_of_three_arms_and_200_seeds_is_small_and_has_few_lines(evidence: Evidence) -> None:
    """Numbers of 200 seeds stay on one line: a review shows what changed, not how much there is."""
    content = evidence_bytes(evidence)
    assert len(content) < 60_000
    assert content.count(b"\n") < 500
    lengths = {
        len(json.loads(line.split(b": ", 1)[1].rstrip(b","))) for line in content.splitlines() if b'"seeds": [' in line
    }
    assert lengths == {200}


def test_a_changed_value_is_a_changed_line(evidence: Evidence, make: Any) -> None:
    """One arm's seed differs: one line of the file does."""
    arm = evidence.arms[0]
    totals = (arm.seeds["total_reward"][0] + 1.0, *arm.seeds["total_reward"][1:])
    changed = arm.model_copy(update={"seeds": {"total_reward": totals}})
    other = evidence.model_copy(update={"arms": (changed, *evidence.arms[1:])})
    pairs = zip(evidence_bytes(evidence).splitlines(), evidence_bytes(other).splitlines(), strict=True)
    assert sum(one != two for one, two in pairs) == 1


def test_a_file_that_is_not_there_is_no_evidence(tmp_path: Path) -> None:
    """Not run yet is not an error."""
    assert read_evidence(tmp_path / "evidence.json", where="evidence.json") is None


@pytest.mark.parametrize("content", [b"<<<<<<< HEAD\n", b"", b"{}", b"\xff"])
def test_a_broken_file_is_named_with_its_mend(tmp_path: Path, content: bytes) -> None:
    """A merge's leftovers, a cut file or another format: one message, no traceback of a parser."""
    file = tmp_path / "evidence.json"
    file.write_bytes(content)
    with pytest.raises(CheckFailed) as refused:
        read_evidence(file, where="research_questions/rq01/evidence.json")
    assert refused.value.where == "research_questions/rq01/evidence.json"
    assert "git checkout -- research_questions/rq01/evidence.json" in (refused.value.mend or "")
