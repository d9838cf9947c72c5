"""Programs as experiments declare them: versioned by their sources where the project is read, and checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from expkit.errors import Mistake
from expkit.project.folder import LARGEST_SOURCE
from expkit.project.names import suggestion
from expkit.project.program_words import ill_put
from expkit.project.sources import AtHand, named_by, program_digest, sources
from expkit.project.yaml import Document, Location
from expkit.specs.experiment import PROJECT_IMAGE, Experiment, ProgramArm, ResolvedArm
from expkit.specs.program import Command


def with_programs(
    document: Document, experiment: Experiment, arms: Mapping[str, ResolvedArm], files: Mapping[str, bytes]
) -> tuple[Experiment, list[Mistake]]:
    """An experiment that knows the versions of its programs, and every mistake in how they are declared.

    Args:
        document: the experiment's file.
        experiment: what it declares.
        arms: its arms, resolved, by name.
        files: every declared file by its path, and those that are mentioned.
    """
    if not isinstance(experiment.trainer, Command):
        return experiment, []
    known = AtHand(files)
    found: dict[str, str] = {}
    mistakes: list[Mistake] = []
    programs = {name: arm for name, arm in arms.items() if isinstance(arm, ProgramArm)}
    for arm in programs.values():
        place = Place(experiment, arm)
        flawed = [document.mistake(at, why, valid) for at, why, valid in _unversioned(arm, place, files, known)]
        mistakes += flawed
        own = () if flawed else sources(arm.trainer.command, arm.trainer.sources, known)
        if own:
            found[arm.trainer.content] = version = program_digest(files, own)
            if arm.trainer.digest not in (None, version):
                why = f"the program is version {version}, not the declared one"
                valid = "bring back the sources that are meant, or declare this digest"
                mistakes.append(document.mistake(place.of("digest"), why, valid))
        mistakes += [document.mistake(place.of(*key), why, valid) for key, why, valid in ill_put(arm)]
    mistakes += [
        document.mistake(at, why, valid, key=True) for at, why, valid in _beside_the_point(experiment, programs)
    ]
    return experiment.with_versions(found), list(dict.fromkeys(mistakes))


class Place:
    """Where what a program is declared by stands: in the experiment, in an arm, or in a sweep."""

    def __init__(self, experiment: Experiment, arm: ProgramArm) -> None:
        self._experiment = experiment
        sweep = experiment.sweep
        self._varied = {} if sweep is None else {path: sweep.vary[path].index(one) for path, one in arm.varied.items()}
        self._name = sweep.arm if sweep and arm.name not in experiment.arms else arm.name

    def of(self, key: str, *below: str | int) -> Location:
        """Where a key of the trainer stands, or something below it; `parameters` are an arm's own or the trainer's."""
        path = ".".join(str(part) for part in (key, *below))
        path = path if key == "parameters" else f"trainer.{path}"
        if path in self._varied:
            return ("sweep", "vary", path, self._varied[path])
        arm = self._experiment.arms[self._name]
        if key == "parameters" and below and below[0] in arm.parameters:
            return ("arms", self._name, key, *below)
        return ("arms", self._name, "trainer", key, *below) if key in arm.trainer else ("trainer", key, *below)


def _unversioned(
    arm: ProgramArm, place: Place, files: Mapping[str, bytes], known: AtHand
) -> Iterator[tuple[Location, str, str]]:
    """Why nobody can tell which program an arm runs: where, what is wrong, what is right."""
    trainer = arm.trainer
    for index, path in enumerate(trainer.sources):
        if ".." in path.split("/"):
            yield place.of("sources", index), f"{path} leads out of the project", "write the path from the root down"
        elif not named_by(path, known):
            why = f"there is no source {path}; hidden files and symbolic links are none"
            yield place.of("sources", index), why, "name a file, or a folder that holds sources, from the root down"
    own = sources(trainer.command, trainer.sources, known)
    for name in own:
        if len(files[name]) > LARGEST_SOURCE:
            why = f"{name} is larger than {LARGEST_SOURCE:,} bytes, which no source is"
            yield place.of("sources" if trainer.sources else "command"), why, "declare sources without it"
    if not own and not trainer.sources and arm.image in (None, PROJECT_IMAGE):
        why = "nothing says which program this is: no word of the command is a file of the project"
        yield place.of("command"), why, "declare sources, its files and folders, or the image that holds it"


def _beside_the_point(experiment: Experiment, arms: Mapping[str, ProgramArm]) -> Iterator[tuple[Location, str, str]]:
    """Declared keys that nothing would heed: where, what is wrong, what is right."""
    for name, arm in experiment.arms.items():
        if "parameters" in arm.trainer:
            why = f"arm {name}: the trainer's parameters are the experiment's; an arm's own stand beside its trainer"
            yield ("arms", name, "trainer", "parameters"), why, f"move them up: {name}: {{parameters: …}}"
    known = dict.fromkeys(name for arm in arms.values() for name in arm.parameters)
    declared: dict[Location, Mapping[str, object]] = {("trainer", "pass_each_as"): _command(experiment).pass_each_as}
    for name, arm in experiment.arms.items():
        if isinstance(own := arm.trainer.get("pass_each_as"), dict):
            declared["arms", name, "trainer", "pass_each_as"] = own
    for at, each in declared.items():
        for parameter in each:
            if parameter not in known:
                yield (*at, parameter), f"no arm has a parameter {parameter!r}", suggestion(parameter, known)
    if _command(experiment).seed == "unseeded" and experiment.seeds.streams == "common":
        why = "a program that takes no seed has its own luck in every trial, so that arms cannot meet the same"
        yield ("seeds", "streams"), why, "take streams: independent"


def _command(experiment: Experiment) -> Command:
    assert isinstance(experiment.trainer, Command)
    return experiment.trainer
