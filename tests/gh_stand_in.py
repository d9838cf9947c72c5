"""Stands in for GitHub's command line and the comments of one pull request behind it, as our workflow calls them.

    gh api --paginate REPO/issues/N/comments --jq FILTER              ids of a user's comments that begin with a text
    gh api --method POST REPO/issues/N/comments --field body=@FILE    one more comment, by the bot
    gh api --method PATCH REPO/issues/comments/ID --field body=@FILE  another text for a comment

Comments are kept in $GH_COMMENTS, a JSON list as GitHub answers it, 30 on a page. With GH_READ_ONLY the token is one of
a fork's pull request. Whatever else it is asked, it refuses, so that a test fails which it cannot stand in for.
"""

from __future__ import annotations

import json
import os
import re
import sys
from argparse import ArgumentParser
from pathlib import Path

PAGE = 30
FILTER = re.compile(
    r'\.\[\] \| select\(\.user\.login == "(?P<login>[^"]+)"\s+and '
    r'\(\.body \| startswith\("(?P<beginning>[^"]+)"\)\)\) \| \.id'
)


def main() -> None:
    """Answer one call."""
    parser = ArgumentParser()
    parser.add_argument("api", choices=["api"])
    parser.add_argument("path")
    parser.add_argument("--method", choices=["POST", "PATCH"])
    parser.add_argument("--paginate", action="store_true")
    parser.add_argument("--silent", action="store_true")
    parser.add_argument("--jq")
    parser.add_argument("--field")
    asked = parser.parse_args()
    assert os.environ["GH_TOKEN"] == "a token"
    kept = Path(os.environ["GH_COMMENTS"])
    comments = json.loads(kept.read_text())
    number = re.escape(os.environ["PULL_REQUEST"])
    if asked.method is None:
        assert re.fullmatch(rf"repos/[^/]+/[^/]+/issues/{number}/comments", asked.path), asked.path
        wanted = FILTER.fullmatch(asked.jq)
        assert wanted, asked.jq
        for one in comments if asked.paginate else comments[:PAGE]:
            if one["user"]["login"] == wanted["login"] and one["body"].startswith(wanted["beginning"]):
                sys.stdout.write(f"{one['id']}\n")
        return
    if os.environ.get("GH_READ_ONLY"):
        sys.exit("gh: Resource not accessible by integration (HTTP 403)")
    name, _, file = asked.field.partition("=@")
    assert name == "body"
    text = Path(file).read_text()
    if asked.method == "POST":
        assert re.fullmatch(rf"repos/[^/]+/[^/]+/issues/{number}/comments", asked.path), asked.path
        comments.append({"id": 1000 + len(comments), "user": {"login": "github-actions[bot]"}, "body": text})
    else:
        changed = re.fullmatch(r"repos/[^/]+/[^/]+/issues/comments/(\d+)", asked.path)
        (one,) = [one for one in comments if changed and one["id"] == int(changed[1])] or sys.exit("gh: HTTP 404")
        one["body"] = text
    kept.write_text(json.dumps(comments))


if __name__ == "__main__":
    main()
