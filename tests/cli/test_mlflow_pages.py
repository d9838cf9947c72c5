"""What people see of a question in MLflow: a real server, a real Chromium, and no other host.

`make screenshots` publishes this very project's rq01 instead of a small one, and keeps the documentation's pictures on
the way.
"""

from __future__ import annotations

import importlib.util
import io
import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import EXPKIT, Desk, Said

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["gpu", "quic", "background-networking", "component-update", "sync", "dev-shm-usage"]
COLOURS = 96
SHOTS = os.environ.get("EXPKIT_SCREENSHOTS")

SWEEP = """\
id: sweep
title: Gamblers of many rates
environment: {kind: dungeon}
trainer: {kind: tabular, steps: 400}
arms: {gambler: {agent: {kind: gambler}}}
sweep:
  arm: gambler
  vary:
    agent.learning_rate: [0.01, 0.02, 0.05, 0.1, 0.2, 0.4]
    environment.slip: [0.0, 0.1, 0.2, 0.3]
seeds: {root: 7, count: 5}
"""
SWEPT = """\
id: rq02
title: Rates
question: Does a high rate pay where the wind is strong?
scope: Five seeds of a short run.
experiments: [sweep]
hypotheses:
  - id: h1
    statement: A rate of 0.2 earns more than one of 0.05.
    experiment: sweep
    criterion:
      kind: difference
      metric: total_reward
      treatment: "gambler[learning_rate=0.2,slip=0.3]"
      control: "gambler[learning_rate=0.05,slip=0.3]"
      at_least: 0
"""


@dataclass(frozen=True)
class Pages:
    """MLflow's pages as one person sees them who has just opened a browser."""

    browser: Browser
    desk: Desk
    """Whose rq01 is looked at."""
    swept: Desk
    """Whose rq02 is a sweep."""
    port: str
    said: list[str]
    """What `expkit ui` printed before it was ready."""

    def open(self, url: str) -> Page:
        """A page in a window of its own, with the network of a machine that has none."""
        context = self.browser.new_context(viewport={"width": 1280, "height": 800})
        context.set_default_timeout(60_000)
        # mlflow unfolds its assistant over the first page that a new browser opens
        context.add_init_script("localStorage.setItem('mlflow.assistant.fab.autoOpenedOnFirstLoad_v1', 'true')")
        here = f"http://127.0.0.1:{self.port}/"
        context.route(lambda address: not address.startswith((here, "blob:")), lambda route: route.abort())
        page = context.new_page()
        page.goto(url)
        return page

    def links(self, desk: Desk, question: str) -> dict[str, Any]:
        """What `expkit compare --json` says of a question in MLflow."""
        return desk.json("compare", question, "--port", self.port)["mlflow"]

    def run(self, name: str, tab: str = "") -> Page:
        """The page of a run of rq01."""
        known = self.links(self.desk, "rq01")
        base = known["charts"].partition("/runs?")[0]
        return self.open(f"{base}/runs/{known['runs'][name]}{tab}?workflowType=machine_learning")


