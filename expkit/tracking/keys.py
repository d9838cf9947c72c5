"""Publication keys: what finds a result in a tracking store again. Nothing heavy is imported: idle runs ask by them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from expkit.digests import digest


def run_key(project_id: str, owner: str | None, experiment: str | None, arm: str | None, *digests: str) -> str:
    """The tag `expkit.key` of the run that holds some results, as 64 hex digits.

    `owner` is the question's id, None where an experiment was run for no question. `experiment` and `arm` are None for
    the run `outcome`. `digests` are of what the run holds: of an arm its key and its results digest, since two
    configurations may come to the same results and a run's parameters cannot be changed.
    """
    return digest([project_id, owner, experiment, arm, *digests])


def arm_digests(arm_key: str, results_digest: str, elsewhere: Mapping[str, tuple[str, str | None]]) -> tuple[str, ...]:
    """The digests of what the run of an arm holds: evaluated in other environments, it is another run."""
    places = {name: [environment, unseen] for name, (environment, unseen) in elsewhere.items()}
    return arm_key, results_digest, *([digest(places)] if places else [])


def outcome_key(project_id: str, question: str, *, evidence: bytes, outcome: bytes) -> str:
    """The tag `expkit.key` of the run `outcome` for these bytes of `evidence.json` and `outcome.md`.

    The team's own words count: an edited discussion is another outcome, which supersedes the one before.
    """
    contents = digest([hashlib.sha256(content).hexdigest() for content in (evidence, outcome)])
    return run_key(project_id, question, None, None, contents)


def experiment_name(project_id: str, *, question: str | None = None, experiment: str | None = None) -> str:
    """The MLflow experiment's name: `project/rq01` of a question, `project/experiments/strategies` without one.

    Ids only, since MLflow finds an experiment by its name and a title may change; the project comes first even in a
    store of its own, so that a link or a script does not depend on who else publishes there. A question may have an
    experiment's id, but none has a slash in it.
    """
    return f"{project_id}/{question}" if question is not None else f"{project_id}/experiments/{experiment}"
