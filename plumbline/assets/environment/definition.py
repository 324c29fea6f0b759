"""From an environment's YAML to its normal form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from plumbline.assets.document import Document
from plumbline.assets.environment.normal_form import normal_environment
from plumbline.assets.local_files import data_snapshot, local_path
from plumbline.assets.packages import check_packages
from plumbline.assets.parts import Parts
from plumbline.assets.schema import describe

if TYPE_CHECKING:
    from plumbline.assets.links import Links
    from plumbline.assets.resolve import Resolver


def build(document: Document, data: Mapping[str, Any], resolver: Resolver, _links: Links) -> Parts:
    """What it is made of: an image with packages of conda, or a build context."""
    parts = Parts(spec={})
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
            parts.complete = not file.broken
    elif isinstance(conda, Mapping):
        check_packages(document, conda, ("conda_file",))
    build = data.get("build")
    if isinstance(build, Mapping) and isinstance(build.get("path"), str):
        fields["build"] = _context(document, build, resolver, parts)
    parts.spec = normal_environment(fields) if parts.complete and not document.broken else {}
    return parts


def _context(
    document: Document, build: Mapping[str, Any], resolver: Resolver, parts: Parts
) -> Mapping[str, Any]:
    """A build context with the hash of its files in the place of its path."""
    parts.snapshot = data_snapshot(document, ("build", "path"), build["path"], "uri_folder")
    if parts.snapshot is None:
        return build
    dockerfile = str(build.get("dockerfile_path") or "Dockerfile")
    if dockerfile not in {file.name for file in parts.snapshot.files}:
        document.report(
            ("build", "dockerfile_path"),
            f"no {dockerfile} in the context",
            "a Dockerfile that goes up",
            "The path starts from build.path.",
        )
    parts.code_path = resolver.library.source(local_path(document, build["path"]))
    return {**build, "path": f"sha256:{parts.snapshot.hash}"}
