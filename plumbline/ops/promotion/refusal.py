"""Why a release is not promoted: one reason each, with what to do next. A verdict, not a crash: exit 3."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from plumbline.ops.errors import FOUND, UserError


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """One reason.

    Attributes:
        code: A short word for it, such as `no-approval`: what a reader looks up and an override names.
        reason: Got, expected.
        next_step: What to do.
    """

    code: str
    reason: str
    next_step: str

    @property
    def line(self) -> str:
        """The refusal as it is shown and recorded."""
        return f"{self.code}: {self.reason.rstrip('.')}. {self.next_step}".rstrip()


class PromotionRefusedError(UserError):
    """The release may not go on; every reason is named."""

    exit_code = FOUND

    def __init__(self, what: str, refusals: Iterable[Refusal]) -> None:
        self.refusals = tuple(refusals)
        lines = "\n".join(f"  {one.line}" for one in self.refusals)
        count = f"{len(self.refusals)} reason{'s' if len(self.refusals) != 1 else ''}"
        super().__init__(f"{what}: refused for {count}:\n{lines}\nNothing was published or written.")
