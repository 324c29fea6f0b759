"""Registered assets that a run used, as they are live, their content hashed anew.

Source: Component, Environment and Data Versions - Get, Code Versions - Get, api-version 2024-04-01.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from plumbline.assets import (
    AssetKind,
    canonical_text,
    content_hash,
    hash_data,
    is_content_version,
    spec_from_rest,
    version_from_hash,
)
from plumbline.assets.references import COLLECTIONS, parse_reference
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.job.datastore_files import DatastoreFiles
from plumbline.ops.release.asset_version import API_VERSION
from plumbline.ops.release.live_code import CodeFinding, LiveCode

ANONYMOUS = "azureml_anonymous"
_CODE_HASH_PROPERTY = "plumbline.code_hash"


@dataclass(frozen=True, kw_only=True)
class LiveAsset:
    """One version of an asset.

    Attributes:
        content_hash: 64 hex over its spec as it is live; None when it is not there.
        code_hash: Hash of its files, as they were downloaded of components and thresholds, else as the service keeps it.
        inner: References of the components that a pipeline component runs.
        genuine: Whether its content-addressed version follows from that hash; None when that cannot be told.
        problem: Why it cannot carry a release, None when it can.
    """

    kind: AssetKind
    name: str
    version: str
    content_hash: str | None = None
    code_hash: str | None = None
    genuine: bool | None = None
    environment: str | None = None
    inner: tuple[str, ...] = ()
    uri: str | None = None
    created_by: str | None = None
    problem: str | None = None

    @property
    def reference(self) -> str:
        """`NAME:VERSION`."""
        return f"{self.name}:{self.version}"


def live_asset(
    session: AzureSession, kind: AssetKind, reference: str, *, code: LiveCode | None = None
) -> LiveAsset:
    """Look an asset up by an exact reference of this workspace; what is wrong with it is in `problem`.

    Args:
        code: Optional. Downloads and hashes a component's code; without it the service's property is taken.
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
    path = f"{session.target.workspace_id}/{COLLECTIONS[kind]}/{name}/versions/{version}"
    body = session.get(path, api_version=API_VERSION)
    if body is None:
        problem = f"{kind} {name}:{version}: got nothing in the workspace, expected it registered"
        return LiveAsset(kind=kind, name=name, version=version, problem=problem)
    codes: list[CodeFinding] = []

    def code_hash_of(address: str) -> str | None:
        found = (
            code.find(address)
            if code is not None and kind == "component"
            else CodeFinding(hash=_kept_hash(session, body, address))
        )
        codes.append(found)
        return found.hash

    spec = spec_from_rest(kind, body, code_hash_of=code_hash_of)
    found = _described(kind, name, version, body, spec, codes[0].hash if codes else None)
    fault = next((f"{kind} {name}:{version}: {one.problem}" for one in codes if one.problem), None)
    return replace(found, problem=fault) if fault else found


def thresholds_asset(session: AzureSession, reference: str) -> tuple[LiveAsset, bytes | None]:
    """A data asset with one small file, downloaded; its hash is of the bytes that came, not of a property."""
    found = live_asset(session, "data", reference)
    if found.problem or found.uri is None:
        return found, None
    content = DatastoreFiles(session).read(found.uri)
    path = f"{session.target.workspace_id}/data/{found.name}/versions/{found.version}"
    body = session.get(path, api_version=API_VERSION)
    with tempfile.TemporaryDirectory(prefix="plumbline-thresholds-") as folder:
        file = Path(folder) / found.uri.rstrip("/").rsplit("/", 1)[-1]
        file.write_bytes(content)
        hashed = hash_data(file).hash
    spec = spec_from_rest("data", body, code_hash_of=lambda _: hashed)
    return _described("data", found.name, found.version, body, spec, hashed), content


def _described(
    kind: AssetKind,
    name: str,
    version: str,
    body: Mapping[str, Any],
    spec: Mapping[str, Any],
    code: str | None,
) -> LiveAsset:
    hashed = content_hash(kind, spec)
    genuine: bool | None = None
    if is_content_version(version):
        genuine = version == version_from_hash(hashed)
        if not genuine and _unknown_references(spec):
            genuine = None  # a reference to a declared version is hashed with what it points to
    return LiveAsset(
        kind=kind, name=name, version=version, content_hash=hashed, code_hash=code, genuine=genuine,
        environment=spec.get("environment") if isinstance(spec.get("environment"), str) else None,
        inner=_inner(spec),
        uri=(body.get("properties") or {}).get("dataUri"),
        created_by=(body.get("systemData") or {}).get("createdBy"),
        problem=None if genuine is not False else (
            f"{kind} {name}:{version}: got content {hashed}, which makes version {version_from_hash(hashed)}, "
            "expected what its version stands for"
        ),
    )  # fmt: skip


def _unknown_references(spec: Mapping[str, Any]) -> bool:
    """Whether the spec names a version that does not stand for its content."""
    words = canonical_text(spec).split('"')
    addresses = [parse_reference(word) for word in words if word.startswith("azureml:")]
    return any(one is not None and not (one.version and is_content_version(one.version)) for one in addresses)


def _inner(spec: Mapping[str, Any]) -> tuple[str, ...]:
    nodes = spec.get("jobs")
    found = [node.get("component") for node in (nodes or {}).values()] if isinstance(nodes, Mapping) else []
    return tuple(str(one) for one in found if one)


def _kept_hash(session: AzureSession, body: Mapping[str, Any], address: str) -> str | None:
    code_id = address.removeprefix("azureml:")
    if "/codes/" in code_id.lower() and code_id.startswith("/subscriptions/"):
        code = session.get(code_id, api_version=API_VERSION) or {}
        hashed = ((code.get("properties") or {}).get("properties") or {}).get("hash_sha256")
    else:
        marked = (body["properties"].get("properties") or {}).get(_CODE_HASH_PROPERTY)
        hashed = marked if marked and "/LocalUpload/" in address else None
    return str(hashed) if hashed else None
