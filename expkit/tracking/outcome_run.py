"""The run `outcome`: the verdicts, the documents a reviewer reads, and what they were made from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from expkit.records.evidence import Evidence, HypothesisEvidence, Interval
from expkit.specs.question import ResearchQuestion
from expkit.tracking.artifacts import Artifact, pretty
from expkit.tracking.fields import finite, milliseconds, mixed_images, origin_tags, params, written
from expkit.tracking.keys import outcome_key
from expkit.tracking.publication import Family, RunContent

if TYPE_CHECKING:
    from expkit.ledger.results import ArmResults

OUTCOME_RUN = "outcome"


@dataclass(frozen=True, kw_only=True)
class Documents:
    """The files of a question as they are when it is published, as bytes."""

    question: bytes
    """`question.yaml`"""
    experiments: Mapping[str, bytes]
    """`experiments/<id>.yaml` by experiment id."""
    evidence: bytes
    """`evidence.json`"""
    outcome: bytes
    """`outcome.md`, with the team's own words."""
    head: str
    """The generated part of the outcome: it becomes the description, as far as it fits."""
    figures: Mapping[str, bytes]
    """By file name."""


def outcome_run(
    *,
    project_id: str,
    question: ResearchQuestion,
    evidence: Evidence,
    results: Iterable[ArmResults],
    documents: Documents,
    description: str,
) -> RunContent:
    """What the run `outcome` of a question holds. `results` are those of all its arms, wherever they ran."""
    family = Family(project=project_id, question=question.id, experiment=None, arm=None)
    origin = evidence.provenance
    verdicts = {f"verdict.{hypothesis.id}": hypothesis.verdict for hypothesis in evidence.hypotheses}
    files = {
        "outcome.md": documents.outcome,
        "evidence.json": documents.evidence,
        "question.yaml": documents.question,
        "provenance.json": pretty(origin.model_dump(mode="json")),
        **{f"experiments/{id}.yaml": declaration for id, declaration in documents.experiments.items()},
        **{f"figures/{name}": figure for name, figure in documents.figures.items()},
    }
    return RunContent(
        name=OUTCOME_RUN,
        key=outcome_key(project_id, question.id, evidence=documents.evidence, outcome=documents.outcome),
        family=family,
        tags={
            **family.tags,
            **verdicts,
            **({"expkit.unwitnessed": "true"} if any(arm.unwitnessed for arm in evidence.arms) else {}),
            **{f"standing.{hypothesis.id}": hypothesis.standing for hypothesis in evidence.hypotheses},
            **origin_tags(
                commit=origin.commit,
                branch=origin.branch,
                dirty=origin.dirty,
                image=origin.image,
                mixed=mixed_images(results, origin.image),
                executor=origin.executor,
                command=origin.command,
            ),
        },
        params=params(
            {
                **verdicts,
                **{f"claim.{hypothesis.id}": _claim(hypothesis) for hypothesis in evidence.hypotheses},
                "family.alpha": evidence.alpha,
                "family.correction": evidence.correction,
            }
        ),
        metrics=tuple(finite(_points(evidence.hypotheses))),
        datasets=(),
        artifacts=tuple(Artifact(path=path, content=content) for path, content in files.items()),
        description=description,
        started_ms=milliseconds(origin.started),
        ended_ms=milliseconds(origin.ended),
    )


def _points(hypotheses: Iterable[HypothesisEvidence]) -> Iterator[tuple[str, float | None, int]]:
    for hypothesis in hypotheses:
        if test := hypothesis.test:
            yield f"{hypothesis.id}.estimate", test.estimate, 0
            yield f"{hypothesis.id}.p", test.p, 0
            yield f"{hypothesis.id}.low", test.interval.low, 0
            yield f"{hypothesis.id}.high", test.interval.high, 0


def _claim(hypothesis: HypothesisEvidence) -> str:
    """A hypothesis in one line: `total_reward of gambler / accountant in [1.8, inf)`."""
    operator = {"difference": " - ", "ratio": " / ", "value": ""}[hypothesis.kind]
    arms = f"{hypothesis.treatment}{operator}{hypothesis.control or ''}"
    return f"{hypothesis.metric} of {arms} in {_bounds(hypothesis.region)}"


def _bounds(region: Interval) -> str:
    low = "(-inf" if region.low is None else f"[{written(region.low)}"
    high = "inf)" if region.high is None else f"{written(region.high)}]"
    return f"{low}, {high}"
