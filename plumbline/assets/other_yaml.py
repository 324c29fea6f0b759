"""YAML files of a pipeline's folder that lie where no convention looks: read all the same, or accounted for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from plumbline.assets.document import Document
from plumbline.assets.file_kind import OTHER_AZURE, other_job, other_schedule, other_tool
from plumbline.assets.places import led_to

SUFFIXES = (".yml", ".yaml")
_CONTENT_KEYS = {"code", "path", "additional_includes"}
# Top-level keys that tell what a YAML file of another tool is.
_OTHERS: Sequence[tuple[frozenset[str], str]] = (
    (frozenset({"artifact_path", "flavors"}), "an MLflow model's description"),
    (frozenset({"thresholds"}), "thresholds, which release.yml names"),
    (frozenset({"services"}), "a Docker Compose file"),
    (frozenset({"runtime"}), "a Pulumi file"),
    (frozenset({"nodes", "outputs"}), "a prompt flow, which is not carried as a step"),
    (frozenset({"flow", "column_mapping"}), "a run of a prompt flow, which is not carried as a step"),
    (frozenset({"amlModuleIdentifier"}), "a module of the SDK before version 2, which is not carried"),
    (frozenset({"endpoint_name"}), "a deployment of an endpoint"),
    (frozenset({"auth_mode"}), "an endpoint"),
    (frozenset({"name", "path"}), "data or a model that does not say which of the two: add its type"),
)


def other_yaml(home: Path, read: Sequence[Path], documents: Mapping[Path, Document]) -> Iterator[Path]:
    """YAML files below a folder that were not read yet, save those that are content: code, data, build contexts.

    Args:
        read: Files of the folder that were read; what they name as code or data is content.
        documents: The documents of those files.
    """
    content = {place for path in read for place in _content_of(documents[path])}
    known = set(read)
    for root, folders, names in os.walk(home):
        here = Path(root)
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith((".", "__")) and _actual(here / name) not in content
        )
        for name in sorted(names):
            if not name.endswith(SUFFIXES) and not (here / name).is_symlink():
                continue
            path = _actual(here / name)
            if path.suffix in SUFFIXES and path not in known and path not in content and path.is_file():
                yield here / name


def _actual(path: Path) -> Path:
    """Where a name leads whose folder is resolved: nearly none is a link, and resolving asks for every part of a path."""
    return path.resolve() if path.is_symlink() else path


def what_it_is(document: Document) -> str:
    """What a file that defines nothing for Azure ML is, as far as its content tells."""
    data = document.data if isinstance(document.data, Mapping) else {}
    keys = {str(key) for key in data}
    azure = OTHER_AZURE.get(str(data.get("type", "")).lower())
    if azure is not None:
        return f"{azure}: the platform's program makes those"
    if (job := other_job(data)) is not None:
        return f"{job}, which no schedule starts: submit it with az ml job create --file FILE"
    if (schedule := other_schedule(data)) is not None:
        return f"{schedule}, which is not carried: make it with az ml schedule create --file FILE"
    return other_tool(data) or next(
        (what for wanted, what in _OTHERS if wanted <= keys), "no definition that Azure ML has"
    )


def _content_of(document: Document) -> Iterator[Path]:
    """Local folders and files that a definition names, without the folder that it lies in itself."""
    folder = document.folder
    own = f"{folder}/"
    for text in _texts(document.data):
        if text and "://" not in text and not text.startswith(("azureml:", "${{")) and len(text) < 300:
            place = led_to(folder, text.removeprefix("file:"))
            if not own.startswith(f"{place}".rstrip("/") + "/"):
                yield place


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, Mapping):
        for key, value in data.items():
            if key in _CONTENT_KEYS:
                yield from (
                    one
                    for one in ([value] if isinstance(value, str) else value or ())
                    if isinstance(one, str)
                )
            else:
                yield from _texts(value)
    elif isinstance(data, list):
        for value in data:
            yield from _texts(value)
