"""Attacks by another draw, new data under the same hypothesis until they please; and the honest way to ask again."""

from __future__ import annotations

import json
import shutil

from tests.registration.attacks_on_trees import with_own_agent
from tests.registration.bench import BOUND, RQ01, STRATEGIES, Bench, attack, rewrite

DRAWN = "The same claim was drawn before, under root 7"
ROOT = ("root: 7", "root: 8")
BESIDE = "research_questions/rq02/question.yaml"


def asked_beside(bench: Bench, *changes: tuple[str, str]) -> None:
    """Write the question once more, as rq02 on an experiment of its own with another root, and commit."""
    question, experiment = (bench.root / path for path in (RQ01, STRATEGIES))
    bench.write("experiments/again.yaml", experiment.read_text().replace("id: strategies", "id: again"))
    bench.change("experiments/again.yaml", ROOT)
    bench.write(BESIDE, question.read_text().replace("rq01", "rq02").replace("strategies", "again"))
    bench.change(BESIDE, *changes)
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


@attack(DRAWN)
def withdrawn_beside(bench: Bench) -> tuple[str, ...]:
    """The question is copied, and in the original every hypothesis is withdrawn, which leaves no verdict to see."""
    asked_beside(bench)
    bench.change(RQ01, ("at_least: 0}", "at_least: 0}\n    withdrawn: dated"), ("0.5}", "0.5}\n    withdrawn: dated"))
    bench.commit()
    bench.run()
    bench.commit()
    return ("rq02",)


@attack(DRAWN, start="declared")
def spoilt_after_a_look(bench: Bench) -> None:
    """A run is interrupted and looked at; as it displeases, the rest is run from a changed tree, like a pilot."""
    bench.run()
    bench.forget(ledger=False)
    last = max(bench.records(), key=lambda file: str(json.loads(file.read_text())["ended"]))
    shutil.rmtree(last.parent)
    bench.change(RQ01, ("title: ", "# A remark\ntitle: "))
    bench.run()
    bench.forget(ledger=False)
    bench.git("checkout", "--quiet", "--", RQ01)
    bench.change(STRATEGIES, ROOT)
    bench.commit()


@attack("It was amended after 2 earlier draws, under root 7")
def synonyms(bench: Bench) -> None:
    """The same is asked under other ids, in other words and in another metric that orders alike, twice."""
    ids_and_words = ("id: h1", "id: a1"), ("id: h2", "id: a2"), ("earns", "gains")
    asked_beside(bench, *ids_and_words, ("metric: total_reward", "metric: regret"), ("at_least: 0}", "at_most: 0}"))
    without_original(bench)
    bench.run("rq02")
    bench.commit()
    bench.change("experiments/again.yaml", ("root: 8", "root: 9"))
    other_ids_and_words = ("id: a1", "id: b1"), ("id: a2", "id: b2"), ("gains", "makes")
    bench.change(BESIDE, *other_ids_and_words, ("metric: regret", "metric: final_reward_rate"))
    bench.commit()


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


@rewrite
def asked_in_another_project(bench: Bench) -> tuple[str, ...]:
    """Another project, in a folder of the same repository, has asked the same on another root"""
    other = bench.root / "other" / "research_questions" / "rq07"
    shutil.copytree(bench.question.parent, other)
    bench.question.unlink()
    bench.forget()
    bench.commit()
    bench.write(RQ01, (other / "question.yaml").read_text())
    bench.change(STRATEGIES, ROOT)
    bench.commit()
    return ("rq01",)
