"""Look up what others registered, by version or label, its content verified."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import pulumi

from plumbline.azureml.asset import require_one_place
from plumbline.kinds import COMPONENT, DATA, ENVIRONMENT, MODEL, PACKAGE, Kind


@dataclass(frozen=True, kw_only=True)
class FoundAsset:
    """One version of an asset as it is live.

    Attributes:
        id: Full ARM id of the version; in a registry azureml://registries/R/KIND/NAME/versions/VERSION.
        version: Exact, whatever was asked for.
        reference: What a definition or a job may refer to: azureml:NAME:VERSION, or the registry's id.
        spec: Canonical JSON text of its definition as Azure shows it.
        content_hash: 64 hex digits over kind and spec; the one that was expected, where one was.
        content_hash_source: "live" when it was recomputed from what Azure shows, "mark" when Azure shows too little and
            what whoever registered it noted there was taken.
        code_hash: Hash of its files, None when it has none or does not say.
    """

    id: str
    name: str
    version: str
    reference: str
    spec: str
    content_hash: str
    content_hash_source: str
    archived: bool
    code_hash: str | None = None
    description: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


class AssetLookup:
    """A look-up of one kind: call it for an answer at once, or `.output` when its arguments are outputs."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self.token = f"{PACKAGE}:azureml:get{kind.name.capitalize()}"
        self.__doc__ = f"Find {kind.spoken} that somebody registered."

    def __call__(
        self,
        name: str,
        *,
        version: str | None = None,
        label: str | None = None,
        resource_group_name: str | None = None,
        workspace_name: str | None = None,
        registry_name: str | None = None,
        content_hash: str | None = None,
        opts: pulumi.InvokeOptions | None = None,
    ) -> FoundAsset:
        """Find one version.

        Args:
            name: Required. Name of the asset.
            version: Required, or label. Its version.
            label: Required, or version. "latest": the newest version that is not archived.
            resource_group_name: Required with workspace_name. Its resource group.
            workspace_name: Required, or registry_name. Workspace that it lies in.
            registry_name: Required, or workspace_name. Registry that it lies in, of whichever subscription.
            content_hash: Optional. Content that it must have; other content is an error with both hashes.
            opts: Optional. As on every function of a provider.
        Raises: TypeError: no place or two. Exception: the engine's, when it is not there or has other content.
        """
        require_one_place(name, resource_group_name, workspace_name, registry_name)
        arguments = _arguments(
            name, version, label, resource_group_name, workspace_name, registry_name, content_hash
        )
        answer = pulumi.runtime.invoke(self.token, arguments, opts).value
        if not answer:
            raise pulumi.RunError(
                f"{self._kind.name} {name}: got a provider whose settings are not known yet, expected them known. "
                f"Use get_{self._kind.name}.output(...)."
            )
        return _found(answer)

    def output(
        self,
        name: pulumi.Input[str],
        *,
        version: pulumi.Input[str] | None = None,
        label: pulumi.Input[str] | None = None,
        resource_group_name: pulumi.Input[str] | None = None,
        workspace_name: pulumi.Input[str] | None = None,
        registry_name: pulumi.Input[str] | None = None,
        content_hash: pulumi.Input[str] | None = None,
        opts: pulumi.InvokeOutputOptions | None = None,
    ) -> pulumi.Output[FoundAsset]:
        """The same, once its arguments are known; unknown in a preview that does not know them."""
        require_one_place("look-up", resource_group_name, workspace_name, registry_name)
        arguments = _arguments(
            name, version, label, resource_group_name, workspace_name, registry_name, content_hash
        )
        found: pulumi.Output[Any] = pulumi.runtime.invoke_output(self.token, arguments, opts)
        return found.apply(_found)


get_component: AssetLookup = AssetLookup(COMPONENT)
"""Find a component that somebody registered; `get_component.output` when its arguments are outputs."""

get_environment: AssetLookup = AssetLookup(ENVIRONMENT)
"""Find an environment that somebody registered; `get_environment.output` when its arguments are outputs."""

get_data: AssetLookup = AssetLookup(DATA)
"""Find a data asset that somebody registered; `get_data.output` when its arguments are outputs."""

get_model: AssetLookup = AssetLookup(MODEL)
"""Find a model that somebody registered; `get_model.output` when its arguments are outputs."""


def _arguments(*values: Any) -> dict[str, Any]:
    names = ("name", "version", "label", "resourceGroupName", "workspaceName", "registryName", "contentHash")
    return {noun: value for noun, value in zip(names, values, strict=True) if value is not None}


def _found(answer: Mapping[str, Any]) -> FoundAsset:
    wire = {row.name: _wire(row.name) for row in fields(FoundAsset)}
    return FoundAsset(**{name: answer[noun] for name, noun in wire.items() if noun in answer})


def _wire(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
