"""Bearer tokens: real RS256 JWTs, minted by the token routes, checked for signature, expiry and audience."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from plumbline.emulator.errors import unauthorized
from plumbline.emulator.files import write_private
from plumbline.emulator.principals import Principal, Principals
from plumbline.emulator.settings import Settings

RUN_AUDIENCE = "run"
_CACHE_SIZE = 2000


class Tokens:
    """Signs and checks tokens with the home's own key; a token of one home is worth nothing in another."""

    def __init__(self, *, settings: Settings, principals: Principals) -> None:
        self._settings = settings
        self._principals = principals
        key_path = settings.home / "signing.key"
        if not key_path.exists():
            write_private(key_path, _new_key())
        key = serialization.load_pem_private_key(key_path.read_bytes(), password=None)
        assert isinstance(key, rsa.RSAPrivateKey)
        self._key = key
        self._public_key = key.public_key()
        self.issuer = f"{settings.base_url}/{settings.tenant_id}/v2.0"
        self._checked: dict[str, dict[str, Any]] = {}
        base = settings.base_url
        self.arm_audiences = frozenset(
            {base, f"{base}/", "https://management.azure.com/", "https://management.azure.com"}
        )
        self.storage_audiences = frozenset({"https://storage.azure.com", "https://storage.azure.com/"})
        # azure-ai-ml 1.35.2 shares assets with a token for the public cloud's audience, in every cloud.
        self.ml_audiences = frozenset(
            {
                settings.ml_audience,
                f"{settings.ml_audience}/",
                "https://ml.azure.com",
                "https://ml.azure.com/",
            }
        )
        self.run_audiences = frozenset({RUN_AUDIENCE})

    def mint(
        self,
        principal: Principal,
        audience: str,
        lifetime_seconds: float = 3600,
        claims: Mapping[str, Any] | None = None,
    ) -> str:
        """A signed token.

        Args:
            audience: What it is for; RUN_AUDIENCE with claims {"run": JOB_ID} makes a step's token.
            lifetime_seconds: Zero or less mints one that has already expired.
        """
        now = time.time()
        content: dict[str, Any] = {
            "aud": audience,
            "iss": self.issuer,
            "iat": int(min(now, now + lifetime_seconds)),
            "nbf": int(min(now, now + lifetime_seconds)),
            "exp": int(now + lifetime_seconds),
            "oid": principal.object_id,
            "sub": principal.object_id,
            "tid": self._settings.tenant_id,
            "uti": uuid.uuid4().hex,
            "ver": "2.0",
            "appid": principal.client_id,
            "idtyp": "user" if principal.kind == "User" else "app",
        }
        if principal.kind == "User":
            content |= {"upn": principal.name, "name": principal.display_name}
        content |= dict(claims or {})
        return jwt.encode(content, self._key, algorithm="RS256", headers={"kid": "plumbline"})

    def check(
        self, authorization: str, audiences: Iterable[str], *, also_of_runs: Iterable[str] = ()
    ) -> tuple[Principal, dict[str, Any]]:
        """Whom an Authorization header stands for, with the token's claims.

        Args:
            also_of_runs: Audiences accepted of tokens that are bound to a run: the caller decides what they may.
        Raises: AzureError: 401 in ARM's words when there is no token, or it is broken, expired or for someone else.
        """
        if not authorization:
            raise self._refused(
                "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing."
            )
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise self._refused(
                "AuthenticationFailedInvalidHeader",
                "Authentication failed. The 'Authorization' header is provided in an invalid format.",
            )
        claims = self._claims(token)
        if claims["exp"] <= time.time():
            self._checked.pop(token, None)
            raise self._refused("ExpiredAuthenticationToken", "The access token has expired.")
        if claims["aud"] not in audiences and not (claims.get("run") and claims["aud"] in also_of_runs):
            expected = ", ".join(f"'{audience}'" for audience in sorted(audiences))
            raise self._refused(
                "InvalidAuthenticationTokenAudience",
                "The access token has been obtained for wrong audience or resource "
                f"'{claims['aud']}'. It should exactly match with one of the allowed audiences {expected}.",
            )
        principal = self._principals.find(claims.get("oid", ""))
        if principal is None:
            raise self._refused("InvalidAuthenticationToken", "The access token's principal does not exist.")
        if run := claims.get("run"):
            principal = Principal(
                object_id=principal.object_id, client_id=principal.client_id, name=principal.name,
                kind=principal.kind, run=run,
            )  # fmt: skip
        return principal, claims

    def public_jwk(self) -> dict[str, Any]:
        """The public key as an OpenID provider publishes it."""
        return {
            **jwt.algorithms.RSAAlgorithm.to_jwk(self._public_key, as_dict=True),
            "kid": "plumbline",
            "use": "sig",
        }

    def _claims(self, token: str) -> dict[str, Any]:
        known = self._checked.get(token)
        if known is not None:
            return known
        try:
            # Expiry and audience are checked by the caller, to refuse each in Azure's own words.
            claims: dict[str, Any] = jwt.decode(
                token, self._public_key, algorithms=["RS256"],
                options={"verify_aud": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False,
                         "require": ["exp", "aud", "oid", "tid"]},
            )  # fmt: skip
        except jwt.PyJWTError as error:
            raise self._refused("InvalidAuthenticationToken", "The access token is invalid.") from error
        if claims["tid"] != self._settings.tenant_id:
            raise self._refused(
                "InvalidAuthenticationTokenTenant",
                f"The access token is from the wrong issuer '{claims.get('iss')}'. It must match the tenant "
                f"'{self._settings.tenant_id}' associated with this subscription.",
            )
        if len(self._checked) >= _CACHE_SIZE:
            self._checked.clear()
        self._checked[token] = claims
        return claims

    def _refused(self, code: str, message: str) -> Exception:
        settings = self._settings
        return unauthorized(
            code,
            message,
            challenge=f'Bearer authorization_uri="{settings.base_url}/{settings.tenant_id}", '
            f'error="invalid_token", error_description="{message}"',
        )


def _new_key() -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
