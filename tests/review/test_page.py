"""A page: whole parts, cut where GitHub takes no more, and no command to whoever reads a log."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from expkit.review.diff import diff_block
from expkit.review.page import COMMENT, MARKER, Section, page


def test_a_short_page_is_whole() -> None:
    """Headings, blocks with an empty line between, and nothing for a part without blocks."""
    parts = [Section(None, ["first"]), Section("Empty", []), Section("More", ["one", "two"])]
    assert page(parts) == "first\n\n### More\n\none\n\ntwo\n"
    assert page(parts, COMMENT, marker=True).splitlines()[0] == MARKER == "<!-- expkit review -->"


@given(
    st.lists(st.lists(st.integers(1, 300).map("a😀".__mul__), max_size=6), min_size=1, max_size=6),
    st.integers(400, 2_000),
)
def test_a_page_keeps_its_limit_and_says_what_was_cut(blocks: list[list[str]], limit: int) -> None:
    """No block is cut in its middle, so no table and no fence is left open; astral characters count twice."""
    parts = [Section(f"part {number}", texts) for number, texts in enumerate(blocks)]
    text = page(parts, limit, marker=True)
    assert len(text.encode("utf-16-le")) // 2 <= limit
    assert text.startswith(MARKER)
    whole = page(parts, marker=True)
    if text != whole:
        kept, _, said = text.rpartition("\n\n**Cut, because")
        assert said.rstrip().endswith("on your machine.")
        for number, texts in enumerate(blocks):
            body = kept.split(f"### part {number}\n\n")[-1].split("\n\n### ")[0] if f"### part {number}" in kept else ""
            complete = not texts or body == "\n\n".join(texts)
            assert complete or f"part {number}" in said


def test_nothing_on_a_page_is_a_command_to_the_runner() -> None:
    """It reads what is printed: a line that begins with two colons, and `##[` anywhere."""
    text = page(
        [Section(None, ["::error::no", "  ::set-output name=a::b", "- `##[add-mask]x`", diff_block("::a", "")])]
    )
    assert "##[" not in text
    assert not any(line.lstrip().startswith("::") for line in text.splitlines())


def test_a_rewording_shows_sentences_and_cannot_leave_its_block() -> None:
    """Those that are gone, those that are new, those that stay beside them."""
    assert diff_block("It pays. Always.", "It pays. Often.") == "```diff\n  It pays.\n- Always.\n+ Often.\n```"
    shortened = diff_block("A\n\nA. B. C. D. E.", "A\n\nA. B. c. D. E.")
    assert shortened == "```diff\n  ...\n  B.\n- C.\n+ c.\n  D.\n  ...\n```"
    block = diff_block("```` <script>\u202e", "Same.")
    assert block.startswith("`````diff\n")
    assert block.endswith("\n`````")
    assert "\u202e" not in block
