"""Who is logged in, as the access token says; the service's own record, systemData, has the last word."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass

from plumbline.ops.azure_session import AzureSession


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The login behind a session.

    Attributes:
        names: Everything that systemData may call it, in lower case.
        is_application: Whether the token says that no person holds it.
    """

    object_id: str
    shown: str
    names: frozenset[str]
    tenant_id: str
    is_application: bool


def caller_of(session: AzureSession) -> Caller:
    """Read the session's own token; it is not checked here, Azure does that with every request."""
    payload = session.token().split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    words = ("upn", "preferred_username", "unique_name", "name", "oid")
    names = [str(claims[word]) for word in words if claims.get(word)]
    application = claims.get("idtyp") == "app"
    if application and claims.get("appid"):
        names.insert(0, str(claims["appid"]))
    return Caller(
        object_id=str(claims.get("oid", "")).lower(),
        shown=names[0] if names else "unknown",
        names=frozenset(name.lower() for name in names),
        tenant_id=str(claims.get("tid", "")),
        is_application=application,
    )
