"""A stack's settings: typed, bounded, and read from `pulumi.Config` by one function."""

from __future__ import annotations

import json
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import pulumi
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from components.naming import NameRefused, Naming

# Namespace of the settings, whatever a project that started from the template is called.
PROJECT = "azure-ml-platform"
M = TypeVar("M", bound=BaseModel)
Guid = Annotated[str, Field(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")]
# A name, never a path: a stack carries what lies below `pipelines/`.
FolderName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=False)


class Ownership(_Settings):
    """Who answers for the platform; written on every resource as tags."""

    owner: str = Field(
        min_length=3, description="The team or person that decides, as an e-mail address or group."
    )
    cost_centre: str = Field(min_length=1, description="Who pays.")
    support_contact: str = Field(min_length=3, description="Who is called when it breaks.")


class Cluster(_Settings):
    """A cluster that scales to zero."""

    vm_size: str = Field(
        pattern=r"^Standard_[A-Za-z0-9_]+$", description="An Azure VM size, such as Standard_DS3_v2."
    )
    maximum_nodes: int = Field(ge=1, le=100, description="Nodes at once.")
    idle_seconds: int = Field(
        default=120,
        ge=60,
        le=86_400,
        multiple_of=60,
        description="Seconds a node may idle before it is released.",
    )
    low_priority: bool = Field(
        default=False, description="Cheaper nodes that Azure may take away within a step."
    )


class Cloud(_Settings):
    """Where the stack lives; pinned, and compared with the live endpoint before the first call."""

    name: str = Field(min_length=1, description="The cloud's name, such as AzureCloud.")
    tenant_id: Guid = Field(description="The tenant's GUID.")
    subscription_id: Guid = Field(description="The subscription's GUID.")
    location: str = Field(pattern=r"^[a-z0-9]+$", description="An Azure region, such as westeurope.")


class Principal(_Settings):
    """Somebody, or something, that acts on the platform."""

    object_id: Guid = Field(description="Object id in Entra ID; of an application its service principal's.")
    type: Literal["ServicePrincipal", "User", "Group"] = Field(description="What the object id stands for.")


class MLRegistry(_Settings):
    """Where a stack's releases lie: the registry that another stack of this platform serves."""

    stack: str = Field(
        min_length=1, description="The stack that serves the registry; its names follow from it."
    )
    subscription_id: Guid | None = Field(
        default=None, description="Its subscription, when it is another than the stack's own."
    )


class RegistrySettings(_Settings):
    """A stack that serves a registry: no workspace, no pipelines; who may publish in it and who may pull from it."""

    serves: Literal["registry"] = Field(description="What the stack is for.")
    platform: str = Field(
        pattern=r"^[a-z][a-z0-9]{2,11}$", description="Short name that every Azure name carries."
    )
    ownership: Ownership = Field(description="Who owns, who pays, who is called.")
    publishers: tuple[Principal, ...] = Field(
        min_length=1, description="Who runs `plumbline promote`: may publish versions in the registry."
    )
    pullers: tuple[Principal, ...] = Field(
        default=(),
        description="Who runs `pulumi up` on stacks that consume it, and what else runs its versions; may publish nothing.",
    )
    public_access_allowed: bool = Field(
        default=False,
        description="Whether the public network reaches the platform; false is refused until there are private endpoints.",
    )
    protected: bool = Field(
        default=True,
        description="Whether `pulumi destroy` and replacements refuse to delete what holds data: the group, storage, "
        "vault, registry, logs, workspace.",
    )


class Settings(_Settings):
    """Everything that differs between two stacks."""

    serves: Literal["platform"] = Field(default="platform", description="What the stack is for.")

    platform: str = Field(
        pattern=r"^[a-z][a-z0-9]{2,11}$", description="Short name that every Azure name carries."
    )
    ownership: Ownership = Field(description="Who owns, who pays, who is called.")
    cpu_cluster: Cluster = Field(description="The cluster `cpu-cluster`.")
    gpu_cluster: Cluster = Field(description="The cluster `gpu-cluster`, for training only.")
    deployers: tuple[Principal, ...] = Field(
        min_length=1,
        description="Who runs `pulumi up`: people and pipelines that upload data as themselves. May write no models.",
    )
    releasers: tuple[Principal, ...] = Field(
        default=(),
        description="Who runs `plumbline model register`: the release's automation. Nobody else may write models.",
    )
    deployers_may_write_models: str | None = Field(
        default=None,
        min_length=10,
        description="The reason why deployers may write models in this stack all the same. Only where `protected` is "
        "false: a stack to experiment in.",
    )
    authors: tuple[Guid, ...] = Field(default=(), description="Object ids of the users who run jobs.")
    reviewers: tuple[Guid, ...] = Field(
        default=(), description="Object ids of the users who read runs' outputs and approve releases."
    )
    reviewing_workflows: tuple[Guid, ...] = Field(
        default=(),
        description="Object ids of the service principals that workflows approve releases as, each behind an environment "
        "that asks people first. They count where release.yml lists them as approvers.",
    )
    releases: Literal["source", "lock"] = Field(
        default="source",
        description="Where its pipelines come from: the definitions of the checkout, or stacks/locks/<stack>.yaml alone.",
    )
    pipelines: tuple[FolderName, ...] = Field(
        default=(),
        description="Folders below `pipelines/` that the stack registers; none where a lock says them.",
    )
    ml_registry: MLRegistry | None = Field(
        default=None,
        description="The registry of a lock's pins. Conditional: required with `releases: lock`.",
    )
    pinned_code_downloaded: bool = Field(
        default=False,
        description="Whether an update downloads the code behind every pin and hashes it, beside its spec.",
    )
    schedules_enabled: bool = Field(default=True, description="Whether schedules fire in this stack.")
    public_access_allowed: bool = Field(
        default=False,
        description="Whether the public network reaches the platform; false is refused until there are private endpoints.",
    )
    protected: bool = Field(
        default=True,
        description="Whether `pulumi destroy` and replacements refuse to delete what holds data: the group, storage, "
        "vault, registry, logs, workspace.",
    )
    purge_protected: bool = Field(
        default=True, description="Key vault purge protection; can never be taken back."
    )
    log_retention_days: int = Field(default=30, ge=30, le=730, description="Days that logs are kept.")
    registry_sku: Literal["Basic", "Standard", "Premium"] = Field(
        default="Standard", description="ACR's tier."
    )


def load_settings() -> tuple[str, Cloud, Settings | RegistrySettings]:
    """Read the stack's name, its pinned cloud and its settings.

    Raises: pulumi.RunError: every wrong, unknown or missing setting at once, with file and line.
    """
    stack = pulumi.get_stack()
    path = Path(f"Pulumi.{stack}.yaml")
    lines = _lines(path)
    azure, plumbline = pulumi.Config("azure-native"), pulumi.Config("plumbline")
    problems: list[str] = []
    cloud = _validate(
        Cloud,
        {
            "name": plumbline.get("cloud"),
            "tenantId": plumbline.get("tenantId"),
            "subscriptionId": plumbline.get("subscriptionId"),
            "location": azure.get("location"),
        },
        {"name": "plumbline:cloud", "location": "azure-native:location", None: "plumbline:"},
        path,
        lines,
        problems,
    )
    problems += [
        f"{_at(path, lines, f'azure-native:{key}')}: azure-native:{key}: got {got!r}, "
        f"expected {pinned!r} as plumbline:{key}. Pin one value for both providers."
        for key in ("tenantId", "subscriptionId")
        if ((got := azure.get(key)) or "").lower() != ((pinned := plumbline.get(key)) or "").lower()
    ]
    given = pulumi.Config(PROJECT)
    model: type[Settings | RegistrySettings] = (
        RegistrySettings if given.get("serves") == "registry" else Settings
    )
    names = {to_camel(name) for name in model.model_fields}
    values = {name: _value(text) for name in names if (text := given.get(name)) is not None}
    for key in sorted(lines):
        name = key.removeprefix(f"{PROJECT}:")
        if key.startswith(f"{PROJECT}:") and "." not in name and name not in names:
            problems.append(
                f"{_at(path, lines, key)}: {key}: got an unknown setting, expected one of {_list(names)}. "
                f"{_nearest(name, names)}"
            )
    settings = _validate(model, values, {None: f"{PROJECT}:"}, path, lines, problems)
    if settings is not None and not settings.public_access_allowed:
        # Closed for everybody, with registry and logs left open: worse than open, and nobody could deploy into it.
        name = f"{PROJECT}:publicAccessAllowed"
        problems.append(
            f"{_at(path, lines, name)}: {name}: got false, expected true: the platform has no private endpoints, so "
            "nobody would reach its workspace and storage. Set it to true."
        )
    if isinstance(settings, Settings):
        problems += [
            f"{_at(path, lines, f'{PROJECT}:{key}')}: {PROJECT}:{text}"
            for key, text in (*_sources(settings), *_models(settings))
        ]
    if settings is not None and cloud is not None:
        try:
            Naming(platform=settings.platform, stack=stack, subscription_id=cloud.subscription_id)
        except NameRefused as refusal:
            problems.append(f"{path}: {refusal}")
    if problems or cloud is None or settings is None:
        raise pulumi.RunError("\n".join(["the stack's settings are refused:", *problems]))
    return stack, cloud, settings


def _sources(settings: Settings) -> list[tuple[str, str]]:
    """What contradicts itself about where the pipelines come from, each with the key that it stands at."""
    locked = settings.releases == "lock"
    found = []
    if locked and settings.pipelines:
        text = f"pipelines: got {', '.join(settings.pipelines)}, expected none: the lock says which. Remove the list."
        found.append(("pipelines", text))
    if locked and settings.ml_registry is None:
        text = "mlRegistry: got nothing, expected the registry that the lock's pins lie in. Add it."
        found.append(("releases", text))
    if not locked and not settings.pipelines:
        text = "pipelines: got nothing, expected at least one folder below pipelines/. Add the list."
        found.append(("pipelines", text))
    return found


def _models(settings: Settings) -> list[tuple[str, str]]:
    """Models opened to deployers where that is not the stack to experiment in."""
    if not (settings.protected and settings.deployers_may_write_models):
        return []
    key = "deployersMayWriteModels"
    text = (
        f"{key}: got a reason, expected nothing in a stack that is protected: models there are registered by its "
        f"releasers. Remove it, or set {PROJECT}:protected to false."
    )
    return [(key, text)]


def place_of(stack: str, setting: str) -> str:
    """`file:line` of a setting such as `azure-ml-platform:pipelines.0`, for a message about it."""
    path = Path(f"Pulumi.{stack}.yaml")
    return _at(path, _lines(path), setting)


def _nearest(name: str, names: set[str]) -> str:
    near = get_close_matches(name.lower(), [known.lower() for known in names], n=1)
    known = next((known for known in names if near and known.lower() == near[0]), None)
    return f'Did you mean "{known}"?' if known else "Remove it."


def _list(names: set[str]) -> str:
    return ", ".join(sorted(names))


def _value(text: str) -> Any:
    # The engine hands objects over as JSON and scalars as plain text.
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _validate(
    model: type[M],
    values: dict[str, Any],
    keys: dict[str | None, str],
    path: Path,
    lines: dict[str, int],
    problems: list[str],
) -> M | None:
    try:
        return model.model_validate({key: value for key, value in values.items() if value is not None})
    except ValidationError as error:
        for found in error.errors(include_url=False):
            where = [str(part) for part in found["loc"]]
            name = keys.get(where[0]) or f"{keys[None]}{'.'.join(where)}"
            got = "nothing" if found["type"] == "missing" else repr(found["input"])
            unknown = found["type"] == "extra_forbidden"
            expected = "no such key" if unknown else _expected(model, where, found)
            problems.append(
                f"{_at(path, lines, name)}: {name}: got {got}, expected {expected}. Mend the file."
            )
        return None


def _expected(model: type[BaseModel], where: list[str], found: Any) -> str:
    meaning = ""
    inner: Any = model
    for part in where:
        field = next((f for n, f in getattr(inner, "model_fields", {}).items() if to_camel(n) == part), None)
        if field is None:
            break
        meaning, inner = field.description or "", field.annotation
    rule = str(found["msg"]).removeprefix("Input should be ").removeprefix("Field required")
    return "; ".join(text for text in (meaning.rstrip("."), rule[:1].lower() + rule[1:]) if text)


def _at(path: Path, lines: dict[str, int], name: str) -> str:
    """`file:line` of a setting, or of the nearest setting that holds it."""
    while name:
        if name in lines:
            return f"{path}:{lines[name]}"
        name = name.rpartition(".")[0]
    return str(path)


def _lines(path: Path) -> dict[str, int]:
    found: dict[str, int] = {}

    def walk(node: yaml.Node, name: str) -> None:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                inner = f"{name}.{key.value}" if name else str(key.value)
                found[inner] = key.start_mark.line + 1
                walk(value, inner)
        elif isinstance(node, yaml.SequenceNode):
            for at, value in enumerate(node.value):
                found[f"{name}.{at}"] = value.start_mark.line + 1

    tree = yaml.compose(path.read_text(), Loader=yaml.CSafeLoader) if path.exists() else None
    for key, value in getattr(tree, "value", []) or []:
        if key.value == "config":
            walk(value, "")
    return found
