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
    method, sent, address = "GET", {}, ""
    assert words.pop(0) == "api"
    while words:
        match words.pop(0):
            case "--method":
                method = words.pop(0)
            case "--field":
                name, _, value = words.pop(0).partition("=@")
                sent[name] = Path(value).read_text()
            case "--input":
                sent = json.loads(Path(words.pop(0)).read_text())
            case "--paginate":
                pass
            case word:
                assert not word.startswith("-"), word
                address = word
    kind = "comment" if "comments" in address else "issue"
    if method == "GET":
        assert address.endswith(
            ("/issues/7/comments", "/issues?state=open&labels=plumbline-drift&per_page=100")
        ), address
        print(json.dumps([row for row in rows if row["kind"] == kind and row.get("state") != "closed"]))
    elif method == "POST":
        assert address.endswith(("/issues/7/comments", "/issues")), address
        number = len(rows) + 100
        made = {
            "kind": kind,
            "id": number,
            "number": number,
            "user": {"login": "github-actions[bot]"},
            "edits": 0,
        }
        rows.append({**made, "state": "open", **sent})
    else:
        assert method == "PATCH"
        row = next(
            row for row in rows if address.endswith((f"/issues/comments/{row['id']}", f"/issues/{row['id']}"))
        )
        row |= {**sent, "edits": row["edits"] + 1}


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
