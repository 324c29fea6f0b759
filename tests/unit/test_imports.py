"""Protects the one direction of imports, and that commands do not pay for azure.ai.ml."""

import ast
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
SLOW = "azure.ai.ml"
# The two places that may name it at module top: they are themselves imported only when work is to be done.
SLOW_AT_TOP = ("plumbline/provider/client", "plumbline/provider/kinds/")


def lint_imports(root: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=root, capture_output=True, text=True, check=False, timeout=120, env={"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Every module that a file imports, and whether it does so as soon as it is imported itself."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {
        child
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or _is_type_checking(node)
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node not in inside
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module, node not in inside
            for alias in node.names:
                yield f"{node.module}.{alias.name}", node not in inside


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def names(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def sources(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def test_imports_point_one_way() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout[-3000:]
    assert f"{len(CONTRACTS)} kept, 0 broken" in done.stdout


def test_every_import_contract_closes_when_it_is_broken(tmp_path: Path) -> None:
    for folder in ("plumbline", "stacks", "components"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for contract in CONTRACTS:
        if contract["type"] == "layers":
            source, target = "plumbline.assets", "plumbline.azureml"
        else:
            source, target = contract["source_modules"][0], contract["forbidden_modules"][0]
        path = tmp_path / source.replace(".", "/")
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        path.write_text(f"{path.read_text()}\nimport {target}\n")
    done = lint_imports(tmp_path)
    assert done.returncode != 0
    assert f"0 kept, {len(CONTRACTS)} broken" in done.stdout, done.stdout[-3000:]


def test_azure_ai_ml_is_named_by_the_provider_alone_and_never_at_module_top_elsewhere() -> None:
    for path in sources("plumbline", "stacks", "components"):
        where = path.relative_to(ROOT).as_posix()
        for module, at_top in imports(path):
            if names(module, SLOW):
                assert where.startswith("plumbline/provider/"), f"{where} imports {module}"
                assert not at_top or where.startswith(SLOW_AT_TOP), f"{where} imports {module} at module top"


def test_help_loads_neither_pulumi_nor_the_azure_sdks() -> None:
    question = (
        "import sys; from plumbline.ops import cli\n"
        "cli.group.main(['--help'], standalone_mode=False)\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules} & {'azure', 'pulumi', 'aiohttp', 'rich', 'yaml'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", question], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == ""


def test_pipeline_steps_know_nothing_of_pulumi_or_of_the_product() -> None:
    for path in sources("pipelines"):
        for module, _ in imports(path):
            for foreign in ("pulumi", "pulumi_azure_native", "plumbline", "stacks", "components"):
                assert not names(module, foreign), f"{path.relative_to(ROOT)} imports {module}"


@pytest.mark.parametrize(
    "line", ["import azure.ai.ml", "from azure.ai.ml import load_job", "from azure.ai import ml"]
)
def test_the_import_reader_sees_every_spelling(tmp_path: Path, line: str) -> None:
    (tmp_path / "spelling.py").write_text(f"{line}\ndef later():\n    {line}\n")
    found = [at_top for module, at_top in imports(tmp_path / "spelling.py") if names(module, SLOW)]
    assert True in found
    assert False in found
