"""Notes: markdown that fits MLflow's descriptions, cut at a paragraph and never silently."""

from __future__ import annotations

import re

TAG_LIMIT = 8000
"""Characters of a run's tag; a description is a tag."""
PARAM_LIMIT = 6000
"""Characters of a parameter's value."""

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_LOCAL_IMAGE = re.compile(r"!\[[^\]]*\]\((?!https?://)[^)]*\)")
_HTML_TAG = re.compile(r"</?(?:details|summary|p|div|span|br|hr|sub|sup|img|a|b|i|em|strong)\b[^<>]*>", re.IGNORECASE)
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n)+")


def note(markdown: str, *, whole: str, limit: int = TAG_LIMIT) -> str:
    """Markdown as MLflow can show it: no local images, no raw HTML, at most `limit` characters.

    What does not fit is left out from a paragraph on, and a last line says where it is `whole`.
    """
    text = markdown
    for unshown in (_COMMENT, _LOCAL_IMAGE, _HTML_TAG):
        text = unshown.sub("", text)
    text = _BLANK_LINES.sub("\n\n", text.replace("\r\n", "\n")).strip()
    if len(text) <= limit:
        return text
    ending = f"*Cut here. All of it: {whole}.*"
    room = limit - len(ending) - len("\n\n")
    kept = ""
    for paragraph in text.split("\n\n"):
        longer = f"{kept}\n\n{paragraph}" if kept else paragraph
        if len(longer) > room:
            break
        kept = longer
    # a first paragraph that is too long by itself is cut between two words
    return f"{kept or text[:room].rsplit(maxsplit=1)[0]}\n\n{ending}"


def fitted(value: str, *, limit: int, whole: str) -> str:
    """A value of at most `limit` characters; a longer one ends by saying its length and where it is `whole`."""
    if len(value) <= limit:
        return value
    ending = f" … [{len(value)} characters, all of them: {whole}]"
    return value[: limit - len(ending)] + ending
