"""What can be foreseen of a verdict before anything runs: that it will be exploratory, and how to avoid that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from expkit.dossier import Dossier
from expkit.ledger.ledger import Ledger
from expkit.outcomes.numbers import counted
from expkit.plan import PlannedArm, plan
from expkit.project.paths import Paths
from expkit.project.read import Project
from expkit.specs.experiment import Experiment, RecordedArm
from expkit.specs.question import ResearchQuestion


def has_data(project: Project, experiment: Experiment) -> bool:
    """Whether trials of an experiment's arms are recorded here, or in any question's evidence."""
    planned = plan(experiment, Ledger(Paths(project.root).ledger).recorded)
    if any(len(arm.missing) < len(arm.seeds) for arm in planned):
        return True
    known = {(arm.key, arm.root, arm.streams) for arm in planned}
    for question in project.questions.values():
        evidence = Dossier(project, question).evidence
        for entry in evidence.registrations if evidence else ():
            if any((group.arm_key, group.root, group.streams) in known for group in entry.trials):
                return True
    return False


def run_already(project: Project, experiments: Mapping[str, Experiment]) -> list[str]:
    """Those of some experiments that have data."""
    return [name for name, experiment in experiments.items() if has_data(project, experiment)]


def after_the_data(experiment: str) -> str:
    """What to say where a question is asked of data that exist."""
    return (
        f"{experiment} was run already, so a question on it is exploratory: its data were there first.\n"
        f"  For a test, ask it of the same arms on fresh seeds: expkit new experiment --like {experiment}"
    )


def family_after_the_data(question: ResearchQuestion) -> str:
    """What to say where a question that has data gets one hypothesis more."""
    there = ", ".join(one.id for one in question.hypotheses)
    return (
        f"{question.id} has data already. With one hypothesis more, its family is another one: at the next run "
        f"{there} and the new one become exploratory.\n"
        "  For a test, ask it as a question of its own, on fresh seeds: "
        f"expkit new experiment --like {question.experiments[0]} && expkit new question"
    )


@dataclass(frozen=True, kw_only=True)
class Uncommitted:
    """That trials which hypotheses speak of would run while git does not hold those hypotheses."""

    why: str
    question: str
    """The first that is asked of these trials."""
    experiment: str

    @property
    def mend(self) -> str:
        """The command that commits."""
        return f"git add -A && git commit -m 'Ask {self.question}'"

    @property
    def caution(self) -> str:
        """What to say before such a run."""
        return (
            f"the verdicts of this run will be exploratory, since {self.why}.\n"
            f"  To have them tested, commit before you run: {self.mend}\n"
            f"  After the run, only fresh seeds help: expkit new experiment --like {self.experiment}"
        )


def uncommitted(project: Project, about_to_run: Sequence[PlannedArm]) -> Uncommitted | None:
    """Whether trials that hypotheses speak of would run while git does not hold those; None where it does."""
    from expkit.provenance.git import read_git  # an idle run has no need of it

    running = {arm.experiment for arm in about_to_run if not isinstance(arm.arm, RecordedArm)}
    asked = [
        question.id
        for question in project.questions.values()
        if any(hypothesis.experiment in running for hypothesis in question.hypotheses)
    ]
    if not asked:
        return None
    git, _ = read_git(project.root)
    changed = [*git.modified, *git.untracked, *git.hidden]
    match git.state:
        case "clean":
            return None
        case "dirty" if changed:
            more = f" and {counted(len(changed) - 1, 'file')} more" if len(changed) > 1 else ""
            why = f"{changed[0]}{more} {'are' if more else 'is'} not committed"
        case "no_repository":
            why = "the project is not in a git repository (git init makes one)"
        case "unreadable":
            why = f"git cannot be asked ({git.reason})"
        case _:
            why = "nothing is committed yet"
    return Uncommitted(why=why, question=asked[0], experiment=min(running))
