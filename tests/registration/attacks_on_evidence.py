"""Attacks on records: evidence and ledger are edited by hand, and programs are run again until they please."""

from __future__ import annotations

import json
import shutil
from copy import copy
from typing import Any

from expkit.digests import digest
from tests.registration.attacks_on_history import DENIED
from tests.registration.bench import BOUND, EVIDENCE, RQ01, Bench, attack
from tests.test_repeated import EXPERIMENT, PROGRAM, QUESTION


@attack("its deciding interval says", seen="check fails")
def verdict_edited(bench: Bench) -> None:
    """A verdict is edited in `evidence.json`."""
    one = json.loads(bench.evidence.read_text())["hypotheses"][0]["verdict"]
    bench.forge(lambda told: told["hypotheses"][0].update(verdict="refuted" if one != "refuted" else "supported"))


@attack("h2 is called confirmatory, and no registration says so", seen="check fails")
def standing_edited(bench: Bench) -> None:
    """An exploratory verdict is called confirmatory."""
    bench.change(RQ01, BOUND)
    bench.commit()
    bench.run()
    bench.forge(lambda told: [one.update(standing="confirmatory") for one in told["hypotheses"]])


@attack("h2 is judged by another criterion than the one registered", seen="check fails")
def region_edited(bench: Bench) -> None:
    """The claimed region is widened in `evidence.json`."""
    bench.forge(lambda told: told["hypotheses"][1]["region"].update(low=0.4))


@attack("the mean of total_reward is said to be", seen="check fails")
def seed_edited(bench: Bench) -> None:
    """The number of a seed is edited."""

    def edit(told: dict[str, Any]) -> None:
        told["arms"][2]["seeds"]["total_reward"][0] += 100.0

    bench.forge(edit)


@attack("these results are not the ones in the committed evidence", seen="run fails")
def seeds_edited_and_all_recomputed(bench: Bench) -> None:
    """Seeds are edited and every statistic computed again: `check` finds nothing, a clone that runs does."""
    true = bench.results()
    place = ("strategies", "gambler")
    better = true[place].metrics | {"total_reward": true[place].metrics["total_reward"] + 50.0}
    # the digest of what it was is kept, so that the file looks like what anybody else would find
    forged = copy(true[place])
    object.__setattr__(forged, "metrics", better)
    bench.write_again(true | {place: forged})
    assert bench.failures() == []
    bench.commit()
    bench.become_clone()


@attack("the committed evidence has other statistics than these results give", seen="run fails")
def interval_narrowed(bench: Bench) -> None:
    """An interval is narrowed until it lies in the claimed region: `check` finds nothing, a clone that runs does."""

    def edit(told: dict[str, Any]) -> None:
        one = told["hypotheses"][1]
        estimate, low = one["test"]["estimate"], one["region"]["low"]
        side = 1e-6 if estimate > low else -1e-6
        one["test"]["interval"] = {"low": estimate - abs(side), "high": estimate + abs(side)}
        one["verdict"] = "supported" if estimate > low else "refuted"

    bench.forge(edit)
    bench.write_again()
    assert bench.failures() == []
    bench.commit()
    bench.become_clone()


@attack("is registered at", seen="check fails", start="declared")
def registered_elsewhere(bench: Bench) -> None:
    """A registration is given the commit of a time before the data, which declared another bound."""
    before = bench.head()
    bench.change(RQ01, BOUND)
    bench.commit()
    bench.run()
    bench.change(EVIDENCE, (bench.head(), before))


@attack("registrations that commits hold changed or gone", seen="check fails")
def registration_removed(bench: Bench) -> None:
    """The entry that stands in the way is taken out of `evidence.json`."""
    bench.forge(lambda told: told["registrations"].pop())


@attack("registrations that commits hold changed or gone", seen="check fails")
def registration_redated(bench: Bench) -> None:
    """An entry is given an earlier moment."""
    bench.forge(lambda told: told["registrations"][0].update(recorded="2001-01-01T00:00:00Z"))


@attack("registrations that commits hold changed or gone", seen="check fails", start="declared")
def registration_cleaned(bench: Bench) -> None:
    """A run from a changed tree is called clean, once it was committed."""
    bench.write("notes.txt", "not committed")
    bench.run()
    bench.commit()
    bench.forge(lambda told: [entry.update(clean=True) for entry in told["registrations"]])


