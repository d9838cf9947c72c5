from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from expkit.errors import InvalidDeclaration
from expkit.outcomes.committed import committed_files
from expkit.plan import arm_key, plan
from expkit.project import mentioned
from expkit.project.command_files import files_in
from expkit.project.folder import Folder
from expkit.project.read import declared_files, parse_declarations
from expkit.project.sources import AtHand, names_of, sources
from expkit.provenance.history import History
from expkit.specs.experiment import Experiment, ProgramArm
from expkit.specs.resolve import resolve

E = "experiments/learn.yaml"
TRAINER = "command: [python, agents/train.py, '--seed={seed}'], parameters: {learning_rate: 0.1}"


def declared(trainer: str = TRAINER, *, arms: str = "base: {}", more: str = "") -> bytes:
    """An experiment with a program."""
    return f"""\
id: learn
title: A program learns
trainer: {{kind: command, {trainer}, metrics: {{reward: {{definition: of the last episode}}}}}}
arms: {{{arms}}}
seeds: {{root: 1, count: 5}}
{more}
""".encode()


PROGRAM = {"agents/train.py": b"import rules\n", "agents/rules.py": b"slip = 0.1\n"}


def experiment(trainer: str = TRAINER, *, files: dict[str, bytes] = PROGRAM, arms: str = "base: {}") -> Experiment:
    """The experiment that some files declare."""
    return parse_declarations(files | {E: declared(trainer, arms=arms)}).experiments["learn"]


def said(
    trainer: str = TRAINER, *, files: dict[str, bytes] = PROGRAM, arms: str = "base: {}", more: str = ""
) -> list[str]:
    """The lines of what is wrong with it; none where nothing is."""
    try:
        parse_declarations(files | {E: declared(trainer, arms=arms, more=more)})
    except InvalidDeclaration as refused:
        return str(refused).splitlines()
    return []


def versions(one: Experiment) -> dict[str, str | None]:
    """The digest of each arm's program, by the arm's name."""
    return {arm.name: arm.trainer.digest for arm in resolve(one) if isinstance(arm, ProgramArm)}


def written(root: Path, files: dict[str, bytes]) -> Path:
    """A project with these files."""
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def test_whole_and_other_numbers_are_two_parameters() -> None:
    """`--width=1` and `--width=1.0` are two programs to whoever reads them; `true` is a third."""
    trainer = {"kind": "command", "command": ("a.py",), "seed": "unseeded", "metrics": {"score": {"definition": "it"}}}
    keys = {
        arm_key(ProgramArm.model_validate({"name": "one", "trainer": trainer, "parameters": {"width": width}}), None)
        for width in (1, 1.0, 1.5, True)
    }
    assert len(keys) == 4


def test_a_programs_version_is_the_content_of_its_folder() -> None:
    """Another byte in a file that it may import is another program; a file elsewhere is not its own."""
    first = versions(experiment())["base"]
    assert first is not None
    assert versions(experiment(files=PROGRAM | {"notes.txt": b"x"}))["base"] == first
    assert versions(experiment(files=PROGRAM | {"agents/rules.py": b"slip = 0.2\n"}))["base"] != first
    assert versions(experiment(files=PROGRAM | {"agents/model.npz": b"x", "agents/notes.md": b"x"}))["base"] == first


def test_it_decides_with_the_parameters_which_results_belong_together() -> None:
    """The arm key follows from both, and from nothing that only names."""
    [base, fast] = plan(experiment(arms="base: {}, fast: {parameters: {learning_rate: 0.5}}"), lambda *_: frozenset())
    assert base.key != fast.key
    [other] = plan(experiment(files=PROGRAM | {"agents/rules.py": b""}), lambda *_: frozenset())
    assert other.key != base.key


@pytest.mark.parametrize(
    ("command", "named", "found"),
    [
        ("python a/train.py", [], ["a/deep/more.py", "a/train.py"]),
        ("./a/run --fast", [], ["a/deep/more.py", "a/run", "a/train.py"]),
        (
            "python a/train.py --config conf/a.gin --data=data.csv",
            [],
            ["a/deep/more.py", "a/train.py", "conf/a.gin", "data.csv"],
        ),
        ("python train.py a/train.py", [], ["a/deep/more.py", "a/train.py", "conf/a.gin", "settings.toml", "train.py"]),
        ("python a/train.py", ["settings.toml", "data.csv"], ["data.csv", "settings.toml"]),
        ("python a/train.py", ["a/deep/"], ["a/deep/more.py"]),
        ("tool --of=a/train.py ../train.py /train.py", [], []),
        ("tool", ["a/../train.py"], []),
    ],
)
def test_its_files_are_those_named_or_those_around_the_first_in_its_command(
    command: str, named: list[str], found: list[str], tmp_path: Path
) -> None:
    """Folders of a root's program hold no documents, tests or results; hidden files, caches and links never count."""
    every = "train.py settings.toml data.csv conf/a.gin README.md docs/conf.py tests/test_it.py experiments/a.yaml"
    hidden = "a/train.py a/run a/deep/more.py a/.hidden.py .venv/lib.py a/__pycache__/b.py env/pyvenv.cfg env/lib.py"
    written(tmp_path, dict.fromkeys(f"{every} {hidden}".split(), b""))
    (tmp_path / "a/link.py").symlink_to(tmp_path / "train.py")
    assert list(sources(command.split(), named, Folder(tmp_path))) == found


