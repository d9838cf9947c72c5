"""What a person sees while trials run: trials, steps a second, time left. On stderr; one line where nobody looks."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from expkit.cli.console import log, results
from expkit.execution.events import Point
from expkit.execution.events import Progress as Steps
from expkit.ledger.lock import Holder
from expkit.outcomes.numbers import counted
from expkit.plan import PlannedArm
from expkit.specs.experiment import RecordedArm

_NEARLY = 1e-6  # fractions of a trial are summed, and 599.9999999 is 600


class Narrator:
    """Tells what a run is doing: on its first line what runs and where, the rest on stderr."""

    def __init__(
        self, heading: str | None = None, *, caution: Callable[[Sequence[PlannedArm]], str | None] | None = None
    ) -> None:
        """`caution` is what there is to say against running these trials now."""
        self._heading = heading
        self._caution = caution
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._steps = 0
        self._trials = 0.0
        self._asked = 0
        self._began: float | None = None

    def placed(self, where: str) -> None:
        """Work is about to be done: say what and where."""
        if self._heading is None:
            log().print(f"running {escape(where)}")  # another experiment of the same question
        else:
            results().print(f"{self._heading} · {escape(where)}")
        self._heading = None

    def idle(self, options: str = "") -> None:
        """Nothing was to be done: say at least what, and which options came to nothing."""
        if self._heading is not None:
            unused = f" · nothing to run, so this was not used:{escape(options)}" if options else ""
            results().print(self._heading + unused)
            self._heading = None

    def starting(self, missing: Sequence[PlannedArm]) -> None:
        """Trials are about to run: say how many."""
        arms = [arm for arm in missing if arm.missing]
        if self._caution and (said := self._caution(arms)):
            log().print(f"[yellow]warning:[/] {escape(said)}")
        trials = sum(len(arm.missing) for arm in arms)
        steps = sum(len(arm.missing) * (arm.arm.budget or 0) for arm in arms)
        size = f", {steps:,} steps" if steps else ""
        existing = all(isinstance(arm.arm, RecordedArm) for arm in arms)
        what = f"taking in {counted(trials, 'recorded trial')}" if existing else f"running {counted(trials, 'trial')}"
        log().print(f"{what} of {counted(len(arms), 'arm')}{size}")
        self._steps, self._trials, self._asked = 0, 0.0, trials
        self._began = time.perf_counter()
        if sys.stderr.isatty():
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(bar_width=None),
                TextColumn("{task.fields[done]:,} of {task.fields[trials]:,} trials"),
                TextColumn("{task.fields[rate]}", style="dim"),
                TimeRemainingColumn(),
                console=log(),
                transient=True,
                expand=True,
            )
            # no step is reported before the kernel is compiled, which takes seconds on a machine that is new to it
            what = "preparing the kernel" if steps else "running"
            self._task = self._bar.add_task(what, total=steps or trials, done=0, trials=trials, rate="")
            self._bar.start()

    def progress(self, event: Steps) -> None:
        """Some more steps were taken."""
        self._trials += event.trials
        self._steps += event.steps
        if self._bar is None or self._task is None:
            return
        if self._steps:
            self._bar.update(
                self._task, description="training", completed=self._steps, done=self._done, rate=f"{self._rate()}/s"
            )
        else:
            self._bar.update(self._task, completed=self._done, done=self._done)

    def point(self, event: Point) -> None:
        """A program printed a value: show the newest of the first metric it declares."""
        if self._bar is not None and self._task is not None and event.metric == next(iter(event.work.arm.measured)):
            trial = f"{event.work.arm.name} seed {event.work.seeds[0]}"
            said = f"{trial} at {event.axis:,.10g}: {event.metric} {event.value:,.6g}"
            self._bar.update(self._task, rate=escape(said))

    def trained(self) -> None:
        """All trials ended, or a stop was asked for, or something broke."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        if self._began is not None and self._done:
            seconds = time.perf_counter() - self._began
            rate = f", {self._rate()} a second" if self._steps else ""
            # of a batch that was stopped, steps were reported and trials are not kept
            what = counted(self._done, "trial") + " in" if self._done >= self._asked else "stopped after"
            log().print(f"{what} {seconds:.1f} s{rate}")
        self._began = None

    def waiting(self, holder: Holder) -> None:
        """Another runner holds an arm."""
        log().print(
            f"waiting: process {holder.pid} on {holder.host} has been running trials of this arm since {holder.since}"
        )

    def aside(self, text: str) -> None:
        """Something went less well than it could have."""
        log().print(f"[yellow]{escape(text)}[/]")

    @contextmanager
    def phase(self, text: str) -> Iterator[None]:
        """Show what takes a while, for as long as it does."""
        if not sys.stderr.isatty():
            yield
            return
        with log().status(text):
            yield

    @property
    def _done(self) -> int:
        return int(self._trials + _NEARLY)

    def _rate(self) -> str:
        assert self._began is not None
        rate = self._steps / max(time.perf_counter() - self._began, 1e-9)
        return f"{rate / 1e6:.1f} million steps" if rate >= 1e5 else f"{rate:,.0f} steps"
