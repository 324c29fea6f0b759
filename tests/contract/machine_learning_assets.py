"""Definitions for tests of versioned assets: a component with three files, its environment, data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

COMPONENT = """
name: train
version: "{version}"
type: command
display_name: Train it
description: {description}
tags: {{team: a}}
inputs:
  learning_rate: {{type: number, default: {rate}, min: 0, max: 1}}
  fast: {{type: boolean, default: false}}
  rows: {{type: uri_folder}}
outputs:
  model: {{type: uri_folder}}
code: ./src
environment: {environment}
command: python train.py --lr ${{{{inputs.learning_rate}}}} --in ${{{{inputs.rows}}}} --out ${{{{outputs.model}}}}
"""


def write_component(
    folder: Path,
    *,
    version: str = "1",
    rate: float = 0.1,
    description: str = "Trains.",
    environment: str = "azureml:tools:1",
) -> Path:
    """A component.yml with three source files beside it."""
    source = folder / "src"
    source.mkdir(parents=True, exist_ok=True)
    for name in ("train.py", "model.py", "read.py"):
        (source / name).write_text(f"print('{name}')\n")
    path = folder / "component.yml"
    path.write_text(
        COMPONENT.format(version=version, rate=rate, description=description, environment=environment)
    )
    return path


def register_environment(client: Any, name: str = "tools", version: str = "1", **changed: Any) -> Any:
    """An environment with a conda file."""
    from azure.ai.ml.entities import Environment

    content = {
        "image": "python:3.11",
        "conda_file": {"name": "tools", "dependencies": ["python=3.11"]},
    } | changed
    return client.environments.create_or_update(Environment(name=name, version=version, **content))


def register_component(client: Any, path: Path) -> Any:
    """The component of a file."""
    from azure.ai.ml import load_component

    return client.components.create_or_update(load_component(path))
