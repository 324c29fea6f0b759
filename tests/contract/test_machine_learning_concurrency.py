"""Protects: many registrations at once lose nothing, and what has grown large is still listed quickly."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.contract.machine_learning_assets import register_component, register_environment, write_component
from tests.contract.machine_learning_platform import (
    ML_VERSION,
    MachineLearningPlatform,
    machine_learning_platform,
)


@pytest.fixture(scope="module")
def azure_ml() -> Iterator[MachineLearningPlatform]:
    with machine_learning_platform() as platform:
        register_environment(platform.client())
        yield platform


def test_one_client_registers_from_eight_threads(azure_ml: MachineLearningPlatform, tmp_path: Path) -> None:
    client = azure_ml.client()

    def register(number: int) -> str:
        path = write_component(tmp_path / str(number))
        path.write_text(path.read_text().replace("name: train", f"name: parallel_{number}"))
        (path.parent / "src" / "train.py").write_text(f"print({number % 10})\n")
        return str(register_component(client, path).name)

    with ThreadPoolExecutor(8) as threads:
        names = list(threads.map(register, range(30)))
    listed = {entry["name"] for entry in azure_ml.get("components")["value"]}
    assert set(names) <= listed
    codes = azure_ml.get("codes")["value"]
    assert 10 <= len(codes) <= 30, "equal code may be uploaded twice by two who start at once, never more"


def test_a_thousand_assets_are_listed_page_by_page(azure_ml: MachineLearningPlatform) -> None:
    session = requests.Session()
    session.verify = str(azure_ml.emulator.home / "ca.pem")
    session.headers["Authorization"] = f"Bearer {azure_ml.emulator.token()}"
    url = f"{azure_ml.emulator.base_url}{azure_ml.workspace_id}/environments"
    version = {"api-version": ML_VERSION}
    for number in range(1000):
        body = {"properties": {"image": f"python:{number}"}}
        response = session.put(f"{url}/many-{number:04}/versions/1", json=body, params=version)
        assert response.status_code == 201
    link, found = f"{url}?api-version={ML_VERSION}", []
    while link:
        page = session.get(link).json()
        assert len(page["value"]) < 1000
        found += [one["name"] for one in page["value"]]
        link = page.get("nextLink", "")
    assert len(found) == len(set(found)) >= 1000
