"""One emulator over TLS with an Azure ML workspace, on which the rows of an area are tried."""

from __future__ import annotations

import dataclasses
import importlib
import itertools
import re
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import jmespath
import requests

from tests.contract.machine_learning_platform import ACCOUNT, GROUP, WORKSPACE, MachineLearningPlatform
from tests.recorded.matching import ABSENT, differences
from tests.recorded.row import Row

_NAME = re.compile(r"(?<![{$])\{([a-z][a-z_]*)\}(?!\})")
_REQUEST_MEMBERS = frozenset(
    {"method", "path", "query", "headers", "body", "as", "keep", "answer", "until", "repeat"}
)
_UNTIL_SECONDS, _PAUSE_SECONDS = 60.0, 0.05


class World:
    """A platform, the names that rows may use in braces, and how a row is tried on it."""

    def __init__(self, platform: MachineLearningPlatform) -> None:
        self.platform = platform
        self._session = requests.Session()
        self._session.verify = str(platform.emulator.home / "ca.pem")
        self._session.trust_env = False
        self._tokens: dict[tuple[str, str | None], str] = {}
        self._numbers = itertools.count(1)

    def new_names(self) -> dict[str, str]:
        """What stands in braces: the place, and a name that no other row has."""
        platform = self.platform
        emulator = platform.emulator
        return {
            "base": emulator.base_url,
            "tenant": emulator.tenant_id,
            "subscription": emulator.scope,
            "subscription_id": emulator.subscription_id,
            "group": platform.group_id,
            "group_name": GROUP,
            "workspace": platform.workspace_id,
            "workspace_name": WORKSPACE,
            "account": platform.account_id,
            "account_name": ACCOUNT,
            "unique": f"row{next(self._numbers)}",
            "guid": str(uuid.uuid4()),
            "other_guid": str(uuid.uuid4()),
            "yesterday": _days(-1),
            "yesterday_with_offset": _days(-1).replace("Z", "+00:00"),
            "tomorrow": _days(1),
            **{f"{role}_name": str(seeded["name"]) for role, seeded in emulator.ready["principals"].items()},
            **{f"{role}_object_id": str(seeded["object_id"]) for role, seeded in emulator.ready["principals"].items()},
            **{f"{role}_client_id": str(seeded["client_id"]) for role, seeded in emulator.ready["principals"].items()},
        }  # fmt: skip

    def problems(self, row: Row) -> list[str]:
        """What of the row does not hold; empty when all does."""
        if row.pure is not None:
            return pure_problems(row.pure)
        from tests.recorded.setup_steps import STEPS  # the steps are made of this class's requests

        names = self.new_names()
        for step in row.given:
            if isinstance(step, str):
                STEPS[step](self, names)
                continue
            if "control" in step:
                asked = filled(step["control"], names)
                self.platform.emulator.control(asked["method"], asked["path"], asked.get("body"))
                continue
            for number in range(step.get("repeat", 1)):
                names["number"] = str(number)
                found = self._try(step, {"status": [200, 201, 202, 204]} | step.get("answer", {}), names, row)
                if found:
                    return [f"given {step['method']} {step['path']}: {problem}" for problem in found]
        assert row.request is not None
        return self._try(row.request, row.answer, names, row)

    def _try(
        self, request: dict[str, Any], answer: dict[str, Any], names: dict[str, str], row: Row
    ) -> list[str]:
        if unknown := request.keys() - _REQUEST_MEMBERS:
            raise KeyError(f"{row.id}: got {sorted(unknown)}, expected members of {sorted(_REQUEST_MEMBERS)}")
        deadline = time.monotonic() + _UNTIL_SECONDS
        while True:
            response = self.send(request, names, api_version=row.api_version)
            wanted = request.get("until")
            if wanted is None or not _answer_differences(response, filled(wanted, names)):
                break
            if time.monotonic() > deadline:
                return [f"still {response.status_code} {response.text[:600]}, waited for {wanted}"]
            time.sleep(_PAUSE_SECONDS)
        for name, path in (request.get("keep") or {}).items():
            header = str(path).removeprefix("header ")
            names[name] = (response.headers.get(header, "") if header != path else
                           str(jmespath.search(path, _content(response))))  # fmt: skip
        return _answer_differences(response, filled(answer, names))

    def send(
        self, request: Mapping[str, Any], names: Mapping[str, str], *, api_version: str
    ) -> requests.Response:
        """One request of a row, with a token of the principal that it names (else the deployer)."""
        path = filled(request["path"], names)
        query = {"api-version": api_version} if api_version and "api-version=" not in path else {}
        query |= filled(request.get("query") or {}, names)
        headers = {"User-Agent": "plumbline-tests", **filled(request.get("headers") or {}, names)}
        principal = request.get("as", "deployer")
        if principal is not None:
            headers.setdefault("Authorization", f"Bearer {self._token(principal)}")
        return self._session.request(
            request["method"],
            path if path.startswith("https://") else self.platform.emulator.base_url + path,
            params={key: value for key, value in query.items() if value is not None},
            headers=headers,
            json=filled(request["body"], names) if "body" in request else None,
            allow_redirects=False,
            timeout=120,
        )

    def _token(self, principal: str) -> str:
        if principal not in self._tokens:
            self._tokens[principal] = self.platform.emulator.token(principal)
        return self._tokens[principal]


def _days(ahead: int) -> str:
    return (datetime.now(UTC) + timedelta(days=ahead)).strftime("%Y-%m-%dT%H:%M:%SZ")


def filled(value: Any, names: Mapping[str, str]) -> Any:
    """The value with every {name} replaced. Raises: KeyError: for a name that nothing gave."""
    if isinstance(value, str):
        return _NAME.sub(lambda match: names[match[1]], value)
    if isinstance(value, Mapping):
        return {filled(key, names): filled(member, names) for key, member in value.items()}
    if isinstance(value, list):
        return [filled(member, names) for member in value]
    return value


def pure_problems(pure: Mapping[str, Any]) -> list[str]:
    """A pure function's result against what the row expects: no emulator is asked."""
    module, _, name = pure["function"].rpartition(".")
    function = getattr(importlib.import_module(module), name)
    given = pure["given"]
    result = function(*given) if isinstance(given, list) else function(**given)
    return differences(_plain(result), pure["expected"], where=name)


def _answer_differences(response: requests.Response, wanted: Mapping[str, Any]) -> list[str]:
    found = []
    statuses = wanted.get("status")
    if statuses is not None and response.status_code not in (
        statuses if isinstance(statuses, list) else [statuses]
    ):
        found.append(f"status: got {response.status_code} {response.text[:600]}, expected {statuses}")
    for name, want in (wanted.get("headers") or {}).items():
        found += differences(response.headers.get(name, ABSENT), want, where=f"header {name}")
    if "text" in wanted:
        found += differences(response.text, wanted["text"], where="text")
    if "body" in wanted:
        found += differences(_content(response), wanted["body"])
    return found


def _content(response: requests.Response) -> Any:
    try:
        return response.json()
    except requests.JSONDecodeError:
        return ABSENT


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = dataclasses.asdict(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(member) for key, member in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(member) for member in value]
    if isinstance(value, set | frozenset):
        return sorted(_plain(member) for member in value)
    return value
