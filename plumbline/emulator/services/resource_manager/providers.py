"""Resource providers: which namespaces and types there are, all registered."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from plumbline.emulator.errors import AzureError
from plumbline.emulator.routing import Call, Reply, Route
from plumbline.emulator.services.resource_manager import checks
from plumbline.emulator.services.resource_manager.resource_types import ResourceTypes

_VERSIONS = (
    "2025-04-01", "2025-03-01", "2024-11-01", "2024-07-01", "2024-03-01", "2022-09-01", "2021-04-01", "2020-06-01",
    "2019-10-01",
)  # fmt: skip
# The tables of other services lie in their own folders; what they say is data, and none of their code is needed.
_TABLES = ("resource_manager/types", "machine_learning/types.yaml", "registry/types.yaml")


@cache
def _namespaces() -> dict[str, dict[str, tuple[str, ...]]]:
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for table in _TABLES:
        for kind in ResourceTypes.load(Path(__file__).parent.parent / table):
            # Newest first, as Azure lists them: az takes the first that is no preview.
            found.setdefault(kind.provider, {})[kind.relative] = tuple(
                sorted(kind.api_versions, reverse=True)
            )
    return found


def list_providers(call: Call) -> Reply:
    """GET /subscriptions/S/providers."""
    checks.check_version(call, _VERSIONS)
    return Reply(json={"value": [_provider(call, name) for name in _namespaces()]})


def get_provider(call: Call) -> Reply:
    """GET /subscriptions/S/providers/NAMESPACE."""
    checks.check_version(call, _VERSIONS)
    for name in _namespaces():
        if name.lower() == call.params["namespace"].lower():
            return Reply(json=_provider(call, name))
    raise AzureError(
        404, "InvalidResourceNamespace", f"The resource namespace '{call.params['namespace']}' is invalid."
    )


def register(call: Call) -> Reply:
    """POST /subscriptions/S/providers/NAMESPACE/register: it is already."""
    return get_provider(call)


def _provider(call: Call, namespace: str) -> dict[str, Any]:
    settings = call.emulator.settings
    return {
        "id": f"{call.subscription_scope}/providers/{namespace}",
        "namespace": namespace,
        "registrationState": "Registered",
        "registrationPolicy": "RegistrationRequired",
        "resourceTypes": [
            {"resourceType": name, "locations": [settings.location], "apiVersions": list(versions)}
            for name, versions in _namespaces()[namespace].items()
        ],
    }


_S = "/subscriptions/{subscription}/providers"
_READ = "Microsoft.Resources/subscriptions/providers/read"
ROUTES = [
    Route(method="GET", path=_S, handler=list_providers, action=_READ),
    Route(method="GET", path=f"{_S}/{{namespace}}", handler=get_provider, action=_READ),
    Route(method="POST", path=f"{_S}/{{namespace}}/register", handler=register,
          action="Microsoft.Resources/subscriptions/providers/register/action", logged=False),
]  # fmt: skip
