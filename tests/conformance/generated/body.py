"""Strategies for bodies: what a model class allows, and the same with something broken somewhere inside."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.conformance.generated.shape import Shape

DEEPEST = 6
MOST_FIELDS = 6
_TEXTS = st.one_of(
    st.sampled_from(
        [
            "",
            "a",
            "one",
            "1",
            "azureml:one:1",
            "azureml://datastores/workspaceblobstore/paths/x",
            "${{parent.inputs.x}}",
        ]
    ),
    st.text(max_size=12),
)
_TIMES = st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-01T00:00:00", "0001-01-01T00:00:00+00:00"])
_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 10**12),
    st.floats(allow_nan=False, allow_infinity=False),
    _TEXTS,
)
ANYTHING = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.text(max_size=6), inner, max_size=2)
    ),
    max_leaves=4,
)


# What a service looks at before anything else: right often enough to get behind it.
_KNOWN = {
    "location": st.sampled_from(["westeurope", "westeurope", "West Europe", ""]),
    "tags": st.dictionaries(st.sampled_from(["owner", "cost"]), st.sampled_from(["a", ""]), max_size=2),
}


ARM_BODIES = st.fixed_dictionaries(
    {"location": _KNOWN["location"], "properties": ANYTHING},
    optional={"tags": ANYTHING, "sku": ANYTHING, "kind": ANYTHING, "identity": ANYTHING},
)
"""Bodies of a resource whose model is not installed."""


@st.composite
def bodies(draw: st.DrawFn, shape: Shape) -> Any:
    """A body of the shape; every second time with one member replaced, wherever it lies."""
    body = draw(values(shape))
    if draw(st.booleans()):
        places = list(_places(body))
        if places:
            holder, key = draw(st.sampled_from(places))
            holder[key] = draw(ANYTHING)
    return body


@st.composite
def values(draw: st.DrawFn, shape: Shape, depth: int = 0) -> Any:
    """A value of the shape."""
    if shape.kind == "object":
        return _object(draw, shape, depth)
    if shape.kind in {"list", "mapping"}:
        assert shape.inner is not None
        if depth >= DEEPEST:
            return [] if shape.kind == "list" else {}
        inner = values(shape.inner(), depth + 1)
        if shape.kind == "list":
            return draw(st.lists(inner, max_size=2))
        return draw(st.dictionaries(_TEXTS, inner, max_size=2))
    simple = {
        "text": _TEXTS,
        "time": _TIMES,
        "integer": st.integers(-1, 100),
        "number": st.floats(-1, 100),
        "boolean": st.booleans(),
        "choice": st.sampled_from(shape.choices or ("",)),
        "anything": ANYTHING,
    }
    return draw(simple[shape.kind])


def _object(draw: st.DrawFn, shape: Shape, depth: int) -> dict[str, Any]:
    subtypes = shape.subtypes()
    if subtypes:
        shape = draw(st.sampled_from(subtypes))
    fields = shape.fields()
    fixed = [name for name, inner in fields.items() if inner.kind == "choice" and len(inner.choices) == 1]
    wanted = [name for name in ("properties", "location", "sku", "kind") if name in fields and depth == 0]
    if depth < DEEPEST:
        wanted += draw(st.lists(st.sampled_from(sorted(fields)), max_size=MOST_FIELDS)) if fields else []
    found: dict[str, Any] = {}
    for name in dict.fromkeys([*fixed, *wanted]):
        value = draw(_KNOWN[name] if name in _KNOWN and depth == 0 else values(fields[name], depth + 1))
        _put(found, name.split(".") if name != "odata.type" else [name], value)
    return found


def _put(holder: dict[str, Any], path: list[str], value: Any) -> None:
    for part in path[:-1]:
        inner = holder.setdefault(part, {})
        holder = inner if isinstance(inner, dict) else holder
    holder[path[-1]] = value


def _places(value: Any) -> Any:
    """Every (holder, key) of a body."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield value, key
        yield from _places(inner)
