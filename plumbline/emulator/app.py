"""The emulator's parts, joined; and the ASGI application that takes a request through them."""

from __future__ import annotations

import importlib
import inspect
import json
import logging
import re
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from plumbline.emulator import (
    disk,
    disturbances,  # noqa: F401  registers the noises of every answer
)
from plumbline.emulator.access import ASSIGNMENT_TYPE, Access
from plumbline.emulator.activity import Activity
from plumbline.emulator.answers import send_error, send_reply
from plumbline.emulator.authentication import authenticate, authorize, scope_of
from plumbline.emulator.body_types import BodyTypes
from plumbline.emulator.change_records import ChangeRecords
from plumbline.emulator.errors import AzureError, not_modelled
from plumbline.emulator.executor.executor import Executor
from plumbline.emulator.faults import Fault, Faults
from plumbline.emulator.locks import require_unlocked
from plumbline.emulator.lro import Operations
from plumbline.emulator.noise import Noises
from plumbline.emulator.principals import ANONYMOUS, Principal, Principals
from plumbline.emulator.recorded import RecordedForms
from plumbline.emulator.request_log import RequestLog
from plumbline.emulator.routing import NO_BODY, Call, Reply, Route, Router
from plumbline.emulator.sas import SharedAccess
from plumbline.emulator.services.blob.blobs import Blobs
from plumbline.emulator.settings import Settings
from plumbline.emulator.store import Resource, Store
from plumbline.emulator.tokens import Tokens

# In the order in which they start. Each has a module `routes` with ROUTES and, where it must prepare something
# (tables, seeds), `start(emulator)`.
SERVICES = (
    "metadata", "identity", "directory", "control", "resource_manager", "machine_learning", "serving", "connections",
    "managed_network", "registry", "resource_graph", "unmodelled", "blob", "jobs", "run_history", "mlflow", "studio",
)  # fmt: skip
_WRITES = frozenset({"PUT", "PATCH", "POST", "DELETE"})
_log = logging.getLogger("plumbline.emulator")

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Emulator:
    """Everything a handler may reach, as ``call.emulator``."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = Store(settings.home / "emulator.db")
        self.principals = Principals(home=settings.home, store=self.store, tenant_id=settings.tenant_id)
        self.tokens = Tokens(settings=settings, principals=self.principals)
        self.sas = SharedAccess(settings.home)
        self.access = Access(settings=settings, store=self.store, principals=self.principals)
        self.noises = Noises(enabled=settings.azure_noise, seed=settings.subscription_id)
        self.recorded = RecordedForms()
        self.activity = Activity(settings=settings, store=self.store, noises=self.noises)
        self.change_records = ChangeRecords(settings=settings, store=self.store, noises=self.noises)
        self.operations = Operations(settings=settings, store=self.store)
        self.requests = RequestLog()
        self.body_types = BodyTypes()
        self.faults = Faults()
        self.store.on_delete(self._forget)
        self.blobs = Blobs(self.store, settings.home / "blobs")
        self.router = Router([])
        self.storage_router = Router([])
        for name in SERVICES:
            self._add_service(name)
        self.executor = Executor(self)

    def _add_service(self, name: str) -> None:
        module = importlib.import_module(f"plumbline.emulator.services.{name}.routes")
        for route in module.ROUTES:
            self.router.add(route)
            if route.audience == "storage":
                self.storage_router.add(route)
        if start := getattr(module, "start", None):
            start(self)

    def _forget(self, gone: Resource) -> None:
        """What a resource takes with it: its managed identity, and the rights that an assignment gave."""
        self.principals.remove(gone.id)
        if gone.type == ASSIGNMENT_TYPE:
            self.access.changed()

    def start(self) -> None:
        """Takes up what a former process left: the executor's unfinished runs."""
        self.executor.start()

    def stop(self) -> None:
        """Ends the executor's work and closes the store."""
        self.executor.stop()
        self.store.close()


