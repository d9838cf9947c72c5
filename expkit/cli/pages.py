"""Pages: a question, an experiment, an arm and an attempt as a person reads them on a terminal."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import groupby

from pydantic import JsonValue
from rich.markup import escape
from rich.table import Table

from expkit.cli.console import results, styled_verdict, table
from expkit.cli.programs import arm_lines, parameters_text, program_lines
from expkit.cli.verdicts import standing
from expkit.outcomes import numbers
from expkit.outcomes.freshness import parameters
from expkit.outcomes.sentences import finding
from expkit.outcomes.wording import setting_text
from expkit.plan import PlannedArm
from expkit.records.attempt import Attempt
from expkit.records.evidence import Evidence, Interval
from expkit.records.provenance import Image
from expkit.specs.criterion import Difference, Ratio, Value, metric_of
from expkit.specs.experiment import Experiment, ProgramArm
from expkit.specs.program import Command, Recorded
from expkit.specs.question import Hypothesis, ResearchQuestion

_FAILED_SEED = {"invalid": "makes its hypotheses invalid", "worst": "counts as the worst of its arm's seeds"}


def print_question(question: ResearchQuestion, evidence: Evidence | None) -> None:
    """What is asked, then each hypothesis with its reason, its claim and what was found."""
    _heading(question.id, question.title)
    page = _page()
    _say(page, "question", question.question)
    _say(page, "scope", question.scope)
    _say(page, "motivation", question.motivation)
    for prior in question.prior_evidence:
        _say(page, "said before", f"{prior.claim.strip()} ({prior.source.strip()})")
    _say(page, "experiments", ", ".join(question.experiments))
    _say(page, "family", f"alpha {setting_text(question.family.alpha)}, {question.family.correction.capitalize()}")
    judged = {one.id: one for one in evidence.hypotheses} if evidence else {}
    for hypothesis in question.hypotheses:
        page.add_row("", "")
        page.add_row(f"[bold]{hypothesis.id}[/]", f"[bold]{_prose(hypothesis.statement)}[/]")
        _say(page, "because", hypothesis.rationale)
        _say(page, "claims", _claim(hypothesis))
        _say(page, "withdrawn", hypothesis.withdrawn)
        if evidence and (one := judged.get(hypothesis.id)):
            page.add_row(styled_verdict(one.verdict), f"{escape(finding(evidence, one))} [dim]({standing(one)})[/]")
        else:
            page.add_row("[dim]found[/]", f"[dim]not run yet: expkit run {question.id}[/]")
    results().print(page)


def print_experiment(experiment: Experiment, planned: Sequence[PlannedArm], serves: Sequence[str]) -> None:
    """What all arms share, then each arm with its own settings."""
    _heading(experiment.id, experiment.title)
    page = _page()
    _say(page, "scope", experiment.scope)
    shared = experiment.model_dump(mode="json", include={"environment", "trainer"}, exclude_none=True)
    if isinstance(experiment.trainer, Command):
        for label, text in program_lines(experiment.trainer, experiment.image).items():
            _say(page, label, text)
        shared = {}
    for part, settings in shared.items():
        kind = settings.pop("kind")
        _say(page, part, f"{kind}: {_listed(settings)}" if settings else kind)
    _say(page, "measures", ", ".join(experiment.outputs))
    seeds = experiment.seeds
    if isinstance(experiment.trainer, Recorded):
        _say(page, "seeds", f"as many as the file has of an arm, {seeds.streams} streams; unwitnessed")
    else:
        _say(page, "seeds", f"{seeds.count:,} of root {seeds.root}, {seeds.streams} streams")
    _say(page, "failed seed", _FAILED_SEED[experiment.failed_seed])
    _say(page, "serves", ", ".join(serves) or "no question yet")
    results().print(page)
    results().print()
    arms = table("arm", "key", ">recorded", "settings")
    for arm in planned:
        recorded = f"{len(arm.seeds) - len(arm.missing):,} of {len(arm.seeds):,}"
        arms.add_row(f"[bold]{escape(arm.name)}[/]", arm.key[:12], recorded, escape(_own_settings(experiment, arm)))
    results().print(arms)


def print_arm(arm: PlannedArm, attempts: Sequence[Attempt]) -> None:
    """What identifies an arm, what is recorded of it, and the attempts that did so."""
    _heading(f"{arm.experiment}/{arm.name}", f"key {arm.key[:12]}")
    page = _page()
    flat = {} if isinstance(arm.arm, ProgramArm) else parameters(arm.arm)
    for label, text in (arm_lines(arm.arm) if isinstance(arm.arm, ProgramArm) else {}).items():
        _say(page, label, text)
    for part, paths in groupby(flat, key=lambda path: path.partition(".")[0]):
        _say(page, part, _listed({path.partition(".")[2]: flat[path] for path in paths}))
    _say(page, "arm key", arm.key)
    _say(page, "environment digest", arm.environment_digest)
    _say(page, "seeds", f"{len(arm.seeds):,} of root {arm.root}, {arm.streams} streams")
    _say(page, "recorded", f"{len(arm.seeds) - len(arm.missing):,}")
    for attempt in attempts:
        image = attempt.provenance.image
        place = f", in image {image.reference or image.id}" if image.reference or image.id else ""
        _say(page, "attempt", f"{attempt.id}, {attempt.status}, {_seeds(attempt)}{place}")
    results().print(page)


def print_attempts(attempts: Sequence[Attempt]) -> None:
    """What was run when, by which code, where, and what it yielded."""
    for index, attempt in enumerate(attempts):
        if index:
            results().print()
        _heading(attempt.id, f"arm {attempt.work.arm.name}, {attempt.status}")
        results().print(_attempt(attempt))


def _attempt(attempt: Attempt) -> Table:
    page, work, provenance = _page(), attempt.work, attempt.provenance
    _say(page, "arm key", work.arm_key)
    _say(page, "seeds", f"{_seeds(attempt)} of root {work.root}, {work.streams} streams")
    _say(page, "ran", f"{attempt.started} to {attempt.ended}, {provenance.executor}")
    _say(page, "command", " ".join(provenance.command))
    git = provenance.git
    commit = f"{git.commit} on {git.branch or 'no branch'}, " if git.commit else ""
    _say(page, "git", commit + git.state.replace("_", " "))
    for label, text in _image_lines(provenance.image, git.commit).items():
        _say(page, label, text)
    _say(page, "packages", f"{len(provenance.packages)} recorded")
    _say(page, "files", ", ".join(attempt.files))
    _say(page, "error", attempt.error)
    if attempt.result:
        _say(page, "steps", f"{attempt.result.steps:,}")
        if attempt.result.failed_starts:
            _say(page, "started again", f"after {numbers.counted(attempt.result.failed_starts, 'failed start')}")
        for name, values in attempt.result.metrics.items():
            _say(page, name, _range([value for value in values if value is not None]))
        for trial in attempt.result.failed:
            _say(page, "failed", f"seed {trial.seed}: {trial.why}")
    for one in attempt.standing:
        _say(page, "stood", f"{one.question} {one.hypothesis}, decision {one.decision_digest[:12]}")
    return page


def _image_lines(image: Image, commit: str | None) -> dict[str, str]:
    """An image in labelled lines, nothing on a bare host. `commit` is that of the run: another one is pointed out."""
    if image == Image():
        return {}
    other = f", which is not the run's commit {commit[:12]}" if commit and image.revision != commit else ""
    return {
        "image": " for ".join(part for part in (image.reference or "without a name", image.platform) if part),
        "image id": f"{image.id or 'not known'}{f' ({image.store} store)' if image.store else ''}",
        "image digest": image.digest or "never pushed",
        **({"image built from": f"{image.revision}{other}"} if image.revision else {}),
    }


def _heading(name: str, title: str) -> None:
    results().print(f"[bold]{escape(name)}[/] · {escape(title)}")


def _page() -> Table:
    return table("", "", header=False)


def _say(page: Table, label: str, text: str | None) -> None:
    if text:
        page.add_row(f"[dim]{escape(label)}[/]", _prose(text))


def _prose(text: str) -> str:
    """A declared text as one paragraph: its line breaks are its file's, not the terminal's."""
    return escape(" ".join(text.split()))


def _claim(hypothesis: Hypothesis) -> str:
    criterion = hypothesis.criterion
    region = numbers.region(_region(criterion))
    match criterion:
        case Value():
            measured = criterion.arm
        case Difference():
            measured = f"{criterion.treatment} {numbers.MINUS} {criterion.control}"
        case Ratio():
            measured = f"{criterion.treatment} / {criterion.control}"
    return f"{criterion.estimand} of {metric_of(criterion)}, {measured}: {region}"


def _region(criterion: Difference | Ratio | Value) -> Interval:
    low, high = criterion.within or (criterion.at_least, criterion.at_most)
    return Interval(low=low, high=high)


def _own_settings(experiment: Experiment, arm: PlannedArm) -> str:
    """An agent's settings, with those of environment and trainer that are not the experiment's; or parameters."""
    if isinstance(arm.arm, ProgramArm):
        return parameters_text(arm.arm.parameters)
    flat = parameters(arm.arm)
    shared = experiment.model_dump(mode="json", include={"environment", "trainer"})
    others = {
        path: value
        for path, value in flat.items()
        if (place := path.split("."))[0] in shared
        and place[1] != "digest"  # of a table, beside the file that it is in
        and shared[place[0]].get(place[1]) != value
    }
    agent = {path.partition(".")[2]: value for path, value in flat.items() if path.startswith("agent.")}
    kind = str(agent.pop("kind", experiment.trainer.kind))
    settings = _listed(agent | others)
    return f"{kind}: {settings}" if settings else kind


def _listed(settings: Mapping[str, JsonValue]) -> str:
    """Settings in a line; a list or a mapping stands as it is declared."""
    return ", ".join(
        f"{name} {setting_text(value) if isinstance(value, str | int | float) else json.dumps(value)}"
        for name, value in settings.items()
    )


def _seeds(attempt: Attempt) -> str:
    seeds = attempt.work.seeds
    return (
        f"{numbers.counted(len(seeds), 'seed')} from {seeds[0]} to {seeds[-1]}"
        if len(seeds) > 1
        else f"seed {seeds[0]}"
    )


def _range(values: Sequence[float]) -> str:
    if not values:
        return "no value"
    return f"{numbers.significant(min(values), 6)} to {numbers.significant(max(values), 6)}"
