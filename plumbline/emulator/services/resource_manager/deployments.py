"""ARM template deployments, as azure-ai-ml creates workspaces: each resource goes through its own route, as the caller."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
from typing import Any

from plumbline.emulator.authentication import authorize
from plumbline.emulator.errors import AzureError, bad_request, not_modelled, resource_not_found
from plumbline.emulator.routing import Call, Reply, Route
from plumbline.emulator.services.resource_manager import checks, fields, long_operation
from plumbline.emulator.services.resource_manager.templates import Template
from plumbline.emulator.store import Resource, now_text

_TYPE = "Microsoft.Resources/deployments"
_VERSIONS = ("2020-06-01", "2025-04-01", "2024-03-01", "2022-09-01", "2021-04-01", "2020-10-01", "2019-10-01")
_SPLICED = re.compile(r", template:(?=\s*\{)")
_TOP = ("location", "tags", "kind", "identity", "sku", "properties", "zones", "plan")


async def put(call: Call) -> Reply:
    """Runs a template, incrementally; the first refusal ends it and is kept as the deployment's error."""
    checks.check_version(call, _VERSIONS)
    group, sent = checks.require_group(call), _content(call).get("properties") or {}
    name = call.params["name"]
    template = _template(call, group, sent)
    done: list[dict[str, Any]] = []
    error: AzureError | None = None
    for item in sent["template"].get("resources", []):
        if not template.evaluate(item.get("condition", True)):
            continue
        try:
            done.append(await _put_resource(call, group.id, template, item))
        except AzureError as refused:
            error = refused
            break
    properties: dict[str, Any] = {
        "provisioningState": "Failed" if error else "Succeeded",
        "mode": "Incremental",
        "timestamp": now_text(),
        "duration": "PT1S",
        "correlationId": call.correlation_id,
        "parameters": sent.get("parameters") or {},
        "outputs": {} if error else _outputs(template, sent["template"]),
        "outputResources": [{"id": one["id"]} for one in done],
        "providers": [],
        "dependencies": [],
    }
    if error is not None:
        properties["error"] = {
            "code": "DeploymentFailed",
            "message": "At least one resource deployment operation failed. Please list deployment operations for details.",
            "details": [error.body()["error"]],
        }
    deployment_id = f"{group.id}/providers/{_TYPE}/{name}"
    stored = call.emulator.store.put(
        deployment_id, {"properties": properties, "operations": done}, type=_TYPE, principal=call.principal
    )
    ended = ("error", "outputs", "outputResources")
    accepted = {key: value for key, value in properties.items() if key not in ended}
    accepted["provisioningState"] = "Accepted"
    return long_operation.accepted(
        call, "deployment", resource_id=stored.id, location=group.body["location"], state="Accepted",
        seconds=1.0 if call.emulator.noises.has("slow_operations") else 0.0, status=201,
        content=_answer(stored.id, stored.name, {"properties": accepted}), error=properties.get("error"),
    )  # fmt: skip


def _content(call: Call) -> dict[str, Any]:
    """The body; az 2.91.0 splices the template's text in under a name without quotes, which the service takes."""
    plain = call.body.decode("utf-8", "replace")
    return dataclasses.replace(call, body=_SPLICED.sub(', "template":', plain, count=1).encode()).json()


def _template(call: Call, group: Resource, sent: dict[str, Any]) -> Template:
    settings = call.emulator.settings
    if not isinstance(sent.get("template"), dict):
        raise bad_request(
            "InvalidTemplateDeployment", "The deployment holds no template; linked ones are not modelled."
        )
    return Template(
        sent["template"],
        sent.get("parameters") or {},
        subscription={
            "id": call.subscription_scope, "subscriptionId": call.subscription_scope.rpartition("/")[2], "tenantId": settings.tenant_id,
        },
        group={"id": group.id, "name": group.name, "location": group.body["location"]},
    )  # fmt: skip


def _resource_path(template: Template, item: dict[str, Any]) -> str:
    namespace, *segments = item["type"].split("/")
    names = str(template.evaluate(item["name"])).split("/")
    pairs = "/".join(f"{segment}/{part}" for segment, part in zip(segments, names, strict=True))
    return f"{namespace}/{pairs}"


def _outputs(template: Template, text: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {"type": one.get("type", "String"), "value": template.evaluate(one["value"])}
        for name, one in (text.get("outputs") or {}).items()
        if "value" in one and template.evaluate(one.get("condition", True))
    }


def validate(call: Call) -> Reply:
    """POST validate: the template's expressions are worked out, and nothing is made."""
    checks.check_version(call, _VERSIONS)
    group, sent = checks.require_group(call), _content(call).get("properties") or {}
    text = sent.get("template") or {}
    template = _template(call, group, sent)
    named = [
        {"id": f"{group.id}/providers/{_resource_path(template, item)}"} for item in text.get("resources", [])
    ]
    properties = {
        "provisioningState": "Succeeded",
        "mode": sent.get("mode", "Incremental"),
        "timestamp": now_text(),
        "duration": "PT0S",
        "correlationId": call.correlation_id,
        "parameters": sent.get("parameters") or {},
        "providers": [],
        "dependencies": [],
        "validatedResources": named,
    }
    return Reply(json=_answer(_id(call), call.params["name"], {"properties": properties}))


