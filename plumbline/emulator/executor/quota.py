"""Virtual nodes: a compute target runs as many steps at once as its largest number of nodes allows."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field


class Withdrawn(Exception):
    """The waiting step was canceled."""


@dataclass(kw_only=True)
class _Waiter:
    compute: str
    nodes: int
    ready: threading.Event = field(default_factory=threading.Event)
    granted: bool = False


class NodeQuota:
    """Hands out nodes in the order in which steps asked, for each compute target on its own."""

    def __init__(self, capacity_of: Callable[[str], int | None]) -> None:
        """Args: capacity_of: nodes of a compute target as it is set now; None for no bound."""
        self._capacity_of = capacity_of
        self._guard = threading.Lock()
        self._used: dict[str, int] = {}
        self._queues: dict[str, deque[_Waiter]] = {}
        self._by_owner: dict[str, _Waiter] = {}

    def acquire(
        self, owner: str, compute: str, nodes: int, *, withdrawn: Callable[[], bool] = lambda: False
    ) -> None:
        """Wait for nodes.

        Args:
            withdrawn: Whether the owner wants them no more; asked once it can be found by `withdraw`, so that a
                cancel which came a moment before is not lost.
        Raises: Withdrawn: `withdraw` was called for the owner.
        """
        waiter = _Waiter(compute=compute, nodes=nodes)
        with self._guard:
            if withdrawn():
                raise Withdrawn
            self._by_owner[owner] = waiter
            self._queues.setdefault(compute, deque()).append(waiter)
        self.changed(compute)
        waiter.ready.wait()
        with self._guard:
            self._by_owner.pop(owner, None)
            if not waiter.granted:
                raise Withdrawn

    def withdraw(self, owner: str) -> None:
        """End the owner's waiting, if it waits."""
        with self._guard:
            waiter = self._by_owner.get(owner)
            if waiter is None or waiter.granted:
                return
            self._queues[waiter.compute].remove(waiter)
            waiter.ready.set()
            compute = waiter.compute
        self.changed(compute)

    def release(self, compute: str, nodes: int) -> None:
        """Give nodes back."""
        with self._guard:
            self._used[compute] = self._used.get(compute, 0) - nodes
        self.changed(compute)

    def changed(self, compute: str) -> None:
        """Grant what can be granted; call it when a compute target's size was changed."""
        capacity = self._capacity_of(compute)
        with self._guard:
            queue = self._queues.get(compute, deque())
            while queue and (capacity is None or self._used.get(compute, 0) + queue[0].nodes <= capacity):
                waiter = queue.popleft()
                self._used[compute] = self._used.get(compute, 0) + waiter.nodes
                waiter.granted = True
                waiter.ready.set()

    def everywhere_changed(self) -> None:
        """`changed` for every compute target that steps wait for."""
        with self._guard:
            computes = [compute for compute, queue in self._queues.items() if queue]
        for compute in computes:
            self.changed(compute)
