"""Files of this repository that go up with a definition."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from plumbline.assets.code import CodeSnapshot, hash_code, hash_data
from plumbline.assets.document import Document, FieldPath, is_there
from plumbline.assets.references import is_remote_path
from plumbline.assets.schema import describe


def code_snapshot(
    document: Document, path: FieldPath, text: str, includes: Sequence[str]
) -> CodeSnapshot | None:
    """A component's code with its ``additional_includes``; None, and problems, when it is not there."""
    if is_remote_path(text) or text.startswith("git+"):
        document.report(
            path,
            describe(text),
            "a folder or file of this repository",
            "Copy the code here; a hash covers it.",
        )
        return None
    folder = (document.folder / text).resolve()
    missing = not is_there(folder)
    if missing:
        document.report(
            path,
            f"{describe(text)}, which does not exist",
            "a folder or file",
            f"Create {text} or correct it.",
        )
    elif _is_outside(document, path, text, folder):
        return None
    places = []
    for index, include in enumerate(includes):
        place = (document.folder / include).resolve()
        here = ("additional_includes", index)
        if is_there(place):
            if not _is_outside(document, here, include, place):
                places.append(place)
        elif place.suffix == ".zip" and place.with_suffix("").is_dir():
            document.report(
                here,
                describe(include),
                "the folder itself: a zip has times in it, and so another hash each day",
            )
        else:
            document.report(
                here, f"{describe(include)}, which does not exist", "a folder or file", "Correct the path."
            )
    if missing or len(places) != len(includes):
        return None
    snapshot = hash_code(folder, includes=places)
    if not snapshot.files:
        document.report(path, "a folder without files", "code", "Check .amlignore or .gitignore in it.")
    _warn_of_line_ends(document, path, snapshot)
    return snapshot


def data_snapshot(document: Document, path: FieldPath, text: str, kind: str) -> CodeSnapshot | None:
    """Local files of data, of a model, or of a build context; None, and a problem, when they are not there."""
    place = local_path(document, text)
    if not is_there(place):
        document.report(
            path, f"{describe(text)}, which does not exist", "a folder or file", "Correct the path."
        )
        return None
    if _is_outside(document, path, text, place):
        return None
    if kind == "uri_file" and place.is_dir():
        document.report(path, f"{describe(text)}, a folder", "a file", 'Write "type: uri_folder".')
        return None
    if kind in {"uri_folder", "mltable"} and not place.is_dir():
        document.report(path, f"{describe(text)}, a file", "a folder", 'Write "type: uri_file".')
        return None
    if kind == "mltable" and not (place / "MLTable").is_file():
        document.report(path, "a folder without MLTable", "a file of the name MLTable in it", "Add it.")
        return None
    snapshot = hash_data(place)
    if not snapshot.files:
        document.report(path, "a folder without files", "files", "Check .amlignore or .gitignore in it.")
        return None
    return snapshot


def local_path(document: Document, text: str) -> Path:
    """A path that a document names, from where the document lies."""
    return (document.folder / text.removeprefix("file://").removeprefix("file:")).resolve()


def _is_outside(document: Document, path: FieldPath, text: str, place: Path) -> bool:
    """Whether a path leaves the project, which is then a problem: another checkout would not have it."""
    outside = not place.is_relative_to(document.root)
    if outside:
        document.report(
            path, f"{describe(text)}, outside the project", "files of this repository", "Move them here."
        )
    return outside


def _warn_of_line_ends(document: Document, path: FieldPath, snapshot: CodeSnapshot) -> None:
    for file in snapshot.files_with_carriage_returns():
        document.warn(
            path,
            f"CRLF line ends in {file.name}",
            "LF: another checkout has other bytes and so another version",
            'Convert the file; keep "* text=auto eol=lf" in .gitattributes.',
        )
