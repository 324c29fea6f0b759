"""Stands in for Azure Pipelines and its agents: runs one pipeline file, its stages, conditions, variables and artifacts.

Run in a checkout, within a rehearsal. What a script prints as a logging command is obeyed as the agent obeys it; a step
that logs in nowhere runs without the rehearsal's login, in a clone of its own where nothing of its job logs in. What is
checked out is a commit of the remote and no branch, and nothing but the remote's branches is there, as on a real agent.

Source: learn.microsoft.com, Azure Pipelines: "Logging commands", "Define variables", "Predefined variables", steps.checkout;
azure-pipelines-tasks, CmdLineV2 and AzureCLIV2 (how each starts bash).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.azure_conditions import evaluate, stage_is_due
from tests.azure_pipelines import AzureJob, AzurePipeline, AzureStage, AzureStep, read_pipeline

REPOSITORY = Path(__file__).resolve().parent.parent
SETS_UP = "Set up"
# Service connection -> the emulator's service that stands for its identity; each of the stacks has a deployer's.
CONNECTIONS = {"plumbline-review": "releaser", "plumbline-approval": "pipeline", "plumbline-promotion": "releaser"} | {
    f"plumbline-{stack}": "deployer" for stack in ("dev", "shared", "staging", "prod")
}  # fmt: skip
LOGIN = ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "PLUMBLINE_PRINCIPAL")
SECRET = {"System.AccessToken": "a-token"}
PREDEFINED = {
    "System.CollectionUri": "https://dev.azure.example/team/",
    "System.TeamProject": "platform",
    "Build.Repository.ID": "1",
    "Build.BuildId": "99",
}
_COMMAND = re.compile(r"##vso\[([\w.]+)(?: ([^\]]*))?\](.*)")
_MACRO = re.compile(r"\$\(([\w.]+)\)")


@dataclass
class Record:
    """What a run came to.

    Attributes:
        stages: Stage -> Succeeded, Failed or Skipped.
        steps: Stage, title of the step, and its result, in the order in which they ran.
        summaries: The texts that the run's page shows.
    """

    stages: dict[str, str] = field(default_factory=dict)
    steps: list[tuple[str, str, str]] = field(default_factory=list)
    summaries: list[str] = field(default_factory=list)


class Agent:
    """One run of a pipeline."""

    def __init__(
        self, pipeline: AzurePipeline, commit: str, variables: Mapping[str, str], artifacts: Path
    ) -> None:
        self.pipeline, self.commit, self._artifacts = pipeline, commit, artifacts
        self.record = Record()
        self._variables = {**PREDEFINED, **variables, **pipeline.variables}
        if "plumbline-dev" in pipeline.groups:
            self._variables["PULUMI_BACKEND_URL"] = os.environ["PULUMI_BACKEND_URL"]
        self._outputs: dict[str, dict[str, dict[str, str]]] = {}
        self._folder = Path(tempfile.mkdtemp(prefix="azure-agent-"))
        (note,) = Path(".plumbline/rehearsals").glob("*/emulator/ready.json")
        self._principals = json.loads(note.read_text())["principals"]

    def run(self) -> Record:
        """Every stage whose condition holds, in the order of the file, which names none before what it depends on."""
        try:
            for stage in self.pipeline.stages:
                is_due = stage_is_due(stage, self.pipeline, self.record.stages, self._outputs)
                result = self._job(stage) if is_due else "Skipped"
                self.record.stages[stage.name] = result
        finally:
            shutil.rmtree(self._folder)
        return self.record

    def _job(self, stage: AzureStage) -> str:
        job = stage.job
        home = self._folder / stage.name
        for name in ("temp", "workspace"):
            (home / name).mkdir(parents=True)
        variables = {
            **self._variables,
            "Agent.TempDirectory": str(home / "temp"),
            "Pipeline.Workspace": str(home / "workspace"),
            **{name: self._job_variable(stage, text) for name, text in job.variables.items()},
        }
        logs_in = any(step.connection for step in job.steps)
        with self._checked_out() if logs_in else self._cloned(home / "source") as source:
            return _JobRun(self, stage.name, job, variables, source).run()

    def _job_variable(self, stage: AzureStage, text: str) -> str:
        if not (expression := re.fullmatch(r"\$\[\s*(.+?)\s*\]", text)):
            return text

        def lookup(path: str, index: str | None) -> Any:
            kind, name, job, noun = path.split(".")
            assert (kind, noun) == ("stageDependencies", "outputs"), path
            return self._outputs[name][job].get(str(index)) if name in stage.depends_on else None

        value = evaluate(expression[1], lookup, {})
        return "" if value is None else str(value)

    @contextmanager
    def _checked_out(self) -> Iterator[Path]:
        """The checkout that the rehearsal stands in, with the commit alone; put back afterwards."""
        branch = _git("symbolic-ref", "--short", "HEAD")
        _git("fetch", "--quiet", "origin")
        _git("checkout", "--quiet", "--detach", self.commit)
        kept = dict(
            line.split()
            for line in _git("for-each-ref", "--format=%(refname) %(objectname)", "refs/heads").splitlines()
        )
        for name in kept:
            _git("update-ref", "-d", name)
        try:
            yield Path.cwd()
        finally:
            for name, commit in kept.items():
                _git("update-ref", name, commit)
            _git("checkout", "--quiet", "--force", branch)
            _git("clean", "--quiet", "--force", "-d")

    @contextmanager
    def _cloned(self, folder: Path) -> Iterator[Path]:
        _git("clone", "--quiet", "--no-checkout", _git("remote", "get-url", "origin"), str(folder))
        _git("-C", str(folder), "checkout", "--quiet", "--detach", self.commit)
        yield folder

    def artifact(self, name: str) -> Path:
        """Where an artifact of this run is kept."""
        return self._artifacts / name

    def script_file(self) -> Path:
        """Where the next script lies."""
        return self._folder / f"{len(self.record.steps)}.sh"

    def keep_output(self, stage: str, job: str, name: str, value: str) -> None:
        """What later stages are told."""
        self._outputs.setdefault(stage, {}).setdefault(job, {})[name] = value

    def login(self, connection: str) -> dict[str, str]:
        """Variables of who a service connection is."""
        who = CONNECTIONS[connection]
        return {"PLUMBLINE_PRINCIPAL": who, "IDENTITY_HEADER": self._principals[who]["identity_header"]}

    def folders_of_set_up(self, step: AzureStep, run: Callable[[], list[str]]) -> list[str]:
        """There is one machine here, set up once; what sets it up belongs to this repository's own environment."""
        kept = self._artifacts.parent / f"set-up-{hashlib.sha256(step.script.encode()).hexdigest()}.json"
        if not kept.exists():
            kept.write_text(json.dumps(run()))
        found: list[str] = json.loads(kept.read_text())
        return found