class Application:
    """ASGI entry: route, token, rights, handler, noise, answer; each step may refuse in Azure's shape."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "lifespan":
            while (message := await receive())["type"] != "lifespan.shutdown":
                if message["type"] == "lifespan.startup":
                    await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        emulator = self.emulator
        call = _call(emulator, scope, receive)
        status, started = 0, time.perf_counter()
        try:
            raw_path = _single(scope.get("raw_path", b"").split(b"?")[0].decode("latin-1") or scope["path"])
            # Storage has its own host on Azure: a container may be called as another service's first segment ("data").
            of_storage = "x-ms-version" in call.headers
            router = emulator.storage_router if of_storage else emulator.router
            found = router.find(call.method, raw_path)
            if found is None and call.method == "HEAD":
                found = router.find("GET", raw_path)
            counted = not call.path.startswith(("/_control", "/health"))
            fault = emulator.faults.take(call.method, call.path, of_storage=of_storage) if counted else None
            if counted:
                await emulator.faults.wait(fault, call.path)
            if fault is not None and fault.acts_before:
                status = await fault.act(send)
                return
            if found is None:
                # An unknown route asks for a token first, as ARM does.
                call.principal, call.token_claims = authenticate(call)
                raise not_modelled(call.method, call.path)
            call.route, call.params = found
            call.principal, call.token_claims = authenticate(call)
            reply = await self._answer(call, fault)
            if fault is not None and fault.acts_after:
                status = await fault.act(send)
                return
            status = reply.status
            await send_reply(call, reply, send)
        except AzureError as error:
            status = error.status
            await send_error(call, error, send)
        except ConnectionResetError:
            _log.info("%s %s: the client went away", call.method, call.path)
        except Exception as error:  # noqa: BLE001  the process's outermost edge: one request's bug must not end the others
            if disk.is_full(error):
                refusal = disk.no_space()
                _log.warning("%s %s: %s", call.method, call.path, refusal)
            else:
                refusal = AzureError(500, "InternalServerError", f"{type(error).__name__}: {error}")
                _log.exception("%s %s: this is a bug in the emulator", call.method, call.path)
            status = refusal.status
            await send_error(call, refusal, send)
        finally:
            if not call.path.startswith(("/_control", "/health")):
                emulator.requests.add(call, status=status, seconds=time.perf_counter() - started)

    async def _answer(self, call: Call, fault: Fault | None) -> Reply:
        route, emulator = call.route, self.emulator
        logged = call.method in _WRITES and route.logged and route.audience in ("arm", "machine_learning")
        try:
            authorize(call)
            if route.audience in ("arm", "machine_learning"):
                require_unlocked(call)
            if not route.streaming:
                call.body = await call.read(route.body_limit)
            if fault is not None:
                call.body = fault.received(call.body)
            if fault is not None and fault.kills_before_commit:
                emulator.store.before_commit = emulator.faults.kill
            if inspect.iscoroutinefunction(route.handler):
                reply: Reply = await route.handler(call)
                if logged:
                    with emulator.store.transaction():
                        _record(call, reply.status, reply=reply)
            elif call.method in _WRITES:
                with emulator.store.transaction():
                    reply = route.handler(call)  # type: ignore[assignment]
                    if logged:
                        _record(call, reply.status, reply=reply)
            else:
                reply = route.handler(call)  # type: ignore[assignment]
        except AzureError as error:
            if logged:
                with emulator.store.transaction():
                    _record(call, error.status, message=error.message)
            raise
        return emulator.noises.disturb(call, reply)


def _call(emulator: Emulator, scope: Scope, receive: Receive) -> Call:
    headers = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
    return Call(
        # azure-mgmt-resource asks "//subscriptions/..." for an id, and ARM takes it.
        method=scope["method"], path=_single("/" + scope["path"].lstrip("/")), params={}, query=parse_query(scope["query_string"]),
        headers=headers, emulator=emulator, principal=ANONYMOUS, route=_UNKNOWN, receive=receive,
        correlation_id=headers.get("x-ms-correlation-request-id") or str(uuid.uuid4()),
    )  # fmt: skip


def _single(path: str) -> str:
    """ARM takes doubled slashes, as az 2.91.0 writes them between provider and type; in a blob's name they count."""
    return re.sub("//+", "/", path) if path.lstrip("/").lower().startswith("subscriptions/") else path


def parse_query(text: bytes) -> dict[str, str]:
    """A query string as a mapping with lower-case keys; of a repeated key the last value stays."""
    from urllib.parse import parse_qsl

    if not text:
        return {}
    pairs = parse_qsl(text.decode("latin-1"), keep_blank_values=True)
    return {key.lower(): value for key, value in pairs}


def _record(call: Call, status: int, message: str = "", reply: Reply | None = None) -> None:
    target = call.path.rstrip("/")
    operation = call.route.action or operation_of(call)
    if operation.lower().endswith("/action"):
        target = target.rsplit("/", 1)[0]
    resource_id = _known_case(call, target)
    call.emulator.activity.record(
        principal=call.principal, operation=operation, resource_id=resource_id, status=status,
        method=call.method, correlation_id=call.correlation_id, claims=call.token_claims, message=message,
        request_body=call.body.decode("utf-8", "replace"),
        response_body=json.dumps(reply.json) if reply is not None and reply.json is not NO_BODY else "",
    )  # fmt: skip
    if status < 400:
        call.emulator.change_records.record(
            principal=call.principal,
            operation=operation,
            resource_id=resource_id,
            correlation_id=call.correlation_id,
            claims=call.token_claims,
        )


def _known_case(call: Call, target: str) -> str:
    stored = call.emulator.store.get(target)
    return stored.id if stored is not None else target


def operation_of(call: Call) -> str:
    """The action that a path and method amount to, where its route names none."""
    parts = scope_of(call).strip("/").split("/")
    lowered = [part.lower() for part in parts]
    if "providers" in lowered:
        start = len(lowered) - lowered[::-1].index("providers")
        kind = "/".join([parts[start], *parts[start + 1 :: 2]])
    else:
        kind = "Microsoft.Resources/subscriptions/resourceGroups"
    return f"{kind}/{'delete' if call.method == 'DELETE' else 'action' if call.method == 'POST' else 'write'}"


def _no_handler(call: Call) -> Reply:
    raise not_modelled(call.method, call.path)


_UNKNOWN = Route(method="*", path="*", handler=_no_handler, audience="run")
__all__ = ["SERVICES", "Application", "Emulator", "Principal"]