def test_what_a_shell_is_handed_is_looked_through() -> None:
    """The program is in the text."""
    command = ["sh", "-c", 'set -e\npython agents/train.py "$@"', "sh"]
    assert [one.name for one in files_in(command, names_of(PROGRAM))] == ["agents/train.py"]


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("python -m agents.train", ["agents/train.py"]),
        ("python -m lab", ["lab/__main__.py"]),
        ("python -u -m lab.deep --of=agents/rules.py", ["lab/deep/__main__.py", "agents/rules.py"]),
        ("python -m json", []),
        ("sh -c|set -e\ncd agents && python train.py", ["agents/train.py"]),
        ("sh -c|cd ./lab; python -m deep", ["lab/deep/__main__.py"]),
        ("sh -c|cd /tmp && RULES=agents/rules.py python agents/train.py", ["agents/train.py", "agents/rules.py"]),
    ],
)
def test_a_program_may_be_a_module_or_lie_where_a_shell_goes(command: str, found: list[str]) -> None:
    """As Python and the shell would look for it; then what else the command names."""
    files = {*PROGRAM, "lab/__main__.py", "lab/deep/__main__.py", "train/data.csv"}
    words = command.split("|") if "|" in command else command.split()
    assert [one.name for one in files_in(words, names_of(files))] == found


def test_a_module_may_import_whatever_lies_where_it_is_looked_for() -> None:
    """Python finds all of that folder, not only what is beside the module."""
    found = sources(["python", "-m", "lab.train"], [], AtHand(dict.fromkeys(("lab/train.py", "rules.py"), b"")))
    assert found == ("lab/train.py", "rules.py")


def test_any_language_counts_and_nothing_that_a_run_leaves_beside_it(tmp_path: Path) -> None:
    """Neither in the root, where MLflow and tools have their folders, nor in a folder of the program's own."""
    own = "train.py config.gin a.xml b.ts c.go d.jsonnet e.cu run"
    left = "LICENSE Makefile README.md mlflow.db mlflow.db-wal model.NPZ x.log events.out.tfevents.1.host"
    tools = (
        "mlruns/0/meta.yaml mlartifacts/a.json build/a.py dist/a.py lab.egg-info/a.txt node_modules/a/a.js wandb/a.json"
    )
    generated = "research_questions/rq1/evidence.json research_questions/rq1/figures/a.html .expkit/a.json"
    written(tmp_path, dict.fromkeys(f"{own} {left} {tools} {generated}".split(), b"x") | {"run": b"#!/bin/sh"})
    folder = Folder(tmp_path)
    assert {*sources(["python", "train.py", "--db=mlflow.db"], [], folder)} == {*own.split()}
    written(tmp_path / "lab", dict.fromkeys(f"{own} {left} {tools}".split(), b"x") | {"run": b"#!/bin/sh"})
    assert {*sources([], ["lab"], folder)} == {f"lab/{name}" for name in own.split()}
    assert sources([], ["lab/LICENSE"], folder) == ("lab/LICENSE",)
    written(tmp_path, {"research_questions/rq1/train.py": b""})
    assert sources(["research_questions/rq1/train.py"], [], folder) == ("research_questions/rq1/train.py",)


def test_a_commit_gives_the_version_that_the_work_tree_gave(tmp_path: Path) -> None:
    """So that what was registered with a program can be verified later, whatever has become of its files."""
    root = written(tmp_path, PROGRAM | {E: declared(), "other/big.py": b"x", "agents/NOTES": b"x"})
    git = ["git", "-c", "user.name=A Tester", "-c", "user.email=t@example.org", "-C", str(root)]
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "a program"]):
        subprocess.run([*git, *arguments], check=True)
    then = declared_files(root)
    assert set(then) == {E, *PROGRAM}
    (root / "agents/rules.py").write_bytes(b"slip = 0.9\n")
    history = History(root)
    assert history.head is not None
    assert committed_files(history, history.head) == then != declared_files(root)


