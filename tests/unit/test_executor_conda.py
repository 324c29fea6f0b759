"""Protects: an environment's text becomes the same packages, and what has no meaning here is said, not dropped."""

from __future__ import annotations

from pathlib import Path

import pytest

from plumbline.emulator.executor.conda import EnvironmentUnreadable, pip_constraint, read_environment

CONDA = """
channels: [conda-forge]
dependencies:
  - python=3.11
  - conda-forge::numpy>=1.26,<2
  - pytorch=2.4
  - cudatoolkit=11.8
  - pip
  - pip:
      - scikit-learn==1.5.2
      - --extra-index-url https://example.org/simple
"""


@pytest.mark.parametrize(
    ("conda", "pip"),
    [
        ("=1.2", "==1.2.*"),
        ("1.26", "==1.26.*"),
        ("==1.2.3", "==1.2.3"),
        (">=1.2,<2", ">=1.2,<2"),
        ("=1.2.3=py311_0", "==1.2.3"),
        ("=1.2.*", "==1.2.*"),
        ("", ""),
        ("*", ""),
    ],
)
def test_conda_constraints_in_pips_words(conda: str, pip: str) -> None:
    assert pip_constraint(conda) == pip


def test_a_conda_file_is_read_with_every_substitution_noted() -> None:
    spec = read_environment(
        image="mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest", conda_file=CONDA
    )
    assert spec.python == "3.11"
    assert spec.requirements == ("numpy>=1.26,<2", "torch==2.4.*", "scikit-learn==1.5.2")
    assert spec.pip_options == ("--extra-index-url https://example.org/simple",)
    notes = "\n".join(spec.notes)
    assert "pytorch: installed as torch" in notes
    assert "cudatoolkit: left out" in notes
    assert "no container is run" in notes
    assert spec.seeds == ("pip", "setuptools<81")


def test_equal_content_has_an_equal_digest_and_a_changed_package_another() -> None:
    one = read_environment(image="python:3.11", conda_file=CONDA)
    assert one.digest == read_environment(image="python:3.11", conda_file=CONDA + "# a comment\n").digest
    assert (
        one.digest != read_environment(image="python:3.11", conda_file=CONDA.replace("1.5.2", "1.5.1")).digest
    )


def test_an_image_alone_chooses_the_python() -> None:
    assert read_environment(image="docker.io/library/python:3.10.4-slim", conda_file=None).python == "3.10"
    assert read_environment(image="ubuntu:22.04", conda_file=None).python is None


def test_a_build_context_gives_its_pip_lines_and_says_what_was_not_run(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("# tools\npandas==2.2.3\n-e .\n")
    dockerfile = "FROM python:3.11\nRUN apt-get update\nCOPY requirements.txt .\nRUN pip install -r requirements.txt && \\\n  pip install rich\n"
    spec = read_environment(image=None, conda_file=None, dockerfile=dockerfile, context=tmp_path)
    assert (spec.python, spec.requirements) == ("3.11", ("pandas==2.2.3", "rich"))
    assert any("not run: RUN apt-get update" in note for note in spec.notes)


def test_an_unreadable_conda_file_is_told_by_its_place() -> None:
    with pytest.raises(EnvironmentUnreadable, match="condaFile"):
        read_environment(image=None, conda_file="- just\n- a list\n")
    with pytest.raises(EnvironmentUnreadable, match=r"condaFile\.dependencies: got"):
        read_environment(image=None, conda_file="dependencies: ['numpy ~ what']")
