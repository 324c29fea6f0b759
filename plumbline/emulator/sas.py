"""Shared access signatures: blob URLs that carry their own right, signed with the home's key.

Form and meaning follow Azure's service, user delegation and account SAS (sv, sr, srt, sp, se, sdd, sig); the string that
is signed is our own, because clients never build it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

from plumbline.emulator.errors import AzureError
from plumbline.emulator.files import write_private

_VERSION = "2024-11-04"
_TIME = "%Y-%m-%dT%H:%M:%SZ"


class SharedAccess:
    """Signs and checks SAS query strings."""

    def __init__(self, home: Path) -> None:
        path = home / "sas.key"
        if not path.exists():
            write_private(path, secrets.token_bytes(32))
        self._key = path.read_bytes()

    def sign(
        self, container: str, prefix: str = "", *, permissions: str = "r", lifetime_seconds: float = 3600
    ) -> str:
        """A SAS query string without its question mark.

        Args:
            prefix: Empty for the whole container; "dir/" (trailing slash) for a directory; else exactly one blob.
            permissions: Letters in Azure's order: r read, a add, c create, w write, d delete, l list.
        """
        expires = (datetime.now(UTC) + timedelta(seconds=lifetime_seconds)).strftime(_TIME)
        fields = {"sv": _VERSION, "sp": permissions, "se": expires, "spr": "https"}
        directory = prefix.strip("/")
        if not prefix:
            fields["sr"] = "c"
        elif prefix.endswith("/"):
            fields |= {"sr": "d", "sdd": str(len(directory.split("/")))}
        else:
            fields["sr"] = "b"
        resource = f"{container}/{directory}" if prefix else container
        fields["sig"] = self._signature(resource, fields)
        return urlencode(fields)

    def sign_delegated(
        self, container: str, *, permissions: str, lifetime_seconds: float, object_id: str, tenant_id: str
    ) -> str:
        """A SAS of a container in the form of a user delegation: with who delegated and the key's times, 16 h 10 min long.

        Source: test_component_update_code (azure-ai-ml 1.32.0, 2026-03-27).
        """
        start = datetime.now(UTC) - timedelta(minutes=10)
        delegation = {
            "skoid": object_id,
            "sktid": tenant_id,
            "skt": start.strftime(_TIME),
            "ske": (start + timedelta(hours=16, minutes=10)).strftime(_TIME),
            "sks": "b",
            "skv": _VERSION,
        }
        own = self.sign(container, permissions=permissions, lifetime_seconds=lifetime_seconds)
        return f"{urlencode(delegation)}&{own}"

    def sign_account(self, account: str, *, permissions: str, lifetime_seconds: float) -> str:
        """A SAS of a whole storage account, for its containers and blobs, as a datastore's listSecrets answers it."""
        expires = (datetime.now(UTC) + timedelta(seconds=lifetime_seconds)).strftime(_TIME)
        fields = {"sv": _VERSION, "se": expires, "srt": "co", "ss": "bf", "sp": permissions}
        signature = self._signature(_account(account), fields)
        return urlencode({"sv": _VERSION, "sig": signature} | fields)

    def check(
        self, container: str, blob: str, query: Mapping[str, str], *, needs: str, account: str = ""
    ) -> None:
        """Raises: AzureError: 403 in storage's words, when the SAS does not grant one of ``needs`` on this blob.

        Args:
            account: The storage account that the container lies in, for signatures of a whole account.
        """
        kind, depth = query.get("sr", ""), query.get("sdd", "")
        covered: str | None = None
        if query.get("srt") and account:
            covered = _account(account)
        elif kind == "c":
            covered = container
        elif kind == "b":
            covered = f"{container}/{blob.strip('/')}"
        elif kind == "d" and depth.isdigit():
            # A listing names its folder in the prefix parameter, not in the path.
            inside = (blob or query.get("prefix", "")).strip("/").split("/")
            covered = "/".join([container, *inside[: int(depth)]])
        fields = {
            name: query.get(name, "")
            for name in ("sv", "sp", "se", "spr", "sr", "sdd", "srt", "ss")
            if query.get(name)
        }
        if covered is None or not hmac.compare_digest(
            self._signature(covered, fields).encode(), query.get("sig", "").encode()
        ):
            raise _refused("AuthenticationFailed", "Signature did not match.")
        if query.get("se", "") <= datetime.now(UTC).strftime(_TIME):
            raise _refused("AuthenticationFailed", "Signed expiry time has to be after the request time.")
        if needs and not set(needs) & set(query.get("sp", "")):
            raise _refused(
                "AuthorizationPermissionMismatch",
                "This request is not authorized to perform this operation using this permission.",
            )

    def derive(self, purpose: str) -> bytes:
        """64 bytes that stay the same for a purpose in this home and tell nothing of any other: account keys."""
        return hmac.new(self._key, purpose.encode(), hashlib.sha512).digest()

    def _signature(self, resource: str, fields: Mapping[str, str]) -> str:
        signed = "\n".join(
            [resource, *(f"{name}={fields[name]}" for name in sorted(fields) if name != "sig")]
        )
        return base64.b64encode(hmac.new(self._key, signed.encode(), hashlib.sha256).digest()).decode()


def _account(name: str) -> str:
    # No container is named so: a colon cannot be part of its name.
    return f"account:{name}"


def _refused(code: str, message: str) -> AzureError:
    lead = "Server failed to authenticate the request. " if code == "AuthenticationFailed" else ""
    return AzureError(403, code, lead + message)
