"""How long a review takes beside the preview that it reads: every one of many components has changed code."""

import json
from pathlib import Path

import yaml

from benchmarks.bench import Bench
from benchmarks.pair import Pair, Pairs
from tests.project_copy import ProjectCopy

CHANGED, SECONDS_MORE, MOST_BYTES = 200, 10.0, 60_000
_FOLDER = Path("pipelines") / "wide"


def review_pairs(bench: Bench) -> Pairs:
    """A comment of 200 changed components: comparing code, finding what it reaches and writing it down, after the preview."""
    platform = ProjectCopy.make(bench.folder / "review")
    try:
        _write(platform.root / _FOLDER, "first")
        file = platform.root / "Pulumi.local.yaml"
        settings = yaml.safe_load(file.read_text())
        settings["config"]["azure-ml-platform:pipelines"] = [_FOLDER.name]
        file.write_text(yaml.safe_dump(settings))
        platform.commit("Many components")
        platform.plumbline("local", "up", "--skip-run")
        _write(platform.root / _FOLDER, "second")
        platform.commit("All of them changed")

        def review() -> None:
            answer = platform.plumbline("review", "--stack", "local", "--base", "main~1")
            size = len(answer.stdout.encode())
            assert size < MOST_BYTES, size
            assert str(CHANGED) in answer.stdout, answer.stdout[:500]

        yield Pair(
            name=f"`plumbline review` of {CHANGED} components with changed code",
            subject=review,
            baseline=lambda: _preview(platform),
            baseline_name="the preview that it reads",
            ratio_at_most=1.0,
            plus_seconds=SECONDS_MORE,
        )
    finally:
        platform.plumbline("local", "reset", "--yes", check=False)


def _preview(platform: ProjectCopy) -> None:
    platform.pulumi("preview", "--json", "--non-interactive", "-s", "local")


def _write(folder: Path, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "environment.yml").write_text(yaml.safe_dump({"name": "tools", "image": "python:3.11"}))
    for number in range(CHANGED):
        place = folder / "components" / f"part{number:04d}"
        (place / "src").mkdir(parents=True, exist_ok=True)
        for name in ("main.py", "part.py", "data.json"):
            (place / "src" / name).write_text(json.dumps(f"{text} {number}"))
        component = {
            "name": f"part{number:04d}",
            "type": "command",
            "command": "python main.py --rate ${{inputs.rate}}",
            "code": "./src",
            "environment": "azureml:tools@latest",
            "inputs": {"rate": {"type": "number", "default": 0.5}},
        }
        (place / "component.yml").write_text(yaml.safe_dump(component))
