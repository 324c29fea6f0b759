"""Protects people and machines from files that would run away, leak or change in silence: a message, and soon."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from plumbline.assets import load_ml_pipelines, read_ml_pipelines
from plumbline.assets.secrets import secret_in

ENVIRONMENT = "name: plain\nimage: mcr.example/base:1\n"
COMPONENT = "name: clean\ntype: command\ncommand: 'true'\nenvironment: azureml:plain@latest\n"
STEP = "type: pipeline\nsettings: {default_compute: azureml:c1}\njobs: {clean: {component: ./clean.yml}}\n"


def _folder(root: Path, files: dict[str, str]) -> Path:
    folder = root / "case"
    for name, text in {"environment.yml": ENVIRONMENT, "clean.yml": COMPONENT, **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def _said(folder: Path, severity: str = "error") -> list[str]:
    reading = read_ml_pipelines([folder], root=folder.parent)
    return [str(problem) for problem in reading.problems if problem.severity == severity]


# -- YAML that would never end


def _bomb() -> str:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 9)}]" for at in range(1, 12)]
    return "name: bomb\nimage: x\ntags:\n  " + "\n  ".join(rows) + "\n"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (_bomb(), "aliases that stand for more than 20,000 values"),
        ("name: deep\nimage: x\ntags: " + "[" * 5000 + "]" * 5000 + "\n", "values nested more than 60 deep"),
        ("name: deep\nimage: x\ntags:\n" + "- " * 500 + "x\n", "values nested more than 60 deep"),
        ("".join(" " * at + "a:\n" for at in range(300)), "values nested more than 60 deep"),
        ("name: &a [*a]\nimage: x\n", "an alias of what it stands in"),
        ("name: x\nimage: " + "9" * 6000 + "\n", "tag:yaml.org,2002:int"),
    ],
)
def test_yaml_that_would_run_away_is_named(tmp_path: Path, text: str, what: str) -> None:
    assert any(what in line for line in _said(_folder(tmp_path, {"environment.yml": text})))


def test_a_long_list_without_aliases_is_no_bomb(tmp_path: Path) -> None:
    rows = "".join(f"  t{at}: x\n" for at in range(30_000))
    assert _said(_folder(tmp_path, {"environment.yml": f"{ENVIRONMENT}tags:\n{rows}"})) == []


# -- code folders


def _code(tmp_path: Path) -> tuple[Path, Path]:
    folder = _folder(tmp_path, {"clean.yml": COMPONENT + "code: ./src\n", "src/a.py": "print(1)\n"})
    return folder, folder / "src"


def test_a_link_out_of_the_code_folder_is_named_though_an_ignore_file_names_it(tmp_path: Path) -> None:
    folder, code = _code(tmp_path)
    (folder / "beside").mkdir()
    (folder / "beside" / "big.csv").write_text("a\n")
    (code / ".amlignore").write_text("data/\n")
    (code / "data").symlink_to(Path("../beside"))
    (said,) = _said(folder, "warning")
    assert said.startswith("case/clean.yml:5: code: got the link data to case/beside, which takes along 1 of")
    assert _said(folder) == []


def test_a_link_out_of_the_project_is_refused(tmp_path: Path) -> None:
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "key.txt").write_text("a\n")
    folder, code = _code(project)
    (code / "data").symlink_to(elsewhere)
    (said,) = _said(folder)
    assert (
        f"the link data to {elsewhere}, which takes along 1 of its files, expected files of this project"
        in said
    )


def test_a_link_to_nothing_that_does_not_go_up_is_a_warning(tmp_path: Path) -> None:
    folder, code = _code(tmp_path)
    (code / ".amlignore").write_text("gone\n")
    (code / "gone").symlink_to("/nonexistent/thing")
    assert "which is not there" in _said(folder, "warning")[0]
    assert _said(folder) == []


def test_a_link_to_nothing_that_would_go_up_is_refused(tmp_path: Path) -> None:
    folder, code = _code(tmp_path)
    (code / "gone").symlink_to("/nonexistent/thing")
    assert "files that cannot be read" in _said(folder)[0]


def test_links_in_a_circle_are_refused(tmp_path: Path) -> None:
    folder, code = _code(tmp_path)
    (code / "one").mkdir()
    (code / "one" / "up").symlink_to(code)
    (code / "two").symlink_to(code / "one")
    said = _said(folder)
    assert said
    assert all("a link to a folder that it lies in" in line for line in said)


def test_a_pipe_is_refused_wherever_it_lies(tmp_path: Path) -> None:
    folder, code = _code(tmp_path)
    os.mkfifo(code / "pipe")
    os.mkfifo(folder / "pipe.yml")  # no YAML file: nobody reads it
    assert ["pipe: a pipe, socket or device" in line for line in _said(folder)] == [True]


def test_hostile_folders_end_in_a_process_of_their_own(tmp_path: Path) -> None:
    """All of them at once, as a person starts it; a hang would end in the test's own limit."""
    folder, code = _code(tmp_path)
    os.mkfifo(code / "pipe")
    (code / "self").symlink_to(code)
    (folder / "environment.yml").write_text(_bomb())
    program = "import sys; from pathlib import Path; from plumbline.assets import read_ml_pipelines as read\n"
    program += "print(len(read([Path(sys.argv[1])], root=Path(sys.argv[1]).parent).errors))"
    answer = subprocess.run(
        [sys.executable, "-c", program, str(folder)],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert int(answer.stdout) > 0


# -- secrets

_KEY = "A" * 20 + "b" * 40 + "=="
SECRETS = {
    "an AWS access key": "AKIA" + "Q7ZT5GHL2PW4RD9X",
    "a storage account's key": f"DefaultEndpointsProtocol=https;AccountName=x;AccountKey={_KEY}",
    "a signed address (SAS)": "https://x.blob.core.windows.net/c?sv=2024-01-01&sig=" + "aZ09" * 8 + "%3D",
    "a GitHub token": "ghp_" + "Ab1" * 12,
    "a private key": "-----BEGIN RSA PRIVATE KEY-----",
    "a connection string with a password": "Server=tcp:x;Database=d;User ID=u;Password=hunter22;Encrypt=True",
    "an address with a password": "postgresql://user:hunter22@db.example/d",
    "a shared access key": f"Endpoint=sb://x.servicebus.windows.net/;SharedAccessKey={_KEY}",
}


@pytest.mark.parametrize("what", SECRETS)
@pytest.mark.parametrize("place", ["variable", "input", "default", "command"])
def test_a_secret_is_refused_by_form_and_never_shown(tmp_path: Path, what: str, place: str) -> None:
    secret = SECRETS[what]
    quoted = f"'{secret}'"
    job = STEP.replace("}}", f", environment_variables: {{X: {quoted}}}}}}}") if place == "variable" else STEP
    if place == "input":
        job = f"{STEP}inputs: {{x: {quoted}}}\n"
    component = COMPONENT
    if place == "default":
        component += f"inputs: {{x: {{type: string, default: {quoted}}}}}\n"
    if place == "command":
        component = COMPONENT.replace("command: 'true'", f"command: {quoted}")
    said = _said(_folder(tmp_path, {"pipeline.yml": job, "clean.yml": component}))
    assert any(f"got what has the form of {what}" in line for line in said)
    assert not any(secret in line for line in said)


@pytest.mark.parametrize(
    "text",
    [
        "https://x.blob.core.windows.net/container/rows.csv",
        "azureml://registries/azureml/environments/sklearn-1.5/versions/35",
        "python train.py --password-file /run/secrets/p --sig 3",
        "wasbs://datasets@azuremlexamples.blob.core.windows.net/iris.csv",
        "AccountKey=${{secrets.key}}",
        "h1" + "a" * 60,
    ],
)
def test_ordinary_text_is_no_secret(text: str) -> None:
    assert secret_in(text) is None


# -- what Azure would refuse or change


@pytest.mark.parametrize(
    ("component", "what"),
    [
        ("inputs: {x: {type: uri_folder, default: ./rows}}\n", "expected no default on uri_folder"),
        ("environment_variables: {X: NO}\n", "NO"),
    ],
)
def test_what_azure_refuses_or_changes_is_refused_here(tmp_path: Path, component: str, what: str) -> None:
    said = _said(_folder(tmp_path, {"clean.yml": COMPONENT + component}))
    assert any(what in line or "Put it in quotes" in line for line in said)


@pytest.mark.parametrize(
    ("reference", "what"),
    [
        ("azureml://registries/<registry-name>/environments/x/versions/1", "a name in the place of <...>"),
        ("azureml://registries/theirs/environment/x/versions/1", "/environments/ in it"),
        ("azureml://registries/azureml/environments/sklearn-1.5/labels/latest", "plumbline pin"),
    ],
)
def test_a_reference_that_leads_nowhere_is_named(tmp_path: Path, reference: str, what: str) -> None:
    component = COMPONENT.replace("azureml:plain@latest", reference)
    (said,) = _said(_folder(tmp_path, {"clean.yml": component}))
    assert what in said


def test_a_pin_to_another_name_is_refused(tmp_path: Path) -> None:
    pins = "pins:\n  azureml:theirs@latest: azureml:others:3\n"
    component = COMPONENT.replace("azureml:plain@latest", "azureml:theirs@latest")
    said = _said(_folder(tmp_path, {"clean.yml": component, "pins.yaml": pins}))
    assert 'got "azureml:others:3", expected a version of azureml:theirs@latest' in said[-1]


def test_a_pin_that_nothing_uses_is_a_warning(tmp_path: Path) -> None:
    folder = _folder(tmp_path, {"pins.yaml": "pins:\n  azureml:theirs@latest: azureml:theirs:3\n"})
    assert "a pin of a reference that no definition writes" in _said(folder, "warning")[0]
    assert load_ml_pipelines([folder], root=folder.parent)


def test_a_text_output_bound_on_is_refused_by_name(tmp_path: Path) -> None:
    make = COMPONENT + "outputs: {word: {type: string}}\n"
    use = COMPONENT.replace("clean", "use") + "inputs: {word: {type: string}}\n"
    job = (
        "type: pipeline\nsettings: {default_compute: azureml:c1}\njobs:\n  make: {component: ./clean.yml}\n"
        "  use: {component: ./use.yml, inputs: {word: '${{parent.jobs.make.outputs.word}}'}}\n"
    )
    (said,) = _said(_folder(tmp_path, {"clean.yml": make, "use.yml": use, "pipeline.yml": job}))
    assert "got make.outputs.word, an output of type string, bound to an input" in said
