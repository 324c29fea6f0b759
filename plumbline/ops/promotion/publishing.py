"""Publishes what a registry does not hold yet, from the commit that holds it, references first."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from plumbline.assets import AssetDefinition
from plumbline.azure.registry_pin import PinFinding
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.errors import UserError
from plumbline.ops.workspace_writer import open_writer
from plumbline.provider.address import Registry

# Nobody's URN: what is published belongs to no stack.
OWNER = "plumbline promote"
Say = Callable[[str], None]


def publish(
    session: AzureSession,
    registry: Registry,
    definitions: Sequence[AssetDefinition],
    held: Sequence[PinFinding],
    *,
    root: Path,
    say: Say,
) -> list[str]:
    """Publish every version that is not there; answers their references.

    Args:
        held: What the registry holds of each, as it was read before.
        root: The commit's tree, from which files are uploaded.
    Raises: UserError: no right, no answer, or Azure finds fault with a version.
    """
    from plumbline.provider.errors import Refusal

    missing = {(one.kind, one.reference) for one in held if one.live_hash is None}
    published: list[str] = []
    if not missing:
        return published
    writer, _ = open_writer(session)
    # Waiting for a registry, azure-ai-ml prints dots and lines of its own (1.35.2, `_registry_utils`).
    silent = io.StringIO()
    try:
        for one in definitions:
            if (one.kind, one.reference) in missing:
                with redirect_stdout(silent), redirect_stderr(silent):
                    writer.register(registry, one, root=root, owner=OWNER)
                say(f"Published {one.kind} {one.reference} in {registry.name}")
                published.append(one.reference)
    except Refusal as refusal:
        raise UserError(
            f"{refusal}\nPublished before that: {', '.join(published) or 'nothing'}. Run promote again: it goes on."
        ) from refusal
    return published
