"""Protects Azure names: whatever a stack is called, every noun gets a name that Azure takes, and no two stacks share one."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.naming import RESERVED_WORDS, RULES, NameRefused, Naming

# Source: learn.microsoft.com, "Naming rules and restrictions for Azure resources", by resource type.
FORMS = {
    "resource-group": r"[A-Za-z0-9_.()-]{0,89}[A-Za-z0-9_()-]",
    "storage": r"[a-z0-9]{3,24}",
    "vault": r"(?!.*--)[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]",
    "logs": r"[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]",
    "insights": r"[^%&\\?/]{1,254}[^%&\\?/. ]",
    "registry": r"[A-Za-z0-9]{5,50}",
    "ml-registry": r"[A-Za-z0-9][A-Za-z0-9_-]{2,32}",
    "workspace": r"[A-Za-z0-9][A-Za-z0-9_-]{2,32}",
    "workspace-identity": r"[A-Za-z0-9][A-Za-z0-9_-]{2,127}",
    "pipeline-identity": r"[A-Za-z0-9][A-Za-z0-9_-]{2,127}",
}
SUBSCRIPTION = "44444444-4444-4444-8444-444444444444"
PLATFORMS = st.from_regex(r"[a-z][a-z0-9]{2,11}", fullmatch=True).filter(
    lambda name: not any(word in name for word in RESERVED_WORDS)
)
# Source: Pulumi documentation, "Stack naming requirements".
STACKS = st.from_regex(r"[A-Za-z0-9_.-]{1,100}", fullmatch=True)


def _naming(stack: str, platform: str = "plumbline") -> Naming:
    return Naming(platform=platform, stack=stack, subscription_id=SUBSCRIPTION)


@given(platform=PLATFORMS, stack=STACKS)
def test_every_noun_has_a_name_that_azure_takes_or_the_stack_is_refused(platform: str, stack: str) -> None:
    plain = re.sub("[^a-z0-9]", "", stack.lower())
    if not plain or any(word in plain for word in RESERVED_WORDS):
        with pytest.raises(NameRefused):
            _naming(stack, platform)
        return
    naming = _naming(stack, platform)
    assert set(FORMS) == set(RULES)
    for noun, form in FORMS.items():
        name = naming.azure_name(noun)
        assert re.fullmatch(form, name), (noun, name)
        assert len(name) <= RULES[noun][1]


@given(one=STACKS, other=STACKS)
def test_two_stacks_never_share_what_must_be_their_own(one: str, other: str) -> None:
    try:
        first, second = _naming(one), _naming(other)
    except NameRefused:
        return
    for noun in ("resource-group", "storage", "vault", "registry"):
        assert (first.azure_name(noun) == second.azure_name(noun)) == (one == other)


@pytest.mark.parametrize("stack", ["dev_a", "dev-a", "Dev-A", "dev.a", "deva"])
def test_stacks_that_differ_by_signs_and_capitals_only_get_groups_of_their_own(stack: str) -> None:
    others = {"dev_a", "dev-a", "Dev-A", "dev.a", "deva"} - {stack}
    group = _naming(stack).azure_name("resource-group")
    assert group not in {_naming(other).azure_name("resource-group") for other in others}


def test_plain_stacks_keep_the_names_that_they_have() -> None:
    names = {noun: _naming("dev").azure_name(noun) for noun in RULES}
    assert names["resource-group"] == "rg-plumbline-dev"
    assert names["workspace"] == "mlw-plumbline-dev"
    assert names["storage"].startswith("stplumblinedev")
    assert names["vault"].startswith("kv-plumbline-dev-")


@pytest.mark.parametrize(
    ("stack", "platform", "said"),
    [
        ("__", "plumbline", "letter or digit"),
        ("dev", "mywindows", '"windows"'),
        ("Micro-soft", "ml1", '"microsoft"'),
    ],
)
def test_a_name_that_azure_would_refuse_is_refused_with_the_reason(
    stack: str, platform: str, said: str
) -> None:
    with pytest.raises(NameRefused, match=said):
        _naming(stack, platform)
