"""Rewrites that mean nothing: how a thing is written, called, filed, merged or cloned."""

from __future__ import annotations

from tests.registration.attacks_on_declarations import H2, RQ02
from tests.registration.bench import RQ01, STRATEGIES, Bench, rewrite


@rewrite
def comment(bench: Bench) -> None:
    """Comments and empty lines are added"""
    bench.change(RQ01, ("hypotheses:", "\n# what we think\nhypotheses: # two of them"))
    bench.change(STRATEGIES, ("seeds:", "# fixed by the team\nseeds:"))
    bench.commit()


@rewrite
def key_order(bench: Bench) -> None:
    """Keys are put in another order, and a flow mapping is written as a block"""
    bench.change(RQ01, ("{kind: ratio, metric: total_reward,", "{metric: total_reward, kind: ratio,"))
    bench.change(STRATEGIES, ("environment: {kind: dungeon}\n", ""))
    bench.change(STRATEGIES, ("seeds:", "environment:\n  kind: dungeon\nseeds:"))
    bench.commit()


@rewrite
def hypothesis_order(bench: Bench) -> None:
    """Hypotheses are put in another order"""
    bench.change(RQ01, (H2, ""))
    bench.change(RQ01, ("hypotheses:\n", "hypotheses:\n" + H2))
    bench.commit()


@rewrite
def titles(bench: Bench) -> None:
    """Titles, scope, motivation and the question's own words are edited"""
    bench.change(RQ01, ("title: Strategies in the dungeon", "title: Clerks in the dungeon\nmotivation: A tutorial."))
    bench.change(RQ01, ("Does bookkeeping pay?", "Does it pay to keep books?"), ("Six seeds", "Only six seeds"))
    bench.change(STRATEGIES, ("title: Drunkard, accountant", "title: Drunk, clerk"))
    bench.commit()


@rewrite
def rationale(bench: Bench) -> None:
    """A rationale and an expected effect are added"""
    bench.change(RQ01, ("at_least: 0}", "at_least: 0, expected: 100}"))
    bench.change(RQ01, ("earns more than the drunkard.", "earns more than the drunkard.\n    rationale: It goes back."))
    bench.commit()


@rewrite
def white_space(bench: Bench) -> None:
    """A statement is broken into lines"""
    bench.change(
        RQ01, ("statement: The accountant earns more", "statement: >-\n      The accountant\n      earns   more")
    )
    bench.commit()


@rewrite
def rewording(bench: Bench) -> None:
    """A statement is said better; its old wording is shown beside the new one"""
    bench.change(RQ01, ("The accountant earns more than the drunkard.", "Bookkeeping beats a random walk."))
    bench.commit()


@rewrite
def arm_renamed(bench: Bench) -> None:
    """An arm is renamed, in the experiment and in every criterion"""
    bench.change(STRATEGIES, ("accountant:", "bookkeeper:"))
    bench.change(
        RQ01, ("treatment: accountant", "treatment: bookkeeper"), ("control: accountant", "control: bookkeeper")
    )
    bench.commit()


@rewrite
def hypothesis_renamed(bench: Bench) -> None:
    """A hypothesis is given another id"""
    bench.change(RQ01, ("id: h1", "id: clerk"))
    bench.commit()


@rewrite
def experiment_renamed(bench: Bench) -> None:
    """An experiment's file is moved, and its id with it"""
    bench.git("mv", STRATEGIES, "experiments/agents.yaml")
    bench.change("experiments/agents.yaml", ("id: strategies", "id: agents"))
    bench.change(RQ01, ("strategies", "agents"))
    bench.commit()


@rewrite
def question_renamed(bench: Bench) -> None:
    """A question's folder is renamed, and its id with it"""
    bench.git("mv", "research_questions/rq01", "research_questions/rq99")
    bench.change("research_questions/rq99/question.yaml", ("id: rq01", "id: rq99"))
    bench.commit()


