"""Attacks by another draw, new data under the same hypothesis until they please; and the honest way to ask again."""

from __future__ import annotations

import shutil

from tests.registration.attacks_on_trees import with_own_agent
from tests.registration.bench import BOUND, RQ01, STRATEGIES, Bench, attack, rewrite

DRAWN = "The same claim was drawn before, under root 7"
ROOT = ("root: 7", "root: 8")


def asked_beside(bench: Bench, *changes: tuple[str, str]) -> None:
    """Write the question once more, as rq02 on an experiment of its own with another root, and commit."""
    question, experiment = (bench.root / path for path in (RQ01, STRATEGIES))
    bench.write("experiments/again.yaml", experiment.read_text().replace("id: strategies", "id: again"))
    bench.change("experiments/again.yaml", ROOT)
    bench.write(
        "research_questions/rq02/question.yaml",
        question.read_text().replace("rq01", "rq02").replace("strategies", "again"),
    )
    bench.change("research_questions/rq02/question.yaml", *changes)
    bench.commit()


def without_original(bench: Bench) -> None:
    """Delete the first question with all that it came to, and commit."""
    shutil.rmtree(bench.question.parent)
    bench.commit()


@attack(DRAWN)
def root_changed(bench: Bench) -> None:
    """The root is changed until the result pleases."""
    bench.change(STRATEGIES, ROOT)
    bench.commit()


@attack(DRAWN)
def parameter_changed(bench: Bench) -> None:
    """A parameter is changed by next to nothing, only to draw again."""
    bench.change(STRATEGIES, ("steps: 400", "steps: 401"))
    bench.commit()


@attack(f"{DRAWN} with other arms", start="declared")
def program_commented(bench: Bench) -> tuple[str, ...]:
    """A comment is put into the source of an own agent, which makes it another arm."""
    with_own_agent(bench)
    bench.change(
        RQ01, ("kind: difference,", "kind: value,"), ("treatment: accountant, control: drunkard", "arm: gambler")
    )
    bench.commit()
    bench.run()
    bench.commit()
    bench.change("own_agents.py", ("ACTION = 0", "ACTION = 0  # luck"))
    bench.commit()
    return ("rq01",)


@attack(DRAWN)
def copied(bench: Bench) -> None:
    """A question is copied under another id, with other ids of its hypotheses, and the original deleted."""
    asked_beside(bench, ("id: h1", "id: a1"), ("id: h2", "id: a2"))
    without_original(bench)


@attack("an earlier draw of h1, h2 was dropped since it was written", seen="check fails")
def deleted_afterwards(bench: Bench) -> None:
    """The same, but the original is deleted only after the copy was run."""
    asked_beside(bench)
    bench.run("rq02")
    bench.commit()
    without_original(bench)


@attack(DRAWN)
def kept_without_outcome(bench: Bench) -> tuple[str, ...]:
    """The original stays declared beside the copy, and its outcome is deleted."""
    asked_beside(bench)
    bench.forget()
    bench.commit()
    return ("rq02",)


@attack(DRAWN, start="declared")
def never_committed(bench: Bench) -> None:
    """Evidence that displeases is deleted before any commit has it, and the root changed."""
    bench.run()
    bench.forget(ledger=False)
    bench.change(STRATEGIES, ROOT)
    bench.commit()


@attack(DRAWN)
def left_on_a_branch(bench: Bench) -> None:
    """The first draw stays on a branch that is never merged, and another root is run where it never was."""
    bench.git("branch", "tried")
    bench.git("reset", "--quiet", "--hard", "HEAD^")
    bench.forget()
    bench.change(STRATEGIES, ROOT)
    bench.commit()


@attack("It was amended after 2 earlier draws, under root 7")
def amended_again(bench: Bench) -> tuple[str, ...]:
    """The bound and the root are changed together, and when that does not please, once more."""
    bench.change(RQ01, ("at_least: 0}", "at_least: 1}"), BOUND)
    bench.change(STRATEGIES, ROOT)
    bench.commit()
    bench.run()
    bench.commit()
    bench.change(RQ01, ("at_least: 1}", "at_least: 2}"), ("at_least: 0.6", "at_least: 0.7"))
    bench.change(STRATEGIES, ("root: 8", "root: 9"))
    bench.commit()
    return ("rq01",)


@rewrite
def asked_again_beside(bench: Bench) -> None:
    """A question that asks the same on another root is added, and the first one stays with its outcome"""
    asked_beside(bench)


@rewrite
def amended_once(bench: Bench) -> None:
    """Bounds are moved together with the root, once; the outcome says that there was an earlier draw"""
    bench.change(RQ01, ("at_least: 0}", "at_least: 1}"), BOUND)
    bench.change(STRATEGIES, ROOT)
    bench.commit()
