"""The engine's protocol: requests in, kinds asked, answers and errors out. The only module that knows protobuf.

It implements the service of the protocol itself and not the SDK's experimental provider package, see
docs/adr/0002-provider-plugin.md.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Iterable
from typing import Any, TypeVar

import grpc
from google.protobuf import empty_pb2

from plumbline.provider.codec import Properties, decode, encode
from plumbline.provider.diff import Change
from plumbline.provider.engine_log import EngineLog
from plumbline.provider.errors import NoAnswer, PartialFailure, PropertyProblem, ProviderError, Refusal
from plumbline.provider.protocol import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2
from plumbline.provider.registry import UNSETTLED, Registry
from plumbline.provider.schema import schema_text
from plumbline.provider.urn import parse_urn

_log = logging.getLogger(__name__)
_Answer = TypeVar("_Answer")
_FORMS = {
    ("add", "update"): provider_pb2.PropertyDiff.ADD,
    ("add", "replace"): provider_pb2.PropertyDiff.ADD_REPLACE,
    ("delete", "update"): provider_pb2.PropertyDiff.DELETE,
    ("delete", "replace"): provider_pb2.PropertyDiff.DELETE_REPLACE,
    ("update", "update"): provider_pb2.PropertyDiff.UPDATE,
    ("update", "replace"): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """One plugin process: stateless but for its registry, which holds the configured cloud."""

    def __init__(self, *, version: str, registry: Registry, engine_log: EngineLog) -> None:
        self._version = version
        self._registry = registry
        self._engine_log = engine_log
        self._unheard = False

    async def Handshake(self, request: Any, context: Any) -> Any:
        self._engine_log.attach(request.engine_address)
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    async def Attach(self, request: Any, context: Any) -> Any:
        # Sent instead of an address argument to a provider that runs already (PULUMI_DEBUG_PROVIDERS).
        self._engine_log.attach(request.address)
        return empty_pb2.Empty()

    async def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=self._version)

    async def GetSchema(self, request: Any, context: Any) -> Any:
        return provider_pb2.GetSchemaResponse(schema=schema_text(self._version))

    async def Cancel(self, request: Any, context: Any) -> Any:
        self._registry.cancel()
        return empty_pb2.Empty()

    async def CheckConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    async def DiffConfig(self, request: Any, context: Any) -> Any:
        # Another cloud or subscription is for the fence to judge, never a reason to replace every resource.
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_UNKNOWN)

    async def Configure(self, request: Any, context: Any) -> Any:
        given = decode(request.args)
        await self._answer(context, self._registry.configure(request.urn, given))
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    async def Check(self, request: Any, context: Any) -> Any:
        async def work() -> Any:
            inputs, problems = self._registry.check(parse_urn(request.urn), decode(request.news))
            return provider_pb2.CheckResponse(inputs=_struct(inputs), failures=_failures(problems))

        return await self._answer(context, work())

    async def Diff(self, request: Any, context: Any) -> Any:
        async def work() -> Any:
            if _nothing_changed(request):
                return _diff_response(())
            # Old inputs are what the program said then; only an engine of long ago leaves them out.
            state = decode(request.olds)
            olds = decode(request.old_inputs) if request.HasField("old_inputs") else state
            changes = self._registry.diff(parse_urn(request.urn), olds, decode(request.news), state)
            return _diff_response(changes)

        return await self._answer(context, work())

    async def Create(self, request: Any, context: Any) -> Any:
        async def work() -> Any:
            urn, inputs = parse_urn(request.urn), decode(request.properties)
            created = await self._registry.create(urn, inputs, preview=request.preview)
            return provider_pb2.CreateResponse(id=created.id, properties=_struct(created.outputs))

        return await self._answer(context, work())

    async def Read(self, request: Any, context: Any) -> Any:
        async def work() -> Any:
            urn = parse_urn(request.urn)
            found = await self._registry.read(
                urn, request.id, decode(request.inputs), decode(request.properties)
            )
            if found is None:
                return provider_pb2.ReadResponse()
            return provider_pb2.ReadResponse(
                id=found.id, properties=_struct(found.outputs), inputs=_struct(found.inputs)
            )

        return await self._answer(context, work())

    async def Update(self, request: Any, context: Any) -> Any:
        async def work() -> Any:
            urn, olds = parse_urn(request.urn), decode(request.olds)
            old_inputs = decode(request.old_inputs if request.HasField("old_inputs") else request.olds)
            updated = await self._registry.update(
                urn, request.id, olds, old_inputs, decode(request.news), preview=request.preview
            )
            return provider_pb2.UpdateResponse(properties=_struct(updated.outputs))

        return await self._answer(context, work())

    async def Delete(self, request: Any, context: Any) -> Any:
        async def work() -> Any:
            await self._registry.delete(parse_urn(request.urn), request.id, decode(request.properties))
            return empty_pb2.Empty()

        return await self._answer(context, work())

    async def Invoke(self, request: Any, context: Any) -> Any:
        async def work() -> Any:
            found = await self._registry.invoke(request.tok, decode(request.args))
            return provider_pb2.InvokeResponse(**{"return": encode(found, frozenset())})

        return await self._answer(context, work())

    async def _answer(self, context: Any, work: Awaitable[_Answer]) -> _Answer:
        """Await the work; turn what it raises into the form that the engine prints best."""
        try:
            return await work
        except PartialFailure as failure:
            await _abort_partial(context, failure)
        except Refusal as refusal:
            await context.abort(grpc.StatusCode.UNKNOWN, self._words(refusal))
        except (asyncio.CancelledError, grpc.aio.AbortError):
            raise
        except Exception as error:  # noqa: BLE001 - the process's outermost edge
            _log.error("bug: %s", "".join(traceback.format_exception(error)))
            what = str(error) if isinstance(error, ProviderError) else f"{type(error).__name__}: {error}"
            text = f"this is a bug in Plumbline, please report it: {what} ({_place_of(error)})"
            await context.abort(grpc.StatusCode.UNKNOWN, text)
        raise AssertionError("abort raises")

    def _words(self, refusal: Refusal) -> str:
        """The message; in short for what was under way, too, when nobody answered any more."""
        if isinstance(refusal, NoAnswer):
            if self._unheard:
                return refusal.brief
            self._unheard = True
        return str(refusal)


def _nothing_changed(request: Any) -> bool:
    """Whether the inputs are those of before, byte for byte, as nearly all are in nearly every preview."""
    return (
        request.HasField("old_inputs")
        and request.old_inputs == request.news
        and not any(name in request.olds.fields for name in UNSETTLED)
    )


def _struct(properties: Properties) -> Any:
    return encode(properties.entries, properties.secrets)


def _failures(problems: Iterable[PropertyProblem]) -> list[Any]:
    return [
        provider_pb2.CheckFailure(property=problem.property, reason=problem.reason) for problem in problems
    ]


def _diff_response(changes: tuple[Change, ...]) -> Any:
    detailed = {
        change.path: provider_pb2.PropertyDiff(kind=_FORMS[change.form, change.action], inputDiff=True)
        for change in changes
    }
    some, none = provider_pb2.DiffResponse.DIFF_SOME, provider_pb2.DiffResponse.DIFF_NONE
    return provider_pb2.DiffResponse(
        changes=some if changes else none,
        diffs=list(dict.fromkeys(_top(change.path) for change in changes)),
        replaces=[_top(change.path) for change in changes if change.action == "replace"],
        detailedDiff=detailed,
        hasDetailedDiff=True,
    )


def _top(path: str) -> str:
    return path.split(".", maxsplit=1)[0].split("[", maxsplit=1)[0]


async def _abort_partial(context: Any, failure: PartialFailure) -> None:
    detail = provider_pb2.ErrorResourceInitFailed(
        id=failure.resource_id,
        properties=_struct(failure.outputs),
        reasons=list(failure.reasons),
    )
    await _abort(context, grpc.StatusCode.UNKNOWN, str(failure), detail)


async def _abort(context: Any, code: grpc.StatusCode, message: str, detail: Any) -> None:
    status = status_pb2.Status(code=code.value[0], message=message)
    status.details.add().Pack(detail)
    metadata = (("grpc-status-details-bin", status.SerializeToString()),)
    await context.abort(code, message, trailing_metadata=metadata)


def _place_of(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "plumbline" in frame.filename] or frames
    return f"{own[-1].filename.rsplit('/', 2)[-1]}:{own[-1].lineno}" if own else "no place"
