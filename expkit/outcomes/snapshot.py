"""A snapshot: what a commit, or the work tree, holds of a question. Nothing is checked out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from expkit.errors import CheckFailed, InvalidDeclaration, InvalidUsage
from expkit.outcomes.committed import committed_files
from expkit.outcomes.freshness import parameters, question_digest
from expkit.outcomes.iteration import wordings
from expkit.outcomes.serialise import parse_evidence
from expkit.plan import plan
from expkit.project.names import listed, match, near
from expkit.project.paths import QUESTIONS, Paths
from expkit.project.read import Declarations, declared_files, parse_declarations
from expkit.provenance.bases import merge_base
from expkit.provenance.history import History
from expkit.provenance.references import Unnamed, commit_named, head_named
from expkit.records.evidence import ArmEvidence, Evidence
from expkit.specs.base import Setting
from expkit.specs.experiment import Seeds

WORK_TREE = "the work tree"


@dataclass(frozen=True, kw_only=True)
class Tree:
    """The declared and generated files of a commit, or of the work tree."""

    name: str
    """What a person typed for the commit, or `the work tree`."""
    commit: str | None
    """40 hex digits; of the work tree, those of the commit it is based on."""
    names: tuple[str, ...]
    """Branches and tags that stand on the commit; of the work tree, the branch it is on."""
    files: Mapping[str, bytes]
    """By path relative to the project's root, with `/`."""

    @property
    def questions(self) -> frozenset[str]:
        """Every question that has a folder."""
        places = (path.split("/") for path in self.files)
        return frozenset(parts[1] for parts in places if parts[0] == QUESTIONS and len(parts) > 2)


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A question as a tree holds it."""

    tree: Tree
    evidence: Evidence
    statements: dict[str, str | None]
    """The text of every hypothesis by its id; None for a wording that was not kept."""
    remarks: tuple[str, ...]
    """Why the evidence may not speak of what the tree declares; nothing where it does."""


def tree_at(root: Path, history: History, typed: str) -> Tree:
    """The tree of the commit that a person means.

    Raises:
        InvalidUsage: the text names no commit, or more than one.
    """
    found = commit_named(root, typed)
    if isinstance(found, Unnamed):
        raise _unnamed(root, typed, found)
    return Tree(name=typed, commit=found.commit, names=found.names, files=committed_files(history, found.commit))


def tree_left(root: Path, history: History, named: Tree, now: Tree) -> Tree | None:
    """The tree where a change left a branch, by the branch's name; None where git knows no commit that they share."""
    common = merge_base(root, named.commit or "", now.commit or "")
    return None if common is None else replace(tree_at(root, history, common), name=named.name)


def work_tree(root: Path) -> Tree:
    """The work tree as it is, committed or not.

    Raises:
        InvalidUsage: a file cannot be read.
    """
    paths, head = Paths(root), head_named(root)
    names = ("evidence.json", "outcome.md", "figures/*")
    written = (file for name in names for file in sorted(paths.questions.glob(f"*/{name}")))
    files = [file for file in written if file.is_file()]
    try:
        outcomes = {paths.relative(file): file.read_bytes() for file in files}
    except OSError as error:
        raise InvalidUsage(
            "the file cannot be read", where=error.filename, why=error.strerror, mend="mend the file, or delete it"
        ) from error
    return Tree(
        name=WORK_TREE,
        commit=head.commit if head else None,
        names=head.names if head else (),
        files=declared_files(root) | outcomes,
    )


def snapshots(given: str, then: Tree, now: Tree) -> tuple[Snapshot, Snapshot]:
    """A question in two trees; a unique beginning of its id will do.

    Raises:
        InvalidUsage: there is no such question, or one tree has no evidence for it that this expkit reads.
    """
    question = match("question", given, then.questions | now.questions)
    return _snapshot(question, then, now), _snapshot(question, now, then)


def _snapshot(question: str, tree: Tree, other: Tree) -> Snapshot:
    evidence = _evidence(question, tree, other)
    try:
        declared = parse_declarations(tree.files)
    except InvalidDeclaration as error:
        count = len(error.mistakes)
        remarks: tuple[str, ...] = (
            f"this version of expkit cannot read its declarations ({count} mistake{'' if count == 1 else 's'}), so "
            "nobody can tell whether its evidence is of what they declare",
        )
        statements: tuple[str, ...] = ()
    else:
        remarks = tuple(_outdated(question, evidence, declared))
        asked = declared.questions.get(question)
        statements = tuple(one.statement for one in asked.hypotheses) if asked else ()
    texts = wordings(evidence, statements)
    return Snapshot(
        tree=tree,
        evidence=evidence,
        statements={one.id: texts.get(one.wording_digest) for one in evidence.hypotheses},
        remarks=remarks,
    )


