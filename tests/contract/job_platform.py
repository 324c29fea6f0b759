"""Small pipelines over REST for tests of the executor: a command per step, no code, an environment without packages."""

from __future__ import annotations

import os
import re
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.contract.machine_learning_platform import MachineLearningPlatform, machine_learning_platform

JOB_VERSION = "2024-01-01-preview"
ENDED = ("Completed", "Failed", "Canceled")


def marked(text: str) -> str:
    """A command, or the mark in it, with every sleep of 735x or 736x seconds made this test process's own.

    Tests find the processes of their steps by them; another run of the suite on this machine sleeps for other times.
    """
    return re.sub(r"\b73[56]\d\b", rf"\g<0>{os.getpid():07d}", text)


@dataclass(kw_only=True)
class JobPlatform:
    """A platform with an environment, two clusters and ways to run something on them."""

    azure_ml: MachineLearningPlatform

    @property
    def emulator(self) -> Any:
        return self.azure_ml.emulator

    def prepare(self) -> None:
        """The environment `bare:1` and the clusters `wide` (4 nodes) and `narrow` (1 node)."""
        self.put("environments/bare/versions/1", {"image": "python:3.11"})
        for name, nodes in (("wide", 4), ("narrow", 1)):
            self.resize(name, nodes)

    def resize(self, compute: str, nodes: int) -> None:
        """Create a cluster or change its size."""
        body = {
            "computeType": "AmlCompute",
            "properties": {
                "vmSize": "STANDARD_DS3_V2",
                "vmPriority": "Dedicated",
                "scaleSettings": {
                    "minNodeCount": 0,
                    "maxNodeCount": nodes,
                    "nodeIdleTimeBeforeScaleDown": "PT2M",
                },
            },
        }
        answer = self.azure_ml.call(
            "PUT", f"computes/{compute}", json={"location": "westeurope", "properties": body}
        )
        assert answer.status_code in (200, 201, 202), answer.text

    def put(self, path: str, properties: Mapping[str, Any]) -> Any:
        """PUT an asset below the workspace."""
        answer = self.azure_ml.call("PUT", path, json={"properties": dict(properties)})
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def component(
        self,
        command: str,
        *,
        inputs: Mapping[str, Any] | None = None,
        outputs: Mapping[str, Any] | None = None,
        environment: str = "bare:1",
        **rest: Any,
    ) -> str:
        """Register a command component of a fresh name; its id."""
        name = f"c{uuid.uuid4().hex[:10]}"
        spec = {
            "name": name,
            "version": "1",
            "type": "command",
            "command": marked(command),
            "is_deterministic": True,
            "environment": f"azureml:{environment}",
            "inputs": dict(inputs or {}),
            "outputs": dict(outputs or {}),
            **rest,
        }
        return str(self.put(f"components/{name}/versions/1", {"componentSpec": spec})["id"])

    def step(
        self,
        command: str,
        *,
        inputs: Mapping[str, Any] | None = None,
        bind: Mapping[str, Any] | None = None,
        outputs: Mapping[str, Any] | None = None,
        promote: Mapping[str, str] | None = None,
        **node: Any,
    ) -> dict[str, Any]:
        """A node that runs a command.

        Args:
            inputs: declared by the component; `bind`: what the node gives them.
            promote: output to the pipeline's output that it is.
        """
        keys = {
            key: node.pop(key) for key in ("environment", "is_deterministic", "distribution") if key in node
        }
        component = self.component(command, inputs=inputs, outputs=outputs, **keys)
        given = {
            name: value if isinstance(value, dict) else {"job_input_type": "literal", "value": str(value)}
            for name, value in (bind or {}).items()
        }
        bound = {
            name: {"value": f"${{{{parent.outputs.{outer}}}}}", "type": "literal"}
            for name, outer in (promote or {}).items()
        }
        return {"type": "command", "componentId": component, "inputs": given, "outputs": bound, **node}

    def pipeline(
        self,
        jobs: Mapping[str, Any],
        *,
        inputs: Mapping[str, Any] | None = None,
        compute: str = "wide",
        outputs: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> dict[str, Any]:
        """The body of a pipeline job."""
        return {
            "jobType": "Pipeline",
            "displayName": "test",
            "experimentName": "tests",
            "inputs": dict(inputs or {}),
            "outputs": dict(outputs or {}),
            "jobs": dict(jobs),
            "properties": {},
            "tags": {},
            "settings": {"default_compute": f"{self.azure_ml.workspace_id}/computes/{compute}", **settings},
        }

    def command(self, text: str, **rest: Any) -> dict[str, Any]:
        """The body of a command job."""
        workspace = self.azure_ml.workspace_id
        return {
            "jobType": "Command",
            "command": marked(text),
            "environmentId": f"{workspace}/environments/bare/versions/1",
            "computeId": f"{workspace}/computes/wide",
            "experimentName": "tests",
            "inputs": {},
            "outputs": {},
            **rest,
        }

    def send(self, body: Mapping[str, Any], name: str | None = None, *, principal: str = "deployer") -> Any:
        """PUT a job; the response."""
        return self.azure_ml.emulator.request(
            "PUT",
            f"{self.azure_ml.workspace_id}/jobs/{name or f'job-{uuid.uuid4().hex[:10]}'}",
            principal=principal,
            api_version=JOB_VERSION,
            json={"properties": dict(body)},
        )

    def submit(self, body: Mapping[str, Any], name: str | None = None) -> str:
        """PUT a job that is accepted; its name."""
        answer = self.send(body, name)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["name"])

    def wait(self, name: str, *, until: tuple[str, ...] = ENDED, seconds: float = 60) -> dict[str, Any]:
        """The job's properties once its status is one of `until`."""
        deadline = time.monotonic() + seconds
        while True:
            properties: dict[str, Any] = self.azure_ml.get(f"jobs/{name}")["properties"]
            if properties["status"] in until:
                return properties
            assert time.monotonic() < deadline, (name, properties["status"], self.steps(name))
            time.sleep(0.03)

    def run(self, body: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Submit and wait: name and properties."""
        name = self.submit(body)
        return name, self.wait(name)

    def history(self, path: str, method: str = "GET", **options: Any) -> Any:
        """One request of run history, its JSON."""
        answer = self.azure_ml.emulator.request(
            method, f"/history/v1.0{self.azure_ml.workspace_id}/{path}", api_version=None, **options
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def steps(self, name: str) -> dict[str, dict[str, Any]]:
        """Children by their name in the graph; those that were scheduled so far."""
        return {run["displayName"]: run for run in self.history(f"runs/{name}/children")["value"]}

    def outputs(self, name: str) -> dict[str, str]:
        """Where the outputs of a run lie, as run history and the data plane tell it."""
        found = self.history("rundata", "POST", json={"runId": name})["runMetadata"]["outputs"] or {}
        ids = {output: one["assetId"] for output, one in found.items()}
        answer = self.azure_ml.emulator.request(
            "POST",
            f"/data/v1.0{self.azure_ml.workspace_id}/dataversion/batchGetResolvedUris",
            api_version=None,
            json={"values": list(ids.values())},
        )
        assert answer.status_code == 200, answer.text
        values = answer.json()["values"]
        return {output: values[asset]["uri"] for output, asset in ids.items()}

    def details(self, run: str) -> dict[str, Any]:
        """Status, error, logs of a run."""
        found: dict[str, Any] = self.history(f"runs/{run}/details")
        return found

    def file(self, run: str, path: str) -> str:
        """One log or record of a run, by the address that details give."""
        url = self.details(run)["logFiles"][path]
        answer = self.azure_ml.emulator.request("GET", url, principal=None, api_version=None)
        assert answer.status_code == 200, answer.text
        return str(answer.text)

    def log(self, run: str) -> str:
        """What the step printed."""
        return self.file(run, "user_logs/std_log.txt")

    def error(self, run: str) -> str:
        """Why it failed."""
        return str(self.details(run)["error"]["error"]["message"]).strip()

    def why(self, job: str) -> str:
        """Why steps of a pipeline failed: the job's own error only names them."""
        failed = [run["runId"] for run in self.steps(job).values() if run["status"] == "Failed"]
        return " ".join(self.error(run) for run in failed)

    def record(self, run: str) -> dict[str, Any]:
        """What evidence is made of."""
        import json

        found: dict[str, Any] = json.loads(self.file(run, "system_logs/run_record.json"))
        return found


@contextmanager
def job_platform(*, azure_noise: bool = False) -> Iterator[JobPlatform]:
    """A platform ready for jobs."""
    with machine_learning_platform(azure_noise=azure_noise) as azure_ml:
        platform = JobPlatform(azure_ml=azure_ml)
        platform.prepare()
        yield platform


def produced(step: str, output: str) -> dict[str, str]:
    """A binding to another step's output."""
    return {"job_input_type": "uri_folder", "uri": f"${{{{parent.jobs.{step}.outputs.{output}}}}}"}
