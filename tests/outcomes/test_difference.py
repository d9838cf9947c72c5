from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from expkit.outcomes.difference import Change, Contradiction, difference
from expkit.records.elsewhere import Elsewhere
from expkit.records.evidence import ArmEvidence, Evidence, Interval
from expkit.records.provenance import Image


def with_arm(evidence: Evidence, name: str, /, **changed: Any) -> Evidence:
    """The evidence with something else in one of its arms."""
    arms = [arm.model_copy(update=changed) if arm.name == name else arm for arm in evidence.arms]
    return evidence.model_copy(update={"arms": tuple(arms)})


def with_hypothesis(evidence: Evidence, id: str, /, **changed: Any) -> Evidence:
    """The evidence with something else in one of its hypotheses."""
    found = [one.model_copy(update=changed) if one.id == id else one for one in evidence.hypotheses]
    return evidence.model_copy(update={"hypotheses": tuple(found)})


def gambler(evidence: Evidence) -> ArmEvidence:
    """The arm that most of these tests change."""
    return evidence.arms[2]


def other(digest: str) -> str:
    """A digest that is not this one."""
    return digest[::-1]


def test_the_same_evidence_differs_in_nothing(evidence: Evidence) -> None:
    """What is equal is only counted."""
    found = difference(evidence, Evidence.model_validate_json(evidence.model_dump_json()))
    assert found.nothing
    assert (found.arms_same, found.hypotheses_same) == (3, 3)


def test_a_setting_that_changed_is_told_with_both_values(evidence: Evidence) -> None:
    """Also one that only one side has; the results belong to another arm, which contradicts nothing."""
    arm = gambler(evidence)
    parameters = {**arm.parameters, "agent.learning_rate": 0.2, "agent.optimism": 3}
    del parameters["agent.discount"]
    changed = {"parameters": parameters, "key": other(arm.key), "results_digest": other(arm.results_digest)}
    (one,) = difference(evidence, with_arm(evidence, "gambler", **changed)).arms
    assert set(one.settings) == {
        Change(name="agent.learning_rate", then=0.1, now=0.2),
        Change(name="agent.discount", then=0.95, now=None),
        Change(name="agent.optimism", then=None, now=3),
    }
    assert (one.agreement, one.contradiction, one.renamed) == ("other arm", None, False)


def test_an_arm_of_the_same_content_under_a_new_name_is_renamed(evidence: Evidence) -> None:
    """Its name is no part of what it is; so for another experiment's id."""
    found = difference(evidence, with_arm(evidence, "gambler", name="learner"))
    (one,) = found.arms
    assert (one.then.name, one.now.name, one.renamed, one.agreement) == ("gambler", "learner", True, "same")
    assert (found.arms_added, found.arms_removed, found.arms_same) == ((), (), 2)
    (moved,) = difference(evidence, with_arm(evidence, "gambler", experiment="plans")).arms
    assert moved.renamed


def test_a_name_that_stays_is_never_taken_for_a_new_one(evidence: Evidence, make: SimpleNamespace) -> None:
    """The gambler got another setting and a second arm has its old one: that arm is new, the gambler changed."""
    arm = gambler(evidence)
    twin = arm.model_copy(update={"name": "gambler[learning_rate=0.1]"})
    changed = with_arm(evidence, "gambler", key=other(arm.key), results_digest=other(arm.results_digest))
    found = difference(evidence, changed.model_copy(update={"arms": (twin, *changed.arms)}))
    assert [one.now.name for one in found.arms] == ["gambler"]
    assert found.arms_added == (twin,)


def test_arms_of_one_side_alone_are_added_or_removed(evidence: Evidence) -> None:
    """Nothing like them is on the other."""
    fewer = evidence.model_copy(update={"arms": evidence.arms[:2]})
    assert difference(evidence, fewer).arms_removed == (gambler(evidence),)
    assert difference(fewer, evidence).arms_added == (gambler(evidence),)


def test_more_seeds_of_the_same_arm_agree_where_both_have_them(evidence: Evidence) -> None:
    """The count went up under the same root; another root is another sample."""
    arm = gambler(evidence)
    total = (*arm.seeds["total_reward"], 26_000.0)
    changed = {"count": 201, "seeds": {"total_reward": total}, "results_digest": other(arm.results_digest)}
    (one,) = difference(evidence, with_arm(evidence, "gambler", **changed)).arms
    assert one.agreement == "other seeds"
    assert one.settings == (Change(name="seeds", then=200, now=201),)
    (rerooted,) = difference(evidence, with_arm(evidence, "gambler", **changed, root=7)).arms
    assert rerooted.agreement == "other arm"


