"""References to assets and data, in every form in which YAML and REST write them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from plumbline.assets.yaml_kinds import asset_kinds

COLLECTIONS = {name: kind.collection for name, kind in asset_kinds().items()}
"""Kind -> its word in ids."""

_ARM = re.compile(
    r"^(?:azureml:)?/subscriptions/[^/]+/resourcegroups/[^/]+/providers/microsoft\.machinelearningservices"
    r"/workspaces/[^/]+/(?P<collection>\w+)/(?P<name>[^/]+)(?:/(?:versions/(?P<version>[^/]+)|labels/(?P<label>[^/]+)))?/?$",
    re.IGNORECASE,
)
_LOCATED = re.compile(
    r"^azureml://locations/[^/]+/workspaces/[^/]+/(?P<collection>\w+)/(?P<name>[^/]+)"
    r"/(?:versions/(?P<version>[^/]+)|labels/(?P<label>[^/]+))/?$",
    re.IGNORECASE,
)
_REGISTRY = re.compile(
    r"^azureml://registries/(?P<registry>[^/]+)/(?P<collection>\w+)/(?P<name>[^/]+)"
    r"(?:/(?:versions/(?P<version>[^/]+)|labels/(?P<label>[^/]+)))?/?$",
    re.IGNORECASE,
)
_SHORT = re.compile(r"^azureml:(?!/)(?P<name>[^:@/]+)(?::(?P<version>[^:@/]+)|@(?P<label>[^:@/]+))?$")
_BARE = re.compile(r"^(?P<name>[^:@/\s]+)(?::(?P<version>[^:@/]+)|@(?P<label>[^:@/]+))$")
_DATASTORE = re.compile(
    r"^azureml://subscriptions/[^/]+/resourcegroups/[^/]+/(?:providers/[^/]+/)?workspaces/[^/]+"
    r"/(?P<rest>datastores/.+)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where a reference points: a name, a version or a label or neither, and a registry or this workspace.

    Attributes:
        collection: ``environments``, ``components`` ... where the reference says so.
    """

    name: str
    version: str | None = None
    label: str | None = None
    registry: str | None = None
    collection: str | None = None

    @property
    def exact(self) -> bool:
        """Whether it names one version that cannot move."""
        return self.version is not None

    @property
    def curated(self) -> bool:
        """Whether Azure itself keeps it in every workspace."""
        return self.registry is None and self.name.startswith("AzureML-")

    def __str__(self) -> str:
        if self.registry:
            tail = (
                f"/versions/{self.version}" if self.version else f"/labels/{self.label}" if self.label else ""
            )
            return f"azureml://registries/{self.registry}/{self.collection}/{self.name}{tail}"
        tail = f":{self.version}" if self.version else f"@{self.label}" if self.label else ""
        return f"azureml:{self.name}{tail}"


def parse_reference(text: str, *, bare: bool = False) -> Address | None:
    """The address that a reference names, None for a path, a data URI, or a ``${{...}}`` expression.

    Args:
        bare: Optional. Take ``name:version`` too, as azure-ai-ml writes it into bodies that it has not resolved.
    """
    for pattern in (_SHORT, _REGISTRY, _ARM, _LOCATED, *((_BARE,) if bare else ())):
        found = pattern.match(text)
        if found:
            return Address(**found.groupdict())
    return None


def normal_reference(text: str) -> str:
    """A reference of the wire in the canonical form; anything else (a binding, a URI) as it is."""
    if text.startswith("${{"):
        return text
    address = parse_reference(text, bare=True)
    return str(address) if address else text


def normal_uri(text: str) -> str:
    """A data URI or reference in its short form: datastores of the workspace without its id."""
    found = _DATASTORE.match(text)
    if found:
        return f"azureml://{found['rest']}"
    return text if text.startswith(("http:", "https:", "wasb")) else normal_reference(text)


def normal_path(text: str) -> str:
    """Where data or a model lies: local files as ``sha256:HASH`` as they are, a URI in its short form."""
    return text if text.startswith("sha256:") else normal_uri(text)


def normal_compute(text: str) -> str:
    """``azureml:NAME`` of a compute or datastore, however it is named; bindings as they are.

    ``serverless`` names no compute: it is one word, also where azure-ai-ml has made an ARM id of it.
    """
    if text.startswith("${{"):
        return text
    found = _ARM.match(text)
    name = found["name"] if found else text.removeprefix("azureml:")
    return name.lower() if name.lower() in {"serverless", "local"} else f"azureml:{name}"


def is_remote_path(text: str) -> bool:
    """Whether a data path names something outside this machine."""
    return bool(re.match(r"^(azureml:|https?://|wasbs?://|abfss?://|adl://|runs:/|hdfs://)", text))
