"""Protects offline validation: each mistake is named by file, line, field, what was got and what is expected."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from plumbline.assets import DefinitionErrors, MLPipeline, load_ml_pipelines

DATA = Path(__file__).parents[1] / "data" / "assets"
RELEASED = Path(__file__).parents[1] / "data" / "pipelines" / "stock_forecast"
MISTAKES: list[dict[str, Any]] = yaml.load(
    (DATA / "mistakes.yml").read_text("utf-8"), Loader=yaml.CSafeLoader
)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DATA / "small", tmp_path / "small"))


@pytest.fixture
def stock(tmp_path: Path) -> Path:
    """A pipeline with a release, whose steps have names of its own."""
    return Path(shutil.copytree(RELEASED, tmp_path / "stock_forecast"))


def _load(folder: Path) -> MLPipeline:
    (loaded,) = load_ml_pipelines([folder], root=folder)
    return loaded


def _replace(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))


@pytest.mark.parametrize("mistake", MISTAKES, ids=[row["what"] for row in MISTAKES])
def test_a_mistake_is_named_with_file_and_line(mistake: dict[str, Any], small: Path, stock: Path) -> None:
    folder = stock if mistake.get("in") == "stock_forecast" else small
    _replace(folder, mistake["file"], mistake["old"], mistake["new"])
    with pytest.raises(DefinitionErrors) as caught:
        _load(folder)
    assert str(caught.value).splitlines() == mistake["says"]


def test_the_definitions_that_the_mistakes_are_made_in_are_right(small: Path, stock: Path) -> None:
    assert _load(small).warnings == ()
    assert _load(stock).warnings == ()


def test_a_model_that_only_a_release_registers_is_no_file_of_the_folder(stock: Path) -> None:
    """`pulumi up` would register it, past the gate."""
    (stock / "models").mkdir()
    (stock / "models" / "mean.json").write_text("{}")
    model = stock / "models" / "model.yml"
    model.write_text("name: stock_mean\ntype: custom_model\npath: ./mean.json\n")
    with pytest.raises(DefinitionErrors) as caught:
        _load(stock)
    assert str(caught.value) == (
        'release.yml:7: model.name: got "stock_mean", which models/model.yml defines, expected a model that only a '
        "release registers. Remove models/model.yml, or give it another name."
    )
    model.write_text(model.read_text().replace("stock_mean", "another"))
    assert [one.name for one in _load(stock).models] == ["another"]


@pytest.mark.parametrize("image", ["mcr.example:5000/base", "mcr.example/base:latest"])
def test_a_release_names_no_image_that_may_change(stock: Path, image: str) -> None:
    """The same version of the environment would be evaluated on one image and run on another."""
    environment = stock / "environment.yml"
    text = environment.read_text()
    line = next(one for one in text.splitlines() if one.startswith("image: "))
    environment.write_text(text.replace(line, f"image: {image}"))
    with pytest.raises(DefinitionErrors) as caught:
        _load(stock)
    assert str(caught.value) == (
        f'release.yml:1: got "{image}" in environment.yml, whose content may change, expected an image by digest, or by '
        "the tag of a version. Name one there: a release runs what was evaluated."
    )
    environment.write_text(text.replace(line, f"image: {image.removesuffix(':latest')}@sha256:{'0' * 64}"))
    assert _load(stock).warnings == ()


def test_every_mistake_of_every_file_is_reported_at_once_and_sorted(small: Path) -> None:
    says: list[str] = []
    chosen = ("unknown key in an input", "data missing", "binding parent output", "cron day", "pip single")
    for row in MISTAKES:
        if row["what"] in chosen:
            _replace(small, row["file"], row["old"], row["new"])
            says += row["says"]
    with pytest.raises(DefinitionErrors) as caught:
        _load(small)
    assert sorted(str(problem) for problem in caught.value.problems) == sorted(says)
    places = [(problem.file, problem.line) for problem in caught.value.problems]
    assert places == sorted(places)


def test_a_cycle_over_three_steps_is_named_in_the_order_of_its_data(small: Path) -> None:
    (small / "components" / "judge" / "component.yml").unlink()
    _replace(
        small, "components/train/component.yml", "outputs:\n", "outputs:\n  spare:\n    type: uri_folder\n"
    )
    train = "./components/train/component.yml"
    steps = {
        "a": {"component": train, "inputs": {"rows": "${{parent.jobs.c.outputs.model}}"}},
        "b": {"component": train, "inputs": {"rows": "${{parent.jobs.a.outputs.model}}"}},
        "c": {"component": train, "inputs": {"rows": "${{parent.jobs.b.outputs.model}}"}},
    }
    job = {"type": "pipeline", "settings": {"default_compute": "azureml:cpu-cluster"}, "jobs": steps}
    (small / "pipeline.yml").write_text(yaml.safe_dump(job))
    with pytest.raises(DefinitionErrors, match=r"jobs\.a: got a cycle: a -> b -> c -> a, expected"):
        _load(small)


def test_a_component_inside_itself_is_refused(small: Path) -> None:
    inner = small / "components" / "loop"
    inner.mkdir()
    fields = {
        "name": "small_loop",
        "type": "pipeline",
        "jobs": {"again": {"type": "pipeline", "component": "azureml:small_loop@latest"}},
    }
    (inner / "component.yml").write_text(yaml.safe_dump(fields))
    with pytest.raises(DefinitionErrors, match="a component inside itself"):
        _load(small)


def test_one_name_with_other_content_in_two_folders_is_refused(small: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(small, tmp_path / "other"))
    load_ml_pipelines([small, other], root=tmp_path)
    _replace(other, "components/train/component.yml", "default: 0.1", "default: 0.3")
    with pytest.raises(DefinitionErrors) as caught:
        load_ml_pipelines([small, other], root=tmp_path)
    assert str(caught.value) == (
        'other/components/train/component.yml:1: name: got "small_train" with other content than '
        "small/components/train/component.yml, expected one content for a name. Rename one of the two."
    )


def test_what_is_doubtful_warns_and_stops_nothing(small: Path) -> None:
    _replace(
        small, "components/train/component.yml", "outputs:\n", "outputs:\n  spare:\n    type: uri_folder\n"
    )
    _replace(small, "pipeline.yml", "  rate: 0.2\n", "  rate: 0.2\n  spare: 1\n")
    (small / "components" / "train" / "src" / "train.py").write_bytes(b"print(1)\r\n")
    says = [
        f"{problem.file}:{problem.line}: {problem.field}: {problem.got}" for problem in _load(small).warnings
    ]
    assert says == [
        "components/train/component.yml:7: code: CRLF line ends in train.py",
        "components/train/component.yml:21: outputs.spare: a declaration that the command never names",
        "pipeline.yml:9: inputs.spare: an input that no step takes",
    ]


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(DefinitionErrors, match=r"^nothing: got no such folder, expected a pipeline's folder"):
        load_ml_pipelines([tmp_path / "nothing"], root=tmp_path)


def test_an_empty_file_is_named(small: Path) -> None:
    (small / "schedule.yml").write_text("# nothing yet\n")
    with pytest.raises(
        DefinitionErrors, match=r"^schedule\.yml:1: got an empty file, expected the definition"
    ):
        _load(small)


def test_a_file_that_is_not_text_is_named(small: Path) -> None:
    (small / "schedule.yml").write_bytes(b"name: \xff\xfe\n")
    with pytest.raises(DefinitionErrors, match=r"^schedule\.yml:1: got byte 6 that is not UTF-8"):
        _load(small)


def test_a_binding_within_a_path_and_the_jobs_name_warn_with_what_was_recorded(small: Path) -> None:
    _replace(
        small,
        "pipeline.yml",
        "rows: ${{parent.inputs.rows}}",
        "rows: ${{parent.inputs.rows}}/${{parent.inputs.rate}}",
    )
    _replace(
        small,
        "components/train/component.yml",
        "  rounds:\n    type: integer\n",
        "  rounds:\n    type: string\n",
    )
    _replace(
        small, "pipeline.yml", "rate: ${{parent.inputs.rate}}", "rate: 0.3\n      rounds: ${{parent.name}}"
    )
    warnings = {problem.field: problem for problem in _load(small).warnings}
    assert set(warnings) == {"jobs.train.inputs.rows", "jobs.train.inputs.rounds"}
    assert all("recorded to refuse this in October 2023" in str(problem) for problem in warnings.values())


def test_a_binding_within_a_path_still_has_to_lead_somewhere(small: Path) -> None:
    _replace(small, "pipeline.yml", "rows: ${{parent.inputs.rows}}", "rows: ${{parent.inputs.rowz}}/one.csv")
    with pytest.raises(DefinitionErrors, match=r"a binding to parent\.inputs\.rowz"):
        _load(small)
    _replace(small, "pipeline.yml", "${{parent.inputs.rowz}}/one.csv", "${{parent.inputs.rows}}")
    _replace(small, "pipeline.yml", "rate: ${{parent.inputs.rate}}", "rate: ${{parent.name}}")
    with pytest.raises(DefinitionErrors, match=r"parent\.name of type string"):
        _load(small)
