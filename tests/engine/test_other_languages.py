"""Protects programs in other languages: the guide's YAML and TypeScript programs register what a Python program does."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from plumbline.assets import load_ml_pipelines
from plumbline.engine.ensure import ensure_engine
from plumbline.ops.plugin.installed import install_plugin
from plumbline.provider.schema import schema_text
from tests.contract.machine_learning_platform import MachineLearningPlatform, machine_learning_platform
from tests.emulator_process import SUBSCRIPTION, TENANT
from tests.guide import read_guide
from tests.language_hosts import generate_node_package, language_host

REPOSITORY = Path(__file__).resolve().parents[2]
GUIDE = read_guide(REPOSITORY / "docs" / "guides" / "other-languages.md")
DEFINITIONS = REPOSITORY / "tests" / "data" / "provider_program" / "ml"
NODE_PACKAGES = {"@pulumi/pulumi": "3.259.0", "typescript": "5.9.3"}


@pytest.fixture(scope="module")
def platform() -> Iterator[MachineLearningPlatform]:
    with machine_learning_platform(azure_noise=True) as made:
        yield made


class Program:
    """A project of another language beside the definitions."""

    def __init__(self, folder: Path, platform: MachineLearningPlatform, host: Path) -> None:
        self.folder = folder / "program"
        self.platform = platform
        shutil.copytree(DEFINITIONS, self.folder / "ml")
        pins = {"cloud": "PlumblineLocal", "tenantId": TENANT, "subscriptionId": SUBSCRIPTION}
        lines = [f"  plumbline:{name}: {value}" for name, value in pins.items()]
        (self.folder / "Pulumi.local.yaml").write_text("\n".join(["config:", *lines, ""]))
        install_plugin(folder / "home")
        (folder / "state").mkdir()
        self.engine = ensure_engine().pulumi
        dropped = ("AZURE", "ARM_", "PULUMI_", "IDENTITY_", "VIRTUAL_ENV")
        bin_folder = str(Path(sys.executable).parent)
        path = [folder for folder in os.environ["PATH"].split(os.pathsep) if folder != bin_folder]
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(dropped)} | {
            "PATH": os.pathsep.join([str(self.engine.parent), str(host), *path]),
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }

    def pulumi(self, *words: str) -> str:
        answer = subprocess.run(
            [str(self.engine), *words, "--stack", "local", "--non-interactive"], cwd=self.folder,
            env=self.platform.emulator.environment(base=self.environment), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout

    def registered(self) -> dict[str, tuple[str, str]]:
        """Name -> version and content hash, as the state has them after `up`; a second preview shows no change."""
        self.pulumi("stack", "init")
        self.pulumi("up", "--yes", "--skip-preview")
        self.pulumi("preview", "--expect-no-changes")
        state = json.loads(self.pulumi("stack", "export"))
        return {
            resource["outputs"]["name"]: (resource["outputs"]["version"], resource["outputs"]["contentHash"])
            for resource in state["deployment"]["resources"]
            if "contentHash" in resource.get("outputs", {})
        }


def _expected() -> dict[str, tuple[str, str]]:
    (pipeline,) = load_ml_pipelines([DEFINITIONS / "scoring"], root=DEFINITIONS.parent)
    return {asset.name: (asset.version, asset.content_hash) for asset in pipeline.assets}


def test_a_yaml_program_registers_the_same_versions_and_hashes(
    tmp_path: Path, platform: MachineLearningPlatform, request: pytest.FixtureRequest
) -> None:
    may_build = "soak" in request.config.option.markexpr.replace("not soak", "")
    program = Program(tmp_path, platform, language_host("yaml", may_build=may_build))
    (program.folder / "Pulumi.yaml").write_text(GUIDE.files["Pulumi.yaml"])
    found, expected = program.registered(), _expected()
    assert found == {name: expected[name] for name in ("scoring_tools", "score")}
    program.pulumi("destroy", "--yes", "--skip-preview")


@pytest.mark.soak
def test_a_typescript_program_registers_the_same_versions_and_hashes(
    tmp_path: Path, platform: MachineLearningPlatform
) -> None:
    host = language_host("nodejs", may_build=True)
    if not shutil.which("npm"):
        pytest.skip("no npm on PATH")
    program = Program(tmp_path, platform, host)
    options = {"target": "es2022", "module": "nodenext", "moduleResolution": "nodenext", "strict": True}
    files = {
        "Pulumi.yaml": "name: scoring-typescript\nruntime: nodejs\n",
        "package.json": json.dumps({"name": "scoring", "main": "index.ts", "dependencies": NODE_PACKAGES}),
        "tsconfig.json": json.dumps({"compilerOptions": options, "files": ["index.ts"]}),
        "index.ts": GUIDE.files["index.ts"],
    }
    for name, text in files.items():
        (program.folder / name).write_text(text)
    subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--silent"], cwd=program.folder, check=True, timeout=300
    )
    found, expected = program.registered(), _expected()
    # A model's version is counted by Azure.
    assert {name: pair for name, pair in found.items() if name != "baseline"} == {
        name: pair for name, pair in expected.items() if name != "baseline"
    }
    assert found["baseline"][1] == expected["baseline"][1]
    program.pulumi("destroy", "--yes", "--skip-preview")


@pytest.mark.soak
def test_the_node_package_that_pulumi_generates_compiles_as_it_is(tmp_path: Path) -> None:
    if not shutil.which("go") or not shutil.which("npm"):
        pytest.skip("no go or no npm on PATH")
    schema, package = tmp_path / "schema.json", tmp_path / "package"
    schema.write_text(schema_text("0.1.0"))
    generate_node_package(schema, package)
    install = ["npm", "install", "--no-audit", "--no-fund", "--silent", "--ignore-scripts"]
    subprocess.run(install, cwd=package, check=True, timeout=300)
    compiled = subprocess.run(
        ["npx", "tsc", "--noEmit"], cwd=package, capture_output=True, text=True, timeout=300, check=False
    )
    assert compiled.returncode == 0, compiled.stdout
    assert 'from "../utilities"' in (package / "azureml" / "component.ts").read_text()
