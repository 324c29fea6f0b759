"""POST checkNameAvailability of the types whose names are host names."""

from __future__ import annotations

from plumbline.emulator.routing import Call, Reply, Route
from plumbline.emulator.services.resource_manager import checks
from plumbline.emulator.services.resource_manager.resource_handlers import is_taken
from plumbline.emulator.services.resource_manager.resource_types import ResourceType, ResourceTypes


class _Availability:
    def __init__(self, kind: ResourceType) -> None:
        self._kind = kind

    def check(self, call: Call) -> Reply:
        """Whether a name is free; a reason and a message only when it is not.

        Source: the refusals' members are the models' of azure-mgmt-storage, -keyvault and -containerregistry.
        """
        kind = self._kind
        checks.check_api_version(call, kind)
        name = str(call.json().get("name", ""))
        if kind.name_rule is not None and kind.name_rule.pattern.fullmatch(name) is None:
            message = kind.name_rule.message.format(name=name)
            return Reply(json={"nameAvailable": False, "reason": "AccountNameInvalid", "message": message})
        if is_taken(call, kind, name):
            assert kind.taken is not None
            message = kind.taken.message.format(name=name)
            return Reply(json={"nameAvailable": False, "reason": "AlreadyExists", "message": message})
        return Reply(json={"nameAvailable": True})


def routes_of(types: ResourceTypes) -> list[Route]:
    """One route for each provider that has a type with unique names."""
    return [
        Route(
            method="POST",
            path=f"/subscriptions/{{subscription}}/providers/{kind.provider}/checkNameAvailability",
            handler=_Availability(kind).check,
            action=f"{kind.provider}/checkNameAvailability/read",
            scope=lambda call: f"/subscriptions/{call.params['subscription']}",
            logged=False,
        )
        for kind in types
        if kind.unique
    ]
