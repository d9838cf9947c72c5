"""A process that does work for a runner outside of it: batches in as a file, results out as folders, events as lines.

    python -m expkit.execution.serve INPUTS OUTPUTS

`INPUTS/work.json` holds the batches, `INPUTS/<digest>.npz` each transition table that no declaration tells, and
`INPUTS/<digest>.npy` each map of states, `INPUTS/<digest>.sources.json` the modules of each agent of the user's own.
Batch n's files go to `OUTPUTS/n/`. Every line on stdout is a JSON object with an `event`: `ready` once, with what this
process runs in; then `began`, `progress`, and `ended` with what a batch found, as they come. It knows no tracker, no
git and no container engine.
"""

from __future__ import annotations

from expkit.training.kernel_cache import unpack

unpack()  # before anything below imports numba

import sys  # noqa: E402
import threading  # noqa: E402
from pathlib import Path  # noqa: E402

from expkit.execution.events import Ended, Progress  # noqa: E402
from expkit.execution.local import LocalExecutor  # noqa: E402
from expkit.execution.protocol import (  # noqa: E402
    WORK_FILE,
    BatchBegan,
    BatchEnded,
    Line,
    Order,
    Ready,
    StepsTaken,
)
from expkit.provenance.machine import read_machine  # noqa: E402
from expkit.provenance.packages import read_packages  # noqa: E402
from expkit.records.provenance import Inside  # noqa: E402
from expkit.records.work import Work  # noqa: E402
from expkit.training.maps import MAP_SUFFIX, keep_map, map_from_bytes  # noqa: E402
from expkit.training.sources import SOURCES_SUFFIX, keep_sources, sources_from_bytes  # noqa: E402
from expkit.training.tables import TABLE_SUFFIX, from_bytes, keep  # noqa: E402


def serve(inputs: Path, outputs: Path) -> None:
    """Do every batch of `inputs`, telling on stdout how it goes.

    Raises:
        OSError: an input cannot be read, or an output cannot be written.
        pydantic.ValidationError: `work.json` is none.
        ValueError: a table or a file of modules is none.
    """
    order = Order.model_validate_json((inputs / WORK_FILE).read_bytes())
    for table in sorted(inputs.glob(f"*{TABLE_SUFFIX}")):
        keep(from_bytes(table.read_bytes()))
    for shown in sorted(inputs.glob(f"*{MAP_SUFFIX}")):
        keep_map(map_from_bytes(shown.read_bytes()))
    for modules in sorted(inputs.glob(f"*{SOURCES_SUFFIX}")):
        keep_sources(sources_from_bytes(modules.read_bytes()))
    packages = read_packages()
    _tell(Ready(inside=Inside(machine=read_machine(), packages=packages, expkit=packages.get("expkit", "unknown"))))
    numbers = {id(work): number for number, work in enumerate(order.batches)}

    def stage(work: Work) -> Path:
        number = numbers[id(work)]
        folder = outputs / str(number)
        folder.mkdir()
        _tell(BatchBegan(batch=number))
        return folder

    for event in LocalExecutor(order.workers).execute(order.batches, stage, lambda: False):
        match event:
            case Progress():
                _tell(StepsTaken(arm=event.arm, steps=event.steps, trials=event.trials))
            case Ended():
                _tell(
                    BatchEnded(
                        batch=numbers[id(event.work)],
                        started=event.started,
                        ended=event.ended,
                        result=event.result,
                        error=event.error,
                    )
                )


_one_at_a_time = threading.Lock()
_lines = sys.stdout


def _tell(line: Line) -> None:
    with _one_at_a_time:  # batches begin in several threads
        _lines.write(line.model_dump_json() + "\n")
        _lines.flush()


if __name__ == "__main__":
    sys.stdout = sys.stderr  # what an agent of the user's own prints is no line of this protocol
    serve(Path(sys.argv[1]), Path(sys.argv[2]))
