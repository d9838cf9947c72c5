"""`expkit ui`: the project's MLflow store in a browser."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import click

from expkit.cli.browser import serves
from expkit.cli.console import log, print_link, results
from expkit.cli.project import open_project
from expkit.dossier import Dossier
from expkit.errors import InvalidUsage, ServiceAbsent
from expkit.project.read import Project
from expkit.publish import question_publishing
from expkit.tracking.place import LOCAL_PORT, is_server, links, shown, store_file, tracking_uri, ui

_PATIENCE_S = 5
_LOOK_S = 0.2


@click.command("ui")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=LOCAL_PORT, show_default=True, help="Port on this machine."
)
@click.pass_context
def command(ctx: click.Context, port: int) -> int:
    """Open the project's MLflow store in a browser: print every question's link, then serve until Ctrl-C.

    The server listens on this machine only. Where MLFLOW_TRACKING_URI names a server, its links are all there is to do.
    """
    project, _ = open_project(ctx)
    uri = tracking_uri(project.root, os.environ)
    base, file = ui(uri, port), store_file(uri)
    _print_links(project, port)
    if is_server(uri):
        results().print(f"MLflow runs at {shown(uri)}")
        return 0
    if file is not None and not file.is_file():
        raise ServiceAbsent(
            "there is nothing to show yet", where=str(file), mend="publish something first: expkit run rq01"
        )
    if serves(base):
        raise InvalidUsage(
            f"port {port} is taken: something answers at {base}",
            why="it may be another expkit ui, in this terminal or in another one",
            mend=f"end it, or take another port: expkit ui --port {port % 65535 + 1}",
        )
    log().print(f"serving {shown(uri)} at {base}; ready in some ten seconds; Ctrl-C ends it")
    # one worker, where mlflow starts four that each import all of it: one person looks at this
    server = [sys.executable, "-m", "mlflow", "server", "--workers", "1", "--backend-store-uri", uri]
    # no job queue: nobody asks this server to run anything, and its workers would start with it
    environment = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", **os.environ}
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever ends this ends the server, too
    # a session of its own: the server has a worker, which is ended with it or would keep the port
    process = subprocess.Popen(
        [*server, "--host", "127.0.0.1", "--port", str(port)],
        cwd=project.root,
        env=environment,
        start_new_session=True,
    )
    try:
        while process.poll() is None and not serves(base):
            time.sleep(_LOOK_S)
        if process.poll() is None:
            log().print(f"ready: {base}")
        return process.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a server and its workers, kindly first."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE_S)


def _print_links(project: Project, port: int) -> None:
    for question in project.questions.values():
        dossier = Dossier(project, question)
        evidence = dossier.evidence
        receipts = question_publishing(dossier, evidence).receipts if evidence else {}
        if not receipts:
            results().print(f"{question.id}  not published yet: expkit run {question.id}")
            continue
        uri = tracking_uri(project.root, os.environ)
        first = next(iter(receipts.values()))
        link = links(uri, first.experiment_id, [receipt.run_id for receipt in receipts.values()], port).experiment
        print_link(f"{question.id}  ", link)
