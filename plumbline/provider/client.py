"""Writes to Azure ML, through azure-ai-ml: its request bodies are the ones that Azure knows.

Only this module, entities.py and uploads.py import azure.ai.ml (2 to 10 seconds), once something is written.
Everything here blocks; call it in a thread. One MLClient for each workspace serves all threads (measured: 30 of 30 from eight).
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from plumbline.assets import AssetDefinition, ScheduleDefinition, to_az_ml_yaml
from plumbline.azure.client_libraries import import_client_libraries
from plumbline.azure.live_version import CODE_HASH_PROPERTY, CONTENT_HASH_PROPERTY, OWNER_PROPERTY
from plumbline.azure.patience import patience
from plumbline.azure.registry_form import written_out
from plumbline.kinds import KINDS, SCHEDULE
from plumbline.provider.address import Place, Registry, Workspace
from plumbline.provider.answers import refusal_of
from plumbline.provider.entities import faults, load_azure_ai_ml, loaded, loaded_job, loaded_schedule
from plumbline.provider.errors import ProviderBug, Refusal
from plumbline.provider.login import Login
from plumbline.provider.lost_answer import when_answered
from plumbline.provider.role_patience import Say, when_role_is_there

T = TypeVar("T")


class Writer:
    """Uploads and PUTs of one Resource Manager endpoint.

    Every call is idempotent: run again after a cut-off, it ends in the same state.
    """

    def __init__(self, *, endpoint: str, cloud: str, login: Login, local: bool) -> None:
        self._endpoint = endpoint
        self._cloud = cloud
        self._login = login
        self._local = local
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._answers = _Answers()

    def register(
        self,
        place: Place,
        definition: AssetDefinition,
        *,
        root: Path,
        owner: str,
        say: Say = lambda _: None,
    ) -> Mapping[str, Any] | None:
        """Upload what a definition needs and PUT its version.

        Args:
            say: Told when it waits for a role on the storage.
        Returns: the REST body with which Azure acknowledged the version; None in a registry, which answers none (recorded).
        Raises: Refusal: no right, no answer, or azure-ai-ml finds fault with the definition.
        """
        scope = place.version(KINDS[definition.kind].collection, definition.name, definition.version)
        with self._refusals(f"{definition.reference}: register", "versions/write", definition.kind, scope):
            entity = loaded(definition.kind, _yaml_for(place, definition, root))
            marks = {OWNER_PROPERTY: owner, CONTENT_HASH_PROPERTY: definition.content_hash}
            entity.properties = {**(entity.properties or {}), **marks}
            if definition.code_hash and not KINDS[definition.kind].code_paths:
                # A code asset keeps the hash; where there is none, nothing does.
                entity.properties[CODE_HASH_PROPERTY] = definition.code_hash
            with self._answers.kept() as answers:
                operations = self._operations(place, definition.kind)
                when_role_is_there(
                    lambda: self._steadily(lambda: KINDS[definition.kind].written(operations, entity)),
                    local=self._local,
                    say=say,
                )
        return self._answer(place, scope, answers)

    def change(
        self,
        place: Place,
        definition: AssetDefinition,
        mutable: Mapping[str, Any],
        *,
        properties: Mapping[str, str],
        root: Path,
    ) -> Mapping[str, Any] | None:
        """Change what may change of a version that exists: `description`, `tags`, `display_name`.

        Args:
            properties: Those of the live version, our marks among them. azure-ai-ml 1.35.2 looks for a component's where
                Azure answers none (recorded), and would send none back.
        """
        kind, name, version = definition.kind, definition.name, definition.version
        scope = place.version(KINDS[kind].collection, name, version)
        with self._refusals(f"{name}:{version}: change", "versions/write", kind, scope):
            operations = self._operations(place, kind)
            entity = self._steadily(lambda: operations.get(name=name, version=version))
            if kind == "component" and entity.type == "pipeline":
                # Azure answers no steps, so that azure-ai-ml would send none (recorded; azure-ai-ml 1.35.2).
                entity = loaded(kind, _yaml_for(place, definition, root))
            entity.properties = dict(properties)
            for noun, value in mutable.items():
                setattr(entity, noun, value)
            with self._answers.kept() as answers:
                self._steadily(lambda: KINDS[definition.kind].written(operations, entity))
        return self._answer(place, scope, answers)

    def archive(self, place: Place, kind: str, name: str, version: str) -> None:
        """Archive one version.

        Raises: Denied: Azure will not; a delete takes that for a warning.
        """
        scope = place.version(KINDS[kind].collection, name, version)
        with self._refusals(f"{name}:{version}: archive", "versions/write", kind, scope):
            operations = self._operations(place, kind)
            self._steadily(lambda: operations.archive(name=name, version=version))

    def restore(self, place: Place, kind: str, name: str, version: str | None) -> None:
        """Restore one version, or with no version the container."""
        scope = place.container(KINDS[kind].collection, name)
        with self._refusals(f"{name}:{version or ''}: restore", "versions/write", kind, scope):
            operations = self._operations(place, kind)
            self._steadily(lambda: operations.restore(name=name, version=version))

    def put_schedule(
        self, workspace: Workspace, definition: ScheduleDefinition, *, root: Path, owner: str | None
    ) -> Mapping[str, Any]:
        """Create a schedule, or bring it in line.

        Args:
            owner: URN to mark it with; None leaves it without a mark.
        Returns: the REST body with which Azure acknowledged it.
        """
        scope = workspace.container(SCHEDULE.collection, definition.name)
        with self._refusals(f"{definition.name}: put schedule", "write", "schedule", scope):
            entity = loaded_schedule(definition, root)
            entity.properties = {**(entity.properties or {}), **({OWNER_PROPERTY: owner} if owner else {})}
            # The YAML has no such field; azure-ai-ml's own enable and disable set it in this way (1.35.2).
            entity._is_enabled = definition.enabled  # noqa: SLF001
            with self._answers.kept() as answers:
                schedules = self._client(workspace).schedules
                self._steadily(lambda: schedules.begin_create_or_update(entity).result())
        return answers.last(scope)

    def delete_schedule(self, workspace: Workspace, name: str, *, enabled: bool) -> None:
        """Disable a schedule, so that it cannot fire any more, then delete it."""
        scope = workspace.container(SCHEDULE.collection, name)
        with self._refusals(f"{name}: delete schedule", "delete", "schedule", scope):
            schedules = self._client(workspace).schedules
            if enabled:
                self._steadily(lambda: schedules.begin_disable(name=name).result())
            self._steadily(lambda: schedules.begin_delete(name=name).result())

    def begin_loading(self) -> None:
        """Import azure-ai-ml in the background, for a caller that has something else to wait for first."""
        # As in _opened: it reads the variable when it is imported.
        os.environ["AZUREML_CURRENT_CLOUD"] = self._cloud
        # The caller goes on reading: what both need is there before the two run side by side.
        import_client_libraries()
        threading.Thread(target=_load_ahead, name="azure-ai-ml", daemon=True).start()

    def submit_job(self, workspace: Workspace, job: Mapping[str, Any], *, root: Path) -> Mapping[str, Any]:
        """Submit a job. Not idempotent, unless the mapping has a `name`.

        Args:
            job: az ml YAML of a job as a mapping (see `job_to_az_ml_yaml`).
            root: Folder from which relative paths in it start.
        Returns: the REST body with which Azure acknowledged the job.
        Raises: Refusal: no right, no answer, or azure-ai-ml or Azure finds fault with the job.
        """
        from azure.core.exceptions import AzureError

        scope = f"{workspace.id}/jobs"
        try:
            client = self._client(workspace)
            entity = loaded_job(job, root)
            with self._answers.kept() as answers:
                if job.get("name"):
                    entity = self._steadily(lambda: client.jobs.create_or_update(entity))
                else:
                    entity = client.jobs.create_or_update(entity)
        except (AzureError, OSError) as error:
            action = "Microsoft.MachineLearningServices/workspaces/jobs/write"
            raise refusal_of(error, what="job: submit", action=action, scope=scope) from error
        return answers.last(f"{scope}/{entity.name}")

    def _answer(self, place: Place, scope: str, answers: _Kept) -> Mapping[str, Any] | None:
        return None if isinstance(place, Registry) else answers.last(scope)

    def _steadily(self, action: Callable[[], T]) -> T:
        return when_answered(action, local=self._local)

    def _operations(self, place: Place, kind: str) -> Any:
        return KINDS[kind].client_of(self._client(place))

    def _client(self, place: Place) -> Any:
        with self._lock:
            if place.id not in self._clients:
                self._clients[place.id] = self._opened(place)
            return self._clients[place.id]

    def _opened(self, place: Place) -> Any:
        # With this variable azure-ai-ml fails when its metadata cannot be read; without it, it goes to Azure.
        os.environ["AZUREML_CURRENT_CLOUD"] = self._cloud
        load_azure_ai_ml()
        from azure.ai.ml import MLClient

        from plumbline.azure.shared_transport import shared_transport
        from plumbline.provider.connections import keep_cloud
        from plumbline.provider.uploads import make_uploads_end

        make_uploads_end(local=self._local)
        keep_cloud(self._cloud)
        where = "registry_name" if isinstance(place, Registry) else "workspace_name"
        client = MLClient(
            self._login,
            place.subscription_id,
            place.resource_group,
            **{where: place.name},
            show_progress=False,
            enable_telemetry=False,
            user_agent="plumbline-provider",
            raw_response_hook=self._answers.hook,
            transport=shared_transport(),
            **patience(local=self._local),
        )
        base_url: str = client._base_url  # noqa: SLF001 - the only place where it says where it would go
        if base_url.rstrip("/") != self._endpoint.rstrip("/"):
            raise Refusal(
                f"cloud: azure-ai-ml: got {base_url}, expected {self._endpoint}, which the fence let pass. "
                "Nothing was sent. Open a new shell."
            )
        return client

    @contextmanager
    def _refusals(self, what: str, action: str, kind: str, scope: str) -> Iterator[None]:
        from azure.core.exceptions import AzureError
        from marshmallow import ValidationError

        needed = f"Microsoft.MachineLearningServices/workspaces/{KINDS[kind].collection}/{action}"
        try:
            yield
        except (AzureError, OSError) as error:
            raise refusal_of(error, what=what, action=needed, scope=scope) from error
        except ValidationError as error:
            raise Refusal(
                f"{what}: azure-ai-ml: got fault with the definition. {faults(str(error))}"
            ) from error


def _load_ahead() -> None:
    from azure.core.exceptions import AzureError

    with suppress(AzureError):  # whoever needs it loads it again, and is told
        load_azure_ai_ml()


def _yaml_for(place: Place, definition: AssetDefinition, root: Path) -> dict[str, Any]:
    mapping = to_az_ml_yaml(definition, root=root)
    return written_out(mapping, place.name) if isinstance(place, Registry) else mapping


class _Answers:
    """Bodies of the PUTs of the calling thread: what came back, before azure-ai-ml makes an entity of it."""

    def __init__(self) -> None:
        self._thread = threading.local()

    @contextmanager
    def kept(self) -> Iterator[_Kept]:
        """Keep what the calling thread is answered from here to the end of the block."""
        self._thread.kept = kept = _Kept()
        try:
            yield kept
        finally:
            self._thread.kept = None

    def hook(self, response: Any) -> None:
        """Handed to azure-core, which calls it after every response."""
        kept = getattr(self._thread, "kept", None)
        answer = response.http_response
        if kept is None or response.http_request.method != "PUT" or answer.status_code not in (200, 201):
            return
        if hasattr(answer, "read"):
            answer.read()  # a long operation's first answer is a stream; what is read once can be read again
        if "json" in answer.headers.get("content-type", ""):
            kept.bodies.append((response.http_request.url, json.loads(answer.text())))


class _Kept:
    def __init__(self) -> None:
        self.bodies: list[tuple[str, Any]] = []

    def last(self, arm_id: str) -> Mapping[str, Any]:
        """The last body that a PUT of this ARM id was answered with."""
        for url, body in reversed(self.bodies):
            if arm_id.lower() in url.lower() and isinstance(body, dict):
                return body
        raise ProviderBug(f"{arm_id}: got no answer to a PUT, expected one from azure-ai-ml.")
