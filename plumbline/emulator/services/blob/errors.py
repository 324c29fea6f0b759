"""What storage refuses, in its own codes. The application renders these as XML with x-ms-error-code."""

from __future__ import annotations

from plumbline.emulator.errors import AzureError


def container_not_found() -> AzureError:
    """404 as storage answers it for a container that is not there."""
    return AzureError(404, "ContainerNotFound", "The specified container does not exist.")


def blob_not_found() -> AzureError:
    """404 as storage answers it for a blob that is not there."""
    return AzureError(404, "BlobNotFound", "The specified blob does not exist.")


def condition_not_met() -> AzureError:
    """412 for a write or read whose condition does not hold."""
    return AzureError(
        412, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met."
    )


def digest_mismatch() -> AzureError:
    """400 for a body that is not what its Content-MD5 says."""
    return AzureError(
        400, "Md5Mismatch", "The MD5 value specified in the request did not match with the data sent."
    )


def not_modelled(what: str) -> AzureError:
    """501: a storage operation that the emulator does not model."""
    return AzureError(501, "NotImplemented", f"The emulator's blob storage does not model {what}.")
