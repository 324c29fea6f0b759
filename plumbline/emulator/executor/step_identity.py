"""The managed identity of a step: one of its cluster's, with a token endpoint that answers in its name.

Source: learn, "Set up authentication to other services with identities" (DEFAULT_IDENTITY_CLIENT_ID); azure-identity's
`AzureMLCredential` (MSI_ENDPOINT, MSI_SECRET). A step that asks for no managed identity is given none here; whether
Azure gives it the cluster's all the same is not known.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import certifi

from plumbline.emulator.executor.assets import Assets, is_serverless
from plumbline.emulator.executor.step_plan import StepPlan
from plumbline.emulator.principals import Principal
from plumbline.emulator.store import Resource

if TYPE_CHECKING:
    from plumbline.emulator.app import Emulator

_MANAGED = frozenset({"managed", "managed_identity", "managedidentity"})
_BY = ("client_id", "object_id", "msi_resource_id")


@dataclass(frozen=True, kw_only=True)
class ClusterIdentity:
    """An identity that a compute target has; `resource_id` is empty for its own."""

    client_id: str
    object_id: str
    msi_resource_id: str = ""


def asked_identity(given: Any) -> dict[str, str]:
    """Read a job's or node's identity: what a managed one is chosen by; {"type": ""} for any other.

    Args:
        given: in the words of REST or of az ml.
    """
    if not isinstance(given, Mapping):
        return {}
    kind = str(given.get("identityType") or given.get("identity_type") or given.get("type") or "").lower()
    if kind not in _MANAGED:
        return {"type": ""}
    found = {
        "client_id": given.get("clientId") or given.get("client_id"),
        "object_id": given.get("objectId") or given.get("object_id"),
        "msi_resource_id": given.get("resourceId")
        or given.get("resource_id")
        or given.get("msi_resource_id"),
    }
    return {"type": "managed", **{name: str(value) for name, value in found.items() if value}}


class StepIdentities:
    """Finds the identities of steps, and lets their secrets stand for them while they run."""

    def __init__(self, emulator: Emulator, assets: Assets) -> None:
        """Args: assets: where compute targets are looked up."""
        self._emulator = emulator
        self._assets = assets

    def problem(self, workspace: Resource, step: StepPlan) -> str:
        """Say why a step cannot have the managed identity that it names; nothing when it can, or names none."""
        wanted = {name: step.identity[name] for name in _BY if name in step.identity}
        if not wanted or is_serverless(step.compute_id):
            return ""
        there = self._of_compute(workspace, step.compute_id)
        if any(_is(one, wanted) for one in there):
            return ""
        name, value = next(iter(wanted.items()))
        have = ", ".join(getattr(one, name) for one in there if getattr(one, name)) or "none"
        compute = step.compute_id.rsplit("/", 1)[-1]
        return (
            f"got the managed identity {value}, expected one of compute '{compute}' (it has: {have}). Assign it to the "
            "compute, or name one of those"
        )

    def variables(
        self, workspace: Resource, step: StepPlan, certificates: Path
    ) -> tuple[dict[str, str], str]:
        """Return what a step with a managed identity finds in its environment, and the secret to `forget` at its end.

        Args:
            certificates: The emulator's certificate among the step's files; a bundle is written beside it.
        """
        principal = self._principal(workspace, step)
        if principal is None:
            return {}, ""
        secret = secrets.token_urlsafe(24)
        self._emulator.principals.bind_identity_header(secret, principal)
        settings = self._emulator.settings
        bundle = certificates.with_name("bundle.pem")
        inherited = os.environ.get("PLUMBLINE_ORIGINAL_SSL_CERT_FILE") or certifi.where()
        bundle.write_bytes(Path(inherited).read_bytes() + b"\n" + certificates.read_bytes())
        return {
            "DEFAULT_IDENTITY_CLIENT_ID": principal.client_id,
            "MSI_ENDPOINT": f"{settings.base_url}/msi/azureml/token",
            "MSI_SECRET": secret,
            # Else a client with this token would go to the real Azure.
            "AZUREML_CURRENT_CLOUD": settings.cloud,
            "ARM_CLOUD_METADATA_URL": f"{settings.base_url}/metadata/endpoints?api-version=2019-05-01",
            "REQUESTS_CA_BUNDLE": str(bundle),
            "SSL_CERT_FILE": str(bundle),
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }, secret

    def forget(self, secret: str) -> None:
        """Let a secret stand for nobody any more."""
        if secret:
            self._emulator.principals.unbind_identity_header(secret)

    def _principal(self, workspace: Resource, step: StepPlan) -> Principal | None:
        if step.identity.get("type") != "managed" or is_serverless(step.compute_id):
            return None
        wanted = {name: step.identity[name] for name in _BY if name in step.identity}
        for one in self._of_compute(workspace, step.compute_id):
            if not wanted or _is(one, wanted):
                return self._emulator.principals.find(one.object_id)
        return None

    def _of_compute(self, workspace: Resource, compute_id: str) -> list[ClusterIdentity]:
        compute = self._assets.compute(workspace, compute_id)
        identity = (compute.body.get("identity") if compute else None) or {}
        own = self._emulator.principals.find(str(identity.get("principalId") or ""))
        found = [ClusterIdentity(client_id=own.client_id, object_id=own.object_id)] if own else []
        for resource_id, one in (identity.get("userAssignedIdentities") or {}).items():
            client, principal = str(one.get("clientId", "")), str(one.get("principalId", ""))
            found.append(
                ClusterIdentity(client_id=client, object_id=principal, msi_resource_id=str(resource_id))
            )
        return found


def _is(one: ClusterIdentity, wanted: Mapping[str, str]) -> bool:
    return all(getattr(one, name).lower() == value.lower() for name, value in wanted.items())
