"""What `expkit show` tells of the image that an attempt ran in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.conftest import Desk

IMAGE = {
    "EXPKIT_IMAGE_REFERENCE": "dungeon:1",
    "EXPKIT_IMAGE_ID": "sha256:" + "1" * 64,
}
DIGEST = "registry.example.org/dungeon@sha256:" + "2" * 64


def test_a_host_has_no_image_to_show(answered: Desk) -> None:
    """Nothing is said of what there was not."""
    assert "image" not in answered.expkit("show", "2026").out
    assert "in image" not in answered.expkit("show", "gambler").out


def test_an_attempt_shows_its_image_and_whether_others_can_have_it(desk: Desk) -> None:
    """Name, content, and a repository digest or the plain word that there is none."""
    assert desk.expkit("run", "rq01", **IMAGE).code == 0
    lines = [" ".join(line.split()) for line in desk.expkit("show", "2026").out.splitlines()]
    assert lines.count("image dungeon:1") == 3
    assert lines.count(f"image id {IMAGE['EXPKIT_IMAGE_ID']}") == 3
    assert lines.count("image digest never pushed") == 3
    assert "in image dungeon:1" in desk.expkit("show", "gambler").out
    text = desk.outcome.read_text()
    assert f"| image | `dungeon:1`, `{IMAGE['EXPKIT_IMAGE_ID']}`, never pushed |" in text


def test_a_pushed_image_shows_its_repository_digest(desk: Desk) -> None:
    """That is what another machine pulls."""
    assert desk.expkit("run", "rq01", EXPKIT_IMAGE_DIGEST=DIGEST, **IMAGE).code == 0
    lines = [" ".join(line.split()) for line in desk.expkit("show", "2026").out.splitlines()]
    assert lines.count(f"image digest {DIGEST}") == 3
    assert f"| image | `dungeon:1`, `{DIGEST}` |" in desk.outcome.read_text()
