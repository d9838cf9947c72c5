"""Whatever is written by `new` is read without a mistake, and says what was meant."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expkit.errors import InvalidUsage
from expkit.project.read import parse_declarations
from expkit.project.scaffold.choices import Choices, choices
from expkit.project.scaffold.experiment import AGENTS, NewExperiment, experiment_text
from expkit.project.scaffold.hypothesis import Claimed, NewHypothesis
from expkit.project.scaffold.question import question_text
from expkit.project.scaffold.text import said
from expkit.specs.experiment import Experiment

TABLE = b"""\
state,action,probability,next_state,reward,terminal
0,0,1,1,0,false
0,1,1,0,1,false
1,0,1,,5,true
1,1,1,0,0,false
"""
ENVIRONMENTS = [
    ("dungeon", None),
    ("environments/two.csv", None),
    ("environments/two.csv", 0.9),
    ("FrozenLake-v1", 0.95),
]
PROSE = st.text(max_size=60).filter(lambda text: " ".join(text.split()) != "")


def experiment_of(environment: str, discount: float | None, agents: tuple[str, ...]) -> tuple[str, Experiment]:
    """An experiment as it is written, and as it is read."""
    new = NewExperiment(
        id="e", environment=environment, discount=discount, agents=agents, steps=40, seeds=50, title="An: experiment #1"
    )
    text = experiment_text(new, schema=True)
    read = parse_declarations({"experiments/e.yaml": text.encode(), "environments/two.csv": TABLE}).experiments["e"]
    assert (read.title, read.seeds.count, *read.arms) == ("An: experiment #1", 50, *agents)
    return text, read


@pytest.mark.parametrize(("environment", "discount"), ENVIRONMENTS)
def test_every_kind_of_criterion_on_every_metric_is_in_order(environment: str, discount: float | None) -> None:
    """Of every built-in agent, in every kind of environment: what is offered can be decided."""
    text, experiment = experiment_of(environment, discount, tuple(AGENTS))
    known = choices(experiment)
    assert ("greedy_return" in known.metrics) == (discount is not None)
    claims = [
        NewHypothesis(
            id=f"h{number}",
            experiment="e",
            metric=metric,
            kind=kind,
            arms=known.arms[:1] if kind == "value" else known.arms[-2:],
            claimed=Claimed(word="within", bounds=(0, 0.5)) if number % 2 else Claimed(word="at_least", bounds=(1,)),
        )
        for number, (metric, kind) in enumerate(
            (metric, kind)
            for metric in known.metrics.values()
            for kind in ("difference", "ratio", "value")
            if not (metric.binary and kind == "ratio")
        )
    ]
    asked = question_text(question="q", title=None, asked="Is it?", scope=None, hypotheses=claims, schema=True)
    declared = {"experiments/e.yaml": text.encode(), "environments/two.csv": TABLE}
    read = parse_declarations(declared | {"research_questions/q/question.yaml": asked.encode()}).questions["q"]
    assert [one.criterion.kind for one in read.hypotheses] == [one.kind for one in claims]
    assert [one.statement for one in read.hypotheses] == [one.sentence for one in claims]


@pytest.fixture(scope="module")
def dungeon() -> tuple[str, Choices]:
    """An experiment in the dungeon, and what can be said of it."""
    text, experiment = experiment_of("dungeon", None, ("drunkard", "gambler"))
    return text, choices(experiment)


@given(
    words=st.tuples(PROSE, PROSE, PROSE, PROSE),
    bounds=st.tuples(*[st.floats(-1e12, 1e12)] * 2).filter(lambda two: two[0] < two[1]),
    expected=st.floats(-1e9, 1e9),
)
def test_whatever_is_typed_is_read_back(
    dungeon: tuple[str, Choices],
    words: tuple[str, str, str, str],
    bounds: tuple[float, float],
    expected: float,
) -> None:
    """Colons, quotes, hashes, emoji, numbers of any size; what YAML cannot hold is refused before it is written."""
    text, known = dungeon
    title, asked, scope, statement = words

    def written() -> str:
        claim = NewHypothesis(
            id="h1",
            experiment="e",
            metric=known.metrics["regret"],
            kind="difference",
            arms=known.arms,
            claimed=Claimed(word="within", bounds=bounds),
            statement=statement,
            expected=expected,
        )
        return question_text(question="q", title=title, asked=asked, scope=scope, hypotheses=[claim], schema=False)

    if any(not one.isprintable() and not one.isspace() for one in "".join(words)) and _refused(written):
        return
    files = {"experiments/e.yaml": text.encode(), "research_questions/q/question.yaml": written().encode()}
    read = parse_declarations(files).questions["q"]
    [hypothesis] = read.hypotheses
    assert [read.title, read.question, read.scope, hypothesis.statement] == [" ".join(one.split()) for one in words]
    assert (hypothesis.criterion.within, hypothesis.criterion.expected) == (bounds, expected)


def _refused(written: Callable[[], str]) -> bool:
    try:
        written()
    except InvalidUsage as refused:
        return "cannot be written as YAML" in refused.what
    return False


def test_prose_stands_without_quotes_where_it_can() -> None:
    """People go on writing in these files."""
    plain, quoted = "Is it so, or is it not?", "Is it: #1?"
    assert said(plain) == plain
    assert said(quoted) == f'"{quoted}"'


def test_no_two_experiments_have_one_root() -> None:
    """It is drawn from random bits, not by a rule that two projects share."""
    roots = {experiment_of("dungeon", None, ("gambler",))[1].seeds.root for _ in range(5)}
    assert len(roots) == 5


@pytest.mark.parametrize(
    ("agents", "said"), [(("gamblr",), "did you mean 'gambler'"), (("gambler", "gambler"), "name each once")]
)
def test_agents_that_cannot_be_meant_are_refused(agents: tuple[str, ...], said: str) -> None:
    """With what is valid."""
    new = NewExperiment(id="e", environment="dungeon", agents=agents, steps=40, seeds=5)
    with pytest.raises(InvalidUsage) as refused:
        experiment_text(new, schema=False)
    assert said in str(refused.value)