@pytest.fixture(scope="module")
def browser(require: Callable[[str, bool, str], None]) -> Iterator[Browser]:
    """This machine's own Chromium."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    require("browser", found is not None, f"none of {', '.join(BROWSERS)} is installed")
    require("browser", importlib.util.find_spec("playwright") is not None, "the package playwright is not installed")
    from playwright.sync_api import sync_playwright

    flags = [*(f"--disable-{name}" for name in FLAGS), "--no-first-run"]
    with sync_playwright() as driver:
        # a sandbox of its own cannot be made by root
        alone = ["--no-sandbox"] if os.geteuid() == 0 else []
        opened = driver.chromium.launch(executable_path=found, args=[*flags, *alone])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def pages(
    browser: Browser,
    _answered: tuple[Desk, Said],
    desk_of: Callable[[Path], Desk],
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[Pages]:
    """A question and a sweep, published to one store, which `expkit ui` serves."""
    asked = _answered[0]
    if SHOTS:
        asked = request.getfixturevalue("own_project")
        assert asked.expkit("run", "rq01").code == 0
    swept = desk_of(tmp_path_factory.mktemp("swept") / "project")
    (swept.root / "experiments" / "sweep.yaml").write_text(SWEEP)
    folder = swept.root / "research_questions" / "rq02"
    folder.mkdir()
    (folder / "question.yaml").write_text(SWEPT)
    swept.commit()
    assert swept.expkit("run", "rq02").code == 0
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    log = (swept.root.parent / "ui.log").open("w+")
    command = [str(EXPKIT), "ui", "--port", port]
    server = subprocess.Popen(command, cwd=asked.root, env=asked.environment, stdout=log, stderr=log, text=True)
    try:
        yield Pages(browser, asked, swept, port, _until_ready(server, Path(log.name)))
    finally:
        server.terminate()
        server.wait(timeout=60)
        log.close()
    with pytest.raises(OSError, match="refused"):  # terminated like this, it leaves no server behind either
        socket.create_connection(("127.0.0.1", int(port)), timeout=5)


def _until_ready(server: subprocess.Popen[str], log: Path) -> list[str]:
    while server.poll() is None:
        if "\nready: " in (said := log.read_text()):
            return said.splitlines()
        time.sleep(0.2)
    pytest.fail(f"expkit ui ended:\n{log.read_text()}")


def keep(page: Page, name: str) -> None:
    """Keep a picture for the documentation, where it is asked for: a hundred colours are enough for a page."""
    if SHOTS:
        from PIL import Image

        # where the store of this very run lies is nobody's concern
        page.get_by_text("Path: file:").evaluate_all("found => found.forEach(one => one.style.visibility = 'hidden')")
        page.wait_for_timeout(1500)  # charts fade in
        picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        picture.save(Path(SHOTS) / name, optimize=True)


def names(page: Page, count: int) -> list[str]:
    """The first runs that the list shows, once it shows so many."""
    cells = page.locator("[role=gridcell] a[href*='/runs/']")
    cells.nth(count - 1).wait_for()
    return [cells.nth(place).inner_text().strip() for place in range(count)]


def test_a_questions_page_lists_its_arms_and_charts_summaries_first(pages: Pages) -> None:
    """The link of `expkit ui` opens it: the outcome and the arms by their names, verdicts above, no seed in the way."""
    (link,) = [line.split()[-1] for line in pages.said if line.startswith("rq01 ")]
    assert link == pages.links(pages.desk, "rq01")["charts"]
    page = pages.open(link)
    listed = names(page, 4)
    assert listed[0] == "outcome"
    assert {*listed[1:]} == {"drunkard", "accountant", "gambler"}
    for said in ("total_reward.iqm", "curve.reward_per_step", "The other metrics"):
        page.get_by_text(said, exact=True).first.wait_for()
    page.locator(".js-plotly-plot .main-svg").first.wait_for()
    shown = page.inner_text("body")
    order = [shown.index(said) for said in ("total_reward.iqm", "curve.reward_per_step", "The other metrics")]
    assert order == sorted(order)
    assert "seed.total_reward" not in shown
    assert "Model training" in shown
    title = re.search("^title: (.*)$", pages.desk.question.read_text(), re.MULTILINE)
    assert title
    assert title[1] in shown
    assert "supported" in page.inner_text("body")
    keep(page, "mlflow.png")


def test_compare_opens_the_comparison_of_the_arms(pages: Pages, tmp_path: Path) -> None:
    """The runs are selected, and the parameters that differ stand side by side."""
    opened, browser = tmp_path / "opened", tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" >{opened}\n')
    browser.chmod(0o755)
    said = pages.desk.expkit("compare", "rq01", "--open", "--port", pages.port, BROWSER=str(browser))
    assert said.code == 0, said
    url = opened.read_text()
    assert url == pages.links(pages.desk, "rq01")["compare"]
    page = pages.open(url)
    page.get_by_text("Comparing 3 Runs from 1 Experiment").wait_for()
    page.get_by_text("Show diff only").first.click()
    shown = page.inner_text("body")
    run_names = shown[shown.index("Run Name:") : shown.index("Start Time:")]
    assert re.findall("drunkard|accountant|gambler", run_names) == ["drunkard", "accountant", "gambler"]
    settings = shown[shown.index("Show diff only") : shown.rindex("Show diff only")]
    assert re.search(r"agent\.kind\s+drunkard\s+accountant\s+gambler", settings)
    assert "agent.learning_rate" in settings
    assert "environment.slip" not in settings  # they share it
    keep(page, "mlflow-compare.png")


def test_the_outcome_and_its_figures_are_previewed(pages: Pages) -> None:
    """Markdown is set as a document with its table, a figure is drawn, and the description shows the verdicts."""
    page = pages.run("outcome", "/artifacts/outcome.md")
    page.get_by_role("heading", name="Hypotheses").wait_for()
    assert "supported" in page.inner_text("body")
    assert "## Hypotheses" not in page.inner_text("body")
    keep(page, "mlflow-outcome.png")
    page.get_by_text("figures", exact=True).click()
    page.get_by_text("intervals.svg").click()
    drawn = page.locator("img[src^='blob:']").first
    drawn.wait_for()
    assert drawn.evaluate("figure => figure.decode().then(() => figure.naturalWidth)") > 0
    page.get_by_role("tab", name="Overview").click()
    page.get_by_text("Description").first.wait_for()
    assert "supported" in page.inner_text("body")


def test_the_environment_is_a_dataset_with_its_digest(pages: Pages) -> None:
    """A run's page names it; the drawer beside it has the digest, the exact optimum and the table's columns."""
    arms = json.loads(pages.desk.evidence.read_text())["arms"]
    (digest,) = {arm["environment_digest"] for arm in arms}
    page = pages.run("gambler")
    page.get_by_text("dungeon (").first.click()
    page.get_by_text(f"Digest: {digest[:36]}", exact=True).wait_for()
    shown = page.inner_text("body")
    for said in ("optimal gain", "next_state", "probability"):
        assert said in shown
    keep(page, "mlflow-dataset.png")


def test_a_large_sweep_begins_with_what_the_hypotheses_speak_of(pages: Pages) -> None:
    """The outcome and the two arms of the claim come first, all arms stand in one chart, and each setting filters."""
    known = pages.links(pages.swept, "rq02")
    page = pages.open(known["charts"])
    claimed = ["gambler[learning_rate=0.2,slip=0.3]", "gambler[learning_rate=0.05,slip=0.3]"]
    assert names(page, 3) == ["outcome", *claimed]
    page.get_by_text("Parallel Coordinates").first.wait_for()
    keep(page, "mlflow-sweep.png")
    box = page.get_by_placeholder("metrics.rmse")
    box.fill('params.`agent.learning_rate` = "0.1" and params.`environment.slip` = "0.2"')
    box.press("Enter")
    page.get_by_text(re.compile("^1 matching run")).wait_for()
    assert names(page, 1) == ["gambler[learning_rate=0.1,slip=0.2]"]
    # of so many arms, only those of the claim are compared
    assert [name for name, run in known["runs"].items() if run in known["compare"]] == claimed[::-1]
