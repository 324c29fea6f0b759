"""What a program waits for at its end: its registrations first, then what is left of its outputs."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi.runtime import settings


def wait_for_registrations_first() -> None:
    """Give the SDK one registration to wait for, before a resource is declared.

    At a program's end the SDK means to wait for registrations and then for outputs. Unless the program made a synchronous
    call, no registration has begun by then, so it goes on to the outputs, of which every resource has a dozen: it waits for
    the first of them all, over and over, which takes the square of what the program declares.
    Source: `wait_for_rpcs` in pulumi.runtime.stack, SDK 3.259 and 3.272; one without that list is left alone.
    """
    manager = getattr(settings, "_get_rpc_manager", lambda: None)()
    registrations = getattr(manager, "rpcs", None)
    if isinstance(registrations, list) and not registrations:
        registrations.append(_Done())


class _Done:
    """A registration that is over."""

    def __await__(self) -> Iterator[None]:
        return iter(())
