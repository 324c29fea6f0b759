"""Builds one asset's definition from its document: canonical spec, hashes, version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from plumbline.assets.canonical import canonical_text, content_hash, version_from_hash
from plumbline.assets.code import CodeSnapshot
from plumbline.assets.command import check_command
from plumbline.assets.component import normal_component
from plumbline.assets.data_flow import check_data_flow
from plumbline.assets.definition import AssetDefinition, AssetKind
from plumbline.assets.document import Document, FieldPath, dotted
from plumbline.assets.environment import normal_data, normal_environment, normal_model
from plumbline.assets.inline import inline_environment
from plumbline.assets.links import Links
from plumbline.assets.local_files import code_snapshot, data_snapshot, local_path
from plumbline.assets.packages import check_packages
from plumbline.assets.parameters import check_parameters
from plumbline.assets.references import is_remote_path
from plumbline.assets.scalars import literal_text
from plumbline.assets.schema import describe
from plumbline.assets.steps import interface_of, resolve_steps

if TYPE_CHECKING:
    from plumbline.assets.resolve import Resolver


@dataclass(kw_only=True)
class _Parts:
    """What a kind's builder finds out."""

    spec: dict[str, Any]
    snapshot: CodeSnapshot | None = None
    code_path: str | None = None
    includes: tuple[str, ...] = ()
    complete: bool = True


def build_asset(document: Document, resolver: Resolver) -> AssetDefinition | None:
    """The definition in a document, None (and problems there) when something it needs is wrong."""
    kind = resolver.library.kind(document)
    data = document.data
    if kind not in _BUILDERS or not isinstance(data, Mapping):
        return None
    links = Links()
    parts = _BUILDERS[kind](document, data, resolver, links)
    if not parts.complete or any(problem.severity == "error" for problem in document.problems):
        return None
    return _definition(document, kind, data, parts, links)  # type: ignore[arg-type]


def _definition(
    document: Document, kind: AssetKind, data: Mapping[str, Any], parts: _Parts, links: Links
) -> AssetDefinition:
    digest = content_hash(kind, parts.spec, reference_hashes=links.hashes)
    declared = str(data["version"]) if data.get("version") is not None else None
    counted = "" if kind == "model" else version_from_hash(digest)
    return AssetDefinition(
        kind=kind,
        name=data["name"],
        version=declared or counted,
        declared_version=declared,
        spec=canonical_text(parts.spec),
        content_hash=digest,
        code_hash=parts.snapshot.hash if parts.snapshot else None,
        code_path=parts.code_path,
        includes=parts.includes,
        display_name=data.get("display_name"),
        description=data.get("description"),
        tags={name: literal_text(value) for name, value in (data.get("tags") or {}).items()},
        source=document.source,
        inline=dotted(document.prefix),
        lines=document.dotted_lines(),
        references=links.references,
        reference_hashes=links.hashes,
    )


def _environment(document: Document, data: Mapping[str, Any], resolver: Resolver, _links: Links) -> _Parts:
    parts = _Parts(spec={})
    fields = dict(data)
    unset = None in (data.get("image", ""), data.get("build", ""))  # reported with its line
    if not data.get("image") and not data.get("build") and not unset:
        document.report(
            (), "neither image nor build", "one of them", 'Add "image: ..." or "build: {path: ...}".'
        )
    if data.get("build") and (data.get("image") or data.get("conda_file")):
        document.report(
            ("build",), "a build context beside image or conda_file", "one way to make the environment"
        )
    conda = data.get("conda_file")
    if isinstance(conda, str):
        file = resolver.library.open(local_path(document, conda))
        if file is None:
            document.report(
                ("conda_file",), f"no file at {describe(conda)}", "a conda file", "Correct the path."
            )
        else:
            check_packages(file, file.data, ())
            fields["conda_file"] = file.data
            parts.complete = not any(problem.severity == "error" for problem in file.problems)
    elif isinstance(conda, Mapping):
        check_packages(document, conda, ("conda_file",))
    build = data.get("build")
    if isinstance(build, Mapping) and isinstance(build.get("path"), str):
        parts.snapshot = data_snapshot(document, ("build", "path"), build["path"], "uri_folder")
        if parts.snapshot:
            dockerfile = str(build.get("dockerfile_path") or "Dockerfile")
            if dockerfile not in {file.name for file in parts.snapshot.files}:
                document.report(
                    ("build", "dockerfile_path"),
                    f"no {dockerfile} in the context",
                    "a Dockerfile that goes up",
                    "The path starts from build.path.",
                )
            parts.code_path = resolver.library.source(local_path(document, build["path"]))
            fields["build"] = {**build, "path": f"sha256:{parts.snapshot.hash}"}
    parts.spec = normal_environment(fields) if parts.complete and not _broken(document) else {}
    return parts


