"""Who the clients on this machine would act as, read from the environment: no login is tried, no token asked for.

Three families choose for themselves: azure-native, Plumbline's own provider, and whatever is built on azure-identity
(the command line, MLClient). They must end as one principal, or a plan is made by one and carried out by another.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from plumbline.fence import is_loopback

SPOKEN = {
    "azure_native": "azure-native",
    "plumbline": "Plumbline's provider",
    "azure_identity": "azure-identity",
}


@dataclass(frozen=True, kw_only=True)
class Login:
    """A way to log in, and the principal that it ends as."""

    way: str
    principal: str

    def __str__(self) -> str:
        return f"{self.way} as {self.principal}"


def logins(root: Path | None, environ: Mapping[str, str]) -> dict[str, Login]:
    """Family -> its login. Where the shell leads to an emulator, azure-native is the stand-in.

    Args:
        root: The project's folder; its emulators know the names of their principals.
    """
    found = {family: _login(family, environ) for family in SPOKEN}
    if _leads_to_an_emulator(environ):
        emulated = Login(way="emulator", principal=_emulated_principal(root, environ))
        # The stand-in and Plumbline's provider ask IDENTITY_ENDPOINT and nothing else there.
        found |= {"azure_native": emulated, "plumbline": emulated}
        if found["azure_identity"].way == "managed identity":
            found["azure_identity"] = emulated
    return found


def _login(family: str, environ: Mapping[str, str]) -> Login:
    if family == "plumbline":
        return _provider_login(environ)
    kept = environ.get("AZURE_TOKEN_CREDENTIALS", "").lower() if family == "azure_identity" else ""
    for row in _table()[family]["ways"]:
        if kept and "kept_by" in row and kept not in row["kept_by"]:
            continue
        if "flag" in row and environ.get(row["flag"]) != "true":
            continue
        if all(environ.get(name) for name in row.get("all", ())):
            return _ends_as(row, environ)
    raise AssertionError(f"logins.yaml: {family}: the last way must need nothing")


def _provider_login(environ: Mapping[str, str]) -> Login:
    """Plumbline's provider is asked itself which way it takes; whom a way ends as is azure-native's to say."""
    from plumbline.provider.credential import chosen_way
    from plumbline.provider.settings import read_settings

    way = chosen_way(read_settings("", {}, environ)).way
    return _ends_as(next(row for row in _table()["azure_native"]["ways"] if row["way"] == way), environ)


def _ends_as(row: Mapping[str, Any], environ: Mapping[str, str]) -> Login:
    if "then" in row:
        return _login(row["then"], environ)
    principal = environ.get(row.get("principal", ""), "").lower() or row.get("as", "nobody: no client id")
    return Login(way=row["way"], principal=principal)


@cache
def _table() -> Mapping[str, Any]:
    text = (Path(__file__).parent / "logins.yaml").read_text(encoding="utf-8")
    table: Mapping[str, Any] = yaml.safe_load(text)
    return table


def _leads_to_an_emulator(environ: Mapping[str, str]) -> bool:
    return is_loopback(urlsplit(environ.get("ARM_CLOUD_METADATA_URL", "")).hostname or "")


def _emulated_principal(root: Path | None, environ: Mapping[str, str]) -> str:
    """The principal whose header this shell has, by name; the header itself is a secret."""
    header = environ.get("IDENTITY_HEADER", "")
    home = (root or Path("/nowhere")) / ".plumbline"
    for note in [home / "local/emulator/ready.json", *home.glob("rehearsals/*/emulator/ready.json")]:
        try:
            principals = json.loads(note.read_text())["principals"].values()
        except (OSError, ValueError, KeyError):
            continue
        for principal in principals:
            if header and principal["identity_header"] == header:
                return str(principal["name"])
    return "nobody that a running emulator of this project knows"
