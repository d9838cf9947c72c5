from __future__ import annotations

import html
import re
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from expkit.outcomes.markdown.text import code, folded, plain, table

GITHUB = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
PROSE = st.text(alphabet=st.one_of(st.characters(), st.sampled_from("\\`*_[]{}|~$<>&@#!-+=.:/()\n 019a")), max_size=60)


def shown(text: str) -> str:
    """What a reader sees of a text: white space folded, controls gone."""
    kept = "".join(
        one
        for one in " ".join(text.split())
        if one in "\u200c\u200d" or unicodedata.category(one) not in ("Cc", "Cf", "Cs")
    )
    return " ".join(kept.split())


def words(rendered: str) -> str:
    """A rendered fragment as its reader sees it: code in its backticks, entities resolved, word joiners invisible."""
    text = rendered.strip().removeprefix("<p>").removesuffix("</p>").replace("<code>", "`").replace("</code>", "`")
    return html.unescape(text).replace("\u2060", "").strip()


@settings(max_examples=100, deadline=None)
@given(PROSE)
@example("<script>alert(1)</script>")
@example("- [x] done")
@example("1. one")
@example("# heading")
@example("> quote")
@example("&amp; &#64;")
@example("`a` ``b``")
@example("a\\|b\\\\|c")
@example("*a* _b_ **c** ~~d~~")
@example("<!-- expkit -->")
@example("[a](javascript:alert(1)) ![b](c.png) [^1]")
@example("===")
@example("`<b>` and `*x*` `a``b` ` c `")
@example("<a href='`'>`</a>")
@example("$x$ <https://x.org> a@b.org")
def test_a_text_shows_exactly_its_characters(text: str) -> None:
    """No character of a text becomes markup: a paragraph of words, and of code between backticks, is all there is."""
    rendered = GITHUB.render(plain(text)).strip()
    if shown(text):
        assert re.fullmatch(r"<p>([^<>]|<code>[^<>]*</code>)*</p>", rendered), rendered
        assert words(rendered) == shown(text)


@settings(max_examples=100, deadline=None)
@given(PROSE, PROSE)
def test_a_text_never_breaks_a_table(first: str, second: str) -> None:
    """Whatever its cells say, a table has its columns and rows, and a cell shows its text."""
    rendered = GITHUB.render(table(["a", "b", "c"], [[plain(first), "x", plain(second)], ["1", "2", "3"]]))
    cells = re.findall(r"<td>(.*?)</td>", rendered, re.DOTALL)
    assert len(cells) == 6
    assert [words(cell) for cell in cells] == [shown(first), "x", shown(second), "1", "2", "3"]
    assert not re.search(r"<(?!/?(?:table|thead|tbody|tr|th|td|code)\b)", rendered)


@settings(max_examples=100, deadline=None)
@given(PROSE)
@example("gambler[kind=a|b]")
@example("a`b")
@example("a\\")
def test_a_name_never_breaks_a_table_either(name: str) -> None:
    """Inline code holds a name where it can; where it cannot, the name is prose."""
    rendered = GITHUB.render(table(["a", "b"], [[code(name), "x"]]))
    cells = re.findall(r"<td>(.*?)</td>", rendered, re.DOTALL)
    assert len(cells) == 2
    assert words(cells[0]) in (shown(name), f"`{shown(name)}`")


def test_inline_code_stays_inline_code() -> None:
    """Who writes of a parameter in backticks means code; markup and mentions within it are only characters."""
    assert GITHUB.render(plain("Under `reward_rule: <b>` of `@someone`.")) == (
        "<p>Under <code>reward_rule: &lt;b&gt;</code> of <code>@someone</code>.</p>\n"
    )


@pytest.mark.parametrize("text", ["@someone", "see @some-one.", "#12", "owner/name#12", "GH-12", "@org/team"])
def test_nobody_is_mentioned_and_nothing_referenced(text: str) -> None:
    """GitHub looks for a name behind `@` and a number behind `#`: something invisible stands between."""
    assert not re.search(r"@\w|#\w|GH-\d", plain(text))


@pytest.mark.parametrize(
    "text", ["https://example.org/a_b", "http://example.org", "www.example.org", "WWW.example.org"]
)
def test_an_address_becomes_no_link(text: str) -> None:
    """GitHub makes links of `://` and `www.`; a backslash that nobody sees prevents it."""
    assert "://" not in plain(text)
    assert not re.search(r"www\.", plain(text), re.IGNORECASE)
    assert words(GITHUB.render(plain(text))) == text


def test_the_direction_of_reading_cannot_be_reversed() -> None:
    """A text with Unicode's override characters would show another claim than it holds."""
    assert plain("safe \u202eevil\u2066") == "safe evil"


def test_a_folded_block_keeps_its_table() -> None:
    """GitHub reads markdown inside a block of HTML only behind an empty line."""
    assert "<table>" in GITHUB.render(folded("Provenance", table(["a"], [["b"]])))
