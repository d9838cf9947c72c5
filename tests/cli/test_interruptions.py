from __future__ import annotations

import signal
import socket
import time
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess

    from tests.conftest import Desk


def test_ctrl_c_keeps_finished_batches_and_the_same_command_resumes(desk: Desk) -> None:
    """What is kept is not run again, and the results are those of a run that nobody interrupted."""
    desk.edit(desk.experiment, "steps: 400", "steps: 20000000")  # two trials a batch: three batches an arm
    desk.commit()
    process = desk.start("run", "rq01", "-j", "1")
    _wait_for_a_record(desk, process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "interrupted; " in err
    assert "finished trials are kept" in err
    assert "stopped after" in err  # no second count, which would hold trials that are not kept
    assert "resume with: expkit run rq01" in err
    assert "Traceback" not in err
    kept = {record: record.read_bytes() for record in desk.records()}
    assert 0 < len(kept) < 9
    assert not desk.evidence.exists()

    missing = sum(len(arm["missing"]) for arm in desk.json("plan", "rq01"))
    resumed = desk.expkit("run", "rq01")
    assert resumed.code == 0, resumed
    assert f"running {missing} trials" in resumed.err
    assert {record: record.read_bytes() for record in kept} == kept
    assert len(desk.records()) == 9

    desk.commit()
    again = desk.clone().expkit("run", "rq01")
    assert again.code == 0, again
    assert "reproduced" in again.out


def test_two_runners_share_the_work_and_both_finish(desk: Desk) -> None:
    """Each trial is computed once, whoever comes first."""
    runners = [desk.start("run", "rq01") for _ in range(2)]
    said = [runner.communicate(timeout=240) for runner in runners]
    assert [runner.returncode for runner in runners] == [0, 0], said
    assert len(desk.records()) == 3
    assert "Traceback" not in "".join(err for _, err in said)
    assert sorted("running 18 trials" in err for _, err in said) == [False, True]
    assert desk.expkit("check").code == 0


def test_a_tracking_server_that_is_down_costs_nothing_but_a_later_sync(desk: Desk) -> None:
    """Trained, judged and written all the same; the exit code says that publishing is pending."""
    with closing(socket.socket()) as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = replace(desk, store=f"http://127.0.0.1:{closed.getsockname()[1]}")
    said = nobody.expkit("run", "rq01")
    assert said.code == 4, said
    assert said.out.count("(confirmatory, self-registered)") == 2
    assert "publishing pending: " in said.err
    assert "publish later with: expkit sync rq01" in said.err
    assert desk.outcome.is_file()
    assert "4 runs are not published: expkit sync rq01" in nobody.expkit("status").out
    later = nobody.expkit("sync", "rq01")
    assert later.code == 4
    assert "4 runs are still to be published" in later.err

    published = desk.expkit("sync", "rq01")
    assert published.code == 0, published
    assert "rq01: 4 runs in 'trial/rq01'" in published.out
    assert desk.json("status")[0]["to_do"] == []


def _wait_for_a_record(desk: Desk, process: subprocess.Popen[str]) -> None:
    for _ in range(1200):
        assert process.poll() is None, process.communicate()
        if desk.records():
            return
        time.sleep(0.05)
    raise AssertionError("no batch was kept within a minute")
