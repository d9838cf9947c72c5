from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expkit.errors import InvalidDeclaration, InvalidUsage
from expkit.project.read import declared_files, parse_declarations, read_project
from expkit.project.yaml import read_yaml
from tests.project.edits import SOUND, E, Q, edited, report

CASES = Path(__file__).parent / "cases"


def test_a_sound_project_is_read_whole() -> None:
    """Ids, specs and the project's name, which is its folder's where no pyproject.toml names it."""
    project = read_project(SOUND)
    assert (project.root, project.id) == (SOUND, "sound")
    assert list(project.questions) == ["rq01"]
    assert list(project.experiments) == ["strategies"]
    assert project.questions["rq01"].hypotheses[1].criterion.within == (0.5, 1.0)
    assert project.experiments["strategies"].arms["accountant"].environment == {"slip": 0.2}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("slip: 0.1", "slip: 1.5", "3:36: slip: 1.5 is out of range; valid is a number from 0 to 1"),
        ("slip: 0.1", "slip: ten", "3:36: slip: expected a number from 0 to 1, found the text 'ten'"),
        ("slip: 0.1", "slip: no", "3:36: slip: expected a number from 0 to 1, found the text 'no'"),
        ("slip: 0.1", "slip: true", "3:36: slip: expected a number from 0 to 1, found true"),
        ("slip: 0.1", "slip: ~", "3:36: slip: expected a number from 0 to 1, found nothing"),
        ("slip: 0.1", "slip: [1]", "3:36: slip: expected a number from 0 to 1, found a list"),
        ("slip: 0.1", "slip: .nan", "3:36: .nan is not a finite number; write a finite number"),
        (
            "slip: 0.1",
            "slipp: 0.1",
            "3:30: unknown key 'slipp' in environment; did you mean 'slip'? valid are kind, len",
        ),
        ("slip: 0.1", "<<: {}", "3:30: << is a merge key"),
        ("steps: 10000", "steps: 1e4", "4:33: steps: expected a whole number from 40 to 1000000000000, found the nu"),
        ("steps: 10000", "steps: 39", "4:33: steps: 39 is out of range; valid is a whole number from 40 to 1000"),
        (
            "kind: tabular",
            "kind: deep",
            "4:17: there is no trainer of the kind 'deep'; valid are command, recorded, tabular",
        ),
        (
            ", steps: 10000",
            "",
            "4:10: trainer lacks the key 'steps'; add steps: a whole number from 40 to 1000000000000",
        ),
        ("kind: gambler,", "kind: gamblr,", "8:27: there is no agent of the kind 'gamblr'; did you mean 'gambler'? va"),
        ("kind: gambler, ", "", "8:20: agent lacks the key 'kind'; valid are accountant, certainty_equ"),
        ("{kind: gambler, learning_rate: 0.1}", "gambler", "8:20: agent: expected a mapping whose kind is accountan"),
        ("learning_rate: 0.1", "learning_rate: 0", "8:51: learning_rate: 0 is out of range; valid is a number above"),
        ("learning_rate: 0.1", "epsilon: {stat: 1}", "8:46: unknown key 'stat' in epsilon; did you mean 'start'?"),
        ("learning_rate: 0.1", "epsilon: 1", "8:45: epsilon: expected a mapping with the keys start, end, fraction"),
        ("  drunkard:", "  drunk ard:", "6:3: 'drunk ard' cannot be a key in arms; write letters, digits"),
        ("slip: 0.2", "slip: 2", "7:63: arm accountant: slip: 2 is out of range; valid is a number from 0 to 1"),
        ("slip: 0.2", "slp: 0.2", "7:57: arm accountant: unknown key 'slp' in environment; did you mean 'slip'?"),
        ("count: 60", "count: 3", "10:25: 3 seeds are too few to decide rq01 h1, rq01 h2; declare at least 5"),
        ("count: 60", "count: 49", None),
        ("count: 60", "count: '60'", "10:25: count: expected a whole number from 1 to 1000000, found the text '60'"),
        (", count: 60", "", "10:8: seeds lacks the key 'count'; add count: a whole number from 1 to 1000000"),
        ("root: 7", "root: -1", "10:15: root: -1 is out of range; valid is a whole number of at least 0 and below"),
        ("root: 7", "root: 9007199254740993", "10:15: the whole number is beyond 2**53 - 1"),
        ("count: 60", "count: 60, streams: shared", "10:38: streams cannot be 'shared'; valid are independent, com"),
        ("seeds:", "outputs: [total_rewards]\nseeds:", "10:11: the trainer measures no 'total_rewards'; did you mean"),
        ("seeds:", "outputs: [regret, regret]\nseeds:", "10:19: regret is named twice; name it once"),
        ("title: Three strategies", "title: ''", "2:8: title is empty; write some text"),
        ("title: Three", "titel: Three", "2:1: unknown key 'titel' in the experiment; did you mean 'title'?"),
        ("id: strategies", "id: strategy", "1:5: the id 'strategy' differs from the file's name 'strategies'; write"),
        ("id: strategies", "id: 1", "1:5: id: expected text, found the number 1"),
        ("arm: gambler, vary", "arm: gamblr, vary", "9:14: there is no arm 'gamblr' to vary; the arms are drunkard"),
        ("{agent.learning_rate: ", "{agent.lr: ", "9:30: the varied arm has no parameter agent.lr; agent has learning"),
        ("{agent.learning_rate: ", "{agent.kind: ", "9:30: a sweep varies parameters, not kinds; declare an arm for"),
        ("{agent.learning_rate: ", "{agent.epsilon: ", "9:30: the varied arm has no parameter agent.epsilon; agent.ep"),
        ("{agent.learning_rate: ", "{rate: ", "9:30: 'rate' cannot be a key in vary; write a path of a parameter, su"),
        ("[0.1, 0.5]", "[0.1, 0.5, 7]", "9:62: arm gambler[learning_rate=7]: learning_rate: 7 is out of range; valid"),
        ("[0.1, 0.5]", "[0.5, 0.5]", "9:29: the sweep yields gambler[learning_rate=0.5] twice; name each value once"),
        ("[0.1, 0.5]", "[0.5, [1]]", "9:57: item 2 of agent.learning_rate: expected text, a number or true or false"),
        ("[0.1, 0.5]", "[]", "9:51: agent.learning_rate is empty; write at least one"),
        ("[0.1, 0.5]", f"{[n / 2000 for n in range(1, 1101)]}", "9:29: the sweep yields 1100 arms; at most 1000"),
        ("{kind: dungeon, slip: 0.1}", "!!map {kind: dungeon}", "3:14: !!map is a tag, and tags are not read; wri"),
    ],
)
def test_a_mistake_in_an_experiment_is_placed_and_explained(old: str, new: str, said: str | None) -> None:
    """One slip, one line: where it is, what is wrong, what would be right."""
    files = edited(E, old, new)
    if said is None:
        del files[Q]
    found = [line for line in report(files) if line.startswith(E)]
    assert len(found) == (said is not None), found
    for line in found:
        assert line.startswith(f"{E}:{said}")


