"""Changes behind the code, made as drift_kinds.yaml says; and its page: `python -m tests.drift_kinds [--check]`."""

from __future__ import annotations

import json
import re
import ssl
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml

from tests.project_copy import ProjectCopy

PROJECT = Path(__file__).resolve().parents[1]
FACTS = PROJECT / "docs" / "reference" / "drift_kinds.yaml"
PAGE = PROJECT / "docs" / "reference" / "drift-kinds.md"
WHOLE = "(the resource)"
HEAD = """# Kinds of drift

Made from [drift_kinds.yaml](drift_kinds.yaml) by `make pages`; do not edit. One test a stack makes all of its changes behind
the code, by {origins} kinds of origin in all, asks `plumbline drift` once, and holds its answer against this table: each is
found, with who made it and by what, and nothing else is. Then all of it is settled as the last column says.

{count} kinds of change.

| What somebody does | Where | By | Resource | Field | Severity | Settled |
|---|---|---|---|---|---|---|
"""
_WHERE = {
    None: "a platform",
    "later version": "a platform, after an update",
    "endpoint": "a platform with a batch endpoint",
    "registry": "the stack `shared`",
}
_SETTLED = {
    "up": "`pulumi up`",
    "fix": "`plumbline drift fix --revert`",
    "by hand": "by hand, `az resource delete`",
}
# Of a change; any other is of something that the program declares.
_CLASSES = {"unmanaged": "unmanaged", "not released": "unmanaged", "not as pinned": "made by a promotion"}
_WAIT_SECONDS = 60


def kinds_on(place: str | None) -> list[Mapping[str, Any]]:
    """Rows of one stack; None is the local platform's."""
    return [row for row in facts()["kinds"] if row.get("place") == place]


@cache
def facts() -> Mapping[str, Any]:
    """The whole table."""
    found: Mapping[str, Any] = yaml.load(FACTS.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return found


def page() -> str:
    """The page's text."""
    table = facts()
    rows = []
    for row in table["kinds"]:
        finding = row["finding"]
        where = finding.get("field", WHOLE)
        live = (
            f" = {json.dumps(finding['live'])}"
            if "live" in finding
            else f" {finding.get('change', 'unmanaged')}"
        )
        rows.append(
            f"| {row['what']} | {_WHERE[row.get('place')]} | {table['origins'][row['origin']]['shown']} | {_plain(finding['resource'])} | {where}{live} "
            f"| {finding['severity']} | {_SETTLED[row['settled']]} |"
        )
    head = HEAD.format(origins=len(table["origins"]), count=len(rows))
    return head + "\n".join(rows) + "\n"


def _plain(resource: str) -> str:
    """A name whose {words} only a run knows."""
    return re.sub(r"\{(?:version|name):([^}]*)\}", lambda match: f"*{match[1].rpartition('-')[2]}*", resource)


@dataclass(kw_only=True)
class Changes:
    """Makes changes on a local platform, each as the client of its origin would."""

    platform: ProjectCopy
    _tokens: dict[str, str] = field(default_factory=dict)

    @cached_property
    def names(self) -> dict[str, str]:
        """What stands in place of {words} in paths and bodies."""
        exported = self.platform.pulumi("stack", "export", "-s", "local").stdout
        rows = json.loads(exported)["deployment"]["resources"]
        by_name = {row["urn"].rpartition("::")[2]: row for row in rows if row.get("id")}
        workspace = by_name["ml-workspace"]["id"]
        principals = self.platform.ready()["principals"]
        environment = by_name["claims-release-environment-claims_release"]
        found = {
            "workspace": workspace,
            "group": workspace.partition("/providers/")[0],
            "subscription": workspace.partition("/resourceGroups/")[0],
            "roles": f"{workspace.partition('/resourceGroups/')[0]}/providers/Microsoft.Authorization/roleDefinitions",
            "account": by_name["storage-account"]["id"],
            "vault": by_name["vault-vault"]["id"],
            "registry": by_name["registry-registry"]["id"],
            "logs": by_name["monitoring-logs"]["id"],
            "insights": by_name["monitoring-insights"]["id"],
            "identity": by_name["pipeline-identity"]["id"],
            "workspace-identity": by_name["workspace-identity"]["outputs"]["principalId"],
            "role": by_name["pipeline-run-role"]["id"],
            "environment": f"{environment['id']}/versions/{environment['outputs']['version']}",
        }
        found |= {name: principals[name]["object_id"] for name in ("alice", "bob")}
        found |= {f"grant:{name}": row["id"] for name, row in by_name.items()}
        found |= {
            f"version:{name}": row["outputs"]["version"]
            for name, row in by_name.items()
            if isinstance(row.get("outputs", {}).get("version"), str)
        }
        return found

    def filled(self, value: Any) -> Any:
        """A value of the table with its {words} replaced."""
        if isinstance(value, str):
            return re.sub(r"\{([a-z][\w:-]*)\}", lambda match: self.names[match[1]], value)
        if isinstance(value, Mapping):
            return {key: self.filled(inner) for key, inner in value.items()}
        return [self.filled(inner) for inner in value] if isinstance(value, list) else value

    def make(self, row: Mapping[str, Any]) -> None:
        """Make one kind of change, and wait until it has ended."""
        origin = facts()["origins"][row["origin"]]
        if "sdk" in row:
            script = PROJECT / "tests" / "official_client.py"
            environ = self.platform.client_environment(origin["principal"])
            words = [self.filled(word) for word in row["sdk"]]
            self.platform.run([sys.executable, str(script), *words], check=True, environ=environ)
        for request in row.get("requests", ()):
            self.send(request, origin)

    def send(self, request: Mapping[str, Any], origin: Mapping[str, str]) -> None:
        """Send one request of the table as its origin."""
        path = self.filled(request["path"])
        body = self.filled(request.get("body"))
        if "merge" in request:
            _, shown = self._ask(
                "GET", self.filled(request.get("copy", request["path"])), request["api"], origin
            )
            shown = {
                key: shown[key]
                for key in ("location", "kind", "sku", "tags", "identity", "properties")
                if key in shown
            }
            body = _merged(shown, self.filled(request["merge"]))
        status, answer = self._ask(request["method"], path, request["api"], origin, body)
        assert status < 300, (request["method"], path, status, answer)
        self._wait(request["method"], path.partition("?")[0], request["api"], origin)
        if "policy" in origin:
            self.platform.control(
                "POST", "policies", {"resource_id": path, "assignment": origin["policy"], "effect": "modify"}
            )

    def _wait(self, method: str, path: str, api: str, origin: Mapping[str, str]) -> None:
        deadline = time.monotonic() + _WAIT_SECONDS
        while True:
            status, answer = self._ask("GET", path, api, origin)
            state = str((answer.get("properties") or {}).get("provisioningState", "Succeeded"))
            if status == 404 if method == "DELETE" else state == "Succeeded":
                return
            assert time.monotonic() < deadline, (method, path, status, answer)
            time.sleep(0.1)

    def _ask(
        self, method: str, path: str, api: str, origin: Mapping[str, str], body: Any = None
    ) -> tuple[int, Any]:
        ready = self.platform.ready()
        glue = "&" if "?" in path else "?"
        request = urllib.request.Request(
            f"{ready['base_url']}{path}{glue}api-version={api}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self._token(origin)}",
                "Content-Type": "application/json",
                "User-Agent": "plumbline-tests",
            },
        )
        context = ssl.create_default_context(cafile=ready["ca_path"])
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        try:
            with opener.open(request, timeout=120) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else {}
        except urllib.error.HTTPError as error:
            text = error.read()
            return error.code, json.loads(text) if text else {}

    def _token(self, origin: Mapping[str, str]) -> str:
        key = json.dumps(origin, sort_keys=True)
        if key not in self._tokens:
            claims = {"appid": origin["client"]} if "client" in origin else {}
            asked = {"principal": self.filled(origin["principal"]), "claims": claims}
            self._tokens[key] = self.platform.control("POST", "tokens", asked)["access_token"]
        return self._tokens[key]


