"""Lists as Azure ML pages them: a filter, an order, a size, and an absolute link to what follows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

from plumbline.emulator.errors import AzureError
from plumbline.emulator.routing import Call, Reply
from plumbline.emulator.services.machine_learning.rule import rule
from plumbline.emulator.store import Resource

PAGE_SIZE = 100
"""Items on a page when neither the client nor a recording names a size."""
_TOKEN = "$skiptoken"
# Parameters are kept in small letters; links spell them as Azure does.
_SPELLED = {"$orderby": "$orderBy", "listviewtype": "listViewType", "skipvalidation": "skipValidation"}


def whole_number(call: Call, name: str) -> int | None:
    """A query parameter that must be a whole number above zero, or None. Raises: AzureError: 400."""
    text = call.query.get(name.lower())
    if text is None or text == "":
        return None
    if not text.isdigit() or int(text) == 0:
        raise AzureError(400, "UserError", f"{name} must be a positive whole number, got '{text}'.", name)
    return int(text)


def newest_first(call: Call, *, default: bool) -> bool:
    """Which way `$orderBy` asks for; only the creation time is an order here. Raises: AzureError: 400."""
    words = call.query.get("$orderby", "").lower().split()
    if not words:
        return default
    if words[0] not in {"createdtime", "createdat"} or words[1:] not in ([], ["asc"], ["desc"]):
        raise AzureError(
            400, "UserError", f"$orderBy '{call.query['$orderby']}' is not supported.", "$orderBy"
        )
    return words[1:] == ["desc"]


def page(
    call: Call,
    resources: Sequence[Resource],
    answers: Any,
    *,
    size_parameter: str | None = None,
    size: int = PAGE_SIZE,
) -> Reply:
    """A page of `resources`, which come filtered and ordered.

    Args:
        answers: makes the JSON of one resource.
        size_parameter: the query parameter besides `$top` that names a page size.
        size: items on a page otherwise.
    """
    token = call.query.get(_TOKEN, "")
    rest = list(resources)
    if token:
        places = [index for index, resource in enumerate(rest) if str(resource.sequence) == token]
        # What the token names may have gone since: then the list simply ends, as a client can bear.
        rest = rest[places[0] :] if places else []
    top = whole_number(call, "$top")
    size = top or (whole_number(call, size_parameter) if size_parameter else None) or size
    answer: dict[str, Any] = {"value": [answers(resource) for resource in rest[:size]]}
    if len(rest) > size and (top is None or rule(call.emulator, "top_has_next_link")):
        answer["nextLink"] = own_url(call, **{"$skipToken": str(rest[size].sequence)})
    return Reply(json=answer)


def own_url(call: Call, **more: str) -> str:
    """The address of the request, absolute, with further parameters."""
    query = {name: value for name, value in call.query.items() if name != _TOKEN} | more
    spelled = {_SPELLED.get(name, name): value for name, value in query.items()}
    return f"{call.base_url}{quote(call.path)}?{urlencode(spelled, safe='$')}"