@pytest.mark.parametrize("count", [200, 201])
def test_the_same_trials_with_other_results_contradict(evidence: Evidence, count: int) -> None:
    """Same arm, root and seed, and not the same number: one of the two was not reproduced."""
    arm = gambler(evidence)
    total = list(arm.seeds["total_reward"]) + [1.0] * (count - 200)
    total[17] = 1.5
    changed = {"count": count, "seeds": {"total_reward": tuple(total)}, "results_digest": other(arm.results_digest)}
    (one,) = difference(evidence, with_arm(evidence, "gambler", **changed)).arms
    assert one.agreement == "contradicting"
    assert one.contradiction == Contradiction(
        seed=17, metric="total_reward", then=arm.seeds["total_reward"][17], now=1.5
    )


def test_a_number_that_changed_beneath_the_same_digest_contradicts(evidence: Evidence) -> None:
    """A digest stands for its numbers: where one of the two changed alone, a hand changed it."""
    total = list(gambler(evidence).seeds["total_reward"])
    total[17] = 1.5
    (one,) = difference(evidence, with_arm(evidence, "gambler", seeds={"total_reward": tuple(total)})).arms
    assert one.agreement == "contradicting"
    assert one.contradiction is not None


def test_tables_that_differ_behind_equal_totals_contradict_too(evidence: Evidence) -> None:
    """The digest covers Q-tables, visits and curves; no seed can be named then."""
    digest = gambler(evidence).results_digest
    (one,) = difference(evidence, with_arm(evidence, "gambler", results_digest=other(digest))).arms
    assert (one.agreement, one.contradiction) == ("contradicting", None)


def test_a_failed_seed_that_finished_elsewhere_contradicts_nothing(evidence: Evidence) -> None:
    """A retry adds a result where there was none."""
    arm = gambler(evidence)
    total = (None, *arm.seeds["total_reward"][1:])
    changed = {"failed": (0,), "seeds": {"total_reward": total}, "results_digest": other(arm.results_digest)}
    (one,) = difference(with_arm(evidence, "gambler", **changed), evidence).arms
    assert one.agreement == "other seeds"
    assert one.settings == (Change(name="failed seeds", then="0", now=None),)


@pytest.mark.parametrize(
    ("changed", "name"), [({"environment_digest": "0" * 64}, "environment"), ({}, "engine")], ids=["table", "trainer"]
)
def test_another_key_under_the_same_settings_is_explained(
    evidence: Evidence, changed: dict[str, str], name: str
) -> None:
    """The environment's table or what trains is another one."""
    arm = gambler(evidence)
    (one,) = difference(evidence, with_arm(evidence, "gambler", key=other(arm.key), **changed)).arms
    assert [change.name for change in one.settings] == [name]


def test_summaries_are_held_against_each_other_by_metric(evidence: Evidence, make: SimpleNamespace) -> None:
    """Only metrics that are not the same; one that a side lacks is None there."""
    summaries = dict(gambler(evidence).summaries)
    lost, now = summaries.pop("optimal_policy"), {**summaries, "regret": summaries["total_reward"]}
    changed = with_arm(evidence, "gambler", summaries=now, results_digest="0" * 64)
    (one,) = difference(evidence, changed).arms
    assert one.metrics == ("optimal_policy", "regret")
    assert one.summaries("optimal_policy") == (lost, None)


@pytest.mark.parametrize(
    ("changed", "facets"),
    [
        ({"verdict": "inconclusive"}, ("verdict",)),
        ({"region": Interval(low=1.5, high=None), "decision_digest": "0" * 64}, ("claim", "decision")),
        ({"decision_digest": "0" * 64}, ("decision",)),
        ({"test": None, "verdict": "invalid", "reason": "a seed failed"}, ("verdict", "test", "reason")),
        ({"standing": "exploratory", "grade": None}, ("standing",)),
        ({"grade": "replicated"}, ("standing",)),
        ({"wording_digest": "0" * 64}, ("wording",)),
    ],
)
def test_a_hypothesis_says_in_what_it_differs(
    evidence: Evidence, changed: dict[str, Any], facets: tuple[str, ...]
) -> None:
    """Verdict, claim, what stands behind it, estimate, standing, words: each apart."""
    found = difference(evidence, with_hypothesis(evidence, "h2", **changed))
    (one,) = found.hypotheses
    assert one.now.id == "h2"
    assert one.facets == facets
    assert found.hypotheses_same == 2