SARSA = "gambler: {agent: {kind: sarsa, exploration: {kind: epsilon_greedy, epsilon: {kind: linear, start: 0.5}}}}"
SWEPT = "sweep: {arm: gambler, vary: {agent.exploration.epsilon.start: [0.1, 0.5]}}"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "kind: sarsa",
            "kind: sarssa",
            "8:27: there is no agent of the kind 'sarssa'; did you mean 'sarsa'? valid are",
        ),
        (
            "kind: epsilon_greedy",
            "kind: epsilon-greedy",
            "8:54: there is no exploration of the kind 'epsilon-greedy'; did you mean 'epsilon_greedy'? valid are bo",
        ),
        (
            "kind: epsilon_greedy, ",
            "",
            "8:47: exploration lacks the key 'kind'; valid are boltzmann, epsilon_greedy, ucb",
        ),
        ("kind: epsilon_greedy", "kind: ucb", "8:59: unknown key 'epsilon' in exploration; valid are kind, c"),
        (
            "kind: linear",
            "kind: exponental",
            "8:86: there is no epsilon of the kind 'exponental'; did you mean 'exponential'? valid are constant, ex",
        ),
        (
            "kind: linear",
            "kind: exponential",
            "8:79: epsilon lacks the key 'decay'; add decay: a number above 0 and below 1",
        ),
        (
            "kind: linear",
            "kind: exponential, decay: 0.9, end: 0.7",
            "8:79: an exponential schedule falls, but it starts at 0.5 and ends at 0.7",
        ),
        ("start: 0.5", "start: 1.5", "8:101: start: 1.5 is out of range; valid is a number from 0 to 1"),
        ("start: 0.5", "strat: 0.5", "8:94: unknown key 'strat' in epsilon; did you mean 'start'?"),
        (
            "[0.1, 0.5]",
            "[0.1, 2]",
            "9:69: arm gambler[start=2]: start: 2 is out of range; valid is a number from 0 to 1",
        ),
        (
            "epsilon.start: [",
            "epsilon.value: [",
            "9:30: the varied arm has no parameter agent.exploration.epsilon.valu",
        ),
        (
            "exploration.epsilon.start: [",
            "exploration.kind: [",
            "9:30: a sweep varies parameters, not kinds; declare an",
        ),
    ],
)
def test_a_mistake_in_an_exploration_is_placed_and_explained(old: str, new: str, said: str) -> None:
    """Kinds within kinds: each names what it has, in its own words; a sweep reaches into them."""
    files = edited(E, "gambler: {agent: {kind: gambler, learning_rate: 0.1}}", SARSA)
    files[E] = files[E].replace(b"sweep: {arm: gambler, vary: {agent.learning_rate: [0.1, 0.5]}}", SWEPT.encode())
    del files[Q]
    assert report(files) == []
    assert files[E].count(old.encode()) == 1
    (found,) = report(files | {E: files[E].replace(old.encode(), new.encode())})
    assert found.startswith(f"{E}:{said}")


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir()))
def test_a_project_is_reported_on_as_its_case_says(case: str) -> None:
    """Each folder of `cases` is a small project; its `report.txt` is all that is said about it."""
    files = declared_files(CASES / case)
    assert report(files) == (CASES / case / "report.txt").read_text(encoding="utf-8").splitlines()


