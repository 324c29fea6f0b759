"""Registered assets that a run used, as they are live, their content hashed again.

Source: Component, Environment and Data Versions - Get, Code Versions - Get.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from plumbline.assets import (
    AssetDefinition,
    AssetKind,
    canonical_text,
    content_hash,
    hash_data,
    is_content_version,
    version_from_hash,
)
from plumbline.assets.references import parse_reference
from plumbline.azure.api_versions import api_version, api_version_at
from plumbline.azure.holding import holding
from plumbline.azure.live_version import LiveVersion, code_id, kept_code_hash, live_version
from plumbline.kinds import KINDS
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.job.datastore_files import DatastoreFiles
from plumbline.ops.release.live_code import CodeFinding, LiveCode

ANONYMOUS = "azureml_anonymous"
Known = Mapping[tuple[str, str, str], AssetDefinition]
"""Definitions of the checkout, by kind, name and version: they say what Azure does not show."""


@dataclass(frozen=True, kw_only=True)
class LiveAsset:
    """One version of an asset.

    Attributes:
        content_hash: 64 hex over its spec as it is live; where Azure does not show all of it, that of the checkout's
            definition when what shows is equal, else what our own mark says; None when it is not there.
        code_hash: Hash of its files, as they were downloaded of components and thresholds, else as the service keeps it.
        inner: Step of a pipeline component -> reference of the component that it runs.
        genuine: Whether its content-addressed version follows from that hash; None when that is not known.
        problem: Why it cannot carry a release, None when it can.
    """

    kind: AssetKind
    name: str
    version: str
    content_hash: str | None = None
    code_hash: str | None = None
    genuine: bool | None = None
    environment: str | None = None
    inner: Mapping[str, str] = field(default_factory=dict)
    uri: str | None = None
    created_by: str | None = None
    problem: str | None = None

    @property
    def reference(self) -> str:
        """`NAME:VERSION`."""
        return f"{self.name}:{self.version}"


def live_asset(
    session: AzureSession,
    kind: AssetKind,
    reference: str,
    *,
    code: LiveCode | None = None,
    known: Known | None = None,
) -> LiveAsset:
    """Look an asset up by an exact reference of this workspace; what is wrong with it is in `problem`.

    Args:
        code: Optional. Downloads and hashes a component's code; without it the service's property is taken.
        known: Optional. The checkout's definitions; without them nothing says what Azure does not show.
    """
    address = parse_reference(reference)
    if address is None or not address.version or address.registry:
        problem = f"{kind}: got {reference}, expected an exact version registered in this workspace"
        return LiveAsset(kind=kind, name=reference, version="", problem=problem)
    name, version = address.name, address.version
    if name == ANONYMOUS:
        problem = (
            f"{kind}: got one that was registered for this job alone, expected {kind}s that a stack registers"
        )
        return LiveAsset(kind=kind, name=name, version=version, problem=problem)
    path = f"{session.target.workspace_id}/{KINDS[kind].collection}/{name}/versions/{version}"
    body = session.get(path, api_version=api_version_at(path))
    if body is None:
        problem = f"{kind} {name}:{version}: got nothing in the workspace, expected it registered"
        return LiveAsset(kind=kind, name=name, version=version, problem=problem)
    finding = _code(session, kind, body, code)
    live = live_version(kind, body, code_hash=finding.hash)
    found = described(kind, name, version, body, live, (known or {}).get((kind, name, version)))
    fault = f"{kind} {name}:{version}: {finding.problem}" if finding.problem else None
    return replace(found, problem=fault) if fault else found


def _code(
    session: AzureSession, kind: AssetKind, body: Mapping[str, Any], code: LiveCode | None
) -> CodeFinding:
    """The hash of a component's code, from its files or as the code asset keeps it."""
    spec = (body.get("properties") or {}).get("componentSpec") or {}
    address = spec.get("code") or (spec.get("task") or {}).get("code")  # of a parallel component
    if kind != "component" or not address:
        return CodeFinding()
    if code is not None:
        return code.find(str(address))
    id = code_id(kind, body)
    return CodeFinding(hash=kept_code_hash(session.get(id, api_version=api_version("codes")) if id else None))


