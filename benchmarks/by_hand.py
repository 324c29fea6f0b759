"""A pipeline's own scripts, run by hand in the environment that its steps had: the work without the platform."""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_BINDING = re.compile(r"\$\{\{\s*(?P<words>[\w.]+)\s*\}\}")


@dataclass(frozen=True, kw_only=True)
class ByHand:
    """One pipeline.yml with what it is run with.

    Attributes:
        environment: the built environment that the platform's steps run in.
        inputs: the pipeline's data inputs, as files or folders on this machine.
        tracked: log to MLflow as the platform's steps do, here into a folder; the scripts log nothing otherwise.
    """

    file: Path
    environment: Path
    folder: Path
    inputs: Mapping[str, Path]
    tracked: bool

    def critical_path(self) -> float:
        """Run every step, one after the other; the seconds of the longest way through the graph."""
        shutil.rmtree(self.folder, ignore_errors=True)
        pipeline = yaml.safe_load(self.file.read_text(encoding="utf-8"))
        ended: dict[str, float] = {}
        for name, node in pipeline["jobs"].items():  # pipeline.yml lists its steps in their order
            needed = set(re.findall(r"parent\.jobs\.(\w+)\.", json.dumps(node.get("inputs") or {})))
            began = max((ended[step] for step in needed), default=0.0)
            ended[name] = began + self._step(name, node, pipeline.get("inputs") or {})
        return max(ended.values())

    def _step(self, name: str, node: Mapping[str, Any], pipeline_inputs: Mapping[str, Any]) -> float:
        source = (self.file.parent / node["component"]).resolve()
        component = yaml.safe_load(source.read_text(encoding="utf-8"))
        work = self.folder / name
        (work / "outputs").mkdir(parents=True)
        defaults = {one: row.get("default") for one, row in (component.get("inputs") or {}).items()}
        inputs = {
            one: self._value(value, pipeline_inputs) for one, value in (node.get("inputs") or {}).items()
        }
        values = {
            **{f"inputs.{one}": str(value) for one, value in {**defaults, **inputs}.items()},
            **{f"outputs.{one}": str(self._output(name, one, row)) for one, row in (component.get("outputs") or {}).items()},
        }  # fmt: skip
        command = _BINDING.sub(lambda found: values[found["words"]], component["command"])
        environ = {**self._environ(), **(node.get("environment_variables") or {})}
        began = time.perf_counter()
        subprocess.run(
            ["bash", "-c", command], cwd=source.parent / component["code"], env=environ, check=True,
            capture_output=True, text=True,
        )  # fmt: skip
        return time.perf_counter() - began

    def _value(self, value: Any, pipeline_inputs: Mapping[str, Any]) -> Any:
        found = _BINDING.fullmatch(str(value).strip())
        match found["words"].split(".") if found else []:
            case ["parent", "inputs", name]:
                return self.inputs.get(name, pipeline_inputs[name])
            case ["parent", "jobs", step, "outputs", output]:
                return next(path for path in self.folder.glob(f"{step}/outputs/{output}*"))
        return value

    def _output(self, step: str, name: str, row: Mapping[str, Any]) -> Path:
        path = self.folder / step / "outputs" / name
        if row["type"] == "uri_file":
            return path.with_suffix(".file")
        path.mkdir()
        return path

    def _environ(self) -> dict[str, str]:
        tracking = {
            "MLFLOW_TRACKING_URI": f"file://{self.folder / 'mlruns'}",
            "MLFLOW_ALLOW_FILE_STORE": "true",  # MLflow 3 asks for it; a database needs more than mlflow-skinny
        }
        return {
            "PATH": os.pathsep.join([str(self.environment / "bin"), os.environ["PATH"]]),
            "HOME": os.environ["HOME"],
            "VIRTUAL_ENV": str(self.environment),
            "LANG": "C.UTF-8",
            **(tracking if self.tracked else {}),
        }
