"""Protects the end of a large program: it waits for registrations, and then for what few outputs are left."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks, settings, stack

from plumbline import azureml
from plumbline.assets import load_ml_pipelines

COUNT = 60


class _Resources(mocks.Mocks):
    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[Any, Any]]:
        return f"{args.name}-id", {**args.inputs, "reference": f"{args.name}:1"}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], None]:
        raise AssertionError(args.token)


def _program(folder: Path) -> None:
    (pipeline,) = load_ml_pipelines([folder / "ml"], root=folder)
    declared = azureml.declare_pipeline(pipeline, resource_group_name="rg", workspace_name="ws")
    pulumi.export("references", [one.reference for one in declared if isinstance(one, azureml.Asset)])


def test_a_program_waits_for_its_registrations_and_not_for_every_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ml").mkdir()
    for number in range(COUNT):
        file = tmp_path / "ml" / "components" / f"part{number}" / "component.yml"
        file.parent.mkdir(parents=True)
        file.write_text(
            f"name: part{number}\ntype: command\ncommand: echo\nenvironment: azureml:tools@latest\n"
        )
    (tmp_path / "ml" / "environment.yml").write_text("name: tools\nimage: python:3.11\n")
    waited: list[int] = []
    wait = asyncio.wait

    def counted(outputs: list[Any], **options: Any) -> Any:
        waited.append(len(outputs))
        return wait(outputs, **options)

    monkeypatch.setattr(asyncio, "wait", counted)
    contextvars.Context().run(_run, lambda: _program(tmp_path))
    assert sum(waited) < COUNT


def _run(program: Callable[[], None]) -> None:
    """Run a program as the language host does: its stack is its own."""
    settings.configure(
        mocks.MockSettings(  # type: ignore[no-untyped-call]
            monitor=mocks.MockMonitor(_Resources()), monitor_features=set(), engine=mocks.MockEngine(None),
            project="project", stack="stack", dry_run=False, organization=None, callbacks=None,
        )
    )  # fmt: skip
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(stack.run_in_stack(program))
    finally:
        loop.close()
        # The SDK takes this thread's loop, in whatever test comes next; a closed one would fail it.
        asyncio.set_event_loop(asyncio.new_event_loop())
