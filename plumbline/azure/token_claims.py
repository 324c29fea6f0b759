"""Who an access token was issued to. Read, not verified: the cloud verifies its own tokens with every request.

Source: Microsoft identity platform, "Access token claims reference"; `idtyp` is optional and absent from many tokens, the
activity log's claims (recorded 2022-05-07) have none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from plumbline.fence import claims_of_token

# Names that a token calls a person by, the sign-in name first.
_SIGN_IN_NAMES = ("upn", "preferred_username", "unique_name")
_NAMES = (*_SIGN_IN_NAMES, "name")


@dataclass(frozen=True, kw_only=True)
class TokenClaims:
    """The login behind a token.

    Attributes:
        object_id: In Entra ID, in lower case: the one name that is never given twice.
        names: Everything that a record may call it, in lower case: sign-in name, display name, client id, object id.
        identifiers: Those of them that are never given twice: sign-in name and object id.
        is_application: Whether no person holds it.
    """

    object_id: str
    shown: str
    names: frozenset[str]
    identifiers: frozenset[str]
    tenant_id: str
    is_application: bool


def read_token(token: str) -> TokenClaims:
    """Read an access token of Resource Manager."""
    return of_claims(claims_of_token(token))


def of_claims(claims: Mapping[str, Any]) -> TokenClaims:
    """The login that a token's claims describe."""
    client = str(claims.get("appid") or claims.get("azp") or "")
    people = [str(claims[name]) for name in _NAMES if claims.get(name)]
    object_id = str(claims.get("oid") or "").lower()
    # A token of an application acts for nobody: it has no scopes, and no name of a person.
    application = claims.get("idtyp") == "app" or not (claims.get("scp") or people)
    names = [*([client] if application and client else []), *people, *([object_id] if object_id else [])]
    return TokenClaims(
        object_id=object_id,
        shown=names[0] if names else "unknown",
        names=frozenset(name.lower() for name in names),
        identifiers=frozenset(
            str(claims[name]).lower() for name in (*_SIGN_IN_NAMES, "oid") if claims.get(name)
        ),
        tenant_id=str(claims.get("tid") or ""),
        is_application=application,
    )
