from __future__ import annotations

import hashlib
import itertools
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from types import SimpleNamespace

import matplotlib
from hypothesis import given, settings
from hypothesis import strategies as st

from expkit.outcomes.figures import canvas
from expkit.outcomes.figures.curves import kept_apart
from expkit.outcomes.figures.draw import draw
from expkit.records.evidence import Evidence, Interval

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = """\
font.family: serif
font.size: 20
axes.prop_cycle: cycler("color", ["red"])
axes.facecolor: black
axes.grid: True
figure.facecolor: yellow
figure.constrained_layout.use: True
savefig.transparent: True
savefig.bbox: tight
svg.fonttype: path
lines.linewidth: 7
axes.formatter.use_locale: True
path.sketch: 1, 100, 2
"""
PROGRAM = """\
import hashlib, sys
from expkit.outcomes.figures.draw import draw
from expkit.records.evidence import Evidence
drawn = draw(Evidence.model_validate_json(sys.stdin.read()))
print({name: hashlib.sha256(content).hexdigest() for name, content in drawn.items()})
"""


def texts(svg: bytes) -> list[str]:
    """Every text in a picture, in the order of drawing."""
    return ["".join(one.itertext()) for one in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def digests(drawn: dict[str, bytes]) -> str:
    """What `PROGRAM` prints of the same figures."""
    return str({name: hashlib.sha256(content).hexdigest() for name, content in drawn.items()})


def test_the_same_evidence_is_the_same_bytes_everywhere(evidence: Evidence, tmp_path: Path) -> None:
    """Twice here, in another process, and under a `matplotlibrc` that changes all it can."""
    (tmp_path / "matplotlibrc").write_text(HOSTILE)
    here = digests(draw(evidence))
    assert digests(draw(evidence)) == here
    for changed in ({"PYTHONHASHSEED": "7"}, {"MATPLOTLIBRC": str(tmp_path / "matplotlibrc"), "PYTHONHASHSEED": "8"}):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            input=evidence.model_dump_json(),
            env={**os.environ, **changed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == here, changed


def test_the_settings_of_the_process_stay_as_they_were(evidence: Evidence) -> None:
    """Who draws figures of their own in the same process finds their settings again."""
    with matplotlib.rc_context({"lines.linewidth": 7.0, "svg.fonttype": "path"}):
        before = dict(matplotlib.rcParams)
        draw(evidence)
        assert dict(matplotlib.rcParams) == before


def test_a_figure_names_no_date_and_no_creator(evidence: Evidence) -> None:
    """What changes with the day or the version would make two equal figures differ; a title tells what is shown."""
    for name, content in draw(evidence).items():
        assert b"dc:date" not in content, name
        assert b"dc:creator" not in content, name
        assert ElementTree.fromstring(content).findtext(f"{SVG}title", "").startswith("rq01: ")


def test_text_stays_text_on_an_opaque_card(evidence: Evidence) -> None:
    """Words can be searched and read aloud, in a font with a fallback; the card is white on a dark page too."""
    for content in draw(evidence).values():
        assert b"font-family: 'DejaVu Sans', sans-serif" in content
        assert re.search(rb'<g id="patch_1">\s*<path d="[^"]*" style="fill: #ffffff"/>', content)


def test_the_page_holds_a_figure_without_scaling_it(evidence: Evidence) -> None:
    """600 points are 800 pixels."""
    for content in draw(evidence).values():
        assert ElementTree.fromstring(content).get("width") == "600pt"


def test_each_hypothesis_has_a_row_with_its_verdict_as_a_word(evidence: Evidence) -> None:
    """Nothing is said by colour alone: arms, estimate and verdict are written."""
    words = texts(draw(evidence)["intervals.svg"])
    for expected in (
        "h1",
        "h2",
        "h3",
        "gambler / accountant",
        "4,283",
        "1.504",
        "2.06",
        "✗ refuted",
        "mean total reward",
    ):
        assert expected in words
    assert words.count("✓ supported") == 2
    assert words.count("confirmatory") == 3


def test_every_verdict_and_open_interval_can_be_drawn(make: SimpleNamespace) -> None:
    """A hypothesis without a test keeps its row, with its claim; an interval without an end runs off the scale."""
    hypotheses = (
        make.hypothesis("h1", None, verdict="invalid", reason="3 failed"),
        make.hypothesis("h2", None, verdict="withdrawn", reason="no", region=Interval(low=None, high=None)),
        make.hypothesis("h3", make.test(2.0, 1.0, None), verdict="inconclusive"),
        make.hypothesis("h4", make.test(2.0, None, None), verdict="inconclusive", region=Interval(low=1.0, high=3.0)),
        make.hypothesis("h5", make.test(1.8, 1.8, 1.8), verdict="supported"),
    )
    words = texts(draw(make.evidence(hypotheses=hypotheses))["intervals.svg"])
    assert words.count("no test") == 2
    assert [word for word in words if word.startswith(("! ", "? "))] == [
        "! invalid",
        "? inconclusive",
        "? inconclusive",
    ]


def test_curves_are_labelled_where_they_end(evidence: Evidence) -> None:
    """No legend to look up: names beside the lines, with the exact gains that frame them."""
    words = texts(draw(evidence)["curves.svg"])
    for expected in ("drunkard", "accountant", "gambler", "optimal gain 6.1049, exact", "random walk 1.3125, exact"):
        assert expected in words


def test_environments_are_never_drawn_on_one_scale(make: SimpleNamespace) -> None:
    """Each environment has its own panel, named by what sets it apart."""
    landing = make.arm(
        "gambler",
        make.spread(20, 27_500, 900),
        make.curve(1, 4, 0.1),
        environment_digest="0" * 64,
        parameters={"environment.slip": 0.2},
    )
    drawn = draw(make.evidence(arms=(*make.arms()[:2], landing)))
    for name in ("curves.svg", "seeds.svg"):
        words = texts(drawn[name])
        assert "Drunkard, accountant and gambler: slip 0.1" in words
        assert "Drunkard, accountant and gambler: slip 0.2" in words


def test_every_seed_is_a_dot(make: SimpleNamespace) -> None:
    """Two hundred seeds are two hundred dots; thousands are drawn as so many quantiles."""
    drawn = draw(make.evidence())["seeds.svg"].decode()
    # every dot is a use of its arm's marker; scales and legend use some more
    assert 600 <= drawn.count("<use ") <= 640
    many = make.arm("gambler", make.spread(3001, 27_000, 900), make.curve(1, 4, 0.1))
    crowded = draw(make.evidence(arms=(*make.arms()[:2], many)))["seeds.svg"].decode()
    assert 650 <= crowded.count("<use ") <= 690
    assert "n = 3,001" in crowded


def test_fifty_arms_of_a_sweep_stay_readable(make: SimpleNamespace) -> None:
    """Arms that hypotheses speak of are named, the others grey and counted, and the picture keeps its size."""
    sweep = [
        make.arm(f"gambler[learning_rate={k}]", make.spread(20, 20_000 + 90 * k, 300), make.curve(1, 1 + k / 20, 0.1))
        for k in range(50)
    ]
    drawn = draw(make.evidence(arms=(*make.arms(), *sweep)))
    curves = texts(drawn["curves.svg"])
    assert any("grey: 50 more arms" in word for word in curves)
    assert not any("learning_rate" in word for word in curves)
    strips = [word for word in texts(drawn["seeds.svg"]) if word.startswith("n = ")]
    assert len(strips) == 12
    assert {"drunkard", "accountant", "gambler"} <= set(texts(drawn["seeds.svg"]))
    assert any("41 more arms not drawn" in word for word in texts(drawn["seeds.svg"]))
    heights = [
        float(ElementTree.fromstring(content).get("height", "0pt").removesuffix("pt")) for content in drawn.values()
    ]
    assert max(heights) < 700


def test_signs_in_names_are_only_signs(make: SimpleNamespace) -> None:
    """A dollar starts no formula, and an angle bracket no element."""
    evidence = make.evidence(experiments={"strategies": "$x_1^2$ <script>alert(1)</script> & more"})
    content = draw(evidence)["curves.svg"]
    assert "$x_1^2$ <script>alert(1)</script> & more" in texts(content)
    assert b"<script" not in content


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0, 1), max_size=12))
def test_labels_keep_their_order_and_their_distance(heights: list[float]) -> None:
    """No two labels overlap, none leaves the panel at its top, and none changes places with another."""
    placed = kept_apart(sorted(heights), 0.06)
    assert len(placed) == len(heights)
    assert all(height <= 1 + 1e-9 for height in placed)
    assert all(upper - lower >= 0.06 - 1e-9 for lower, upper in itertools.pairwise(placed))


def test_a_label_with_room_stays_at_its_line() -> None:
    """What does not overlap is not moved."""
    assert kept_apart([0.1, 0.5, 0.9], 0.06) == [0.1, 0.5, 0.9]


def test_a_long_name_keeps_both_ends() -> None:
    """The setting at the end of a name is what tells arms apart."""
    short = canvas.shortened("gambler[learning_rate=0.01,discount=0.95]", 20)
    assert len(short) == 20
    assert short.startswith("gambler[l")
    assert short.endswith("ount=0.95]")
