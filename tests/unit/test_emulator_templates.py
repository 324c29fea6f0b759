"""Protects the template language: what azure-ai-ml's templates say is worked out, all else refused."""

from __future__ import annotations

import pytest

from plumbline.emulator.errors import AzureError
from plumbline.emulator.services.resource_manager.templates import Template

TEMPLATE = {
    "parameters": {
        "name": {"type": "string"},
        "size": {"type": "string", "defaultValue": "[concat('s', 'm')]"},
    },
    "variables": {
        "full": "[concat(parameters('name'), '-', parameters('size'))]",
        "list": ["[variables('full')]"],
    },
}


@pytest.fixture
def template() -> Template:
    return Template(
        TEMPLATE, {"NAME".lower(): {"value": "ws"}},
        subscription={"id": "/subscriptions/s", "subscriptionId": "s", "tenantId": "t"},
        group={"id": "/subscriptions/s/resourceGroups/g", "name": "g", "location": "westeurope"},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"),
        ("[[escaped]", "[escaped]"),
        ("[parameters('NAME')]", "ws"),
        ("[variables('full')]", "ws-sm"),
        ("[variables('list')[0]]", "ws-sm"),
        ("[subscription().tenantId]", "t"),
        ("[toLower('AB''C')]", "ab'c"),
        ("[if(equals(1, 1), 'yes', parameters('missing'))]", "yes"),
        ("[if(not(equals(1, 1)), parameters('missing'), 'no')]", "no"),
        ("[concat(array('a'), array('b'))]", ["a", "b"]),
        ("[json('null')]", None),
        ("[resourceId('A.B/c', 'x')]", "/subscriptions/s/resourceGroups/g/providers/A.B/c/x"),
        (
            "[resourceId('s2', 'g2', 'A.B/c/d', 'x', 'y')]",
            "/subscriptions/s2/resourceGroups/g2/providers/A.B/c/x/d/y",
        ),
    ],
)
def test_expressions(template, text, value):
    assert template.evaluate({"deep": [text]}) == {"deep": [value]}


@pytest.mark.parametrize(
    "text", ["[reference('x')]", "[concat('a']", "[toLower(1)]", "[1 + 2]", "[]", "[parameters('missing')]"]
)
def test_what_is_outside_the_language_is_refused(template, text):
    with pytest.raises(AzureError) as raised:
        template.evaluate(text)
    assert (raised.value.status, raised.value.code) == (400, "InvalidTemplate")
