"""Reach: whether every arm's table can be evaluated in every environment of `evaluate_on`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from expkit.errors import Mistake
from expkit.project.yaml import Document
from expkit.specs.experiment import Experiment, ResolvedArm, TabularArm
from expkit.specs.targets import Target
from expkit.training.compile import compile_environment


def unreachable(
    document: Document, experiment: Experiment, arms: Mapping[str, ResolvedArm], targets: Iterable[Target]
) -> Iterator[Mistake]:
    """Every environment that some arm's table has no action or no state for, once each."""
    trained = {
        arm.name: (mdp.states, mdp.actions)
        for arm in arms.values()
        if isinstance(arm, TabularArm) and (mdp := compile_environment(arm.environment))
    }
    for target in targets:
        at = ("evaluate_on", target.name)
        mdp = compile_environment(target.environment)
        for arm, (states, actions) in trained.items():
            if actions != mdp.actions:
                why = f"{target.name} has {mdp.actions} actions, and arm {arm} is trained to choose among {actions}"
                yield document.mistake(at, why, "evaluate policies where they have the same actions")
                break
            if states != mdp.states and experiment.carry is None:
                why = f"{target.name} has {mdp.states} states, and the table of arm {arm} has {states}"
                valid = "declare what is done in states beyond a table, as in carry: {unseen: random}"
                yield document.mistake(at, why, valid)
                break