def _component(document: Document, data: Mapping[str, Any], resolver: Resolver, links: Links) -> _Parts:
    interface = interface_of(document)
    check_parameters(document, data)
    if interface.type == "pipeline":
        return _pipeline_component(document, data, resolver, links)
    parts = _Parts(spec={})
    fields = {key: value for key, value in data.items() if key != "additional_includes"}
    check_command(document, data)
    # A parallel component's code and environment stand under its task.
    path: FieldPath = ("task",) if interface.type == "parallel" else ()
    task = data.get("task")
    held: Mapping[str, Any] = (task if isinstance(task, Mapping) else {}) if path else data
    own = dict(held)
    includes = [text for text in data.get("additional_includes") or [] if isinstance(text, str)]
    if isinstance(held.get("code"), str):
        parts.snapshot = code_snapshot(document, (*path, "code"), held["code"], includes)
        if parts.snapshot:
            own["code"] = f"sha256:{parts.snapshot.hash}"
            parts.code_path = resolver.library.source(local_path(document, held["code"]))
            parts.includes = tuple(resolver.library.source(local_path(document, text)) for text in includes)
    elif includes:
        document.report(
            ("additional_includes",), "includes without code", "code to lay them beside", 'Add "code: ./src".'
        )
    environment = held.get("environment")
    # What an inline environment lacks is reported with the component's own fields.
    if isinstance(environment, str) or (isinstance(environment, Mapping) and not _broken(document)):
        here = (*path, "environment")
        found = (
            inline_environment(document, here, environment, resolver)
            if isinstance(environment, Mapping)
            else resolver.reference(document, here, environment, "environment")
        )
        parts.complete = found is not None and bool(found.text)
        own["environment"] = links.add(found) if found else ""
    fields = {**fields, "task": own} if path else {**fields, **own}
    fields.pop("additional_includes", None)
    parts.spec = normal_component(fields) if parts.complete and not _broken(document) else {}
    return parts


def _pipeline_component(
    document: Document, data: Mapping[str, Any], resolver: Resolver, links: Links
) -> _Parts:
    jobs = data.get("jobs")
    steps = resolve_steps(document, jobs if isinstance(jobs, Mapping) else {}, resolver, links)
    interface = interface_of(document)
    check_data_flow(document, steps, inputs=interface.inputs, outputs=interface.outputs, declared=True)
    complete = steps.complete and not _broken(document)
    spec = normal_component({**data, "type": "pipeline", "jobs": steps.jobs}) if complete else {}
    return _Parts(spec=spec, complete=complete)


def _data(document: Document, data: Mapping[str, Any], resolver: Resolver, _links: Links) -> _Parts:
    return _located(document, data, resolver, kind=str(data.get("type") or "uri_folder").lower(), word="data")


def _model(document: Document, data: Mapping[str, Any], resolver: Resolver, _links: Links) -> _Parts:
    version = data.get("version")
    if version is not None and not (str(version).isdigit() and int(version) > 0):
        document.report(
            ("version",), describe(version), "a positive integer", "Remove it; the service counts."
        )
    return _located(
        document, data, resolver, kind=str(data.get("type") or "custom_model").lower(), word="model"
    )


def _located(
    document: Document, data: Mapping[str, Any], resolver: Resolver, *, kind: str, word: str
) -> _Parts:
    text = data.get("path")
    if not isinstance(text, str):
        return _Parts(spec={}, complete=False)
    normal = normal_data if word == "data" else normal_model
    if is_remote_path(text):
        if word == "data" and data.get("version") is None and not _broken(document):
            document.report(
                ("version",),
                "nothing",
                "a version: what lies behind a URI cannot be hashed from here",
                'Add "version: ...".',
            )
        return _Parts(spec=normal(data))
    snapshot = data_snapshot(document, ("path",), text, kind)
    if snapshot is None or _broken(document):
        return _Parts(spec={}, complete=False)
    source = resolver.library.source(local_path(document, text))
    return _Parts(
        spec=normal({**data, "path": f"sha256:{snapshot.hash}"}), snapshot=snapshot, code_path=source
    )


def _broken(document: Document) -> bool:
    return document.broken


_BUILDERS = {"environment": _environment, "component": _component, "data": _data, "model": _model}
