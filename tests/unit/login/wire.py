"""What answers a login: the authorities, in the place of the network, and an endpoint that gives out federated tokens."""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from tests.unit.login.shell import OIDC, TENANT


class Wire:
    """What leaves this process: logins are answered here, loopback is let through."""

    def __init__(self) -> None:
        self.hosts: list[str] = []
        self.urls: list[str] = []
        self.secrets_at: set[str] = set()
        self.assertions: list[str] = []

    def answer(self, adapter: Any, request: Any, **options: Any) -> requests.Response:
        host = urlsplit(request.url).hostname
        if host in {"localhost", "127.0.0.1"}:
            return REAL_SEND(adapter, request, **options)
        self.hosts.append(host)
        self.urls.append(request.url)
        if request.method == "POST":
            self.secrets_at.add(host)
        form = parse_qs(request.body if isinstance(request.body, str) else "")
        self.assertions += form.get("client_assertion", [])
        answer: dict[str, Any] = {"token_type": "Bearer", "expires_in": 0, "access_token": _token(TENANT)}
        if host == "identity.example":
            answer["expires_on"] = "9999999999"
        elif request.method == "GET":
            # An authority that nobody knows is looked up at a known one first.
            named = parse_qs(urlsplit(request.url).query).get("authorization_endpoint", [request.url])
            base = f"https://{urlsplit(named[0]).hostname}/{TENANT}"
            answer = {
                "tenant_discovery_endpoint": f"{base}/v2.0/.well-known/openid-configuration",
                "issuer": f"{base}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
            }
        made = requests.Response()
        made.status_code, made._content, made.request, made.url = (
            200,
            json.dumps(answer).encode(),
            request,
            request.url,
        )
        made.headers["Content-Type"] = "application/json"
        made.raw = _Raw(made._content)
        return made


class _Raw:
    """As much of urllib3's response as azure-core's transport reads."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.version = 11
        self.enforce_content_length = True

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self.content

    def close(self) -> None:
        pass


REAL_SEND = requests.adapters.HTTPAdapter.send


def _token(tenant: str) -> str:
    part = base64.urlsafe_b64encode(json.dumps({"tid": tenant}).encode()).decode().rstrip("=")
    return f"e30.{part}.e30"


class TokenEndpoint:
    """An https server that gives out federated tokens as GitHub does, a new one each time."""

    def __init__(self, pem: Path) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self.status = 200
        self.body: bytes | None = None
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                endpoint.asked.append((self.path, self.headers["Authorization"]))
                body = endpoint.body
                if body is None:
                    body = json.dumps({"count": 1, "value": f"federated-{len(endpoint.asked)}"}).encode()
                self.send_response(endpoint.status)
                self.send_header("Location", f"https://localhost:{endpoint.port}/elsewhere")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.environ = OIDC | {
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "bearer-of-github",
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"https://localhost:{self.port}/token?api-version=2.0",
        }
