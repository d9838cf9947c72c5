"""Attacks on declarations: what was claimed, and of how much, is changed once the data are known."""

from __future__ import annotations

from tests.registration.bench import BOUND, RQ01, STRATEGIES, Bench, attack

H2 = """\
  - id: h2
    statement: The gambler earns at least half of what the accountant does.
    experiment: strategies
    criterion: {kind: ratio, metric: total_reward, treatment: gambler, control: accountant, at_least: 0.5}
"""
RQ02 = """\
id: rq02
title: The rest of it
question: Does bookkeeping pay?
scope: Six seeds of a short run.
experiments: [strategies]
hypotheses:
"""


@attack("region was at least 0.5, is at least 0.6")
def bound_moved(bench: Bench) -> None:
    """A bound is moved after the data, committed, and the question run again."""
    bench.change(RQ01, BOUND)
    bench.commit()


@attack("region was at least 0.5, is at least 0.6")
def bound_moved_and_outcome_deleted(bench: Bench) -> None:
    """The same, with evidence and outcome deleted first."""
    bench.forget(ledger=False)
    bench.change(RQ01, BOUND)
    bench.commit()


@attack("region was at least 0.5, is at least 0.6")
def bound_moved_and_all_deleted(bench: Bench) -> None:
    """The same, with the ledger of this machine deleted as well: everything is trained again from scratch."""
    bench.forget()
    bench.change(RQ01, BOUND)
    bench.commit()


@attack("seeds was 6, is 8")
def seeds_added(bench: Bench) -> None:
    """Seeds are added under the same root until something is decided."""
    bench.change(STRATEGIES, ("count: 6", "count: 8"))
    bench.commit()


@attack("seeds was 6, is 5")
def seeds_dropped(bench: Bench) -> None:
    """The last seed, which spoils it, is dropped."""
    bench.change(STRATEGIES, ("count: 6", "count: 5"))
    bench.commit()


@attack("Its family changed after its data were first recorded")
def sibling_dropped(bench: Bench) -> None:
    """A hypothesis that failed is taken out of its family, so that the rest is corrected for less."""
    bench.change(RQ01, (H2, ""))
    bench.commit()


@attack("Its family changed after its data were first recorded")
def sibling_added(bench: Bench) -> None:
    """A hypothesis that the data suggested joins the family."""
    bench.change(RQ01, (H2, H2 + H2.replace("h2", "h3").replace("0.5", "0.1")))
    bench.commit()


@attack("it stood in the family of rq01, not in this one")
def family_split(bench: Bench) -> None:
    """A family is split into two questions, each corrected for itself alone."""
    bench.change(RQ01, (H2, ""))
    bench.write("research_questions/rq02/question.yaml", RQ02 + H2)
    bench.commit()


@attack("it stood in the family of rq02, not in this one", start="declared")
def questions_merged(bench: Bench) -> None:
    """A hypothesis is moved to the question in whose family it does better, and its own question goes."""
    bench.change(RQ01, (H2, ""))
    bench.write("research_questions/rq02/question.yaml", RQ02 + H2)
    bench.commit()
    bench.run("rq01")
    bench.run("rq02")
    bench.commit()
    bench.git("rm", "-r", "--quiet", "research_questions/rq02")
    bench.change(RQ01, ("hypotheses:\n", "hypotheses:\n" + H2))
    bench.commit()


@attack("Its data were first recorded before it was written")
def asked_again_elsewhere(bench: Bench) -> tuple[str, ...]:
    """A new question asks the same with another bound, in a clone without a ledger."""
    bench.write("research_questions/rq02/question.yaml", RQ02 + H2.replace(*BOUND))
    bench.commit()
    bench.become_clone()
    return ("rq02",)


@attack("Its family changed after its data were first recorded: the decision of a sibling, or alpha")
def alpha_raised(bench: Bench) -> None:
    """Alpha is raised."""
    bench.change(RQ01, ("hypotheses:", "family: {alpha: 0.2}\nhypotheses:"))
    bench.commit()


@attack("metric was total_reward, is final_reward_rate")
def metric_changed(bench: Bench) -> None:
    """The claim is decided on another metric."""
    bench.change(RQ01, ("metric: total_reward", "metric: final_reward_rate"))
    bench.commit()


@attack("estimand was iqm, is mean", start="declared")
def estimand_changed(bench: Bench) -> None:
    """The claim is decided on the mean where it was about the interquartile mean."""
    bench.change(STRATEGIES, ("count: 6", "count: 50"))
    bench.commit()
    bench.run()
    bench.commit()
    bench.change(RQ01, ("metric: total_reward", "estimand: mean, metric: total_reward"))
    bench.commit()


@attack("failed seed was invalid, is worst")
def failure_policy_changed(bench: Bench) -> None:
    """Failed seeds are counted otherwise than was declared."""
    bench.change(STRATEGIES, ("seeds:", "failed_seed: worst\nseeds:"))
    bench.commit()


@attack("Its data were first recorded before it was written")
def withdrawn_and_asked_again(bench: Bench) -> None:
    """A hypothesis is withdrawn after the data and asked again under another id, with a better bound."""
    withdrawn = H2.replace("id: h2\n", "id: h2\n    withdrawn: It was badly put.\n")
    bench.change(RQ01, (H2, withdrawn + H2.replace("h2", "h3").replace(*BOUND)))
    bench.commit()


@attack("Its data were first recorded before any hypothesis spoke of them", start="declared")
def data_first(bench: Bench) -> None:
    """An experiment is run and looked at, and the hypothesis is written, committed and run afterwards."""
    question = bench.question.read_text()
    bench.git("rm", "-r", "--quiet", "research_questions")
    bench.commit()
    bench.write(
        "research_questions/rq09/question.yaml", question.replace("strategies", "other").replace("rq01", "rq09")
    )
    bench.write("experiments/other.yaml", bench.experiment.read_text().replace("strategies", "other").replace("7", "9"))
    bench.commit()
    bench.train("strategies")
    bench.git("rm", "-r", "--quiet", "research_questions/rq09")
    bench.write(RQ01, question)
    bench.commit()
