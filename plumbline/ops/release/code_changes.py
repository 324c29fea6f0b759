"""What changed in the code of every step since the release before: what an approver reads before saying yes."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plumbline.assets import AssetDefinition, MLPipeline
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.checkout import changed_lines, has_commit, is_commit
from plumbline.ops.release.candidate import Candidate
from plumbline.ops.release.committed import CommittedRun
from plumbline.ops.release.registered_model import model_versions
from plumbline.ops.release.standing import standing
from plumbline.ops.visible import visible

MOST_LINES = 400


@dataclass(frozen=True, kw_only=True)
class ReleaseBefore:
    """The newest released version of the pipeline's model, and the commit that its run was held against."""

    reference: str
    commit: str


def release_before(session: AzureSession, candidate: Candidate) -> ReleaseBefore | None:
    """The release before a candidate's, whatever tags say; None when there is none of committed code."""
    for body in model_versions(session, candidate.model):
        found = standing(session, candidate.model, body)
        if (found.is_released or found.is_rehearsal) and is_commit(found.commit):
            return ReleaseBefore(reference=found.reference, commit=found.commit)
    return None


def shown_changes(
    root: Path, candidate: Candidate, committed: CommittedRun, before: ReleaseBefore | None
) -> list[str]:
    """Lines to read: parameters, the terms, then the code of each step, the gate's and the evaluation's first.

    Args:
        root: The project, in a checkout that holds both commits.
    """
    lines = [
        visible(f"Parameter {name}: {old} in the commit, {new} in this run.")
        for name, (old, new) in committed.parameters.items()
    ]
    if committed.pipeline is None:
        return [*lines, "Code: no commit holds what ran, so there is nothing to compare with."]
    if before is None:
        return [*lines, f"Code: no release before this one. All of it is new: git show {committed.commit}"]
    if not has_commit(root, before.commit):
        return [
            *lines,
            f"Code: the commit of {before.reference}, {before.commit}, is not in this repository.",
        ]
    lines.append(f"Code since {before.reference} ({before.commit[:12]}):")
    for what, paths in _parts(candidate, committed.pipeline):
        text = changed_lines(root, before.commit, committed.commit, paths)
        changed = text.removesuffix("\n").split("\n") if text else []
        lines.append(f"  {what}: {f'{_counted(changed)} changed' if changed else 'unchanged'}")
        lines += [f"    {visible(line)}" for line in changed[:MOST_LINES]]
        if len(changed) > MOST_LINES:
            rest = f"git diff --text {before.commit[:12]} {committed.commit[:12]} -- {shlex.join(paths)}"
            lines.append(f"    {len(changed) - MOST_LINES} more lines: {rest}")
    return lines


def _parts(candidate: Candidate, pipeline: MLPipeline) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What is compared, and the files of it, as the commit's definitions name them."""
    nodes: Mapping[str, Any] = candidate.job.get("jobs") or {}
    contract = candidate.flow.contract
    first = [contract.gate, contract.evaluation.step, contract.verdict.step] if contract else []
    by_reference = {f"azureml:{one.reference}": one for one in pipeline.components}
    terms = [f"{pipeline.folder}/release.yml", (pipeline.release or {}).get("thresholds_source")]
    shown = tuple(filter(None, terms))
    yield "terms", _literal(shown)
    seen: set[str] = set()
    for step in sorted(
        nodes, key=lambda name: (first.index(name) if name in first else len(first), list(nodes).index(name))
    ):
        definition = by_reference.get(str(nodes[step].get("component")))
        if definition is not None and definition.name not in seen:
            seen.add(definition.name)
            shown += _files(definition)
            yield f"step {step}", _literal(_files(definition))
    inner = [one for one in pipeline.components if one.name not in seen]
    for definition in inner:
        shown += _files(definition)
        yield f"component {definition.name}", _literal(_files(definition))
    rest = [one for one in pipeline.assets if one.kind != "component"]
    others = dict.fromkeys(path for one in rest for path in _files(one))
    # The whole folder but what was shown: a file that only an environment or an included file names is among it.
    paths = (*filter(None, [pipeline.job_source]), *others, pipeline.folder)
    yield "pipeline, environments, data", (
        *_literal(paths), *(f":(exclude,literal){path}" for path in shown)
    )  # fmt: skip


def _literal(paths: tuple[str, ...]) -> tuple[str, ...]:
    """The paths as git takes them without a look at brackets and stars in them."""
    return tuple(f":(literal){path}" for path in paths)


def _files(definition: AssetDefinition) -> tuple[str, ...]:
    return tuple(filter(None, [definition.source, definition.code_path, *definition.includes]))


def _counted(changed: list[str]) -> str:
    count = sum(line[:1] in {"+", "-"} and line[:3] not in {"+++", "---"} for line in changed)
    return f"{count} line{'' if count == 1 else 's'}"
