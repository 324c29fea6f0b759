"""Protects every modelled route from bodies and names that nobody wrote by hand: no 500, nothing unreadable, no hang.

The same requests in every run; `make conformance` sends many more.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conformance.generated import place
from tests.conformance.generated.probe import Probe
from tests.conformance.generated.target import Target, targets
from tests.contract.machine_learning_platform import machine_learning_platform

_BY_SERVICE: dict[str, list[Target]] = {}
for _target in targets():
    _BY_SERVICE.setdefault(_target.service, []).append(_target)
# Requests for each service, by how much there is to get wrong in its bodies.
_EXAMPLES = {"machine_learning": 30, "resource_manager": 20, "jobs": 15, "registry": 10}


@pytest.fixture(scope="module")
def probe() -> Iterator[Probe]:
    with machine_learning_platform() as platform:
        place.prepare(platform)
        yield Probe(platform=platform)


@pytest.mark.parametrize("service", sorted(_BY_SERVICE))
def test_every_answer_is_one_that_a_client_can_work_with(probe: Probe, service: str) -> None:
    @settings(max_examples=_EXAMPLES.get(service, 5))
    @given(target=st.sampled_from(_BY_SERVICE[service]), data=st.data())
    def ask(target: Target, data: st.DataObject) -> None:
        assert probe.ask(target, data) == ""

    ask()
