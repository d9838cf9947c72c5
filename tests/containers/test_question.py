from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from docker import DockerClient

from expkit.containers import confined
from expkit.containers.engine import Engine
from expkit.containers.image import Inspected
from expkit.containers.orphans import this_runner
from expkit.containers.question import MOST_BYTES, ask
from expkit.specs.settings import Limits

LOOK = """
import json, os
from pathlib import Path
status = dict(line.split(":\\t", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(json.dumps({
    "uid": os.getuid(), "capabilities": status["CapBnd"], "no_new_privileges": status["NoNewPrivs"],
    "interfaces": os.listdir("/sys/class/net"), "environment": dict(os.environ),
    "mounted": [name for name in ("/in", "/out") if os.path.exists(name)],
}))
"""


def test_an_image_answers_with_what_a_program_in_it_says(engine: Engine, image: Inspected) -> None:
    """All of its lines, and how it ended."""
    answer = ask(engine, image, ["python", "-c", "import sys; print('one\\ntwo'); sys.exit('no more')"])
    assert answer.said == "one\ntwo"
    assert (answer.exit.code, answer.exit.complaint) == (1, "no more")


def test_it_is_confined_like_a_worker(
    engine: Engine, image: Inspected, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the password of the client's proxy stays outside."""
    settings = {"proxies": {"default": {"httpProxy": "http://user:secret@proxy.example.org"}}}
    (tmp_path / "config.json").write_text(json.dumps(settings))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    client = DockerClient.from_env()
    asked = Engine(client=client, version=engine.version, platform=engine.platform, store=engine.store)
    answer = ask(asked, image, ["python", "-c", LOOK])
    assert "secret" in str(client.api._proxy_configs)
    assert "secret" not in answer.said
    seen = json.loads(answer.said)
    assert seen["uid"] == (os.getuid() or 65534)
    assert (seen["capabilities"], seen["no_new_privileges"]) == ("0000000000000000", "1")
    assert (seen["interfaces"], seen["mounted"]) == (["lo"], [])


def test_the_container_is_known_by_its_runner_and_is_gone_afterwards(
    engine: Engine, image: Inspected, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the next runner finds it where this one is killed meanwhile."""
    seen = []
    remove = confined.remove
    monkeypatch.setattr(confined, "remove", lambda container: (seen.append(container), remove(container)))
    ask(engine, image, ["python", "-c", ""])
    (container,) = seen
    assert this_runner().labels.items() <= container.labels.items()
    assert container.attrs["HostConfig"]["LogConfig"]["Type"] == "none"
    assert engine.client.containers.list(all=True, filters={"id": container.id}) == []


@pytest.mark.parametrize("code", ["while True: print('x' * 1000)", "print('x' * 10_000_000)"])
def test_a_flood_is_not_read_to_its_end(engine: Engine, image: Inspected, code: str) -> None:
    """In lines, or in one that never ends."""
    answer = ask(engine, image, ["python", "-c", code])
    assert answer.exit.why == f"it said more than {MOST_BYTES:,} bytes"
    assert len(answer.said) <= MOST_BYTES


def test_whoever_does_not_answer_is_not_waited_for(engine: Engine, image: Inspected) -> None:
    """A minute, unless it is said otherwise."""
    answer = ask(engine, image, ["python", "-c", "import time; time.sleep(600)"], limits=Limits(time_s=2))
    assert answer.exit.why == "not done in 2 s"


def test_the_images_own_entrypoint_can_be_asked(engine: Engine, image: Inspected) -> None:
    """A worker's does not like what it is told here."""
    answer = ask(engine, image, ["/nowhere", "/out"], own_entrypoint=True)
    assert "/nowhere/work.json" in answer.exit.complaint
