"""The id that a provider answers, where it is not the one that was sent: some re-case segments, some drop a slash."""

from __future__ import annotations

from dataclasses import dataclass, field

_SCOPE_END = "/providers/"


@dataclass(frozen=True, kw_only=True)
class IdForm:
    """How a type's ids are answered.

    Args:
        segments: Segment -> its form, found whatever the case; only in the resource's own part when ``scope`` is set.
        scope: "lower": what an extension resource hangs on comes in lower case.
        slash: "never": no leading slash; "not-at-subscription": none for what hangs on a subscription; else as sent.
    """

    segments: dict[str, str] = field(default_factory=dict)
    scope: str = ""
    slash: str = ""

    def of(self, resource_id: str) -> str:
        """The id as answered."""
        forms = {segment.lower(): form for segment, form in self.segments.items()}
        scope, marker, own = resource_id.rpartition(_SCOPE_END)
        if self.scope == "lower":
            scope = scope.lower()
        else:
            scope = "/".join(forms.get(part.lower(), part) for part in scope.split("/"))
        own = "/".join(forms.get(part.lower(), part) for part in own.split("/"))
        answered = scope + marker + own
        at_subscription = scope.strip("/").count("/") == 1
        if self.slash == "never" or (self.slash == "not-at-subscription" and at_subscription):
            return answered.lstrip("/")
        return answered
