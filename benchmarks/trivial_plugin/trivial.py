"""The least that a resource provider in Python can be: what any such resource costs the engine."""

import sys

from pulumi.provider.experimental.provider import (
    CheckRequest,
    CheckResponse,
    CreateRequest,
    CreateResponse,
    DiffRequest,
    DiffResponse,
    Provider,
    ReadRequest,
    ReadResponse,
)
from pulumi.provider.experimental.server import main


class Trivial(Provider):
    """Keeps what it is given."""

    async def check(self, request: CheckRequest) -> CheckResponse:
        return CheckResponse(inputs=request.new_inputs)

    async def diff(self, request: DiffRequest) -> DiffResponse:
        return DiffResponse(changes=request.old_state != request.new_inputs)

    async def create(self, request: CreateRequest) -> CreateResponse:
        return CreateResponse(resource_id="thing", properties=request.properties)

    async def read(self, request: ReadRequest) -> ReadResponse:
        return ReadResponse(
            resource_id=request.resource_id, properties=request.properties, inputs=request.inputs
        )


if __name__ == "__main__":
    main(sys.argv[1:], "0.0.1", Trivial())