async def _put_resource(
    call: Call, group_id: str, template: Template, item: dict[str, Any]
) -> dict[str, Any]:
    kind, name = item["type"], str(template.evaluate(item["name"]))
    path = f"{group_id}/providers/{_resource_path(template, item)}"
    found = call.emulator.router.find("PUT", path)
    if found is None or kind == _TYPE:
        raise not_modelled("PUT", path)
    body = fields.without_nulls({key: template.evaluate(item[key]) for key in _TOP if key in item})
    route, params = found
    inner = dataclasses.replace(
        call, path=path, route=route, params=params, body=json.dumps(body).encode(),
        query={"api-version": item["apiVersion"]}, headers={},
    )  # fmt: skip
    authorize(inner)
    reply = route.handler(inner)
    answered: Reply = await reply if inspect.isawaitable(reply) else reply
    with call.emulator.store.transaction():
        call.emulator.activity.record(
            principal=call.principal, operation=route.action or f"{kind}/write", resource_id=path,
            status=answered.status, method="PUT", correlation_id=call.correlation_id, claims=call.token_claims,
        )  # fmt: skip
    return {"id": path, "type": kind, "name": name}


def get(call: Call) -> Reply:
    """One deployment."""
    checks.check_version(call, _VERSIONS)
    stored = call.emulator.store.get(_id(call))
    if stored is None:
        raise AzureError(404, "DeploymentNotFound", f"Deployment '{call.params['name']}' could not be found.")
    return Reply(json=_answer(stored.id, stored.name, stored.body))


def list_all(call: Call) -> Reply:
    """A group's deployments."""
    checks.check_version(call, _VERSIONS)
    found = call.emulator.store.list(checks.require_group(call).id, _TYPE)
    return Reply(json={"value": [_answer(one.id, one.name, one.body) for one in found]})


def delete(call: Call) -> Reply:
    """Forgets a deployment; what it made stays. 202 with a Location, as the REST reference has it."""
    checks.check_version(call, _VERSIONS)
    gone = call.emulator.store.delete(_id(call))
    if not gone:
        return Reply(status=204)
    return long_operation.accepted(
        call, "operation-results", resource_id=gone[0].id, location=call.emulator.settings.location,
        state=long_operation.DELETING, seconds=0.0, status=202, content={},
    )  # fmt: skip


def operations(call: Call) -> Reply:
    """What a deployment did, resource by resource."""
    checks.check_version(call, _VERSIONS)
    stored = call.emulator.store.get(_id(call))
    if stored is None:
        raise resource_not_found(_id(call))
    found = [
        {
            "id": f"{stored.id}/operations/{number:016X}",
            "operationId": f"{number:016X}",
            "properties": {
                "provisioningOperation": "Create",
                "provisioningState": "Succeeded",
                "timestamp": stored.body["properties"]["timestamp"],
                "duration": "PT1S",
                "statusCode": "OK",
                "targetResource": {
                    "id": one["id"],
                    "resourceType": one["type"],
                    "resourceName": one["name"],
                },
            },
        }
        for number, one in enumerate(stored.body["operations"], start=1)
    ]
    return Reply(json={"value": found})


def _id(call: Call) -> str:
    return f"{checks.require_group(call).id}/providers/{_TYPE}/{call.params['name']}"


def _answer(resource_id: str, name: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"id": resource_id, "name": name, "type": _TYPE, "properties": body["properties"]}


_G = "/subscriptions/{subscription}/resourceGroups/{group}"
ROUTES = [
    Route(method="PUT", path=f"{_G}/providers/{_TYPE}/{{name}}", handler=put, action=f"{_TYPE}/write"),
    Route(method="GET", path=f"{_G}/providers/{_TYPE}/{{name}}", handler=get, action=f"{_TYPE}/read"),
    Route(method="GET", path=f"{_G}/providers/{_TYPE}", handler=list_all, action=f"{_TYPE}/read"),
    Route(method="DELETE", path=f"{_G}/providers/{_TYPE}/{{name}}", handler=delete, action=f"{_TYPE}/delete"),
    Route(method="POST", path=f"{_G}/providers/{_TYPE}/{{name}}/validate", handler=validate,
          action=f"{_TYPE}/validate/action", logged=False),
    Route(method="GET", path=f"{_G}/deployments/{{name}}/operations", handler=operations,
          action="Microsoft.Resources/deployments/operations/read"),
    Route(method="GET", path=f"{_G}/providers/{_TYPE}/{{name}}/operations", handler=operations,
          action="Microsoft.Resources/deployments/operations/read"),
]  # fmt: skip