def wrong(
    changes: Changes, rows: Sequence[Mapping[str, Any]], findings: Sequence[Mapping[str, Any]]
) -> list[str]:
    """What is not as the rows say: not found, found otherwise, without who, or found without a row."""
    said = []
    resources = {changes.filled(row["finding"]["resource"]) for row in rows}
    for row in rows:
        expected, origin = row["finding"], facts()["origins"][row["origin"]]
        matching = [one for one in findings if _is_of(row, one, changes)]
        if len(matching) != 1:
            said.append(f"{row['what']}: {len(matching)} findings")
            continue
        (one,) = matching
        live = expected.get("live", one["live"])
        got = (one["change"], one["severity"], one["live"], one["by"], one["class"])
        change = expected.get("change", "changed" if "field" in expected else "unmanaged")
        # systemData says what kind of login it was, and not with which client.
        by = origin["shown"].partition(" with ")[0] if one["source"] == "systemData" else origin["shown"]
        owned = _CLASSES.get(change, "managed")
        if got != (change, expected["severity"], live, by, owned) or one["who"] == one["when"] == "unknown":
            said.append(f"{row['what']}: {got} by {one['who']} at {one['when']}")
        is_declared = row["settled"] == "up" or change == "not as pinned"
        if is_declared and not (changes.platform.root / one["declaredAt"]["file"]).is_file():
            said.append(f"{row['what']}: declared at {one['declaredAt']}")
    said += [f"invented: {one['resource']}" for one in findings if one["resource"] not in resources]
    return said


def _is_of(row: Mapping[str, Any], finding: Mapping[str, Any], changes: Changes) -> bool:
    expected = row["finding"]
    return (
        finding["resource"] == changes.filled(expected["resource"])
        and finding["field"] == expected.get("field", WHOLE)
        and f"/{expected.get('noun', '')}" in finding["resourceId"]
        and ("at" not in expected or str(finding["live"]).endswith(f" at {changes.filled(expected['at'])}"))
    )


def _merged(below: Any, above: Any) -> Any:
    if isinstance(below, Mapping) and isinstance(above, Mapping):
        found = {**below, **{key: _merged(below.get(key), value) for key, value in above.items()}}
        return {key: value for key, value in found.items() if value is not None}
    return above


def main(arguments: list[str]) -> int:
    """Write the page, or with --check say whether it is out of date."""
    if arguments != ["--check"]:
        PAGE.write_text(page(), encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == page():
        return 0
    print(
        f"{PAGE}: got another text than {FACTS.name} makes, expected the same. Run: make pages",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
