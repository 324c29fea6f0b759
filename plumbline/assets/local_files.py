"""Files of this repository that go up with a definition."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from plumbline.assets.code import COMPONENT_IGNORES, CodeSnapshot, hash_resolved
from plumbline.assets.document import Document, FieldPath, is_there
from plumbline.assets.places import led_to
from plumbline.assets.references import is_remote_path
from plumbline.assets.schema import describe
from plumbline.assets.tree import Oddity, oddities, special


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
    folder = led_to(document.folder, text)
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
        place = led_to(document.folder, include)
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
    snapshot = _snapshot(document, path, folder, places, COMPONENT_IGNORES)
    if snapshot is None:
        return None
    if not snapshot.files:
        document.report(path, "a folder without files", "code", "Check .amlignore or .gitignore in it.")
    _warn_of_line_ends(document, path, snapshot)
    return snapshot


def data_snapshot(document: Document, path: FieldPath, text: str, kind: str) -> CodeSnapshot | None:
    """Local files of data, of a model, or of a build context; None, and a problem, when they are not there."""
    if "://" in text.removeprefix("file://"):
        document.report(
            path, describe(text), "a path of this repository, or a URI that Azure ML reads: azureml:, https:, abfss:, wasbs:, adl:",
            "Copy the data to a datastore and name it: azureml://datastores/NAME/paths/PATH.",
        )  # fmt: skip
        return None
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
    snapshot = _snapshot(document, path, place, [], ())
    if snapshot is None:
        return None
    if not snapshot.files:
        document.report(path, "a folder without files", "files", "Check .amlignore or .gitignore in it.")
        return None
    return snapshot


def local_path(document: Document, text: str) -> Path:
    """A path that a document names, from where the document lies."""
    return led_to(document.folder, text.removeprefix("file://").removeprefix("file:"))


def _snapshot(
    document: Document,
    path: FieldPath,
    place: Path,
    includes: Sequence[Path],
    ignores: Sequence[str],
) -> CodeSnapshot | None:
    """The files of a place, hashed; None, and problems, where reading them would fail or never end."""
    found = [(one, oddity) for one in (place, *includes) for oddity in oddities(one)]
    endless = [place for place in (place, *includes) if special(place)]
    for one in endless:
        document.report(
            path, f"{one.name}, a pipe, socket or device", "a folder or file", "Name another one."
        )
    for _, oddity in found:
        if oddity.what in _REFUSED:
            got, expected, step = _REFUSED[oddity.what]
            document.report(path, f"{oddity.name or '.'}: {got}", expected, step)
    if endless or any(oddity.what in _REFUSED for _, oddity in found):
        return None
    try:
        snapshot = hash_resolved(place, includes=includes, ignores=ignores)
    except (OSError, UnicodeDecodeError) as error:
        document.report(
            path,
            f"files that cannot be read ({error})",
            "files that can be hashed",
            "Correct or remove them.",
        )
        return None
    _check_links(document, path, snapshot, [oddity for _, oddity in found])
    return snapshot


_REFUSED = {
    "loop": ("a link to a folder that it lies in", "links that end", "Remove the link."),
    "special": ("a pipe, socket or device", "plain files", "Remove it."),
    "deep": ("folders nested more than 60 deep", "fewer levels", "Flatten them."),
    "many": ("more than 200,000 files", "fewer files", "Name them in .amlignore, or make them a data asset."),
}


def _check_links(
    document: Document, path: FieldPath, snapshot: CodeSnapshot, found: Sequence[Oddity]
) -> None:
    """Say which links take files of elsewhere along; azure-ai-ml follows them, also where an ignore file names them."""
    names = [file.name for file in snapshot.files]
    for oddity in found:
        if oddity.what == "dangling":
            document.warn(
                path, f"the link {oddity.name} to {oddity.target}, which is not there", "a link to a file or folder",
                "Remove the link.",
            )  # fmt: skip
            continue
        taken = [name for name in names if name == oddity.name or name.startswith(f"{oddity.name}/")]
        if oddity.what != "link" or not taken or oddity.target is None:
            continue
        inside = oddity.target.is_relative_to(document.root)
        shown = oddity.target.relative_to(document.root).as_posix() if inside else str(oddity.target)
        got = f"the link {oddity.name} to {shown}, which takes along {len(taken)} of its files"
        if inside:
            document.warn(
                path, got, "files of the folder itself: they go up even where an ignore file names the link",
                "Copy them, use additional_includes, or remove the link.",
            )  # fmt: skip
        else:
            document.report(
                path, got, "files of this project: another checkout would have others", "Copy them here."
            )


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
