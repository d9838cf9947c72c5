"""The head of an outcome: what was asked, what was found, how sure that is, and one table row per hypothesis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from expkit.outcomes import numbers, sentences, wording
from expkit.outcomes.markdown.text import bullets, code, plain, table
from expkit.outcomes.replication import is_current
from expkit.records.evidence import ArmEvidence, Evidence, HypothesisEvidence
from expkit.specs.question import ResearchQuestion

_GRADE_MEANS = {
    "self-registered": "the claims stood in this repository before their data existed; nobody outside vouches for it",
    "pushed before the run": "the claims were on a remote before their data existed",
    "replicated": "a root drawn from a commit that held the claims, and that was pushed, gave the same verdict",
}


def head(question: ResearchQuestion, evidence: Evidence) -> str:
    """Title, question, one bold sentence per finding, and the count."""
    findings = bullets(
        f"**{plain(sentences.finding(evidence, hypothesis))}** ({plain(hypothesis.id)})"
        for hypothesis in evidence.hypotheses
    )
    title = f"# {plain(question.id)}: {plain(question.title)}"
    return "\n\n".join([title, f"> {plain(question.question)}", *_unwitnessed(evidence), findings, count(evidence)])


def _unwitnessed(evidence: Evidence) -> list[str]:
    """What is to be known before anything else, where results existed before."""
    arms = wording.unwitnessed(evidence)
    if not arms:
        return []
    files = ", ".join(code(str(file)) for file in dict.fromkeys(arm.parameters["trainer.file"] for arm in arms))
    sources = dict.fromkeys(arm.parameters.get("trainer.source") for arm in arms)
    told = "; ".join(plain(str(source)) for source in sources if source)
    ignored = dict.fromkeys(arm.parameters.get("trainer.ignored") for arm in arms)
    left_out = "; ".join(plain(str(names)) for names in ignored if names)
    whose = "These results" if len(arms) == len(evidence.arms) else f"The results of {_names(arms)}"
    return [
        f"**Unwitnessed.** {whose} existed before: expkit did not see them being made, and a verdict on them is only "
        f"as good as {files}.{f' Source: {told}.' if told else ''}"
        f"{f' Left out on purpose: {left_out}.' if left_out else ''}"
    ]


def _names(arms: Sequence[ArmEvidence]) -> str:
    return ", ".join(code(arm.name) for arm in arms)


def count(evidence: Evidence) -> str:
    """How many verdicts of each kind, whether they are confirmatory, and the seeds behind them."""
    verdicts = Counter(hypothesis.verdict for hypothesis in evidence.hypotheses)
    shown = [name for name in wording.VERDICTS if verdicts[name] or name != "withdrawn"]
    tally = ", ".join(f"{verdicts[name]} {name}" for name in shown)
    return " ".join([f"{tally}.", _standing(evidence.hypotheses), _seeds(evidence), *_replications(evidence)])


def hypotheses(question: ResearchQuestion, evidence: Evidence) -> str:
    """The table of claims, criteria, estimates and verdicts, and the figure that shows them."""
    statements = {hypothesis.id: hypothesis.statement for hypothesis in question.hypotheses}
    rows = [
        [
            plain(hypothesis.id),
            plain(statements.get(hypothesis.id, "no longer declared")),
            criterion(question, evidence, hypothesis),
            estimate(hypothesis),
            verdict(hypothesis),
        ]
        for hypothesis in evidence.hypotheses
    ]
    return "\n\n".join(
        [
            "## Hypotheses",
            table(["", "claim", "criterion", "estimate, deciding interval", "verdict"], rows),
            "![Each hypothesis: estimate and deciding interval against the region it claims](figures/intervals.svg)",
        ]
    )


def criterion(question: ResearchQuestion, evidence: Evidence, hypothesis: HypothesisEvidence) -> str:
    """What decides, in words: `gambler / accountant, interquartile mean of total reward: 1.8 or more`."""
    declared = next((one.criterion for one in question.hypotheses if one.id == hypothesis.id), None)
    estimand = hypothesis.test.estimand if hypothesis.test else declared.estimand if declared else "iqm"
    metric = wording.metric_in(evidence, hypothesis.experiment, hypothesis.metric)
    if not wording.is_binary(evidence, hypothesis.experiment, hypothesis.metric):
        metric = f"{wording.estimand_phrase(estimand, binary=False)} of {metric}"
    where = f" in {plain(hypothesis.experiment)}" if len(evidence.experiments) > 1 else ""
    sign = f" {'/' if hypothesis.kind == 'ratio' else numbers.MINUS} "
    arms = sign.join(code(name) for name in (hypothesis.treatment, hypothesis.control) if name is not None)
    return f"{arms}{where}, {plain(metric)}: {numbers.region(hypothesis.region)}"


def estimate(hypothesis: HypothesisEvidence) -> str:
    """The estimate with its deciding interval, a dash where nothing was decided."""
    return sentences.estimate_with_interval(hypothesis, hypothesis.test) if hypothesis.test else "–"  # noqa: RUF001


def verdict(hypothesis: HypothesisEvidence) -> str:
    """A verdict as its sign and word; an exploratory one says so."""
    word = f"{wording.SYMBOLS[hypothesis.verdict]}\u00a0{hypothesis.verdict}"
    return word if hypothesis.standing == "confirmatory" else f"{word}, exploratory"


def _standing(hypotheses: Sequence[HypothesisEvidence]) -> str:
    grades = Counter(one.grade or "self-registered" for one in hypotheses if one.standing == "confirmatory")
    exploratory = sum(one.standing == "exploratory" for one in hypotheses)
    if not grades:
        return "All exploratory: these are leads, not tests." if exploratory > 1 else "Exploratory: a lead, not a test."
    if len(grades) == 1 and not exploratory:
        (grade,) = grades
        return f"{'All confirmatory' if len(hypotheses) > 1 else 'Confirmatory'}, {grade}: {_GRADE_MEANS[grade]}."
    counts = [f"{count} {grade}" for grade, count in grades.items()]
    meanings = [f"{grade}: {_GRADE_MEANS[grade]}" for grade in grades]
    rest = f", {exploratory} exploratory (leads, not tests)" if exploratory else ""
    return f"{grades.total()} confirmatory ({', '.join(counts)}){rest}; {'; '.join(meanings)}."


def _replications(evidence: Evidence) -> list[str]:
    """How often the verdicts, as they stand, were found on other roots."""
    current = [one for one in evidence.replications if is_current(evidence, one)]
    if not current:
        return []
    return [f"{numbers.counted(len(current), 'replication')}: {sentences.agreement_count(*current)}."]


def _seeds(evidence: Evidence) -> str:
    spoken_of = wording.arms_spoken_of(evidence)
    finished = [wording.finished(arm) for arm in evidence.arms if (arm.experiment, arm.name) in spoken_of]
    if not finished:
        return "No seeds."
    low, high = min(finished), max(finished)
    return f"{numbers.counted(low, 'seed')} an arm." if low == high else f"{low:,} to {high:,} seeds an arm."
