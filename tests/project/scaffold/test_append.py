"""A hypothesis more, and no other byte touched; or a refusal that says what to write by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from expkit.errors import InvalidUsage
from expkit.project.scaffold.append import with_hypothesis
from expkit.project.scaffold.hypothesis import Claimed, NewHypothesis
from expkit.project.scaffold.like import text_like
from expkit.project.yaml import read_yaml
from expkit.specs.metric import TABULAR_METRICS

ROOT = Path(__file__).parents[3]
NEW = NewHypothesis(
    id="h9",
    experiment="e",
    metric=TABULAR_METRICS["regret"],
    kind="value",
    arms=("gambler[learning_rate=0.1]",),
    claimed=Claimed(word="at_most", bounds=(1e-5,)),
    statement='It is "good": # yes',
)
ONE = "{id: h1, statement: s, experiment: e, criterion: {kind: value, metric: regret, arm: a, at_most: 1}}"
FORMS = {
    "indented": f"id: q\nhypotheses:\n  - {ONE}\n",
    "not indented": f"id: q\nhypotheses:\n- {ONE}\nscope: s\n",
    "no line end at the end": f"id: q\nhypotheses:\n  - {ONE}",
    "Windows' line ends": f"id: q\r\nhypotheses:\r\n  - {ONE}\r\nscope: s\r\n",
    "a comment that leads on": f"id: q\nhypotheses:\n  - {ONE}\n    # of h1\n\n# of the scope\nscope: s\n",
    "a block of text at the end": "hypotheses:\n  - id: h1\n    statement: |\n      a\n\n      # text\n\nscope: s\n",
    "text over two lines": "hypotheses:\n  - id: h1\n    statement: 'a\n\n# no comment\n      b'\n",
    "a byte order mark": f"\ufeffid: q\nhypotheses:\n  - {ONE}\n",
    "wide characters": f"id: q\ntitle: \U0001f600é\nhypotheses:\n    -   {ONE}\n# end\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_lines_are_put_in_and_every_other_byte_stays(form: str) -> None:
    """Whatever else a file says it says before and after, in the same bytes."""
    before = FORMS[form].encode()
    after = with_hypothesis("q.yaml", before, NEW)
    ending = b"\r\n" if b"\r\n" in before else b"\n"
    added = ending.join([b"", *(line.encode() for line in NEW.lines(_dash(FORMS[form]))), b""])
    assert added in after
    assert after.replace(added, b"", 1) in (before, before + ending)
    old, new = (read_yaml("q.yaml", content).value for content in (before, after))
    assert new["hypotheses"][:-1] == old["hypotheses"]
    last = new["hypotheses"][-1]
    assert (last["statement"], last["criterion"]["arm"]) == (NEW.statement, "gambler[learning_rate=0.1]")
    assert last["criterion"]["at_most"] == 1e-5


def test_comments_stay_with_what_they_lead_on_to() -> None:
    """What is indented like a hypothesis's own lines is its own; what stands before the next key is that one's."""
    after = with_hypothesis("q.yaml", FORMS["a comment that leads on"].encode(), NEW).decode()
    assert after.index("# of h1") < after.index("id: h9") < after.index("# of the scope\nscope: s")


def _dash(text: str) -> int:
    [line] = [line for line in text.splitlines() if line.lstrip().startswith("- ")]
    return len(line) - len(line.lstrip())


@pytest.mark.parametrize("question", sorted((ROOT / "research_questions").glob("*/question.yaml")), ids=str)
def test_the_shipped_questions_can_be_extended(question: Path) -> None:
    """Real files, with the comments of their authors."""
    before = question.read_bytes()
    added = "\n".join(["", *NEW.lines(2), ""]).encode()
    assert with_hypothesis("q.yaml", before, NEW).replace(added, b"", 1) == before


@pytest.mark.parametrize(
    "text",
    [
        f"id: q\nhypotheses: [{ONE}]\n",
        f"id: q\nhypotheses:\n  [{ONE}]\n",
        f"{{id: q, hypotheses: [{ONE}]}}\n",
        f"id: q\nhypotheses:\n  - {ONE}\n...\n",
        "hypotheses:\n  - id: h1\n    statement: |+\n      a\n\n\nscope: s\n",
    ],
)
def test_a_form_that_lines_cannot_be_put_into_is_refused_with_the_lines(text: str) -> None:
    """Nothing is guessed: what to write by hand is in the message."""
    with pytest.raises(InvalidUsage) as refused:
        with_hypothesis("research_questions/q/question.yaml", text.encode(), NEW)
    assert "research_questions/q/question.yaml:" in str(refused.value)
    assert "\n    - id: h9\n      statement:" in str(
        refused.value
    )  # two blanks, as block style has, behind those of a mend


@pytest.mark.parametrize("experiment", sorted((ROOT / "experiments").glob("*.yaml")), ids=str)
def test_an_experiment_is_copied_with_its_comments_on_fresh_seeds(experiment: Path) -> None:
    """Two values differ, and nothing else."""
    before = experiment.read_bytes()
    after = text_like("e.yaml", before, "another")
    old, new = (read_yaml("e.yaml", content).value for content in (before, after.encode()))
    assert new["id"] == "another"
    assert new["seeds"]["root"] != old["seeds"]["root"]
    assert {**new, "id": old["id"], "seeds": old["seeds"]} == old
    assert (
        len([1 for one, two in zip(before.decode().splitlines(), after.splitlines(), strict=True) if one != two]) == 2
    )


def test_recorded_results_cannot_have_fresh_seeds() -> None:
    """They have no root: they existed before."""
    with pytest.raises(InvalidUsage, match="cannot have fresh seeds"):
        text_like("e.yaml", b"id: e\ntrainer: {kind: recorded}\n", "f")
