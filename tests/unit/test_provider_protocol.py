"""Protects the provider's codec, schema, settings and messages: the parts that need neither engine nor cloud."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi.runtime import rpc

from plumbline.kinds import KINDS
from plumbline.provider.address import parse_import_id
from plumbline.provider.claims import Claims
from plumbline.provider.cloud import open_cloud
from plumbline.provider.codec import UNKNOWN, Properties, carried, decode, encode, is_known
from plumbline.provider.errors import ProviderBug, Refusal
from plumbline.provider.reference import page
from plumbline.provider.schema import package_schema
from plumbline.provider.settings import SETTING_ROWS, read_settings
from plumbline.provider.table import property_rows
from plumbline.provider.urn import parse_urn

REPOSITORY = Path(__file__).resolve().parent.parent.parent
PINS = {"cloud": "AzureCloud", "tenantId": "t", "subscriptionId": "s"}
SCALARS = st.one_of(st.booleans(), st.integers(-(2**40), 2**40), st.text(max_size=20))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text(min_size=1, max_size=8), VALUES, max_size=4), st.data())
def test_what_is_encoded_decodes_to_the_same(values: dict[str, Any], data: st.DataObject) -> None:
    secrets = data.draw(st.sets(st.sampled_from(sorted(values)))) if values else set()
    found = decode(encode(values, secrets))
    assert found.entries == values
    assert found.secrets == secrets


def test_unknowns_are_the_ones_of_the_sdk_at_any_depth() -> None:
    struct = encode({"a": UNKNOWN, "b": {"c": [UNKNOWN]}})
    assert struct["a"] == rpc.UNKNOWN
    found = decode(struct)
    assert found["a"] is UNKNOWN
    assert not is_known(found["b"])
    assert is_known({"b": ["x"]})


def test_a_secret_inside_a_map_makes_the_whole_property_secret() -> None:
    struct = encode({"tags": {"owner": "x"}})
    inner = encode({"owner": "x"}, ["owner"])
    struct.fields["tags"].struct_value.CopyFrom(inner)
    found = decode(struct)
    assert found["tags"] == {"owner": "x"}
    assert found.secrets == {"tags"}
    assert found.shown("tags") == "[secret]"


def test_numbers_and_nested_values_survive_both_ways() -> None:
    values = {"settings": {"retries": 3, "limits": {"seconds": 1.5, "steps": [1, {"name": "a", "on": True}]}}}
    found = decode(encode(values))
    assert found["settings"] == values["settings"]
    assert [type(one) for one in (found["settings"]["retries"], found["settings"]["limits"]["seconds"])] == [
        int,
        float,
    ]


CARRIED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text(min_size=1, max_size=8), CARRIED, max_size=4))
def test_what_is_compared_without_the_engine_is_what_would_be_left_on_its_way(values: dict[str, Any]) -> None:
    left, sent = carried(values), decode(encode(values))
    assert left == sent
    written = [json.dumps(dict(one), sort_keys=True) for one in (left, sent)]
    assert written[0] == written[1], "1, 1.0 and true are not the same"


def test_a_file_given_as_a_pulumi_asset_is_refused() -> None:
    struct = encode(
        {"spec": {"4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17", "text": "x"}}
    )
    with pytest.raises(Refusal, match="asset"):
        decode(struct)


def test_the_schema_describes_every_property_of_every_kind() -> None:
    schema = package_schema("1.2.3")
    assert set(schema["resources"]) == {row.token for row in KINDS.values()}
    for kind, row in KINDS.items():
        resource = schema["resources"][row.token]
        assert resource["description"]
        assert set(resource["inputProperties"]) == {n for n, r in property_rows(kind).items() if r.is_input}
        for described in (*resource["inputProperties"].values(), *resource["properties"].values()):
            assert described["description"]
    assert schema["provider"]["inputProperties"]["clientSecret"]["secret"]
    json.dumps(schema)


def test_resource_classes_carry_the_tokens_of_the_schema() -> None:
    from plumbline import azureml

    for row in KINDS.values():
        assert getattr(azureml, row.noun).kind is row


def test_the_reference_page_is_up_to_date() -> None:
    assert (REPOSITORY / "docs/reference/resources.md").read_text(encoding="utf-8") == page()


def test_the_plugin_starts_without_the_cloud_libraries() -> None:
    program = (
        "import sys, plumbline.provider.server\n"
        "found = [m for m in sys.modules if m.split('.')[0] in {'azure', 'aiohttp', 'msal', 'marshmallow'}]\n"
        "sys.exit(f'got {found[:5]}, expected none' if found else 0)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=REPOSITORY, timeout=120)


def test_configuration_wins_over_the_environment() -> None:
    environ = {"ARM_TENANT_ID": "t1", "ARM_SUBSCRIPTION_ID": "s1", "ARM_CLIENT_SECRET": "hush"}
    settings = read_settings("dev", {"tenantId": "t2", "subscriptionId": UNKNOWN}, environ)
    assert (settings.cloud, settings.tenant_id, settings.subscription_id) == ("AzureCloud", "t2", "s1")
    assert "hush" not in repr(settings)
    assert all(row.description for row in SETTING_ROWS)


def test_missing_pins_are_named_before_anything_is_called() -> None:
    with pytest.raises(Refusal, match="plumbline:tenantId, plumbline:subscriptionId"):
        open_cloud(read_settings("dev", {}, {}), {})


def test_a_stack_of_azure_is_refused_in_a_shell_of_another_cloud() -> None:
    with pytest.raises(Refusal, match="PlumblineLocal"):
        open_cloud(read_settings("dev", PINS, {}), {"AZUREML_CURRENT_CLOUD": "PlumblineLocal"})


def test_an_emulator_that_is_down_fails_closed_at_once() -> None:
    environ = {
        "AZUREML_CURRENT_CLOUD": "PlumblineLocal",
        "ARM_CLOUD_METADATA_URL": "https://127.0.0.1:9/metadata/endpoints",
    }
    pins = {**PINS, "cloud": "PlumblineLocal"}
    with pytest.raises(Refusal, match="plumbline local start"):
        open_cloud(read_settings("local", pins, {}), environ)


def test_a_public_cloud_has_its_endpoint() -> None:
    assert open_cloud(read_settings("dev", PINS, {}), {}).endpoint == "https://management.azure.com"


def test_urns_come_apart() -> None:
    urn = parse_urn(
        "urn:pulumi:dev::platform::plumbline:ml:Pipeline$plumbline:azureml:Component::claims-train"
    )
    assert (urn.stack, urn.project, urn.token, urn.name) == (
        "dev",
        "platform",
        "plumbline:azureml:Component",
        "claims-train",
    )
    with pytest.raises(ProviderBug):
        parse_urn("train")


def test_import_ids_are_names_or_arm_ids() -> None:
    assert parse_import_id("train:h1ab").version == "h1ab"
    arm = (
        "/subscriptions/s/resourcegroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
        "/components/train/versions/3"
    )
    found = parse_import_id(arm)
    assert (found.resource_group, found.workspace, found.name, found.version) == ("g", "w", "train", "3")
    with pytest.raises(Refusal, match="expected NAME:VERSION"):
        parse_import_id("/subscriptions/s")


def test_a_version_that_another_resource_declares_is_claimed() -> None:
    claims = Claims()
    claims.add("/subscriptions/S/components/train/versions/1", "urn:new")
    assert claims.other_owner("/subscriptions/s/components/train/versions/1", "urn:old") == "urn:new"
    assert claims.other_owner("/subscriptions/s/components/train/versions/1", "urn:new") is None


def test_properties_show_shortly() -> None:
    assert len(Properties(entries={"spec": "x" * 500}).shown("spec")) == 80
