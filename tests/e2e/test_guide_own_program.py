"""Protects the guide "Use it in your own program": its files in an empty folder, its commands, from the built wheel."""

from __future__ import annotations

import subprocess
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from plumbline.engine.ensure import ensure_engine
from tests.built_wheel import REPOSITORY, build_wheel, environment_resolved, environment_with
from tests.guide import Guide, read_guide
from tests.project_copy import plain_environment

PAGE = REPOSITORY / "docs" / "guides" / "your-own-program.md"


class Reader:
    """Somebody who follows the page in an empty folder, in one shell."""

    def __init__(self, folder: Path, guide: Guide) -> None:
        self.folder = folder
        self.guide = guide
        for path, text in guide.files.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    def does(self, *titles: str, shell: str = "") -> str:
        script = "\n".join(
            ["set -e", ". .venv/bin/activate", shell, *(self.guide.commands[one] for one in titles)]
        )
        answer = subprocess.run(
            ["sh", "-c", script], cwd=self.folder, env=plain_environment(), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout + answer.stderr


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    folder = tmp_path_factory.mktemp("own-program")
    wheel = build_wheel(tmp_path_factory.mktemp("wheel"))
    environment_with(wheel, folder / ".venv")
    reader = Reader(folder, read_guide(PAGE))
    try:
        yield reader
    finally:
        reader.does(shell="plumbline local reset --yes")


def test_the_guide_as_it_stands_brings_up_watches_and_destroys(reader: Reader) -> None:
    said = reader.does("up", "drift")
    assert "using pulumi-resource-plumbline from $PATH" not in said
    assert "No drift: stack try matches its last update." in said
    shell = 'eval "$(plumbline local --stack try env)"'
    assert "churn_score" in reader.does(shell=f"{shell}\nplumbline component list --stack try")
    said = reader.does("destroy", shell=shell)
    assert "deleted" in said
    assert not (reader.folder / ".plumbline").exists()


@pytest.mark.soak
@pytest.mark.parametrize("resolution", ["lowest-direct", "highest"])
def test_the_guide_runs_at_both_ends_of_every_range(tmp_path: Path, resolution: str) -> None:
    environment_resolved(build_wheel(tmp_path / "wheel"), tmp_path / "project" / ".venv", resolution)
    reader = Reader(tmp_path / "project", read_guide(PAGE))
    try:
        assert "No drift: stack try matches its last update." in reader.does("up", "drift")
        reader.does("destroy", shell='eval "$(plumbline local --stack try env)"')
    finally:
        reader.does(shell="plumbline local reset --yes")


TINY = """
import pulumi

answer = pulumi.runtime.invoke("plumbline:azureml:loadPipelines", {"folders": []})
pulumi.export("versions", answer.value["versions"])
"""


def test_the_engine_finds_the_plugin_on_path_and_where_it_was_installed(reader: Reader) -> None:
    tiny = reader.folder / "tiny"
    tiny.mkdir()
    (tiny / "Pulumi.yaml").write_text("name: tiny\nruntime: python\n")
    (tiny / "__main__.py").write_text(TINY)
    pins = [line for line in reader.guide.files["Pulumi.try.yaml"].splitlines() if "plumbline:" not in line]
    nobody = "  plumbline:tenantId: 33333333-3333-4333-8333-333333333333"
    (tiny / "Pulumi.tiny.yaml").write_text(
        "\n".join([pins[0], nobody, nobody.replace("tenant", "subscription"), ""])
    )
    home = reader.folder / "home"
    preview = "\n".join(
        [
            f'cd tiny; export PATH="{ensure_engine().path}:$PATH" PULUMI_HOME={home} PULUMI_CONFIG_PASSPHRASE=test',
            f"export PULUMI_BACKEND_URL=file://{tiny} PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true",
            "pulumi preview --stack tiny --non-interactive",
        ]
    )
    said = reader.does(shell=preview.replace("pulumi preview", "pulumi stack init tiny\npulumi preview"))
    assert "using pulumi-resource-plumbline from $PATH" in said
    again = f"plumbline plugin install --pulumi-home {home}"
    assert "installed in" in reader.does(shell=again)
    assert "already installed in" in reader.does(shell=again)
    said = reader.does(shell=f"export PULUMI_IGNORE_AMBIENT_PLUGINS=true\n{preview}")
    assert "$PATH" not in said


def test_the_wheel_holds_every_file_of_the_package(tmp_path: Path) -> None:
    with zipfile.ZipFile(build_wheel(tmp_path)) as wheel:
        held = set(wheel.namelist())
    listed = subprocess.run(
        ["git", "ls-files", "plumbline"], cwd=REPOSITORY, check=True, capture_output=True, text=True
    ).stdout.split()
    assert [name for name in listed if name not in held] == []


def test_the_wheel_asks_for_ranges() -> None:
    wanted = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["dependencies"]
    assert [name for name in wanted if "==" in name] == []
