from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from expkit.tracking.notes import fitted, note

ENDING = "*Cut here. All of it: the file.*"


def test_a_note_keeps_text_and_tables_and_leaves_out_what_mlflow_cannot_show() -> None:
    """Local images, comments and raw HTML go; images of the web stay."""
    markdown = (
        "# Found\n\n![intervals](figures/intervals.svg)\n\n| a |\n|---|\n| p < 0.05 |\n\n"
        "<details><summary>Origin</summary>\n\ncommit\n\n</details>\n<!-- marker -->\n![badge](https://x.example/b.svg)"
    )
    assert note(markdown, whole="the file") == (
        "# Found\n\n| a |\n|---|\n| p < 0.05 |\n\nOrigin\n\ncommit\n\n![badge](https://x.example/b.svg)"
    )


def test_a_long_note_ends_with_a_whole_paragraph_and_says_so() -> None:
    """A reader sees that there is more, and where; a table is whole or not there."""
    table = "\n".join(f"| row {k} |" for k in range(20))
    text = note(f"First.\n\n{table}\n\nLast.", whole="the file", limit=120)
    assert text == f"First.\n\n{ENDING}"


def test_one_paragraph_that_is_too_long_is_cut_between_words() -> None:
    """Something is shown all the same."""
    assert note("words " * 100, whole="the file", limit=60) == f"words words words words\n\n{ENDING}"


@given(markdown=st.text(), limit=st.integers(100, 300))
def test_no_note_is_longer_than_its_limit_and_none_is_cut_silently(markdown: str, limit: int) -> None:
    """Either all of it is there, or the last line says that it is not."""
    text = note(markdown, whole="the file", limit=limit)
    assert len(text) <= limit
    assert text.endswith(ENDING) or len(note(markdown, whole="the file", limit=10**9)) <= limit


@given(value=st.text(), limit=st.integers(80, 200))
def test_no_value_is_cut_silently(value: str, limit: int) -> None:
    """A value that does not fit names its length and the place that has it whole."""
    short = fitted(value, limit=limit, whole="x.yaml")
    assert len(short) <= limit
    assert short == value if len(value) <= limit else f"[{len(value)} characters, all of them: x.yaml]" in short
