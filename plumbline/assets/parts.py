"""What the YAML of an asset says: what each kind's `definition.py` finds out, and what data and models have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from plumbline.assets.document import Document
from plumbline.assets.local_files import data_snapshot, local_path
from plumbline.assets.references import is_remote_path

if TYPE_CHECKING:
    from plumbline.assets.code import CodeSnapshot
    from plumbline.assets.resolve import Resolver


@dataclass(kw_only=True)
class Parts:
    """What makes a definition beside its name, its description and its tags.

    Attributes:
        spec: In the normal form.
        snapshot: Files that go up with it.
        code_path: Where those lie, relative to the root.
        includes: Further paths of ``additional_includes``.
        complete: Whether it is all there; what is missing is a problem of the document.
    """

    spec: dict[str, Any]
    snapshot: CodeSnapshot | None = None
    code_path: str | None = None
    includes: tuple[str, ...] = ()
    complete: bool = True


def located(
    document: Document,
    data: Mapping[str, Any],
    resolver: Resolver,
    *,
    type_name: str,
    normal: Callable[[Mapping[str, Any]], dict[str, Any]],
) -> Parts:
    """Something with a `path`: local files as their hash, anything else as its URI.

    Args:
        type_name: Its type, which says whether a file or a folder must lie there.
        normal: Its normal form.
    """
    text = data.get("path")
    if not isinstance(text, str):
        return Parts(spec={}, complete=False)
    if is_remote_path(text):
        return Parts(spec=normal(data))
    snapshot = data_snapshot(document, ("path",), text, type_name)
    if snapshot is None or document.broken:
        return Parts(spec={}, complete=False)
    source = resolver.library.source(local_path(document, text))
    return Parts(
        spec=normal({**data, "path": f"sha256:{snapshot.hash}"}), snapshot=snapshot, code_path=source
    )