def thresholds_asset(session: AzureSession, reference: str) -> tuple[LiveAsset, bytes | None]:
    """A data asset with one small file, downloaded; its hash is of the bytes that came, not of a property."""
    found = live_asset(session, "data", reference)
    if found.uri is None:
        return found, None
    content = DatastoreFiles(session).read(found.uri)
    path = f"{session.target.workspace_id}/data/{found.name}/versions/{found.version}"
    body = session.get(path, api_version=api_version_at(path))
    with tempfile.TemporaryDirectory(prefix="plumbline-thresholds-") as folder:
        file = Path(folder) / found.uri.rstrip("/").rsplit("/", 1)[-1]
        file.write_bytes(content)
        hashed = hash_data(file).hash
    live = live_version("data", body, code_hash=hashed)
    return described("data", found.name, found.version, body, live, None), content


def steps_beside(
    path: str, job: Mapping[str, Any], known: Mapping[tuple[str, str, str], AssetDefinition]
) -> Mapping[str, Any]:
    """The steps among which a step of this path stands, by name; none where nobody can say.

    Azure does not answer a pipeline component's steps: the checkout's definition says them, and run history what ran.

    Args:
        path: `outer/inner` of a nested pipeline's step.
    """
    nodes: Mapping[str, Any] = job.get("jobs") or {}
    for name in path.split("/")[:-1]:
        address = parse_reference(str((nodes.get(name) or {}).get("component") or ""))
        key = ("component", address.name, address.version or "") if address else ("", "", "")
        definition = known.get(key)
        nodes = (definition.fields.get("jobs") or {}) if definition else {}
    return nodes


def described(
    kind: AssetKind,
    name: str,
    version: str,
    body: Mapping[str, Any],
    live: LiveVersion,
    definition: AssetDefinition | None,
) -> LiveAsset:
    """What a live version is worth to a release. Pure.

    Args:
        definition: The checkout's under the same name and version, None when it has none.
    """
    made = content_hash(kind, live.spec)
    spec, hashed = live.spec, made
    follows = not is_content_version(version) or version == version_from_hash(made)
    held = definition is not None and _holds(definition, live)
    if definition is not None and held:
        spec, hashed = definition.fields, definition.content_hash
    elif not follows and live.content_mark and version == version_from_hash(live.content_mark):
        hashed = live.content_mark
    genuine: bool | None = None
    if is_content_version(version):
        genuine = version == version_from_hash(hashed)
        if not genuine and _unknown_references(spec):
            genuine = None  # a reference to a declared version is hashed with what it points to
    problem = None
    if genuine is False:
        problem = (
            f"{kind} {name}:{version}: got content {hashed}, which makes version {version_from_hash(hashed)}, "
            "expected what its version stands for"
        )
    elif not held and ((genuine and not follows) or _hides_steps(live)):
        problem = (
            f"{kind} {name}:{version}: got an answer that does not show all of its content, expected a definition in "
            "this checkout that it is equal to"
        )
    return LiveAsset(
        kind=kind, name=name, version=version, content_hash=hashed, code_hash=live.code_hash, genuine=genuine,
        environment=spec.get("environment") if isinstance(spec.get("environment"), str) else None,
        inner=_inner(spec),
        uri=(body.get("properties") or {}).get("dataUri"),
        created_by=(body.get("systemData") or {}).get("createdBy"),
        problem=problem,
    )  # fmt: skip


def _hides_steps(live: LiveVersion) -> bool:
    return live.spec.get("type") == "pipeline" and not live.spec.get("jobs")


def _holds(definition: AssetDefinition, live: LiveVersion) -> bool:
    found = holding(
        definition.kind,
        definition.fields,
        live,
        content_hash=definition.content_hash,
        version=definition.version,
    )
    return found.holds


def _unknown_references(spec: Mapping[str, Any]) -> bool:
    """Whether the spec names a version that does not stand for its content."""
    words = canonical_text(spec).split('"')
    addresses = [parse_reference(word) for word in words if word.startswith("azureml:")]
    return any(one is not None and not (one.version and is_content_version(one.version)) for one in addresses)


def _inner(spec: Mapping[str, Any]) -> dict[str, str]:
    nodes = spec.get("jobs")
    return {
        str(step): str(node["component"])
        for step, node in (nodes.items() if isinstance(nodes, Mapping) else ())
        if isinstance(node, Mapping) and node.get("component")
    }
