"""Attacks on the work tree: something else is run than what the commit holds, and git is kept from seeing it."""

from __future__ import annotations

import os

from tests.registration.bench import BOUND, RQ01, STRATEGIES, Bench, attack

DIRTY = "The tree differed from"
AGENT = """\
from numpy import zeros

ACTION = 0


class Steady:
    def __init__(self, states, actions, steps, luck):
        self.q = zeros((states, actions))

    def act(self, state, explore, choose):
        return ACTION

    def learn(self, state, action, reward, next_state, terminal):
        pass
"""
OWN = 'gambler: {agent: {kind: python, make: "own_agents:Steady"}}'


def with_own_agent(bench: Bench, text: str = AGENT) -> None:
    """Make the gambler an agent of the project's own."""
    bench.change(STRATEGIES, ("gambler: {agent: {kind: gambler}}", OWN))
    bench.write("own_agents.py", text)
    bench.write(".gitignore", ".expkit/\n__pycache__/\n")


@attack(DIRTY, start="declared")
def question_not_committed(bench: Bench) -> None:
    """A bound is moved and run without a commit."""
    bench.change(RQ01, BOUND)


@attack(DIRTY, start="declared")
def committed_after_the_run(bench: Bench) -> None:
    """A bound is moved, run without a commit, and committed once the result is liked."""
    bench.change(RQ01, BOUND)
    bench.run()
    bench.commit()


@attack(DIRTY, start="declared")
def agent_edited(bench: Bench) -> None:
    """The source of an own agent is edited and not committed, below a clean question."""
    with_own_agent(bench)
    bench.commit()
    bench.change("own_agents.py", ("ACTION = 0", "ACTION = 1"))


@attack(DIRTY, start="declared")
def import_untracked(bench: Bench) -> None:
    """An own agent imports a file that was never added to git."""
    with_own_agent(bench, AGENT.replace("ACTION = 0", "from own_choice import ACTION"))
    bench.commit()
    bench.write("own_choice.py", "ACTION = 1\n")


@attack(DIRTY, start="declared")
def source_ignored(bench: Bench) -> None:
    """An own agent's source is in `.gitignore`, so that git never speaks of it."""
    with_own_agent(bench)
    bench.write(".gitignore", ".expkit/\n__pycache__/\nown_agents.py\n")
    bench.commit()


@attack(DIRTY, start="declared")
def import_excluded(bench: Bench) -> None:
    """What an own agent imports is excluded by a rule of this clone's alone."""
    with_own_agent(bench, AGENT.replace("ACTION = 0", "from own_choice import ACTION"))
    bench.write("own_choice.py", "ACTION = 1\n")
    bench.write(".git/info/exclude", "own_choice.py\n")
    bench.commit()


@attack(DIRTY, start="declared")
def declaration_ignored(bench: Bench) -> None:
    """The question itself is in `.gitignore`, and in no commit."""
    bench.write(".gitignore", ".expkit/\nquestion.yaml\n")
    bench.git("rm", "--quiet", "--cached", RQ01)
    bench.commit()


@attack(DIRTY, start="declared")
def assumed_unchanged(bench: Bench) -> None:
    """git is told to assume that the edited question is unchanged."""
    bench.git("update-index", "--assume-unchanged", RQ01)
    bench.change(RQ01, BOUND)


@attack(DIRTY, start="declared")
def skipped_in_the_tree(bench: Bench) -> None:
    """git is told to skip the edited question in the work tree."""
    bench.git("update-index", "--skip-worktree", RQ01)
    bench.change(RQ01, BOUND)


@attack(DIRTY, start="declared")
def same_size_and_time(bench: Bench) -> None:
    """The edit has the size of the text before, and the file's time is set back."""
    before = bench.question.stat()
    bench.git("status")
    bench.change(RQ01, BOUND)
    os.utime(bench.question, ns=(before.st_atime_ns, before.st_mtime_ns))


@attack(DIRTY, start="declared")
def cleaned_by_a_filter(bench: Bench) -> None:
    """A filter of this clone's shows git the old text wherever it looks."""
    bench.write(".git/info/attributes", "question.yaml filter=old\n")
    bench.git("config", "filter.old.clean", "sed 's/0.6/0.5/'")
    bench.change(RQ01, BOUND)
    assert bench.git("status", "--porcelain") == ""


@attack(DIRTY, start="declared")
def another_repository(bench: Bench) -> None:
    """Variables point git to another repository, in which everything is clean."""
    clone = bench.clone_of("clean")
    bench.change(RQ01, BOUND)
    os.environ |= {"GIT_DIR": str(clone.root / ".git"), "GIT_WORK_TREE": str(clone.root)}
