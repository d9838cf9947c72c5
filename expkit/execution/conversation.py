"""What a worker process says of the batches it was handed: from its lines, and from its end, to events.

The worker may be anybody's. A line that makes no sense ends the conversation: what follows it would make none either.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from expkit.containers.collect import Rejected
from expkit.containers.confined import Exit
from expkit.containers.stream import legible
from expkit.errors import ExecutorFailed
from expkit.execution.events import Ended, Event, Progress, Stage
from expkit.execution.protocol import LINE, BatchBegan, BatchEnded, Line, Ready, StepsTaken
from expkit.execution.received import receive
from expkit.ledger.durable import writing
from expkit.records.attempt import Result
from expkit.records.provenance import Inside
from expkit.records.work import Work

_LINE_SHOWN = 200
_ERROR_SHOWN = 2000


class Conversation:
    """One worker and its batches, each known by its place in `batches`."""

    def __init__(self, batches: Sequence[Work], outputs: Path, stage: Stage, *, image: str) -> None:
        self.batches = batches
        self.ended: set[int] = set()
        self._outputs = outputs
        self._stage = stage
        self._image = image
        self._arms = {work.arm.name for work in batches}
        self._began: dict[int, str] = {}  # when, of the batches in work
        self._inside: Inside | None = None

    @property
    def done(self) -> bool:
        """Whether every batch has ended."""
        return len(self.ended) == len(self.batches)

    @property
    def untouched(self) -> list[Work]:
        """The batches that it did not begin."""
        return [work for n, work in enumerate(self.batches) if n not in self.ended and n not in self._began]

    def said(self, text: str) -> Iterator[Event]:
        """What a line on its stdout means.

        Raises:
            ExecutorFailed: it means nothing.
            NotWritable: the files of a batch cannot be written.
        """
        match self._understood(text):
            case Ready(inside=inside):
                self._inside = inside
            case BatchBegan(batch=number):
                self._began[number] = _now()
            case StepsTaken(arm=arm, steps=steps, trials=trials):
                yield Progress(arm=arm, steps=steps, trials=trials)
            case BatchEnded(batch=number) as line:
                yield self._finish(line)
                del self._began[number]
                self.ended.add(number)

    def left(self, end: Exit) -> Iterator[Event]:
        """What its end means for the batches it had begun: they failed.

        Raises:
            ExecutorFailed: it never was a worker, or left without a batch to show for it.
        """
        if self._inside is None and not end.limit:
            raise no_worker(self._image, str(end))
        if not self._began and not self.ended:
            raise ExecutorFailed(
                "the worker did not get as far as its first batch",
                where=self._image,
                why=str(end),
                mend="see memory_mb, silence_s and time_s under [tool.expkit.container] of pyproject.toml",
            )
        error = "\n  ".join([str(end), *self._untried()])
        for number, began in self._began.items():
            work = self.batches[number]
            yield self._ended(work, self._stage(work), began, _now(), None, error)

    def _untried(self) -> list[str]:
        """What there is to say of batches that nobody will try: those of a worker that ended none of its own."""
        if self.ended or not self.untouched:
            return []
        seeds = sum(len(work.seeds) for work in self.untouched)
        return [f"nothing had finished, so {seeds:,} more seeds were not tried (batches: {len(self.untouched):,})"]

    def _finish(self, line: BatchEnded) -> Ended:
        work, error, ended = self.batches[line.batch], line.error, _now()
        folder = self._stage(work)
        if error is None:
            try:
                with writing(folder):
                    receive(work, line.result, self._outputs / str(line.batch), folder)
            except Rejected as why:
                error = f"what the worker left is rejected: {why}"
        # by this side's clock: the worker's may say anything
        return self._ended(work, folder, self._began[line.batch], ended, line.result, error)

    def _ended(
        self, work: Work, folder: Path, started: str, ended: str, result: Result | None, error: str | None
    ) -> Ended:
        return Ended(
            work=work,
            folder=folder,
            started=started,
            ended=ended,
            result=result if error is None else None,
            error=error and _shown(error, _ERROR_SHOWN),
            inside=self._inside,
        )

    def _understood(self, text: str) -> Line:
        try:
            line = LINE.validate_json(text)
        except ValidationError as error:
            raise self._nonsense(text) from error
        match line:
            case Ready():
                sound = self._inside is None
            case BatchBegan(batch=number):
                sound = 0 <= number < len(self.batches) and number not in self._began and number not in self.ended
            case BatchEnded(batch=number):
                sound = number in self._began
            case StepsTaken(arm=arm, steps=steps, trials=trials):
                sound = arm in self._arms and steps >= 0 and trials >= 0
        if not sound or (self._inside is None and not isinstance(line, Ready)):
            raise self._nonsense(text)
        return line

    def _nonsense(self, text: str) -> ExecutorFailed:
        said = f"it said: {_shown(text, _LINE_SHOWN)}"
        if self._inside is None:
            return no_worker(self._image, said)
        return ExecutorFailed(
            "the worker says what no worker says at this point",
            where=self._image,
            why=said,
            mend="nothing in the image may write to stdout but the worker; every finished batch is kept",
        )


def no_worker(image: str, why: str) -> ExecutorFailed:
    """An image in which nobody answers as a worker of this expkit does."""
    return ExecutorFailed(
        "the image does not hold a worker of this version of expkit",
        where=image,
        why=why,
        mend="use one that expkit image build made, or run without: --executor local",
    )


def _shown(text: str, most: int) -> str:
    text = legible(text)
    return text if len(text) <= most else f"{text[:most]}..."


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