def _evidence(question: str, tree: Tree, other: Tree) -> Evidence:
    path = _evidence_path(question)
    where = f"{tree.name}:{path}" if tree.name != WORK_TREE else path
    content = tree.files.get(path)
    if content is None:
        raise InvalidUsage(f"{tree.name} has no evidence for {question}", where=where, **_absent(question, tree, other))
    try:
        return parse_evidence(content, where=where)
    except CheckFailed as error:
        raise InvalidUsage(
            f"the evidence of {question} in {tree.name} cannot be read",
            where=where,
            why=_unreadable(content) or error.why,
            mend="read it with the version of expkit that wrote it, or compare with a commit behind a newer run",
        ) from error


def _absent(question: str, tree: Tree, other: Tree) -> dict[str, str]:
    """Why a tree has no evidence for a question, and what to do about it."""
    run = f"expkit run {question}"
    if f"{QUESTIONS}/{question}/question.yaml" in tree.files:
        why = "the question is declared there, and was not run or its evidence not committed"
        mend = run if tree.name == WORK_TREE else f"on that branch: {run}, then commit research_questions/{question}"
        return {"why": why, "mend": mend}
    content = other.files.get(_evidence_path(question), b"")
    if twins := sorted(_sharing_arms(content, question, tree)):
        return {
            "why": f"there is no question {question} there; {listed(twins)} has arms of it",
            "mend": "a renamed question is not followed: compare two commits that both know it by one name",
        }
    known = sorted(tree.questions)
    close = near(question, known)
    meant = f"did you mean {' or '.join(map(repr, close))}? " if close else ""
    return {
        "why": f"there is no question {question} there",
        "mend": f"{meant}its questions are {listed(known)}" if known else "it has no question at all",
    }


def _sharing_arms(content: bytes, question: str, tree: Tree) -> list[str]:
    """The other questions of a tree whose evidence holds an arm of this evidence: it may go by another name there."""
    try:
        keys = [str(arm["key"]).encode() for arm in json.loads(content)["arms"]]
    except (ValueError, KeyError, TypeError):
        return []
    found = ((name, tree.files.get(_evidence_path(name), b"")) for name in tree.questions - {question})
    return [name for name, evidence in found if any(key in evidence for key in keys)]


def _unreadable(content: bytes) -> str | None:
    """What kind of file it is that is not read as evidence; None where its mistake says it better."""
    try:
        format = json.loads(content).get("format")
    except (ValueError, AttributeError):
        return None
    known = Evidence.model_fields["format"].default
    return None if format == known else f"its format is {format}, and this version of expkit reads format {known}"


def _outdated(question: str, evidence: Evidence, declared: Declarations) -> list[str]:
    """What a tree declares otherwise than its own evidence has it.

    Arms are compared by their settings and by where they are evaluated: keys change with the version of the engine,
    which says nothing about a tree.
    """
    asked = declared.questions.get(question)
    if asked is None:
        return [f"{question} is not declared there any more"]
    now = {
        (name, one.name): (_settings(parameters(one.arm), one.arm.varied, experiment.seeds_of(one.arm)), one.elsewhere)
        for name, experiment in ((name, declared.experiments[name]) for name in asked.experiments)
        for one in plan(experiment, lambda *_: frozenset())
    }
    then = {
        (arm.experiment, arm.name): (_settings(arm.parameters, arm.varied, arm), arm.elsewhere) for arm in evidence.arms
    }
    if outdated := [place[1] for place in now | then if now.get(place) != then.get(place)]:
        return [f"its evidence is older than its declaration of {listed(dict.fromkeys(outdated))}"]
    if evidence.question_digest != question_digest(asked):
        return ["its evidence is older than its question.yaml"]
    return []


def _settings(parameters: Mapping[str, Setting], varied: Mapping[str, Setting], seeds: Seeds | ArmEvidence) -> object:
    return dict(parameters), dict(varied), seeds.root, seeds.streams, seeds.count


def _evidence_path(question: str) -> str:
    return f"{QUESTIONS}/{question}/evidence.json"


def _unnamed(root: Path, typed: str, found: Unnamed) -> InvalidUsage:
    if found.what == "no repository":
        return InvalidUsage(
            "there is no git repository to find a commit in",
            where=str(root),
            why=found.why,
            mend="compare commits in the repository that holds the project",
        )
    if found.what == "ambiguous":
        return InvalidUsage(f"{typed!r} can mean more than one commit", mend="type more of its digits")
    last = typed.rpartition("/")[2]
    same = [name for name in found.known if last and name.rpartition("/")[2] == last]
    close = list(dict.fromkeys([*same, *near(typed, found.known)]))
    meant = f"did you mean {' or '.join(map(repr, close))}? " if close else ""
    known = f"branches and tags here: {listed(found.known)}" if found.known else "there is neither a branch nor a tag"
    return InvalidUsage(f"there is no commit {typed!r}", why=found.why, mend=f"{meant}{known}")