def test_a_project_without_programs_is_read_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nobody looks into its files before they are parsed, nor at other files of the root."""
    root = written(tmp_path, {E: b"id: learn\n"})
    monkeypatch.setattr(mentioned, "read_once", lambda *_: pytest.fail("read twice"))
    monkeypatch.setattr(Folder, "names", lambda *_: pytest.fail("looked around"))
    assert set(declared_files(root)) == {E}


SEEDED = "command: [python, agents/train.py, '--seed={seed}']"


@pytest.mark.parametrize(
    ("trainer", "line"),
    [
        ("command: [train, '--seed={seed}']", "3:35: nothing says which program this is: no word of the command is a"),
        (f"{SEEDED}, sources: [agents, nowhere.py]", "3:97: there is no source nowhere.py; hidden files and symbolic"),
        (f"{SEEDED}, sources: [agents/../agents]", "3:89: agents/../agents leads out of the project; write the path"),
        (f"{SEEDED}, digest: {'a' * 64}", "3:87: the program is version "),
        ("command: [agents/train.py, '--n={sed}', '{seed}']", "3:53: {sed} stands for nothing; did you mean {seed}?"),
        (f"{SEEDED}, variables: {{OUT: '{{outputs}}'}}", "3:96: {outputs} stands for nothing; did you mean {output}?"),
        ("command: [sh, -c, 'agents/train.py {parameters} {seed}']", "{parameters} is many arguments, and "),
        ("command: [agents/train.py, '{parameters}', '{parameters}', '{seed}']", "stands here a second time; pass th"),
        (f"{SEEDED}, pass_as: '--{{name}}={{valeu}}'", "{valeu} stands for nothing; did you mean {value}?"),
        (f"{SEEDED}, pass_as: '--{{name}}'", "'--{name}' does not pass the value; write where it goes"),
        (
            f"{SEEDED}, parameters: {{a: 1}}, pass_each_as: {{b: '-b {{value}}'}}",
            "no arm has a parameter 'b'; valid is a",
        ),
        (
            f"{SEEDED}, parameters: {{a: 1}}, pass_each_as: {{a: {{on: -a}}}}",
            "a is passed as on or off, and is neither",
        ),
        (f"{SEEDED}, parameters: {{seed: 1}}", "the command passes --seed itself, and the parameter seed would do so"),
        (f"{SEEDED}, artifacts: [model.npz, ../model.npz]", "'../model.npz' is no pattern of files below the output"),
        (f"{SEEDED}, axis: reward", "reward is the axis, which says how far a trial has come; it cannot be measured"),
        ("command: [agents/train.py]", "nothing hands the seed to the program: put {seed} into an argument"),
    ],
)
def test_what_would_not_reach_a_program_is_refused_at_its_place(trainer: str, line: str) -> None:
    """Line, column, what is wrong and what is right."""
    lines = said(trainer)
    assert len(lines) == 1, lines
    assert lines[0].startswith(f"{E}:3:")
    assert line in lines[0]


def test_every_other_brace_is_the_programs_own() -> None:
    """Formats and JSON pass as they are."""
    assert said(f"{SEEDED[:-1]}, '{{}}', '{{\"lr\": 1}}', '{{episode:03d}}', '{{epoch}}']") == []


@pytest.mark.parametrize(
    ("arms", "more", "line"),
    [
        ("base: {trainer: {parameters: {a: 1}}}", "", "4:25: arm base: the trainer's parameters are the experiment's"),
        ("base: {trainer: {artifacts: [/etc/passwd]}}", "", "4:37: '/etc/passwd' is no pattern of files below"),
        (
            "base: {agent: {kind: gambler}}",
            "",
            "arm base: a trainer of kind command has no agent; say it in parameters",
        ),
        ("base: {}", "outputs: [rewards]", "6:11: the trainer measures no 'rewards'; did you mean 'reward'?"),
        ("base: {}", "outputs: [greedy_return]", "6:11: the trainer measures no 'greedy_return'; valid is reward"),
        (
            "base: {}",
            "sweep: {arm: base, vary: {parameters.learning_rat: [1]}}",
            "6:27: the varied arm has no parameter parameters.learning_rat; parameters has learning_rate",
        ),
    ],
)
def test_what_an_experiment_says_of_its_programs_is_checked(arms: str, more: str, line: str) -> None:
    """Arms, outputs and sweeps."""
    lines = said(arms=arms, more=more)
    assert len(lines) == 1, lines
    assert line in lines[0]


def test_an_unseeded_program_cannot_meet_common_luck() -> None:
    """Its trials are replicates, each with luck of its own."""
    text = declared("command: [agents/train.py], seed: unseeded").replace(b"count: 5", b"count: 5, streams: common")
    with pytest.raises(InvalidDeclaration, match="take streams: independent"):
        parse_declarations(PROGRAM | {E: text})


def test_a_program_that_is_all_in_its_image_needs_no_sources() -> None:
    """Then the image is what identifies it; the project's own image has no name of its own in its commit."""
    trainer = "command: [train, '--seed={seed}']"
    assert said(trainer, more="image: registry.example.org/trainer:1") == []
    assert (
        "declare sources, its files and folders, or the image that holds it" in said(trainer, more="image: project")[0]
    )


def test_a_sweep_varies_what_is_passed() -> None:
    """Each value a configuration of its own, of one version."""
    text = declared(more="sweep: {arm: base, vary: {parameters.learning_rate: [0.1, 0.2]}}")
    swept = parse_declarations(PROGRAM | {E: text}).experiments["learn"]
    assert [*versions(swept)] == ["base", "base[learning_rate=0.1]", "base[learning_rate=0.2]"]
    assert len({*versions(swept).values()}) == 1
