"""Kind: the descriptor of one kind of resource."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Literal

from plumbline.assets.canonical import version_from_address, version_from_hash

PACKAGE = "plumbline"

Values = Mapping[str, tuple[Any, ...]]
"""Input that may change in place -> its values in a body; several where Azure keeps it in more than one place."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Everything about a kind that more than one part of Plumbline needs.

    Attributes:
        name: Its word in definitions, content hashes and tables: `environment`.
        noun: The resource class, and the last part of the type token: `Environment`.
        spoken: Its word in a sentence: `an environment`.
        collection: Where Azure keeps it below a workspace, and its word in ids and references.
        lifecycle: `content`: versions that follow from content. `counted`: versions that Azure counts, equal content found
            first. `in_place`: one schedule that changes. `object`: one object whose inputs are its fields, see `ArmObject`.
        api_version: With which it is asked.
        api_version_source: Where that version was seen.
        system_data: Where it was seen that every write moves its systemData, of an asset that of the version, never of the
            container: then that says who and when without the activity log's lag. Empty: it was not seen.
        loader: `module:function` of azure-ai-ml that reads its YAML.
        operations: The attribute of `MLClient` that writes it, where that is not called as the collection is.
        put: What writes it there; one that begins a long operation is waited for.
        values: Reads what may change in place from the `properties` of a REST body.
        entity_fields: Input that may change in place -> its attribute on azure-ai-ml's entity.
        code_paths: Places below `properties` where the code asset's id may stand: Azure keeps that one's hash.
        is_located: Whether its content is what lies at a `path`: files of this repository, or what only an address says.
        registries: Whether a registry can hold it.
        source: Operations of client and REST.
        description: What the resource is, for the reference page and the schema.
    """

    name: str
    noun: str
    spoken: str
    collection: str
    lifecycle: Literal["content", "counted", "in_place", "object"]
    api_version: str
    api_version_source: str
    system_data: str = ""
    loader: str = ""
    operations: str = ""
    put: str = "create_or_update"
    values: Callable[[Mapping[str, Any]], Values] = lambda _: {}
    entity_fields: Mapping[str, str] = field(
        default_factory=lambda: {"description": "description", "tags": "tags"}
    )
    code_paths: tuple[tuple[str, ...], ...] = ()
    is_located: bool = False
    registries: bool = False
    source: str
    description: str

    @property
    def token(self) -> str:
        """The Pulumi type token."""
        return f"{PACKAGE}:azureml:{self.noun}"

    @property
    def is_versioned(self) -> bool:
        """Whether the resource is a container of versions that never change."""
        return self.lifecycle in ("content", "counted")

    def version_of(self, spec: Mapping[str, Any], digest: str) -> str:
        """The version of a definition that declares none; empty where Azure counts.

        Args:
            digest: Its content hash.
        """
        if not self.version_is_content:
            return ""
        by_address = self.is_located and not str(spec.get("path") or "").startswith("sha256:")
        return version_from_address(digest) if by_address else version_from_hash(digest)

    @property
    def version_is_content(self) -> bool:
        """Whether an undeclared version follows from the content, and so is known before anything is asked."""
        return self.lifecycle == "content"

    def name_below(self, inputs: Mapping[str, Any]) -> str:
        """Its name below the collection, with those of what it lies in."""
        return str(inputs["name"])

    @property
    def import_form(self) -> str:
        """What `pulumi import` takes beside the full ARM id."""
        return "NAME:VERSION" if self.is_versioned else "NAME"

    def client_of(self, ml_client: Any) -> Any:
        """The part of an `MLClient` that writes it."""
        return getattr(ml_client, self.operations or self.collection)

    def written(self, operations: Any, entity: Any) -> None:
        """Write azure-ai-ml's entity with the part of an `MLClient` that does it, to its end."""
        begun = getattr(operations, self.put)(entity)
        if self.put.startswith("begin_"):
            begun.result()

    def loaded(self, *arguments: Any, **options: Any) -> Any:
        """azure-ai-ml's entity; imports azure-ai-ml."""
        module, _, function = self.loader.partition(":")
        return getattr(import_module(module), function)(*arguments, **options)


def text(value: Any) -> str | None:
    """A text of a body; an empty one says nothing."""
    return value or None


def tags(value: Any) -> dict[str, str]:
    """Tags of a body; null ones say nothing."""
    return {key: str(member) for key, member in (value or {}).items() if member is not None}


def is_true(value: Any) -> bool:
    """A boolean of a body; Azure answers some of them as text."""
    return value is True or (isinstance(value, str) and value.lower() == "true")


def version_values(properties: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    """What may change in place of a version of any kind."""
    return {
        "description": (text(properties.get("description")),),
        "tags": (tags(properties.get("tags")),),
        "archived": (is_true(properties.get("isArchived")),),
    }
