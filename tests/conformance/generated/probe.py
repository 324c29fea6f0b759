"""Sends one generated request and judges the answer."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import requests
from hypothesis import strategies as st

from tests.conformance.generated import body as body_module
from tests.conformance.generated import place
from tests.conformance.generated.target import Target
from tests.conformance.generated.verdict import complaint
from tests.contract.machine_learning_platform import MachineLearningPlatform

HANGS_AFTER_SECONDS = 60
_AUDIENCES = {"storage": "https://storage.azure.com", "run": "https://ml.azure.local"}


@dataclass(kw_only=True)
class Probe:
    """A connection to one emulator, with a token for each audience."""

    platform: MachineLearningPlatform
    session: requests.Session = field(default_factory=requests.Session)
    _tokens: dict[str, str] = field(default_factory=dict)
    _versions: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        emulator = self.platform.emulator
        self.session.verify = str(emulator.home / "ca.pem")
        self.session.trust_env = False
        self.session.headers["User-Agent"] = "plumbline-tests"

    def ask(self, target: Target, data: st.DataObject) -> str:
        """What is wrong with the answer to one request drawn for a target; empty when nothing is."""
        path = data.draw(place.paths(target), label="path")
        usual = data.draw(st.integers(0, 9), label="usual api-version") > 0
        version = self._version(target) if usual else data.draw(st.sampled_from(place.ODD_VERSIONS))
        content = None
        if target.has_body:
            shape = target.body
            unknown = body_module.ARM_BODIES if target.method in ("PUT", "PATCH") else body_module.ANYTHING
            content = data.draw(unknown if shape is None else body_module.bodies(shape), label="body")
        try:
            answer = self.session.request(
                target.method,
                f"{self.platform.emulator.base_url}{path}",
                params={"api-version": version} if version else {},
                json=content,
                headers={"Authorization": f"Bearer {self._token(target.audience)}"},
                timeout=HANGS_AFTER_SECONDS,
                allow_redirects=False,
            )
        except requests.Timeout:
            return f"no answer within {HANGS_AFTER_SECONDS} s"
        found = complaint(target, answer)
        return f"{target.method} {path}?api-version={version} {content!r}: {found}" if found else ""

    def _version(self, target: Target) -> str:
        """The newest api-version that the route takes: its refusal of another one lists them."""
        if target.name not in self._versions:
            answer = self.session.request(
                target.method,
                f"{self.platform.emulator.base_url}{place.usual_path(target)}",
                params={"api-version": "0000-00-00"},
                json={} if target.has_body else None,
                headers={"Authorization": f"Bearer {self._token(target.audience)}"},
                timeout=HANGS_AFTER_SECONDS,
            )
            listed = re.search(r"versions are '([^']*)'", answer.text)
            known = sorted(listed[1].split(", ")) if listed else list(target.versions or ("2025-12-01",))
            self._versions[target.name] = known[-1]
        return self._versions[target.name]

    def _token(self, audience: str) -> str:
        if audience not in self._tokens:
            self._tokens[audience] = self.platform.emulator.token(audience=_AUDIENCES.get(audience))
        return self._tokens[audience]