def test_a_hypothesis_under_another_id_is_the_same_one_by_its_decision(evidence: Evidence) -> None:
    """An id is in no digest."""
    found = difference(evidence, with_hypothesis(evidence, "h2", id="h9"))
    (one,) = found.hypotheses
    assert (one.then.id, one.now.id, one.facets) == ("h2", "h9", ())
    assert (found.hypotheses_added, found.hypotheses_removed) == ((), ())


def test_hypotheses_of_one_side_alone_are_added_or_removed(evidence: Evidence) -> None:
    """No longer asked, or not asked then."""
    fewer = evidence.model_copy(update={"hypotheses": evidence.hypotheses[1:]})
    assert [one.id for one in difference(evidence, fewer).hypotheses_removed] == ["h1"]
    assert [one.id for one in difference(fewer, evidence).hypotheses_added] == ["h1"]


def test_the_family_and_the_registrations_are_compared(evidence: Evidence, make: SimpleNamespace) -> None:
    """What all hypotheses share, and what was recorded when."""
    more = make.registration("h1", "Anew.", make.arms(), commit=None, clean=False)
    now = evidence.model_copy(
        update={"alpha": 0.01, "registrations": (*evidence.registrations[1:], more), "experiments": {"strategies": "T"}}
    )
    found = difference(evidence, now)
    assert [change.name for change in found.family] == ["alpha", "title of strategies"]
    assert found.registrations_added == (more,)
    assert found.registrations_removed == evidence.registrations[:1]


def test_the_origin_names_what_is_not_the_same_of_image_machine_and_packages(evidence: Evidence) -> None:
    """One line a thing; a package that one side lacks is none there. The same numbers may come from elsewhere."""
    run = evidence.provenance
    image = Image(reference="e:1", id="sha256:1", digest="e@sha256:2", platform="linux/amd64", store="classic")
    packages = {**run.packages, "numpy": "2.4.0"}
    del packages["scipy"]
    changed = {"image": image, "packages": packages, "branch": None, "executor": "docker"}
    found = difference(evidence, evidence.model_copy(update={"provenance": run.model_copy(update=changed)}))
    assert {change.name: (change.then, change.now) for change in found.origin} == {
        "branch": ("main", None),
        "executor": ("local", "docker"),
        "image": (None, "e:1"),
        "image id": (None, "sha256:1"),
        "image digest": (None, "e@sha256:2"),
        "image platform": (None, "linux/amd64"),
        "package numpy": ("2.3.5", "2.4.0"),
        "package scipy": ("1.17.0", None),
    }
    assert not found.nothing
    assert (found.arms_same, found.hypotheses_same) == (3, 3)


def test_another_environment_under_the_same_name_contradicts_nothing(evidence: Evidence) -> None:
    """What tables are worth in it is another number; which environment it is stands among the settings."""
    arm, digest = gambler(evidence), gambler(evidence).results_digest
    place = Elsewhere(
        environment_digest="0" * 64, unseen=None, parameters={"slip": 0.3}, optimal_gain=2.0, random_gain=1.0
    )
    wilder = place.model_copy(update={"environment_digest": "1" * 64, "parameters": {"slip": 0.4}})

    def measured(there: Elsewhere, score: float, **changed: object) -> Evidence:
        seeds = arm.seeds | {"normalized_score/windy": (score,) * 200}
        return with_arm(evidence, "gambler", evaluated_on={"windy": there}, seeds=seeds, **changed)

    (one,) = difference(measured(place, 0.5), measured(wilder, 0.4, failed=(3,), results_digest=other(digest))).arms
    assert (one.agreement, one.contradiction) == ("other seeds", None)
    assert one.settings[0] == Change(name="evaluate_on.windy.slip", then=0.3, now=0.4)
    (same,) = difference(measured(place, 0.5), measured(wilder, 0.4)).arms
    assert same.agreement == "same"
