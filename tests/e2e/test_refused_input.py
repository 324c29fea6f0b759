"""Protects what is refused: a wrong definition or setting is named, all at once, before the engine changes anything."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.project_copy import ProjectCopy

PIPELINE = "pipelines/claims_release"
COMPONENTS = f"{PIPELINE}/components"
MESSAGE = re.compile(
    r"^ *(?P<file>[\w./]+)(:(?P<line>\d+))?: ((?P<what>[^ ]+): )?got .+, expected .+[.?] \S.*$"
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProjectCopy]:
    """A stack with nothing in it yet: whatever is created before the refusal would be a write."""
    copy = ProjectCopy.make(tmp_path_factory.mktemp("refused") / "project")
    try:
        copy.plumbline("local", "start")
        yield copy
    finally:
        copy.plumbline("local", "reset", "--yes", check=False)


@pytest.fixture(scope="module")
def shell(project: ProjectCopy) -> dict[str, str]:
    """A shell from before the mistakes."""
    return project.client_environment()


@pytest.fixture(autouse=True)
def mended(project: ProjectCopy) -> Iterator[None]:
    """Put back every file that a test breaks."""
    files = [*project.root.glob("Pulumi.*.yaml"), *(project.root / "pipelines").rglob("*.yml")]
    kept = {file: file.read_bytes() for file in files}
    yield
    for file, content in kept.items():
        file.write_bytes(content)


def _edit(project: ProjectCopy, name: str, old: str, new: str) -> int:
    """Replace text that is there once; answers the line of the new text."""
    file = project.root / name
    text = file.read_text()
    assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {name}"
    file.write_text(text.replace(old, new))
    return text[: text.index(old)].count("\n") + 1


def _refused(
    project: ProjectCopy, shell: dict[str, str], words: str = "up --yes --skip-preview"
) -> dict[str, str]:
    """Run the engine; answers `file:line: what` -> the whole message, having seen that only reads were sent."""
    project.control("DELETE", "requests")
    command = ["pulumi", *words.split(), "-s", "local", "--non-interactive"]
    answer = project.run(command, check=False, environ=shell)
    said = answer.stdout + answer.stderr
    assert answer.returncode != 0
    assert "Traceback" not in said
    assert project.writes() == []
    found = {}
    for line in said.splitlines():
        if match := MESSAGE.match(line.split("error: ")[-1]):
            found[f"{match['file']}:{match['line'] or ''}: {match['what'] or ''}"] = match[0].strip()
    return found


@pytest.mark.parametrize("words", ["preview", "up --yes --skip-preview"])
def test_every_mistake_in_definitions_is_named_before_anything_changes(
    project: ProjectCopy, shell: dict[str, str], words: str
) -> None:
    """Ten faults in seven files: each with its line, none hidden by another."""
    train, gate, pipeline, schedule, features, evaluate, environment = (
        f"{COMPONENTS}/train/component.yml",
        f"{COMPONENTS}/gate/component.yml",
        f"{PIPELINE}/pipeline.yml",
        f"{PIPELINE}/schedule.yml",
        f"{COMPONENTS}/features/component.yml",
        f"{COMPONENTS}/evaluate/component.yml",
        f"{PIPELINE}/environment.yml",
    )
    expected = {
        "unknown key": _edit(project, train, "display_name: Train", "displayname: Train"),
        "wrong type": _edit(project, train, "type: number", "type: flaot"),
        "no such folder": _edit(project, gate, "code: ./src", "code: ./source"),
        "binding to nothing": _edit(
            project,
            pipeline,
            "${{parent.jobs.validate.outputs.validated}}",
            "${{parent.jobs.validate.outputs.checked}}",
        ),
        "zone of another system": _edit(project, schedule, "W. Europe Standard Time", "Europe/Berlin"),
        "unknown frequency": _edit(project, schedule, "frequency: week", "frequency: weekly"),
        "bound misspelt": _edit(project, features, "min: 0.1", "mim: 0.1"),
        "undeclared input": _edit(project, features, "${{inputs.large_loss_cap}}", "${{inputs.cap}}"),
        "default on data": _edit(
            project, evaluate, "    type: custom_model", "    type: custom_model\n    default: x"
        ),
        "no such conda file": _edit(project, environment, "conda.yml", "gone.yml"),
    }
    found = _refused(project, shell, words)
    assert sorted(found) == sorted(
        [
            f"{train}:{expected['unknown key']}: displayname",
            f"{train}:{expected['wrong type']}: inputs.alpha.type",
            f"{gate}:{expected['no such folder']}: code",
            f"{pipeline}:{expected['binding to nothing']}: jobs.features.inputs.claims",
            f"{schedule}:{expected['zone of another system']}: trigger.time_zone",
            f"{schedule}:{expected['unknown frequency']}: trigger.frequency",
            f"{features}:{expected['bound misspelt']}: inputs.holdout_share.mim",
            f"{features}:{expected['undeclared input']}: command",
            f"{evaluate}:{expected['default on data'] + 1}: inputs.model.default",
            f"{environment}:{expected['no such conda file']}: conda_file",
        ]
    )
    assert "display_name" in found[f"{train}:{expected['unknown key']}: displayname"]


def test_definition_that_is_no_yaml_is_named_with_its_line(
    project: ProjectCopy, shell: dict[str, str]
) -> None:
    file = f"{PIPELINE}/environment.yml"
    line = _edit(project, file, "name: claims_release", "name: [claims_release")
    found = _refused(project, shell)
    # The parser notices it where the next line begins.
    assert f"{file}:{line + 1}: " in found, found


def test_every_wrong_setting_is_named_before_anything_changes(
    project: ProjectCopy, shell: dict[str, str]
) -> None:
    file = "Pulumi.local.yaml"
    lines = {
        "azure-ml-platform:cpuCluster.maximumNodes": _edit(
            project, file, "maximumNodes: 4", "maximumNodes: many"
        ),
        "azure-ml-platform:gpuCluster.maximumNodes": _edit(
            project, file, "maximumNodes: 1\n", "maximumNodes: 101\n"
        ),
        "azure-ml-platform:ownership.costCenter": _edit(
            project, file, "costCentre: claims", "costCenter: claims"
        ),
        "azure-ml-platform:platform": _edit(project, file, "platform: plumbline", "platform: Plumb line"),
        "azure-ml-platform:purgeprotected": _edit(project, file, "purgeProtected:", "purgeprotected:"),
        "azure-native:tenantId": _edit(
            project, file, "azure-native:tenantId: 1111", "azure-native:tenantId: 9999"
        ),
    }
    missing = "azure-ml-platform:ownership.costCentre"
    found = _refused(project, shell)
    named = {key.partition(": ")[2]: key.partition(": ")[0] for key in found}
    assert set(named) == {*lines, missing}
    for what, line in lines.items():
        assert named[what] == f"{file}:{line}", what
    # What is missing is named where it belongs.
    assert re.fullmatch(rf"{file}:\d+", named[missing])


def test_pipeline_that_is_nowhere_is_named_with_those_that_are(
    project: ProjectCopy, shell: dict[str, str]
) -> None:
    line = _edit(project, "Pulumi.local.yaml", "- claims_release", "- claims_relase")
    found = _refused(project, shell)
    (message,) = found.values()
    assert message.startswith(f"Pulumi.local.yaml:{line}: azure-ml-platform:pipelines: got 'claims_relase'")
    assert "claims_release" in message


def test_command_line_names_wrong_pins_before_it_starts_anything(project: ProjectCopy) -> None:
    line = _edit(
        project, "Pulumi.local.yaml", "plumbline:subscriptionId: 2222", "plumbline:subscriptionId: x222"
    )
    for words in (["local", "up"], ["drift", "--stack", "local"]):
        answer = project.plumbline(*words, check=False)
        assert answer.returncode == 1
        assert f"Pulumi.local.yaml:{line}: config.plumbline:subscriptionId: got 'x222" in answer.stderr
        assert "Traceback" not in answer.stderr
