"""Publishes versions in an Azure ML registry, through azure-ai-ml: its request bodies are the ones that Azure knows.

A registry is not a workspace: its PUTs are answered by its region, at once and without a body (recorded), so that what was
published is read back by whoever asks.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any

from plumbline.azure.live_version import CODE_HASH_PROPERTY, CONTENT_HASH_PROPERTY, OWNER_PROPERTY
from plumbline.azure.patience import patience
from plumbline.azure.registry_address import RegistryAddress
from plumbline.provider.answers import refusal_of
from plumbline.provider.cloud import Cloud
from plumbline.provider.entities import faults, load_azure_ai_ml, loaded
from plumbline.provider.errors import Refusal

OWNER = "plumbline promote"
_OPERATIONS = {"environment": "environments", "component": "components", "data": "data"}


class RegistryWriter:
    """Uploads and PUTs into one registry; every call may be repeated and ends in the same state."""

    def __init__(self, cloud: Cloud, registry: RegistryAddress) -> None:
        self._cloud, self._registry = cloud, registry
        self._client: Any = None

    def publish(
        self, kind: str, mapping: Mapping[str, Any], *, content_hash: str, code_hash: str | None
    ) -> None:
        """Publish one version that is not there yet.

        Args:
            mapping: az ml YAML with registry references throughout.
            content_hash: Our mark beside it; nobody believes it where the answer shows more.
        Raises: Refusal: no right, no answer, or azure-ai-ml or Azure finds fault with it.
        """
        what = f"{mapping['name']}:{mapping['version']}: publish in registry {self._registry.name}"
        scope = self._registry.version(kind, str(mapping["name"]), str(mapping["version"]))
        with self._refusals(what, scope):
            entity = loaded(kind, mapping)
            marks = {OWNER_PROPERTY: OWNER, CONTENT_HASH_PROPERTY: content_hash}
            if code_hash and kind != "component":
                marks[CODE_HASH_PROPERTY] = code_hash
            entity.properties = {**(entity.properties or {}), **marks}
            operations = getattr(self._opened(), _OPERATIONS[kind])
            # Waiting for a registry, azure-ai-ml prints dots and lines of its own (1.35.2, `_registry_utils`).
            silent = io.StringIO()
            with redirect_stdout(silent), redirect_stderr(silent):
                operations.create_or_update(entity)

    def _opened(self) -> Any:
        if self._client is not None:
            return self._client
        # As in client.py: with this variable azure-ai-ml fails when its metadata cannot be read, else it goes to Azure.
        os.environ["AZUREML_CURRENT_CLOUD"] = self._cloud.live.name
        load_azure_ai_ml()
        from azure.ai.ml import MLClient

        from plumbline.provider.uploads import make_uploads_end

        local = self._cloud.live.is_emulated
        make_uploads_end(local=local)
        client = MLClient(
            self._cloud.login,
            self._registry.subscription_id,
            self._registry.resource_group_name,
            registry_name=self._registry.name,
            show_progress=False,
            enable_telemetry=False,
            user_agent="plumbline-promote",
            **patience(local=local),
        )
        base_url: str = client._base_url  # noqa: SLF001 - the only place where it says where it would go
        if base_url.rstrip("/") != self._cloud.endpoint.rstrip("/"):
            raise Refusal(
                f"cloud: azure-ai-ml: got {base_url}, expected {self._cloud.endpoint}, which the fence let pass. "
                "Nothing was sent. Open a new shell."
            )
        self._client = client
        return client

    @contextmanager
    def _refusals(self, what: str, scope: str) -> Iterator[None]:
        from azure.core.exceptions import AzureError
        from marshmallow import ValidationError

        try:
            yield
        except (AzureError, OSError) as error:
            action = "Microsoft.MachineLearningServices/registries/assets/write"
            raise refusal_of(error, what=what, action=action, scope=scope) from error
        except ValidationError as error:
            raise Refusal(
                f"{what}: azure-ai-ml: got fault with the definition. {faults(str(error))}"
            ) from error
