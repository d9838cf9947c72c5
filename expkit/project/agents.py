"""Agents of the user's own in an experiment: their modules found, kept, and versioned."""

from __future__ import annotations

from collections.abc import Mapping

from expkit.errors import Mistake
from expkit.project.gymnasium import Untabled
from expkit.project.yaml import Document, Location
from expkit.specs.agent import OwnAgent
from expkit.specs.experiment import Experiment, ResolvedArm, TabularArm
from expkit.training.sources import keep_sources


def with_agents(
    document: Document, experiment: Experiment, arms: Mapping[str, ResolvedArm], files: Mapping[str, bytes]
) -> tuple[Experiment, list[Mistake]]:
    """An experiment that knows the versions of its agents, and every mistake in what they are made from.

    Args:
        document: the experiment's file.
        experiment: what it declares.
        arms: its arms, resolved, by name.
        files: every declared file by its path, and the modules that these name.
    """
    found: dict[str, str] = {}
    mistakes: list[Mistake] = []
    for arm in arms.values():
        if isinstance(arm, TabularArm) and isinstance(arm.agent, OwnAgent):
            from expkit.project.own_code import own_agent  # an import that few projects need

            try:
                version = keep_sources(own_agent(arm.agent, files))
            except Untabled as flaw:
                mistakes.append(document.mistake(_place(experiment, arm, flaw.key), flaw.why, flaw.valid))
                continue
            found[arm.agent.content] = version
            if arm.agent.digest not in (None, version):
                why = f"the modules of {arm.agent.make} are version {version}, not the declared one"
                valid = "bring back the modules that are meant, or declare this digest"
                mistakes.append(document.mistake(_place(experiment, arm, "digest"), why, valid))
    return experiment.with_versions(found), list(dict.fromkeys(mistakes))


def _place(experiment: Experiment, arm: TabularArm, key: str) -> Location:
    """Where a key of an arm's agent stands: the arm of a sweep has the agent of the one that is varied."""
    sweep = experiment.sweep
    name = sweep.arm if sweep and arm.name not in experiment.arms else arm.name
    return ("arms", name, "agent", key)
