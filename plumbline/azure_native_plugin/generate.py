"""Writes schema.json: what the installed pulumi_azure_native says about the types of types.yaml.

Importing the SDK takes seconds, so the plugin never does; it reads this file. Run after an SDK upgrade:
`python -m plumbline.azure_native_plugin generate`. A test fails when the file is out of date.

Type expressions: `string`, `integer`, `number`, `boolean`, `any`, `[T]` list, `{T}` map, `#module:Type`,
`A|B` one of several objects, `=text` a constant, `set` a list of names in inputs that is a map on the wire.
"""

from __future__ import annotations

import ast
import collections.abc
import functools
import importlib
import importlib.metadata
import inspect
import json
import re
import types
import typing
from pathlib import Path
from typing import Any

import yaml

SCHEMA_FILE = Path(__file__).with_name("schema.json")
_SCALARS = {str: "string", int: "integer", float: "number", bool: "boolean"}


def generate() -> str:
    """The text of schema.json for the installed SDK."""
    rows = yaml.safe_load(Path(__file__).with_name("types.yaml").read_text(encoding="utf-8"))
    collected = _Types()
    resources = {token: _resource(token, collected) for token in rows}
    document = {
        "sdk_version": importlib.metadata.version("pulumi_azure_native"),
        "resources": resources,
        "types": dict(sorted(collected.found.items())),
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":")).replace('},"', '},\n"') + "\n"


def _resource(token: str, collected: _Types) -> dict[str, Any]:
    from pulumi import _types

    _, module_name, name = token.split(":")
    module = importlib.import_module(f"pulumi_azure_native.{module_name}")
    resource = getattr(module, name)
    # The SDK calls the arguments SubnetInitArgs where a nested type already has the name SubnetArgs.
    args = getattr(module, f"{name}InitArgs", None) or getattr(module, f"{name}Args")
    names = _types.input_type_py_to_pulumi_names(args)
    signature = inspect.signature(args.__init__)
    version = re.search(r"Uses Azure REST API version ([0-9a-z-]+?)\.\s", _source(resource))
    if version is None:
        raise LookupError(f"{token}: the SDK's docstring names no API version")
    secrets = re.search(r"additional_secret_outputs=\[([^]]*)\]", _source(resource))
    return {
        "api_version": version.group(1),
        "inputs": collected.members(args, module_name),
        "required": sorted(
            names[key]
            for key, parameter in signature.parameters.items()
            if key in names and parameter.default is inspect.Parameter.empty
        ),
        "outputs": {
            key: collected.expression(hint, module_name)
            for key, hint in sorted(_types.resource_types(resource).items())
        },
        "secret_outputs": re.findall(r'"(\w+)"', secrets.group(1)) if secrets else [],
    }


class _Types:
    """Collects nested types as they are met."""

    def __init__(self) -> None:
        self.found: dict[str, dict[str, str]] = {}

    def members(self, cls: type, module_name: str) -> dict[str, str]:
        from pulumi import _types

        output = cls.__name__.endswith("Response")
        hints = _types.output_type_types(cls) if output else _types.input_type_types(cls)
        constants = _constants(cls)
        result = {}
        for name, hint in sorted(hints.items()):
            expression = self.expression(hint, module_name)
            if name in constants:
                expression = f"={constants[name]}"
            elif expression == "[string]" and not output and _is_map_in_response(cls, name):
                expression = "set"
            result[name] = expression
        return result

    def expression(self, hint: Any, module_name: str) -> str:
        options = [
            option
            for option in _options(hint)
            if typing.get_origin(option) is not collections.abc.Awaitable
            and "Output" not in str(typing.get_origin(option))
            and option is not type(None)
        ]
        expressions = dict.fromkeys(self._single(option, module_name) for option in options)
        if "string" in expressions:
            return "string"  # an open enumeration: any text is allowed
        return "|".join(expressions) or "any"

    def _single(self, hint: Any, module_name: str) -> str:
        if hint in _SCALARS:
            return _SCALARS[hint]
        origin = typing.get_origin(hint)
        if origin is collections.abc.Sequence:
            return f"[{self.expression(typing.get_args(hint)[0], module_name)}]"
        if origin in (collections.abc.Mapping, dict):
            return f"{{{self.expression(typing.get_args(hint)[1], module_name)}}}"
        if isinstance(hint, type) and hasattr(hint, "__members__"):
            return "string"
        if isinstance(hint, type) and hint.__name__.endswith(("Args", "Response")):
            key = f"{hint.__module__.split('.')[1]}:{hint.__name__}"
            if key not in self.found:
                self.found[key] = {}  # stands in while its members are read: types may refer to themselves
                self.found[key] = self.members(hint, module_name)
            return f"#{key}"
        return "any"


def _options(hint: Any) -> list[Any]:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return [inner for option in typing.get_args(hint) for inner in _options(option)]
    return [hint]


def _constants(cls: type) -> dict[str, str]:
    """Discriminators: what the SDK's constructor sets whatever the caller gave (input types only)."""
    from pulumi import _types

    if cls.__name__.endswith("Response"):
        return {}
    names = _types.input_type_py_to_pulumi_names(cls)
    pattern = re.compile(r"""pulumi\.set\(__self__, "(\w+)", '([^']*)'\)""")
    return {names[key]: value for key, value in pattern.findall(_source(cls)) if key in names}


def _source(cls: type) -> str:
    """inspect.getsource() parses the whole file for each class: minutes for the network module."""
    return _classes(cls.__module__)[cls.__name__]


@functools.cache
def _classes(module_name: str) -> dict[str, str]:
    text = inspect.getsource(importlib.import_module(module_name))
    lines = text.splitlines()
    return {
        node.name: "\n".join(lines[node.lineno - 1 : node.end_lineno])
        for node in ast.parse(text).body
        if isinstance(node, ast.ClassDef)
    }


def _is_map_in_response(cls: type, name: str) -> bool:
    from pulumi import _types

    outputs = importlib.import_module(cls.__module__.rsplit(".", 1)[0] + ".outputs")
    response = getattr(outputs, cls.__name__.removesuffix("Args") + "Response", None)
    if response is None:
        return False
    hint = _types.output_type_types(response).get(name)
    return typing.get_origin(hint) in (collections.abc.Mapping, dict)
