"""The provider as the engine sees it: gRPC calls turned into operations, and errors into one clean line."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import grpc
from google.protobuf import any_pb2, empty_pb2

from plumbline.azure_native_plugin import endpoint, invokes
from plumbline.azure_native_plugin.arm import Arm
from plumbline.azure_native_plugin.creations import Creations
from plumbline.azure_native_plugin.difference import changes
from plumbline.azure_native_plugin.errors import ConfigurationError, NoAnswer, StandInError
from plumbline.azure_native_plugin.http import Http
from plumbline.azure_native_plugin.identity import Identity
from plumbline.azure_native_plugin.lifecycle import Lifecycle, Live, PartlyDone
from plumbline.azure_native_plugin.protocol import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2
from plumbline.azure_native_plugin.shape import Shape
from plumbline.azure_native_plugin.table import ResourceType, load
from plumbline.azure_native_plugin.values import from_struct, to_struct

_KINDS = {
    ("add", False): provider_pb2.PropertyDiff.ADD,
    ("add", True): provider_pb2.PropertyDiff.ADD_REPLACE,
    ("delete", False): provider_pb2.PropertyDiff.DELETE,
    ("delete", True): provider_pb2.PropertyDiff.DELETE_REPLACE,
    ("update", False): provider_pb2.PropertyDiff.UPDATE,
    ("update", True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """One provider instance. Calls come in on many threads."""

    def __init__(self) -> None:
        self._table = load()
        self._http = Http()
        self._ready = threading.Event()
        self._telling = threading.Lock()
        self._told = False
        self._work: Lifecycle
        self._endpoint: endpoint.Endpoint
        self._identity: Identity
        self._arm: Arm

    # -- configuration ------------------------------------------------------------------------------------

    def CheckConfig(self, request: Any, context: Any) -> Any:
        """Accepts the configuration as it is: Configure says what is wrong with it."""
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        """A changed configuration replaces nothing, as with the real provider."""
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, request: Any, context: Any) -> Any:
        """Finds and checks the emulator; without it nothing is started."""
        with self._clean_errors(context):
            self._endpoint = endpoint.find(from_struct(request.args), self._http)
            self._identity = Identity(self._http, audience=self._endpoint.audience)
            self._arm = Arm(base_url=self._endpoint.base_url, http=self._http, identity=self._identity)
            self._work = Lifecycle(
                table=self._table,
                endpoint=self._endpoint,
                arm=self._arm,
                creations=Creations.of_environment(),
            )
            self._ready.set()
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        """The version that the SDK asks for."""
        return plugin_pb2.PluginInfo(version=self._table.sdk_version)

    def GetSchema(self, request: Any, context: Any) -> Any:
        """Names the package only: the SDK is generated from the real provider's schema."""
        return provider_pb2.GetSchemaResponse(
            schema=f'{{"name":"azure-native","version":"{self._table.sdk_version}"}}'
        )

    def Cancel(self, request: Any, context: Any) -> Any:
        """Ends the waiting of long operations; requests under way are finished."""
        self._http.cancelled.set()
        return empty_pb2.Empty()

    # -- resources ----------------------------------------------------------------------------------------

    def Check(self, request: Any, context: Any) -> Any:
        """Fills the location and names what is missing."""
        with self._clean_errors(context):
            resource = self._type(request.urn)
            inputs = self._lifecycle().with_defaults(resource, from_struct(request.news))
            failures = [
                provider_pb2.CheckFailure(property=name, reason=f"missing required property '{name}'")
                for name in Shape(self._table, resource).unnamed(inputs)
            ]
        return provider_pb2.CheckResponse(inputs=to_struct(inputs), failures=failures)

    def Diff(self, request: Any, context: Any) -> Any:
        """Compares the inputs that were applied with those that are wanted; asks no one."""
        with self._clean_errors(context):
            self._lifecycle().settle(request.id)
            found = changes(
                self._type(request.urn),
                old=from_struct(request.old_inputs),
                new=from_struct(request.news),
                state=from_struct(request.olds),
            )
        replaces = [change.path for change in found if change.replaces]
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if found else provider_pb2.DiffResponse.DIFF_NONE,
            replaces=replaces,
            # Names are the program's own, so the old resource has to go first.
            deleteBeforeReplace=bool(replaces),
            diffs=sorted({change.path.partition(".")[0].partition("[")[0] for change in found}),
            detailedDiff={
                change.path: provider_pb2.PropertyDiff(
                    kind=_KINDS[change.kind, change.replaces], inputDiff=True
                )
                for change in found
            },
            hasDetailedDiff=True,
        )

    def Create(self, request: Any, context: Any) -> Any:
        """Creates; in a preview answers what can be known and unknowns for the rest."""
        with self._clean_errors(context):
            resource, inputs = self._type(request.urn), from_struct(request.properties)
            if request.preview:
                outputs = Shape(self._table, resource).preview(inputs)
                return provider_pb2.CreateResponse(properties=to_struct(outputs))
            live = self._lifecycle().create(
                resource, inputs, urn=request.urn, timeout_seconds=request.timeout
            )
        return provider_pb2.CreateResponse(id=live.resource_id, properties=to_struct(live.outputs))

    def Read(self, request: Any, context: Any) -> Any:
        """What is live; an empty id when it is gone."""
        with self._clean_errors(context):
            live = self._lifecycle().read(
                self._type(request.urn),
                request.id,
                state=from_struct(request.properties),
                inputs=from_struct(request.inputs) if request.HasField("inputs") else None,
            )
        if live is None:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(
            id=live.resource_id, properties=to_struct(live.outputs), inputs=to_struct(live.inputs)
        )

    def Update(self, request: Any, context: Any) -> Any:
        """Writes the resource again; in a preview answers what can be known."""
        with self._clean_errors(context):
            resource, inputs = self._type(request.urn), from_struct(request.news)
            state = from_struct(request.olds)
            if request.preview:
                outputs = Shape(self._table, resource).preview(inputs, state)
                return provider_pb2.UpdateResponse(properties=to_struct(outputs))
            live = self._lifecycle().update(
                resource,
                inputs,
                state=state,
                old_inputs=from_struct(request.old_inputs),
                resource_id=request.id,
                timeout_seconds=request.timeout,
            )
        return provider_pb2.UpdateResponse(properties=to_struct(live.outputs))

    def Delete(self, request: Any, context: Any) -> Any:
        """Deletes; what is gone already is fine."""
        with self._clean_errors(context):
            self._lifecycle().delete(self._type(request.urn), request.id, timeout_seconds=request.timeout)
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:
        """The functions that programs of this kind use; the others are refused by name."""
        with self._clean_errors(context):
            answer = invokes.call(
                request.tok,
                from_struct(request.args),
                table=self._table,
                lifecycle=self._lifecycle(),
                endpoint=self._endpoint,
                identity=self._identity,
                arm=self._arm,
            )
        return provider_pb2.InvokeResponse(**{"return": to_struct(answer)})

    # -- what the calls share -----------------------------------------------------------------------------

    def _lifecycle(self) -> Lifecycle:
        if not self._ready.is_set():
            raise ConfigurationError("azure-native stand-in: called before it was configured")
        return self._work

    def _type(self, urn: str) -> ResourceType:
        token = urn.split("::")[2].rpartition("$")[2]
        found = self._table.find(token)
        if found is None:
            raise StandInError(
                f"{token}: the azure-native stand-in does not carry this type. Add a row to "
                "plumbline/azure_native_plugin/types.yaml (docs/guides/adding-an-azure-resource-type.md)."
            )
        return found

    @contextlib.contextmanager
    def _clean_errors(self, context: Any) -> Iterator[None]:
        """Turns what is meant for the person into a status with one line; anything else is a bug and stays loud."""
        try:
            yield
        except PartlyDone as partly:
            context.set_trailing_metadata((("grpc-status-details-bin", _kept(partly.live, str(partly))),))
            context.abort(grpc.StatusCode.UNKNOWN, str(partly))
        except NoAnswer as error:
            context.abort(grpc.StatusCode.UNKNOWN, self._words(error))
        except StandInError as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))

    def _words(self, unheard: NoAnswer) -> str:
        """The whole message for the first that nobody answered; one in short for what was under way beside it."""
        with self._telling:
            told, self._told = self._told, True
        return unheard.brief if told else str(unheard)


def _kept(live: Live, reason: str) -> bytes:
    """What tells the engine to keep a resource in the state although its creation failed."""
    detail = any_pb2.Any()
    detail.Pack(
        provider_pb2.ErrorResourceInitFailed(
            id=live.resource_id,
            properties=to_struct(live.outputs),
            inputs=to_struct(live.inputs),
            reasons=[reason],
        )
    )
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=reason, details=[detail])
    return bytes(status.SerializeToString())
