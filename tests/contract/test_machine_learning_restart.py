"""Protects: everything that was acknowledged is read back by the official client after a restart and after kill -9."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.machine_learning_assets import register_component, register_environment, write_component
from tests.contract.machine_learning_platform import MachineLearningPlatform, machine_learning_platform


@pytest.fixture(scope="module")
def azure_ml(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MachineLearningPlatform]:
    from azure.ai.ml.entities import AmlCompute, Data, Model

    folder = tmp_path_factory.mktemp("assets")
    (folder / "rows").mkdir()
    (folder / "rows" / "a.csv").write_text("a\n")
    with machine_learning_platform() as platform:
        client = platform.client()
        register_environment(client)
        register_component(client, write_component(folder))
        client.compute.begin_create_or_update(AmlCompute(name="cpu-cluster", size="Standard_DS3_v2")).result()
        client.data.create_or_update(Data(name="rows", path=str(folder / "rows"), type="uri_folder"))
        client.models.create_or_update(Model(name="model", path=str(folder / "rows")))
        trigger = {"triggerType": "Cron", "expression": "0 6 * * 1"}
        action = {
            "actionType": "CreateJob",
            "jobDefinition": {"jobType": "Pipeline", "jobs": {}, "settings": {}},
        }
        body = {"properties": {"trigger": trigger, "action": action}}
        assert platform.call("PUT", "schedules/weekly", json=body).status_code == 201
        yield platform


_READS: dict[str, Callable[[Any], Any]] = {
    "workspace": lambda client: client.workspaces.get().mlflow_tracking_uri,
    "workspaces": lambda client: [entry.name for entry in client.workspaces.list()],
    "compute": lambda client: client.compute.get("cpu-cluster")._to_dict(),
    "computes": lambda client: [entry.name for entry in client.compute.list()],
    "datastores": lambda client: [entry._to_dict() for entry in client.datastores.list()],
    "default_datastore": lambda client: client.datastores.get_default().container_name,
    "environment": lambda client: client.environments.get("tools", "1")._to_dict(),
    "environments": lambda client: [entry.name for entry in client.environments.list()],
    "component": lambda client: client.components.get("train")._to_dict(),
    "components": lambda client: [entry.name for entry in client.components.list()],
    "data": lambda client: client.data.get("rows", label="latest")._to_dict(),
    "data_assets": lambda client: [entry.name for entry in client.data.list()],
    "model": lambda client: client.models.get("model", "1")._to_dict(),
    "models": lambda client: [entry.name for entry in client.models.list()],
    "schedules": lambda client: [entry.name for entry in client.schedules.list()],
}


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_every_read_is_the_same_afterwards(
    azure_ml: MachineLearningPlatform, end: str, tmp_path: Path
) -> None:
    before = {name: read(azure_ml.client()) for name, read in _READS.items()}
    assert all(before.values())
    getattr(azure_ml.emulator, end)()
    azure_ml.emulator.start()
    with azure_ml.environment():
        client = azure_ml.client()
        assert {name: read(client) for name, read in _READS.items()} == before
        client.models.download("model", "1", download_path=str(tmp_path))
    assert next(tmp_path.rglob("a.csv")).read_text() == "a\n"


def test_what_was_acknowledged_before_a_kill_is_there(azure_ml: MachineLearningPlatform) -> None:
    acknowledged: list[int] = []
    enough = threading.Event()
    token = azure_ml.emulator.token()

    def write() -> None:
        for number in range(10_000):
            try:
                response = azure_ml.call(
                    "PUT", f"environments/burst/versions/{number}", json={"properties": {"image": f"i:{number}"}},
                    headers={"Authorization": f"Bearer {token}"},
                )  # fmt: skip
            except OSError:
                return
            if response.status_code == 201:
                acknowledged.append(number)
            if len(acknowledged) == 60:
                enough.set()

    writer = threading.Thread(target=write)
    writer.start()
    assert enough.wait(timeout=120)
    azure_ml.emulator.kill()
    writer.join(timeout=120)
    azure_ml.emulator.start()
    with azure_ml.environment():
        kept = {int(entry.version) for entry in azure_ml.client().environments.list("burst")}
    assert set(acknowledged) <= kept
    assert len(kept) <= len(acknowledged) + 1, "at most the one that nobody heard of"
