"""The one form in which a lock is written: equal locks are equal bytes."""

from __future__ import annotations

from typing import Any

import yaml

from plumbline.assets.lock.digest import entry_digest, lock_digest, release_of
from plumbline.assets.lock.document import SCHEMA, Lock, Release

_HEAD = (
    "# yaml-language-server: $schema=../../docs/reference/lock.schema.json\n"
    "# Written by `plumbline promote` and `plumbline rollback`; any other change is refused.\n"
)
_WIDTH = 118


class _Dumper(yaml.SafeDumper):
    """Lists indented below their key, and no anchors: a reader sees every value where it belongs."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, indentless=False)


def sealed_release(fields: dict[str, Any]) -> Release:
    """A release with its digest and id, from every other member. Raises: pydantic.ValidationError: a member is off."""
    draft = Release.model_validate({**fields, "digest": "0" * 64, "release": release_of("0" * 64)})
    digest = entry_digest(draft.model_dump(mode="json"))
    return draft.model_copy(update={"digest": digest, "release": release_of(digest)})


def sealed(*, stack: str, registry: str, releases: list[Release]) -> Lock:
    """A lock over releases, sorted and with its digest."""
    ordered = sorted(releases, key=lambda one: one.pipeline)
    draft = Lock(lock=SCHEMA, stack=stack, registry=registry, releases=ordered, digest="0" * 64)
    return draft.model_copy(update={"digest": lock_digest(draft.model_dump(mode="json"))})


def lock_text(lock: Lock) -> str:
    """The file's text."""
    body = yaml.dump(
        lock.model_dump(mode="json"), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH
    )
    return _HEAD + body
