"""Protects how a request finds its route: case, parameters, extension resources, and no way from ARM into blobs."""

from __future__ import annotations

import pytest

from plumbline.emulator.routing import Reply, Route, Router

WIDGETS = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Widgets/widgets"
ROLES = "/{scope:path}/providers/Microsoft.Authorization/roleAssignments/{name}"


def route(method: str, path: str) -> Route:
    return Route(method=method, path=path, handler=lambda _: Reply())


@pytest.fixture
def router() -> Router:
    return Router([
        route("GET", f"{WIDGETS}/{{name}}"),
        route("GET", WIDGETS),
        route("GET", f"{WIDGETS}/{{widget}}/parts/{{name}}"),
        route("GET", f"{WIDGETS}/{{name}}/special"),
        route("GET", ROLES),
        route("GET", "/{container}/{blob:path}"),
        route("GET", "/{tenant}/v2.0/keys"),
    ])  # fmt: skip


def found(router: Router, path: str, method: str = "GET"):
    match = router.find(method, path)
    return None if match is None else (match[0].path, match[1])


def test_paths_match_in_any_case_and_parameters_keep_theirs(router):
    path = "/SUBSCRIPTIONS/s/resourcegroups/MyGroup/Providers/microsoft.widgets/WIDGETS/Ab"
    assert found(router, path) == (
        f"{WIDGETS}/{{name}}",
        {"subscription": "s", "group": "MyGroup", "name": "Ab"},
    )


def test_a_literal_wins_over_a_parameter_and_a_dead_end_goes_back(router):
    base = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Widgets/widgets"
    assert found(router, f"{base}/w/special")[0] == f"{WIDGETS}/{{name}}/special"
    assert found(router, f"{base}/w/parts/p")[1]["widget"] == "w"
    assert found(router, f"{base}/w/unknown") is None


def test_an_extension_hangs_on_any_scope(router):
    for scope in (
        "",
        "/subscriptions/s",
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Widgets/widgets/w",
    ):
        assert found(router, f"{scope}/providers/microsoft.authorization/roleassignments/G1") == (
            ROLES, {"scope": scope, "name": "G1"},
        )  # fmt: skip


def test_an_unknown_arm_path_is_no_blob(router):
    assert found(router, "/subscriptions/s/providers/Microsoft.Nothing/x") is None
    assert found(router, "/container/deep/blob.txt")[1] == {"container": "container", "blob": "deep/blob.txt"}
    assert found(router, "/tenant/v2.0/keys")[0] == "/{tenant}/v2.0/keys"


def test_escapes_are_undone_after_splitting(router):
    assert found(router, "/container/a%2Fb%20c")[1]["blob"] == "a/b c"


def test_another_method_is_no_match(router):
    assert found(router, "/container/blob", "PUT") is None


def test_a_route_declared_twice_is_refused():
    with pytest.raises(ValueError, match="declared twice"):
        Router([route("GET", "/a/{x}"), route("GET", "/a/{y}")])
