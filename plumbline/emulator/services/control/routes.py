"""/_control: for tests only, behind a secret of the home's own (control.key). Product code never calls it."""

from __future__ import annotations

import json
import secrets
from typing import Any

from plumbline.emulator.activity import Activity
from plumbline.emulator.app import Emulator
from plumbline.emulator.change_records import ChangeRecords
from plumbline.emulator.errors import AzureError, bad_request
from plumbline.emulator.faults import Fault
from plumbline.emulator.files import write_private
from plumbline.emulator.routing import Call, Reply, Route

_FAULT_FIELDS = frozenset(
    {
        "method",
        "path",
        "nth",
        "count",
        "status",
        "one_of",
        "rate",
        "seed",
        "delay_seconds",
        "body",
        "headers",
        "lose",
    }
)


def start(emulator: Emulator) -> None:
    """Makes the home's control secret."""
    path = emulator.settings.home / "control.key"
    if not path.exists():
        write_private(path, secrets.token_urlsafe(32).encode())


def _admit(call: Call) -> None:
    expected = (call.emulator.settings.home / "control.key").read_text()
    if not secrets.compare_digest(call.headers.get("x-plumbline-control", "").encode(), expected.encode()):
        raise AzureError(
            401, "ControlSecretRequired", "X-Plumbline-Control must hold the secret in control.key."
        )


def _content(call: Call) -> Any:
    try:
        return json.loads(call.body or b"null")
    except ValueError as error:
        raise bad_request("InvalidRequestContent", str(error)) from error


def read_requests(call: Call) -> Reply:
    """The request log, oldest first."""
    _admit(call)
    return Reply(json=call.emulator.requests.entries())


def clear_requests(call: Call) -> Reply:
    """Forgets the request log."""
    _admit(call)
    call.emulator.requests.clear()
    return Reply(status=204)


def put_faults(call: Call) -> Reply:
    """Replaces the fault rules with the list sent; counting begins at zero."""
    _admit(call)
    content = _content(call)
    if not isinstance(content, list):
        raise bad_request("InvalidFault", "got no list, expected a list of fault rules")
    for rule in content:
        if unknown := set(rule) - _FAULT_FIELDS:
            raise bad_request(
                "InvalidFault", f"got {sorted(unknown)}, expected members of {sorted(_FAULT_FIELDS)}"
            )
    call.emulator.faults.rules = [Fault(**rule) for rule in content]
    return read_faults(call)


def read_faults(call: Call) -> Reply:
    """The rules with how often each was seen and fired."""
    _admit(call)
    return Reply(json=[rule.shown() for rule in call.emulator.faults.rules])


def clear_faults(call: Call) -> Reply:
    """Takes all rules away."""
    _admit(call)
    call.emulator.faults.rules = []
    return Reply(status=204)


def put_delay(call: Call) -> Reply:
    """{"seconds": S}: added to every request but health and control."""
    _admit(call)
    call.emulator.faults.delay_seconds = float((_content(call) or {}).get("seconds", 0.0))
    return Reply(json={"seconds": call.emulator.faults.delay_seconds})


def put_activity(call: Call) -> Reply:
    """{"lag_seconds": S}: events of writes from now on can be read only that much later."""
    return _put_lag(call, call.emulator.activity)


def put_change_records(call: Call) -> Reply:
    """{"lag_seconds": S}: changes of writes from now on are detected only that much later."""
    return _put_lag(call, call.emulator.change_records)


def _put_lag(call: Call, of: Activity | ChangeRecords) -> Reply:
    _admit(call)
    of.lag_seconds = float((_content(call) or {}).get("lag_seconds", 0.0))
    return Reply(json={"lag_seconds": of.lag_seconds})


def post_policy(call: Call) -> Reply:
    """{"resource_id", "assignment"[, "effect"]}: Azure Policy says that it changed the newest request to a resource."""
    _admit(call)
    content = _content(call) or {}
    resource_id = str(content.get("resource_id", ""))
    effect, assignment = str(content.get("effect", "modify")), str(content.get("assignment", ""))
    if not call.emulator.activity.record_policy(resource_id, assignment=assignment, effect=effect):
        raise bad_request("UnknownWrite", f"got {resource_id!r}, expected a resource that was written to")
    return Reply(status=204)


def put_noise(call: Call) -> Reply:
    """{"enabled": bool[, "only": [ids]]}."""
    _admit(call)
    content, noises = _content(call) or {}, call.emulator.noises
    only = content.get("only")
    if only is not None and (unknown := set(only) - set(noises.table)):
        raise bad_request("UnknownNoise", f"got {sorted(unknown)}, expected ids of {sorted(noises.table)}")
    noises.enabled = bool(content.get("enabled", False))
    noises.only = None if only is None else frozenset(only)
    return read_noise(call)


def read_noise(call: Call) -> Reply:
    """Whether noise is on, which, and the table of all."""
    _admit(call)
    noises = call.emulator.noises
    in_force = [identifier for identifier in noises.table if noises.has(identifier)]
    return Reply(json={"enabled": noises.enabled, "in_force": in_force, "table": list(noises.table.values())})


def put_recorded(call: Call) -> Reply:
    """{"taken_away": [rows]}: recorded forms that are not answered until the next call."""
    _admit(call)
    call.emulator.recorded.taken_away = frozenset((_content(call) or {}).get("taken_away", []))
    return Reply(status=204)


def mint_token(call: Call) -> Reply:
    """{"principal", "audience"[, "lifetime_seconds", "claims"]}: a token, expired or for whatever audience."""
    _admit(call)
    content = _content(call) or {}
    principal = call.emulator.principals.find(str(content.get("principal", "")))
    if principal is None:
        raise bad_request("UnknownPrincipal", f"got {content.get('principal')!r}, expected a known principal")
    token = call.emulator.tokens.mint(
        principal, content.get("audience") or call.base_url, float(content.get("lifetime_seconds", 3600)),
        content.get("claims"),
    )  # fmt: skip
    return Reply(json={"access_token": token})


ROUTES = [
    Route(method=method, path=f"/_control/{path}", handler=handler, audience="none")
    for method, path, handler in (
        ("GET", "requests", read_requests),
        ("DELETE", "requests", clear_requests),
        ("PUT", "faults", put_faults),
        ("GET", "faults", read_faults),
        ("DELETE", "faults", clear_faults),
        ("PUT", "delay", put_delay),
        ("PUT", "activity", put_activity),
        ("PUT", "change_records", put_change_records),
        ("POST", "policies", post_policy),
        ("PUT", "noise", put_noise),
        ("GET", "noise", read_noise),
        ("PUT", "recorded", put_recorded),
        ("POST", "tokens", mint_token),
    )
]
