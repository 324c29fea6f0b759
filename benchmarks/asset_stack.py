"""Stacks of many components, each with an environment and three code files, registered in an emulated workspace."""

import json
import shutil
from pathlib import Path

import yaml

from tests.contract.machine_learning_platform import GROUP, WORKSPACE, MachineLearningPlatform
from tests.engine.provider_stack import ProviderStack

# As docs/guides show it to who has a program already.
_PROGRAM = f"""from pathlib import Path

from plumbline.assets import load_ml_pipelines
from plumbline.azureml import declare_pipeline

(pipeline,) = load_ml_pipelines([Path("ml/scoring")], root=Path.cwd())
declare_pipeline(pipeline, resource_group_name="{GROUP}", workspace_name="{WORKSPACE}")
"""


def asset_stack(folder: Path, platform: MachineLearningPlatform, count: int) -> ProviderStack:
    """A stack of so many components that is up to date."""
    folder.mkdir(parents=True)
    stack = ProviderStack(folder, platform)
    (stack.program / "__main__.py").write_text(_PROGRAM, encoding="utf-8")
    definitions = stack.program / "ml" / "scoring"
    shutil.rmtree(definitions)
    write_components(definitions, count, "first")
    # A state of thousands is written once and not after each of them: that is the engine's time, and none that is measured.
    stack.environment |= {"PULUMI_PARALLEL": "64", "PULUMI_SKIP_CHECKPOINTS": "true"}
    process = stack.start("up", "--yes", "--skip-preview", "--suppress-progress")
    said, _ = process.communicate()
    assert process.returncode == 0, said[-2000:]
    del stack.environment["PULUMI_SKIP_CHECKPOINTS"]
    return stack


def write_components(folder: Path, count: int, text: str, *, prefix: str = "part") -> None:
    """Write so many components whose code says a text; those with the default prefix share an environment of the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = {"name": "tools", "image": "python:3.11"}
    (folder / "environment.yml").write_text(yaml.safe_dump(environment), encoding="utf-8")
    for number in range(count):
        place = folder / "components" / f"{prefix}{number:04d}"
        (place / "src").mkdir(parents=True, exist_ok=True)
        for name in ("main.py", "part.py", "data.json"):
            (place / "src" / name).write_text(json.dumps(f"{text} {number}"), encoding="utf-8")
        component = {
            "name": f"{prefix}{number:04d}",
            "type": "command",
            "command": "python main.py --rate ${{inputs.rate}}",
            "code": "./src",
            "environment": "azureml:tools@latest" if prefix == "part" else "azureml:tools:1",
            "inputs": {"rate": {"type": "number", "default": 0.5}},
        }
        (place / "component.yml").write_text(yaml.safe_dump(component), encoding="utf-8")