@rewrite
def default_spelled_out(bench: Bench) -> None:
    """A default is spelled out"""
    bench.change(
        STRATEGIES,
        ("{kind: gambler}", "{kind: gambler, learning_rate: 0.1}"),
        ("count: 6", "count: 6, streams: independent"),
    )
    bench.change(RQ01, ("hypotheses:", "family: {alpha: 0.05, correction: holm}\nhypotheses:"))
    bench.commit()


@rewrite
def line_ends(bench: Bench) -> None:
    """A machine checks files out with other line ends, and runs them again"""
    bench.become_clone("--config", "core.autocrlf=true")
    assert b"\r\n" in bench.question.read_bytes()


@rewrite
def arm_added(bench: Bench) -> None:
    """An arm is added that no hypothesis speaks of"""
    bench.change(STRATEGIES, ("seeds:", "  wild: {agent: {kind: gambler, learning_rate: 0.5}}\nseeds:"))
    bench.commit()


@rewrite
def question_added(bench: Bench) -> None:
    """A question on arms and seeds of its own is added"""
    experiment = bench.experiment.read_text()
    bench.write(
        "experiments/others.yaml", experiment.replace("strategies", "others").replace("steps: 400", "steps: 300")
    )
    bench.write("research_questions/rq02/question.yaml", (RQ02 + H2).replace("strategies", "others"))
    bench.commit()


@rewrite
def edit_taken_back(bench: Bench) -> None:
    """A bound is moved and run, and the edit is taken back"""
    bench.change(RQ01, ("at_least: 0.5", "at_least: 0.6"))
    bench.commit()
    bench.run()
    bench.commit()
    bench.change(RQ01, ("at_least: 0.6", "at_least: 0.5"))
    bench.commit()


@rewrite
def fresh_clone(bench: Bench) -> None:
    """A colleague clones and runs it again"""
    bench.become_clone()


@rewrite
def shallow_clone(bench: Bench) -> None:
    """A machine that tests changes clones the newest commit alone and runs it again"""
    bench.become_clone("--depth=1")


@rewrite
def squashed(bench: Bench) -> None:
    """A branch with the question and its evidence is squashed into one commit, and cloned"""
    bench.git("checkout", "--quiet", "--orphan", "squashed")
    bench.commit()
    bench.become_clone("--single-branch", "--branch=squashed")


@rewrite
def rebased(bench: Bench) -> None:
    """A branch is rebased on what others did meanwhile"""
    first = bench.git("rev-list", "--max-parents=0", "HEAD")
    bench.git("checkout", "--quiet", "-b", "others", first)
    bench.write("notes.txt", "theirs")
    bench.commit()
    bench.git("checkout", "--quiet", "main")
    bench.git("rebase", "--quiet", "others")


@rewrite
def cherry_picked(bench: Bench) -> None:
    """The commit of the evidence is picked onto another branch, and cloned without the first"""
    evidence = bench.head()
    bench.git("checkout", "--quiet", "-b", "release", "HEAD^")
    bench.write("notes.txt", "release notes")
    bench.commit()
    bench.git("cherry-pick", evidence)
    bench.become_clone("--single-branch", "--branch=release")


@rewrite
def merged(bench: Bench) -> None:
    """Two branches on which two people ran the same question are merged, the evidence deleted and written by a run"""
    bench.git("branch", "before", "HEAD^")
    other = bench.clone_of("other", "--single-branch", "--branch=before")
    other.run()
    other.commit()
    bench.git("pull", "--quiet", "--no-rebase", "--no-edit", "-X", "ours", str(other.root), "before")
    bench.forget(ledger=False)


@rewrite
def collected(bench: Bench) -> None:
    """git collects its garbage, and forgets where branches once stood"""
    bench.git("reflog", "expire", "--expire=now", "--all")
    bench.git("gc", "--quiet", "--prune=now")


@rewrite
def commit_amended_in_message(bench: Bench) -> None:
    """The commit of the evidence is amended with another message"""
    bench.git("commit", "--quiet", "--amend", "--message", "rq01 answered")


@rewrite
def document_discussed(bench: Bench) -> None:
    """The team writes its discussion below the marker"""
    file = bench.outcome
    file.write_text(file.read_text().replace("## Discussion\n", "## Discussion\n\nIt pays.\n", 1))
    bench.commit()
