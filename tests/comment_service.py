"""Stands in for GitHub's `gh` and, called as `curl`, for Azure DevOps: keeps comments, issues and work items in a file.

Neither service can be reached from a test. What the workflows send is read as the real programs read it, and an unknown
option or address ends with an error.
"""

import json
import os
import re
import sys
from pathlib import Path

STORE = Path(os.environ["COMMENT_STORE"])
BUILD_SERVICE = "b0b0b0b0-0000-4000-8000-000000000001"


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
    match words[:2]:
        case ["auth", "setup-git"]:
            return
        case ["pr", "list"]:
            options = dict(zip(words[2::2], words[3::2], strict=True))
            assert (options.pop("--state"), options.pop("--json")) == ("open", "url"), words
            branch = options.pop("--head")
            assert not options, words
            url = "https://github.com/team/platform/pull/7"
            print(json.dumps([{"url": url} for row in rows if row.get("--head") == branch]))
            return
        case ["pr", "create"]:
            options = dict(zip(words[2::2], words[3::2], strict=True))
            body = Path(options.pop("--body-file")).read_text()
            assert set(options) == {"--base", "--head", "--title"}, options
            rows.append({"kind": "pull request", "id": 7, "body": body, **options})
            print("https://github.com/team/platform/pull/7")
            return
        case ["workflow", "run"]:
            options = list(zip(words[3::2], words[4::2], strict=True))
            rows.append({"kind": "workflow", "id": len(rows) + 100, "name": words[2], "options": options})
            return
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
    assert len(str(sent.get("body", ""))) <= 65_536, "GitHub takes no longer body"
    kind = "comment" if "comments" in address else "issue"
    if address.endswith("/actions/runs/99/approvals"):
        assert method == "GET"
        print(
            json.dumps([{"state": "approved", "comment": "", "user": {"login": "carol"}, "environments": []}])
        )
    elif method == "GET":
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
    method, body, address, asked, headers = "GET", None, "", "", []
    while words:
        match words.pop(0):
            case "--request":
                method = words.pop(0)
            case "--header":
                headers.append(words.pop(0))
            case "--data":
                assert words.pop(0) == "@-"
                body = json.load(sys.stdin)
            case "--silent" | "--show-error" | "--fail":
                pass
            case word:
                assert not word.startswith("-"), word
                address, _, asked = word.partition("?api-version=7.1")
    assert "Authorization: Bearer a-token" in headers, headers
    if address.endswith("/_apis/connectionData"):
        assert asked == "-preview", asked
        print(json.dumps({"authenticatedUser": {"id": BUILD_SERVICE}}))
    elif "/_apis/wit/" in address:
        _work_items(rows, method, address.partition("/_apis/wit/")[2], body, headers)
    elif "/_apis/build/" in address or "/_apis/pipelines/" in address:
        assert method == "GET"
        _approvals(address.partition("/_apis/")[2], asked)
    elif address.endswith("/pullrequests") and method == "GET":
        status, _, branch = asked.partition("&searchCriteria.sourceRefName=")
        assert status == "&searchCriteria.status=active", asked
        found = [row for row in rows if row.get("sourceRefName") == branch]
        print(json.dumps({"value": [{"pullRequestId": row["id"]} for row in found]}))
    elif address.endswith("/pullrequests"):
        assert (method, set(body)) == ("POST", {"sourceRefName", "targetRefName", "title", "description"})
        rows.append({"kind": "pull request", "id": 7, **body})
        print(json.dumps({"pullRequestId": 7}))
    elif method == "GET":
        threads = [
            {"id": row["id"], "comments": [{"content": row["body"], "author": {"id": row["author"]}}]}
            for row in rows
            if row["kind"] == "thread"
        ]
        print(json.dumps({"value": threads}))
    elif method == "POST":
        assert address.endswith("/pullRequests/7/threads"), address
        text = body["comments"][0]["content"]
        number = len(rows) + 100
        rows.append({"kind": "thread", "id": number, "author": BUILD_SERVICE, "body": text, "edits": 0})
    else:
        row = next(row for row in rows if address.endswith(f"/threads/{row['id']}/comments/1"))
        assert row["author"] == BUILD_SERVICE, "the service lets nobody edit another's comment"
        row |= {"body": body["content"], "edits": row["edits"] + 1}


# As Microsoft's pages show them (REST 7.1): Wiql - Query By Wiql, Work Items - Create and Update, Work Item Type States.
STATES = {"New": "Proposed", "Active": "InProgress", "Closed": "Completed", "Removed": "Removed"}
WIQL = re.compile(
    r"SELECT \[System.Id\] FROM WorkItems WHERE \[System.TeamProject\] = @project AND \[System.CreatedBy\] = @Me "
    r"AND \[System.Tags\] CONTAINS '([\w-]+)' AND \[System.State\] NOT IN \('Closed', 'Removed'\)"
)


def _work_items(rows: list[dict], method: str, path: str, body: object, headers: list[str]) -> None:
    items = [row for row in rows if row["kind"] == "work item"]
    if path == "workitemtypes/Task/states":
        assert method == "GET"
        print(json.dumps({"value": [{"name": name, "category": kind} for name, kind in STATES.items()]}))
        return
    if path == "wiql":
        assert method == "POST"
        assert isinstance(body, dict)
        asked = WIQL.fullmatch(body["query"])
        assert asked is not None, body
        found = [
            row for row in items
            if row["fields"]["System.State"] not in {"Closed", "Removed"}
            and asked[1] in row["fields"]["System.Tags"].split("; ")
        ]  # fmt: skip
        print(json.dumps({"queryType": "flat", "workItems": [{"id": row["id"]} for row in found]}))
        return
    assert "Content-Type: application/json-patch+json" in headers, headers
    assert isinstance(body, list)
    if method == "POST":
        assert path == "workitems/$Task", path
        row = {"kind": "work item", "id": len(rows) + 100, "edits": -1, "fields": {"System.State": "New"}}
        rows.append(row)
    else:
        assert method == "PATCH"
        row = next(row for row in items if path == f"workitems/{row['id']}")
    for change in body:
        assert change["op"] == "add"
        row["fields"][change["path"].removeprefix("/fields/")] = change["value"]
    row["edits"] += 1
    print(json.dumps({"id": row["id"]}))


def _approvals(path: str, asked: str) -> None:
    """Build, Timeline - Get and Approvals - Query of REST 7.1: one approval, given by Carol."""
    if path == "build/builds/99/timeline":
        print(
            json.dumps(
                {"records": [{"id": "a1", "type": "Checkpoint.Approval"}, {"id": "s", "type": "Stage"}]}
            )
        )
        return
    assert (path, asked) == ("pipelines/approvals", "&$expand=steps&approvalIds=a1"), (path, asked)
    steps = [
        {"status": "approved", "actualApprover": {"displayName": "Carol"}},
        {"status": "pending", "assignedApprover": {"displayName": "Dave"}},
    ]
    print(json.dumps({"value": [{"id": "a1", "status": "approved", "steps": steps}]}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
