"""Protects: curated environments are what Microsoft's specifications say, and every change to that is said."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import plumbline.emulator
from plumbline.emulator.executor.conda import EnvironmentSpec, read_environment
from plumbline.emulator.services.registry.seed import environment_properties

HOME = Path(plumbline.emulator.__file__).parent
TABLE: dict[str, Any] = yaml.safe_load((HOME / "services/registry/curated.yaml").read_text())
CHANGES: list[dict[str, Any]] = yaml.safe_load((HOME / "executor/curated_packages.yaml").read_text())
ROWS = {row["name"]: row for row in TABLE["environments"]}


def _spec(name: str) -> EnvironmentSpec:
    properties = environment_properties(ROWS[name], TABLE["latest"])
    return read_environment(image=properties["image"], conda_file=properties["condaFile"], curated=True)


@pytest.mark.parametrize("name", ROWS)
def test_every_environment_says_where_it_comes_from_and_leaves_nothing_open(name: str) -> None:
    row = ROWS[name]
    assert re.fullmatch(r"[0-9a-f]{40}", row["commit"])
    of_its_time = r"articles/machine-learning/resource-curated-environments\.md"
    specification = r"assets/.+/(conda_dependencies\.yaml|requirements\.txt)"
    assert re.fullmatch(of_its_time if "repository" in row else specification, row["file"])
    assert 1 <= row["first"] <= row["last"]
    conda = environment_properties(row, TABLE["latest"])["condaFile"]
    assert "latest" not in conda
    assert "None" not in conda
    spec = _spec(name)
    assert spec.python
    assert any(line.startswith("mlflow-skinny<3") for line in spec.requirements) or name == "python-sdk-v2"


def test_scikit_learn_has_the_pins_of_its_specification() -> None:
    spec = _spec("sklearn-1.5")
    assert spec.python == "3.10"
    assert {"pandas~=1.5.3", "numpy~=1.22.0", "scipy~=1.10.0", "scikit-learn~=1.5.0"} <= set(
        spec.requirements
    )
    assert "psutil" in spec.requirements
    assert not any(line.startswith(("debugpy", "azureml-core", "pip")) for line in spec.requirements)


def test_an_environment_of_the_documentation_alone_keeps_its_old_python() -> None:
    spec = _spec("sklearn-0.24-ubuntu18.04-py37-cpu")
    assert spec.python == "3.7"
    assert {"scikit-learn==0.24.1", "pandas>=1.1,<1.2", "numpy>=1.10,<1.20"} <= set(spec.requirements)


def test_an_old_base_image_brings_the_python_of_its_dockerfile() -> None:
    image = "mcr.microsoft.com/azureml/openmpi3.1.2-ubuntu18.04:20210727.v1"
    assert read_environment(image=image, conda_file=None).python == "3.7"
    assert read_environment(image=image, conda_file="dependencies: [python=3.9]").python == "3.9"


def test_what_is_left_out_or_replaced_stands_in_the_build_log() -> None:
    notes = "\n".join(_spec("tensorflow-2.16-cuda12").notes)
    assert (
        "curated package tensorflow[and-cuda]==2.16.2: installed as tensorflow-cpu==2.16.2 (no GPU is used here)"
    ) in notes
    assert "curated package debugpy~=1.6.3: left out" in notes
    assert "torch==2.8.0" in _spec("acpt-pytorch-2.8-cuda12.6").requirements


def test_every_change_has_a_reason_and_an_environment_that_needs_it() -> None:
    asked = {
        re.split(r"[<>=!~]", line, maxsplit=1)[0].lower()
        for row in ROWS.values()
        for line in (*row["dependencies"], *row["pip"])
    }
    for row in CHANGES:
        assert row["reason"]
        assert row["package"] in asked, f"no environment asks for {row['package']}"


def test_an_environment_of_ones_own_is_never_changed() -> None:
    conda = "dependencies: [python=3.10, {pip: [debugpy~=1.6.3, psutil~=5.8.0]}]"
    assert read_environment(image=None, conda_file=conda).requirements == ("debugpy~=1.6.3", "psutil~=5.8.0")
