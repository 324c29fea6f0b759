"""One pool of connections for the clients that speak through requests, with authorities that are read once.

Left to itself requests reads the whole bundle of authorities again for each connection.
"""

from __future__ import annotations

import ssl
from functools import cache
from typing import Any

from azure.core.pipeline.transport import RequestsTransport
from requests import PreparedRequest, Session
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from plumbline.azure.reader import WIDTH, trusted_authorities

_KEPT = (
    4 * WIDTH
)  # each of so many registrations uploads some files at once; what is not kept is opened again


class _SharedAuthorities(HTTPAdapter):
    """Verifies with authorities that were read once; keeps as many connections as are used at once."""

    def __init__(self, authorities: ssl.SSLContext) -> None:
        self._authorities = authorities
        # azure-core tries again itself.
        super().__init__(
            pool_maxsize=_KEPT, max_retries=Retry(total=False, redirect=False, raise_on_status=False)
        )

    def build_connection_pool_key_attributes(
        self, request: PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        pool.pop("ca_certs", None)
        pool.pop("ca_cert_dir", None)
        return host, {**pool, "cert_reqs": "CERT_REQUIRED", "ssl_context": self._authorities}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Nothing to set: the context verifies, whatever the bundle in force is called."""


@cache
def shared_transport() -> Any:
    """The transport of all clients of this process; closing a client does not close it."""
    session = Session()
    session.mount("https://", _SharedAuthorities(trusted_authorities()))
    return RequestsTransport(session=session, session_owner=False)