def test_files_beside_the_declarations_are_passed_over() -> None:
    """Outcomes and notes lie in the same folders."""
    files = declared_files(SOUND) | {
        "research_questions/rq01/outcome.md": b"\xff",
        "research_questions/rq01/evidence.json": b"{",
        "research_questions/README.md": b"",
        "experiments/notes.txt": b"",
        "experiments/old/strategies.yaml": b"",
        "research_questions/.cache/x": b"",
    }
    assert list(parse_declarations(files).questions) == ["rq01"]


def test_a_project_without_declarations_is_sound(tmp_path: Path) -> None:
    """A new project has nothing to say yet."""
    assert declared_files(tmp_path) == {}
    assert read_project(tmp_path).questions == {}


def test_an_empty_question_folder_is_seen(tmp_path: Path) -> None:
    """A forgotten file is a mistake, not a question fewer."""
    (tmp_path / "research_questions" / "rq07").mkdir(parents=True)
    assert report(declared_files(tmp_path)) == [
        "research_questions/rq07/question.yaml:1:1: the folder research_questions/rq07 holds no question.yaml; "
        "every folder here is a question: write the file, or delete the folder"
    ]


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    """A link in a circle stands for every file the system refuses to open."""
    (tmp_path / "experiments").mkdir()
    link = tmp_path / "experiments" / "a.yaml"
    link.symlink_to(link)
    with pytest.raises(InvalidUsage, match="cannot be read"):
        read_project(tmp_path)


def test_a_folder_named_like_a_declaration_is_named(tmp_path: Path) -> None:
    """Nothing that looks declared is passed over in silence."""
    (tmp_path / "experiments" / "a.yaml").mkdir(parents=True)
    with pytest.raises(InvalidUsage, match="no file"):
        read_project(tmp_path)


_QUESTION: dict[str, Any] = read_yaml(Q, declared_files(SOUND)[Q]).value
_OTHERS = (None, True, 0, -7, 1.5, 10**9, "", "x", "no", [], [0, 1], {}, {"kind": "ratio"}, "value", "total_reward")


def _ways(value: Any, way: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, item in inner for found in ((*way, key), *_ways(item, (*way, key)))]


@given(
    st.lists(st.tuples(st.sampled_from(_ways(_QUESTION)), st.sampled_from(("delete", "rename", *_OTHERS))), max_size=3)
)
def test_however_a_question_is_damaged_it_is_read_or_refused_inside_the_file(
    damages: list[tuple[tuple[str | int, ...], Any]],
) -> None:
    """Deleted, renamed and retyped keys never raise anything but a report that stays within the file."""
    damaged = copy.deepcopy(_QUESTION)
    for (*way, key), damage in damages:
        try:
            place = damaged
            for step in way:
                place = place[step]
            if damage == "delete":
                del place[key]
            elif damage == "rename" and isinstance(place, dict):
                place[f"{key}s"] = place.pop(key)
            else:
                place[key] = copy.deepcopy(damage)  # the next damage may hit this one
        except (KeyError, IndexError, TypeError):
            continue  # an earlier damage has taken the place away
    text = json.dumps(damaged, indent=1)
    try:
        parse_declarations(declared_files(SOUND) | {Q: text.encode()})
    except InvalidDeclaration as invalid:
        lines = text.split("\n")
        for mistake in invalid.mistakes:
            assert 1 <= mistake.column <= len(lines[mistake.line - 1]) + 1
            assert not any(jargon in mistake.why for jargon in ("Input", "should", "pydantic", "validation", "https:"))
