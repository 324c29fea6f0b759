"""Stands in for GitHub's `gh` and, called as `curl`, for Azure DevOps: keeps comments and issues in a file.

Neither service can be reached from a test. What the workflows send is read as the real programs read it, and an unknown
option or address ends with an error.
"""

import json
import os
import sys
from pathlib import Path

STORE = Path(os.environ["COMMENT_STORE"])


def main(program: str, words: list[str]) -> None:
    """Answer one call."""
    rows = json.loads(STORE.read_text()) if STORE.exists() else []
    if program == "gh":
        assert os.environ["GH_TOKEN"], "gh needs a token"
        _gh(rows, words)
    else:
        _curl(rows, words)
    STORE.write_text(json.dumps(rows))


def _gh(rows: list[dict], words: list[str]) -> None:
    method, field, address = "GET", "", ""
    assert words.pop(0) == "api"
    while words:
        match words.pop(0):
            case "--method":
                method = words.pop(0)
            case "--field":
                field = words.pop(0)
            case "--paginate":
                pass
            case word:
                assert not word.startswith("-"), word
                address = word
    if method == "GET":
        assert address.endswith("/issues/7/comments"), address
        print(json.dumps(rows))
        return
    name, _, value = field.partition("=@")
    assert name == "body"
    body = Path(value).read_text()
    if method == "POST":
        assert address.endswith("/issues/7/comments"), address
        rows.append(
            {"id": len(rows) + 100, "user": {"login": "github-actions[bot]"}, "body": body, "edits": 0}
        )
    else:
        assert method == "PATCH"
        row = next(row for row in rows if address.endswith(f"/issues/comments/{row['id']}"))
        row |= {"body": body, "edits": row["edits"] + 1}


def _curl(rows: list[dict], words: list[str]) -> None:
    method, body, address, headers = "GET", None, "", []
    while words:
        match words.pop(0):
            case "--request":
                method = words.pop(0)
            case "--header":
                headers.append(words.pop(0))
            case "--data":
                assert words.pop(0) == "@-"
                body = json.load(sys.stdin)
            case "--silent" | "--fail":
                pass
            case word:
                assert not word.startswith("-"), word
                address = word.partition("?api-version=7.1")[0]
    assert "Authorization: Bearer a-token" in headers, headers
    if method == "GET":
        print(
            json.dumps({"value": [{"id": row["id"], "comments": [{"content": row["body"]}]} for row in rows]})
        )
    elif method == "POST":
        assert address.endswith("/pullRequests/7/threads"), address
        rows.append({"id": len(rows) + 100, "body": body["comments"][0]["content"], "edits": 0})
    else:
        row = next(row for row in rows if address.endswith(f"/threads/{row['id']}/comments/1"))
        row |= {"body": body["content"], "edits": row["edits"] + 1}


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