class _JobRun:
    def __init__(
        self, agent: Agent, stage: str, job: AzureJob, variables: dict[str, str], source: Path
    ) -> None:
        self.agent, self.stage, self.job = agent, stage, job
        self.variables, self.source = variables, source
        self.path: list[str] = []
        self.has_failed = False

    def run(self) -> str:
        for step in self.job.steps:
            statuses = {"succeeded": not self.has_failed, "failed": self.has_failed, "canceled": False}
            if not evaluate(step.condition, self._lookup, statuses):
                result = "Skipped"
            else:
                print(f"== {self.stage}: {step.title}", file=sys.stderr, flush=True)
                result = "Succeeded" if self._step(step) else "Failed"
            self.has_failed |= result == "Failed"
            self.agent.record.steps.append((self.stage, step.title, result))
        return "Failed" if self.has_failed else "Succeeded"

    def _lookup(self, path: str, index: str | None) -> Any:
        assert (path, index is not None) == ("variables", True), path
        return self.variables.get(str(index))

    def _step(self, step: AzureStep) -> bool:
        match step.transfer:
            case "checkout":
                assert step.path == "self", step.path
                return True
            case "publish":
                return _copied(Path(self._filled(step.path)), self.agent.artifact(step.artifact))
            case "download":
                assert step.path == "current", step.path
                return _copied(
                    self.agent.artifact(step.artifact),
                    Path(self.variables["Pipeline.Workspace"]) / step.artifact,
                )
        if step.title == SETS_UP:
            self.path = self.agent.folders_of_set_up(step, lambda: self._set_up(step))
            return True
        return self._script(step, self.source)

    def _set_up(self, step: AzureStep) -> list[str]:
        assert self._script(step, REPOSITORY), "the machine cannot be set up"
        return self.path

    def _script(self, step: AzureStep, where: Path) -> bool:
        file = self.agent.artifact("") / f"../{len(self.agent.record.steps)}.sh"
        file = self.agent.script_file()
        file.write_text(self._filled(step.script))
        bash = ["bash", str(file)] if step.connection else ["bash", "--noprofile", "--norc", str(file)]
        answer = subprocess.run(
            bash, cwd=where, env=self._environ(step), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            text=True, check=False,
        )  # fmt: skip
        print(answer.stdout, end="", flush=True)
        obeyed = [
            self._obey(step, *match.groups())
            for line in answer.stdout.splitlines()
            if (match := _COMMAND.match(line))
        ]
        return answer.returncode == 0 and all(obeyed)

    def _environ(self, step: AzureStep) -> dict[str, str]:
        mapped = {name: self._filled(str(text), strict=True) for name, text in step.environ.items()}
        shown = {name.replace(".", "_").upper(): value for name, value in self.variables.items()}
        environ = {name: value for name, value in os.environ.items() if step.connection or name not in LOGIN}
        # Before it stays the rehearsal's own `pulumi`, which finds the copy of each stack's file.
        launcher, _, others = environ["PATH"].partition(os.pathsep)
        environ["PATH"] = os.pathsep.join([launcher, *self.path, others])
        return environ | shown | (self.agent.login(step.connection) if step.connection else {}) | mapped

    def _filled(self, text: str, *, strict: bool = False) -> str:
        """A text with its macros replaced. What is no variable stays as it stands: it may be the shell's own."""
        known = self.variables | SECRET
        found = _MACRO.sub(lambda match: known.get(match[1], match[0]), text)
        assert not (strict and _MACRO.search(found)), f"{found}: no such variable"
        return found

    def _obey(self, step: AzureStep, command: str, properties: str | None, text: str) -> bool:
        options = dict(one.split("=", 1) for one in (properties or "").split(";") if one)
        match command:
            case "task.prependpath":
                self.path.insert(0, text)
            case "task.setvariable":
                if options.get("isOutput") == "true":
                    assert step.name, f"{step.title}: an output variable is found by its step's name"
                    self.agent.keep_output(
                        self.stage, self.job.name, f"{step.name}.{options['variable']}", text
                    )
                else:
                    self.variables[options["variable"]] = text
            case "task.uploadsummary":
                if not Path(text).is_file():
                    return False
                self.agent.record.summaries.append(Path(text).read_text())
            case "task.logissue":
                assert options["type"] in {"warning", "error"}, options
            case _:
                raise AssertionError(f"##vso[{command}]: no logging command that our files print")
        return True


def _copied(source: Path, target: Path) -> bool:
    if not source.is_dir():
        return False
    shutil.copytree(source, target, dirs_exist_ok=True)
    return True


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def main() -> int:
    """Run a pipeline; 1 when a stage of it failed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("--commit", default="origin/main")
    parser.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--variable", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--out", type=Path, required=True, help="Where record.json and the artifacts go.")
    given = parser.parse_args()
    parameters, variables = (
        dict(one.split("=", 1) for one in rows) for rows in (given.parameter, given.variable)
    )
    # What lets this program be found is no part of what the steps see.
    os.environ.pop("PYTHONPATH", None)
    shutil.rmtree(given.out, ignore_errors=True)
    given.out.mkdir(parents=True)
    _git("fetch", "--quiet", "origin")
    pipeline, commit = read_pipeline(given.file, parameters), _git("rev-parse", given.commit)
    record = Agent(pipeline, commit, variables, given.out.absolute()).run()
    (given.out / "record.json").write_text(json.dumps(asdict(record), indent=2))
    return 1 if "Failed" in record.stages.values() else 0


if __name__ == "__main__":
    sys.exit(main())
