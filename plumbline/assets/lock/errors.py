"""What is wrong with a lock: every problem at once."""

from __future__ import annotations

NEXT_STEP = (
    "`plumbline promote` and `plumbline rollback` alone write locks. Restore it: git checkout -- stacks/locks"
)


class LockError(Exception):
    """The lock is not as `plumbline promote` writes it. The message has a line for each problem."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join([*problems, NEXT_STEP]))
        self.problems = tuple(problems)
