"""Protects the template: `pulumi new` in an empty folder gives a platform that stands on the built wheel alone."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from distribution.template.build import REPOSITORY, build_template
from plumbline.assets import load_ml_pipelines
from plumbline.engine.ensure import ensure_engine
from tests.built_wheel import build_wheel, environment_with
from tests.guide import read_guide
from tests.project_copy import plain_environment

PAGE = REPOSITORY / "docs" / "guides" / "template.md"


class Newcomer:
    """Somebody with the wheel and an empty folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.engine = ensure_engine().path
        self.commands = read_guide(PAGE).commands

    def does(self, script: str) -> str:
        answer = subprocess.run(
            ["sh", "-c", f"set -e\n. .venv/bin/activate\n{script}"], cwd=self.folder,
            env=plain_environment() | {"PULUMI_SKIP_UPDATE_CHECK": "1"}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout + answer.stderr


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newcomer]:
    folder = tmp_path_factory.mktemp("template") / "shop"
    folder.mkdir()
    made = environment_with(build_wheel(tmp_path_factory.mktemp("wheel")), folder.parent / "venv")
    newcomer = Newcomer(folder)
    # `pulumi new` wants an empty folder; the environment comes afterwards, as it does there.
    new = f'pulumi new "$({made}/bin/plumbline template)" --generate-only --yes --name shop --description "Our models"'
    home = {"PULUMI_HOME": str(folder.parent / "home"), "PULUMI_SKIP_UPDATE_CHECK": "1"}
    answer = subprocess.run(
        ["sh", "-c", f'PATH="{newcomer.engine}:$PATH" {new}'],
        cwd=folder, env=plain_environment() | home, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    (folder / ".venv").symlink_to(made)
    try:
        yield newcomer
    finally:
        newcomer.does("plumbline local reset --yes")


def test_the_new_project_carries_its_name_and_nothing_to_fill_in(newcomer: Newcomer) -> None:
    text = (newcomer.folder / "Pulumi.yaml").read_text()
    assert "name: shop" in text
    assert "Our models" in text
    assert not [path for path in newcomer.folder.rglob("*.y*ml") if "${" + "PROJECT}" in path.read_text()]
    assert (newcomer.folder / ".gitattributes").is_file()
    assert (newcomer.folder / ".github/workflows/promote.yml").is_file()
    assert (newcomer.folder / ".azure-pipelines/drift-work-items.sh").is_file()
    assert "sh stacks/reached.sh" in (newcomer.folder / ".github/workflows/release.yml").read_text()
    assert newcomer.does("sh stacks/reached.sh").split() == ["shared", "dev", "staging", "prod"]
    said = newcomer.does("plumbline validate")
    assert "1 pipeline with 2 assets: no problem." in said


@pytest.mark.soak
def test_the_new_project_comes_up_has_no_drift_and_goes(newcomer: Newcomer) -> None:
    said = newcomer.does("\n".join(newcomer.commands[title] for title in ("preview", "up")))
    assert "first_score" in said
    assert "No drift: stack local matches its last update." in said
    # What main.yml does with a pipeline that has no release.yml yet.
    newcomer.does(
        "plumbline job create --file pipelines/first/pipeline.yml --stack local --stream --output json > ../job.json\n"
        'plumbline evidence write "$(jq -r .name ../job.json)" --stack local --out ../evidence\n'
        "plumbline evidence verify ../evidence --stack local"
    )
    newcomer.does('eval "$(plumbline local env)"\n' + newcomer.commands["destroy"])


def test_what_is_laid_out_is_this_repository_s_program(tmp_path: Path) -> None:
    folder = build_template(tmp_path / "template")
    listed = subprocess.run(
        ["git", "ls-files", "components", "stacks"],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    ours = {name for name in listed if name.startswith("stacks/locks/")} | {"stacks/reference.py"}
    assert [name for name in listed if name not in ours and not (folder / name).exists()] == []
    assert [name for name in ours if (folder / name).exists()] == []
    assert "* text=auto eol=lf\n" in (folder / ".gitattributes").read_text()
    assert not (folder / "gitattributes").exists()
    (pipeline,) = load_ml_pipelines([folder / "pipelines" / "first"], root=folder)
    assert [asset.name for asset in pipeline.assets] == ["first-tools", "first_score"]
    assert pipeline.schedules[0].name == "first_weekly"
    assert pipeline.warnings == ()
    settings = (folder / "Pulumi.local.yaml").read_text()
    assert "claims_release" not in settings
