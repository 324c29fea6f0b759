"""What a check holds: the cloud, the parts that were made, the second login, and what it asked by which api-version."""

from __future__ import annotations

import os
import re
import threading
import uuid
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

from azure.core.exceptions import AzureError
from azure.core.rest import HttpResponse

from tests.verify_azure.check import PARTS
from tests.verify_azure.cloud import Cloud, Refused
from tests.verify_azure.finding import ODD_ANSWERS, NotChecked
from tests.verify_azure.versions import GROUP, ML, RESOURCES

_PROVIDER = re.compile(r"/providers/(Microsoft\.\w+)/(\w+)")
# A second login, with no rights of its own before the checks give it some. See docs/guides/verify-azure.md.
SYSTEM_DATA_SECONDS = 60
SECOND_ID, SECOND_SECRET = "VERIFY_AZURE_CLIENT_ID", "VERIFY_AZURE_CLIENT_SECRET"


class World:
    """The parts of one run: each made once, by whichever check needs it first."""

    def __init__(self, cloud: Cloud, *, group_name: str, suffix: str, tags: Mapping[str, str]) -> None:
        self.cloud, self.group_name, self.suffix, self.tags = cloud, group_name, suffix, dict(tags)
        self._made: dict[str, Future[Any]] = {}
        self._lock = threading.Lock()
        self.leftovers: list[str] = []
        # What is removed whether or not Azure's lists, which come late, show it yet.
        self.groups: list[str] = []
        self.locks: list[str] = []

    def part(self, name: str) -> Any:
        """A part, made now if it is not yet. Raises: NotChecked: it could not be made."""
        with self._lock:
            future, is_first = self._made.get(name), name not in self._made
            if future is None:
                future = self._made[name] = Future()
        if is_first:
            try:
                future.set_result(PARTS[name].make(Subject(self)))
            except BaseException as error:
                future.set_exception(error)
                raise _not_made(name, error) from error
        try:
            return future.result()
        # Whatever a part's maker raised is kept in the future, and becomes the reason of every check that needs it.
        except Exception as error:
            raise _not_made(name, error) from error


def _not_made(name: str, error: BaseException) -> BaseException:
    if isinstance(error, (Refused, AzureError, NotChecked, *ODD_ANSWERS)):
        return NotChecked(f"the {name} could not be made: {first_line(error)}")
    return error


def first_line(error: BaseException) -> str:
    """What an error says in its first line, its kind where it says nothing."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__


class Subject:
    """One check's view of the world."""

    def __init__(self, world: World) -> None:
        self.world, self.cloud = world, world.cloud
        self.versions: dict[str, None] = {}

    # -- places

    @property
    def group(self) -> str:
        """The resource group's id."""
        return str(self.world.part("group"))

    def resource(self, type: str, name: str, *, group: str | None = None) -> str:
        """The id of a resource of a group."""
        return f"{group or self.group}/providers/{type}/{name}"

    def fresh(self, begin: str = "v") -> str:
        """A name that nothing here has yet, letters and digits only."""
        return f"{begin}{uuid.uuid4().hex[:10]}"

    def part(self, name: str) -> Any:
        """What a part of the run made."""
        return self.world.part(name)

    @property
    def location(self) -> str:
        """The region of everything that is made."""
        return self.cloud.location

    # -- requests

    def send(self, method: str, path: str, *, api: str | None, **options: Any) -> HttpResponse:
        """One request, its answer whatever the status."""
        self._note(path, api)
        return self.cloud.send(method, path, api=api, **options)

    def make_group(self, name: str) -> str:
        """A resource group, which the end of the run removes: its id. Raises: Refused."""
        path = f"{self.cloud.scope}/resourceGroups/{name}"
        self.world.groups.append(name)
        self.put(path, api=GROUP, body={"location": self.location, "tags": self.world.tags})
        return path

    def put(self, path: str, *, api: str, body: Any) -> Any:
        """PUT, its end waited for: the resource as GET answers it. Raises: Refused."""
        self._note(path, api)
        self.cloud.finish("PUT", path, api=api, body=body)
        return self.cloud.get(path, api=api)

    def delete(self, path: str, *, api: str, **query: str) -> None:
        """DELETE, its end waited for. Raises: Refused."""
        self._note(path, api)
        self.cloud.finish("DELETE", path, api=api, **query)

    def get(self, path: str, *, api: str | None, **query: str) -> Any:
        """The JSON of a GET. Raises: Refused."""
        self._note(path, api)
        return self.cloud.get(path, api=api, **query)

    def ml(self, path: str, **query: str) -> Any:
        """The JSON of a GET below the workspace."""
        version = query.pop("api", ML)
        return self.get(f"{self.part('workspace')}/{path}".rstrip("/"), api=version, **query)

    def system_data(self, path: str, *, api: str) -> dict[str, Any]:
        """The systemData of what lies below the workspace, which may come late."""
        found: dict[str, Any] = self.cloud.until(
            lambda: self.ml(path, api=api).get("systemData"), seconds=SYSTEM_DATA_SECONDS
        )
        return found or {}

    def client(self) -> Any:
        """azure-ai-ml's client of the workspace."""
        self.versions["azure-ai-ml 1.35.2"] = None
        return self.cloud.machine_learning(self.world.group_name, self.part("workspace").rsplit("/", 1)[1])

    def data_plane(self, service: str, path: str) -> str:
        """The address of Azure ML's data plane: run history ("history") below this workspace."""
        return f"{self.part('services')['api'].rstrip('/')}/{service}/v1.0{self.part('workspace')}/{path}"

    # -- who

    def claims(self) -> dict[str, Any]:
        """The claims of the login's own token."""
        import jwt

        found: dict[str, Any] = jwt.decode(
            self.cloud.token(self.cloud.audience), options={"verify_signature": False}
        )
        return found

    def second(self) -> SecondLogin:
        """The second login. Raises: NotChecked: none is given."""
        return SecondLogin(self)

    def _note(self, path: str, api: str | None) -> None:
        if api:
            named = _PROVIDER.findall(path)
            self.versions[f"{'/'.join(named[-1]) if named else RESOURCES} {api}"] = None


class SecondLogin:
    """A service principal without rights, by its secret."""

    def __init__(self, subject: Subject) -> None:
        from azure.identity import ClientSecretCredential

        id, secret = os.environ.get(SECOND_ID), os.environ.get(SECOND_SECRET)
        if not id or not secret:
            raise NotChecked(
                f"it needs a second login without rights: set {SECOND_ID} and {SECOND_SECRET} to those of a service "
                "principal of this tenant"
            )
        cloud = subject.cloud
        chosen = (
            {"authority": cloud.endpoint, "disable_instance_discovery": True} if cloud.is_emulated else {}
        )
        credential = ClientSecretCredential(subject.claims()["tid"], id, secret, **chosen)
        self.cloud = Cloud(subscription=cloud.subscription, location=cloud.location, credential=credential)
        self.cloud.stopping = cloud.stopping
        self.credential = credential
        import jwt

        token = jwt.decode(self.cloud.token(cloud.audience), options={"verify_signature": False})
        self.object_id, self.client_id = str(token["oid"]), id
