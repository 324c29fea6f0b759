"""Writes a workspace as a project, and reads it again: what it says has to be what is live."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from plumbline.assets import (
    AssetDefinition,
    DefinitionErrors,
    MLPipeline,
    ScheduleDefinition,
    hash_code,
    load_ml_pipelines,
)
from plumbline.azure.api_versions import api_version
from plumbline.azure.holding import holding
from plumbline.ops.adopt.definition_file import (
    ASSETS,
    CODE,
    FOLDER,
    definition_path,
    definition_text,
    foreign_references,
    pins_text,
    schedule_folder,
    schedule_texts,
    why_not,
)
from plumbline.ops.adopt.live_asset import LiveAsset
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.errors import UserError
from plumbline.ops.release.stored_files import StoredFiles


@dataclass(frozen=True, kw_only=True)
class NotAdopted:
    """Something people made that no YAML of ours gives again."""

    asset: LiveAsset
    reason: str


@dataclass(frozen=True, kw_only=True)
class Adopted:
    """What was written."""

    assets: tuple[LiveAsset, ...]
    not_adopted: tuple[NotAdopted, ...]


def write_definitions(session: AzureSession, assets: Sequence[LiveAsset], out: Path) -> Adopted:
    """Write YAML, code and pins of everything that can be written below a folder.

    Raises: UserError: a file is there already; code cannot be read; what was written does not read back.
    """
    refused = [NotAdopted(asset=asset, reason=reason) for asset in assets if (reason := why_not(asset))]
    taken, places = [], set()
    for asset in assets:
        if why_not(asset) is not None:
            continue
        if definition_path(asset) in places:
            reason = f"{definition_path(asset)} is another one's already: two names differ by signs alone"
            refused.append(NotAdopted(asset=asset, reason=reason))
            continue
        places.add(definition_path(asset))
        taken.append(asset)
    existing = [path for asset in taken if (path := out / definition_path(asset)).exists()]
    if existing:
        raise UserError(
            f"--out: got {', '.join(str(path) for path in existing[:5])}, expected files that are not there yet. "
            "Name another folder; nothing was written."
        )
    with tempfile.TemporaryDirectory(prefix="plumbline-adopt-") as scratch:
        coded = {asset.code: asset for asset in taken if asset.code is not None}
        read = session.side_by_side(
            lambda asset: _download(session, asset, Path(scratch)), list(coded.values())
        )
        codes: dict[str | None, Path | str] = dict(zip(coded, read, strict=True))
        unread = [
            NotAdopted(asset=asset, reason=found)
            for asset in taken
            if isinstance(found := codes.get(asset.code), str)
        ]
        kept = [asset for asset in taken if asset not in [one.asset for one in unread]]
        for asset in kept:
            _write(asset, out, codes.get(asset.code))
    _write_pins(kept, out)
    _require_same(kept, out)
    return Adopted(assets=tuple(kept), not_adopted=(*refused, *unread))


def _download(session: AzureSession, asset: LiveAsset, scratch: Path) -> Path | str:
    """The folder or file with an asset's code; why not, in words, when it is not what was registered."""
    assert asset.code is not None
    body = session.get(asset.code, api_version=api_version("codes")) or {}
    uri = str((body.get("properties") or {}).get("codeUri") or "")
    files = StoredFiles(session)
    if not files.is_own(uri):
        return f"its code lies at {uri}, outside of the workspace's own storage"
    folder = Path(tempfile.mkdtemp(dir=scratch))
    files.fetch(uri, folder)
    found = [folder, *(path for path in folder.iterdir() if path.is_file())]
    for path in found:
        if hash_code(path).hash == asset.live.code_hash:
            return path
    return f"its code has another hash than the one it was registered with ({asset.live.code_hash}): changed since"


def _write(asset: LiveAsset, out: Path, code: Path | str | None) -> None:
    path = out / definition_path(asset)
    path.parent.mkdir(parents=True, exist_ok=True)
    place = None
    if isinstance(code, Path):
        place = f"./{CODE}" if code.is_dir() else f"./{CODE}/{code.name}"
        # Several components may share one code.
        target = path.parent / CODE
        if code.is_dir():
            shutil.copytree(code, target)
        else:
            target.mkdir()
            shutil.copy(code, target)
    if asset.version is None:
        for name, text in schedule_texts(asset, code=place).items():
            (path.parent / name).write_text(text, encoding="utf-8")
    else:
        path.write_text(definition_text(asset, code=place), encoding="utf-8")


def _write_pins(assets: Sequence[LiveAsset], out: Path) -> None:
    # A model is written without its version, so that who names one names it exactly: by a pin.
    adopted = {(asset.name, str(asset.version)) for asset in assets if asset.kind.lifecycle != "counted"}
    by_folder: dict[Path, set[str]] = {}
    for asset in assets:
        folder = out / (ASSETS if asset.version is not None else schedule_folder(asset.name))
        by_folder.setdefault(folder, set()).update(foreign_references(asset, adopted))
    for folder, references in by_folder.items():
        if references:
            (folder / "pins.yaml").write_text(pins_text(references), encoding="utf-8")


def _require_same(assets: Sequence[LiveAsset], out: Path) -> None:
    """Read what was written as a program would, and hold what is live against it.

    Raises: UserError: a definition does not load, or says something else.
    """
    folders = sorted(path for path in (out / FOLDER).glob("*") if path.is_dir())
    try:
        pipelines = load_ml_pipelines(folders, root=out) if folders else ()
    except DefinitionErrors as error:
        raise UserError(
            f"{out}: got definitions that Azure takes and Plumbline does not:\n{error}\n"
            "Correct these files by hand, then import: everything else was written."
        ) from error
    written = {(kind, definition.name): definition for kind, definition in _definitions(pipelines)}
    problems = []
    for asset in assets:
        definition = written.get((asset.kind.name, asset.name))
        if definition is None:
            problems.append(f"{definition_path(asset)}: got no definition of {asset.name}, expected one")
            continue
        hashed = definition.content_hash if isinstance(definition, AssetDefinition) else None
        found = holding(
            asset.kind.name, definition.fields, asset.live, content_hash=hashed, version=asset.version
        )
        problems += [f"{definition.source}: {change}" for change in found.differences]
    if problems:
        raise UserError(
            "\n".join(problems)
            + "\nWhat was written says something else than what is live, at these fields. This is a bug in Plumbline, "
            "please report it; the files are kept."
        )


def _definitions(
    pipelines: Sequence[MLPipeline],
) -> list[tuple[str, AssetDefinition | ScheduleDefinition]]:
    found: list[tuple[str, AssetDefinition | ScheduleDefinition]] = []
    for pipeline in pipelines:
        found += [(asset.kind, asset) for asset in pipeline.assets]
        found += [("schedule", schedule) for schedule in pipeline.schedules]
    return found