@attack(DENIED, seen="check fails")
def registration_inserted(bench: Bench) -> None:
    """An entry for the moved bound is put before all others, with an earlier moment and the commit that holds it."""
    bench.change(RQ01, BOUND)
    bench.commit()
    bench.run()
    clone = bench.clone_of("other")
    clone.git("checkout", "--quiet", "--orphan", "fresh")
    clone.forget()
    clone.commit()
    alone = clone.clone_of("alone", "--single-branch", "--branch=fresh")
    alone.run()
    liked = json.loads(alone.evidence.read_text().replace(alone.head(), bench.head()))

    def edit(told: dict[str, Any]) -> None:
        for entry in liked["registrations"]:
            entry["recorded"] = "2001-01-01T00:00:00Z"
        told["registrations"] = liked["registrations"] + told["registrations"]
        told["hypotheses"] = liked["hypotheses"]

    bench.forge(edit)
    bench.write_again()


@attack("registrations that commits hold changed or gone", seen="check fails")
def evidence_of_another_project(bench: Bench) -> None:
    """The moved bound is run in a project made for it, and its evidence is copied into this one."""
    bench.change(RQ01, BOUND)
    bench.commit()
    other = bench.clone_of("other")
    shutil.rmtree(other.root / ".git")
    other.git("init", "--quiet", "--initial-branch=main")
    other.forget()
    other.commit()
    assert {one.standing for one in other.run().hypotheses} == {"confirmatory"}
    shutil.copytree(other.evidence.parent, bench.evidence.parent, dirs_exist_ok=True)


@attack("the files of that commit declare something else", seen="check fails", start="declared")
def record_cleaned(bench: Bench) -> None:
    """A record of this machine's ledger, made from a changed tree, is edited to say that it was clean."""
    bench.change(RQ01, BOUND)
    bench.train()

    def edit(record: dict[str, Any]) -> None:
        record["provenance"]["git"].update(state="clean", modified=[], patch=None)

    bench.forge_records(edit)
    assert {one.standing for one in bench.run().hypotheses} == {"confirmatory"}


@attack("the files of that commit declare something else", seen="check fails", start="declared")
def record_restated(bench: Bench) -> None:
    """The hypothesis in a record of this machine's ledger is edited to the moved bound, digests and all."""
    bench.train()
    bench.change(RQ01, BOUND)
    bench.commit()
    stand = {one.hypothesis: one.model_dump(mode="json") for one in bench.stands()}
    assert digest(stand["h2"]["decision"]) == stand["h2"]["decision_digest"]
    bench.forge_records(lambda record: record.update(standing=[stand[one["hypothesis"]] for one in record["standing"]]))
    assert {one.standing for one in bench.run().hypotheses} == {"confirmatory"}


@attack("had failed and were run again: which failures are kept is then a choice", start="declared")
def failures_run_again(bench: Bench) -> tuple[str, ...]:
    """Trials that failed are run again until they pass."""
    lucky(bench, patience=6)
    bench.run("rq07")
    bench.run("rq07", retry_failed=True)
    return ("rq07",)


@attack("its program takes no seed, so which replicates are kept is then a choice", start="declared")
def replicates_drawn_again(bench: Bench) -> tuple[str, ...]:
    """A program that takes no seed is run again, and its new results accepted."""
    lucky(bench, patience=0)
    bench.run("rq07")
    bench.commit()
    shutil.rmtree(bench.root / ".expkit")
    bench.run("rq07", accept=True)
    return ("rq07",)


@attack("the generated part was edited by hand", seen="check fails")
def outcome_edited(bench: Bench) -> None:
    """The page that people read is edited, and the evidence is left as it is."""
    bench.change("research_questions/rq01/outcome.md", ("confirmatory", "replicated"))


def lucky(bench: Bench, patience: int) -> None:
    """Give the project a program whose trials end well as often as it likes."""
    bench.write("programs/lucky.sh", PROGRAM)
    bench.write("experiments/lucky.yaml", EXPERIMENT)
    bench.write("research_questions/rq07/question.yaml", QUESTION)
    bench.write("patience", str(patience))
    bench.write(".gitignore", ".expkit/\nstarts-*\n")
    bench.commit()
