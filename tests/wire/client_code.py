"""Reads a generated REST client of Azure: its operations from the source text, its request bodies from the models."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

LEAF, FREE = "", "*"
_MODEL = re.compile(r"_?models\.(?:_models\.)?(\w+)")
_FIXED = ("comp", "restype")
# azure-storage-blob's builders take the whole url: what it addresses is told by the module alone.
_WHOLE_URL = {"_service_operations": "/", "_container_operations": "/{container}"}
_BLOB = "/{container}/{blob}"


def operations_of(module: str) -> Iterator[dict[str, Any]]:
    """Each request builder of a client as {is, method, path, versions, query, fixed, body}."""
    package = importlib.util.find_spec(f"{module}.operations")
    assert package is not None, module
    assert package.origin is not None, module
    for file in sorted(Path(package.origin).parent.glob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        bodies = _bodies(tree)
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and re.fullmatch(r"build_\w+_request", node.name):
                yield _operation(node, file.stem, bodies)


def _operation(node: ast.FunctionDef, file: str, bodies: dict[str, str]) -> dict[str, Any]:
    row: dict[str, Any] = {"is": node.name.removeprefix("build_").removesuffix("_request")}
    if file != "_operations":
        row["is"] = f"{file.strip('_').removesuffix('_operations')}_{row['is']}"
    query: set[str] = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Call):
            words = [item.value for item in part.args if isinstance(item, ast.Constant)]
            match ast.unparse(part.func), words:
                case "_params.pop", ["api-version", str(version)]:
                    row["versions"] = [version]
                case "_params.pop", [str(name), value] if name in _FIXED:
                    row.setdefault("fixed", {})[name] = value
                case "kwargs.pop", ["template_url", str(path)]:
                    row["path"] = path
                case ("HttpRequest", _):
                    row |= {
                        word.arg: ast.literal_eval(word.value)
                        for word in part.keywords
                        if word.arg == "method"
                    }
        elif isinstance(part, ast.Assign | ast.AnnAssign) and part.value is not None:
            target = part.targets[0] if isinstance(part, ast.Assign) else part.target
            text = ast.unparse(target)
            if text == "_url" and isinstance(part.value, ast.Constant):
                row["path"] = part.value.value
            elif found := re.fullmatch(r"_params\['([^']+)'\]", text):
                query.add(found[1])
    if row.get("path") == "{url}":
        row["path"] = _WHOLE_URL.get(file, _BLOB)
    row["query"] = sorted(query - {"api-version", *row.get("fixed", {})})
    if body := bodies.get(node.name):
        row["body"] = body
    return row


def _bodies(tree: ast.Module) -> dict[str, str]:
    """Request builder to the name of the model that its callers take as a body."""
    found = {}
    for owner in (node for node in tree.body if isinstance(node, ast.ClassDef)):
        for method in (node for node in owner.body if isinstance(node, ast.FunctionDef)):
            names = [
                name[1]
                for argument in method.args.args + method.args.kwonlyargs
                if argument.annotation is not None
                and (name := _MODEL.search(ast.unparse(argument.annotation)))
            ]
            called = [ast.unparse(node.func) for node in ast.walk(method) if isinstance(node, ast.Call)]
            for builder in (name for name in called if name.startswith("build_")):
                if names:
                    found[builder] = names[-1]
    return found


def fields_of(module: str, roots: set[str], *, depth: int) -> dict[str, dict[str, Any]]:
    """Fields of the named models and of what they hold: a child's model names, "" a value, "*" anything goes."""
    models = importlib.import_module(f"{module}.models")
    found: dict[str, dict[str, Any]] = {}
    level = set(roots)
    for _ in range(depth):
        following: set[str] = set()
        for name in sorted(level - set(found)):
            model = getattr(models, name, None)
            if not inspect.isclass(model) or not _is_model(model):
                continue
            found[name] = _fields(models, model)
            following |= {
                child for value in found[name].values() if isinstance(value, list) for child in value
            }
        level = following
    return found


def _is_model(kind: type) -> bool:
    return hasattr(kind, "_attribute_map") or any(base.__name__ == "Model" for base in kind.__mro__[1:])


def _fields(models: ModuleType, model: Any) -> dict[str, Any]:
    """Of the model and of all that its discriminator can name."""
    found: dict[str, Any] = {}
    for kind in _family(models, model):
        for name, value in _own_fields(models, kind).items():
            before = found.get(name)
            if isinstance(before, list) and isinstance(value, list):
                found[name] = sorted({*before, *value})
            elif before is None or value == FREE:
                found[name] = value
    return found


def _family(models: ModuleType, model: Any) -> list[Any]:
    children = [kind for kind in vars(models).values() if inspect.isclass(kind) and issubclass(kind, model)]
    return children if _discriminates(model) else [model]


def _discriminates(model: Any) -> bool:
    return bool(getattr(model, "__mapping__", None) or getattr(model, "_subtype_map", None))


def _own_fields(models: ModuleType, model: Any) -> dict[str, Any]:
    if hasattr(model, "_attribute_map"):
        return _of_attribute_map(models, model)
    model.__new__(model)  # only the first instance gives the fields their names
    fields: dict[str, Any] = {}
    for kind in reversed(model.__mro__):
        for attribute, text in inspect.get_annotations(kind).items():
            field = model._attr_to_rest_field.get(attribute)
            if field is not None:
                fields[field._rest_name] = _value(models, str(text))
    return fields


def _value(models: ModuleType, text: str) -> Any:
    if re.search(r"\bDict\[|\bdict\[|\bAny\b|\bJSON\b", text):
        return FREE
    # A list stands for its items: the request log keeps no level for it.
    names = [name for name in _MODEL.findall(text) if _is_model(getattr(models, name, object))]
    return sorted(names) if names else LEAF


def _of_attribute_map(models: ModuleType, model: Any) -> dict[str, Any]:
    """msrest's form: "properties.publicAccess" is a field of a nested object that has no model of its own."""
    fields: dict[str, Any] = {}
    for entry in model._attribute_map.values():
        *outer, last = re.split(r"(?<!\\)\.", entry["key"])
        place = fields
        for name in outer:
            inner = place.setdefault(name, {})
            if not isinstance(inner, dict):
                inner = place[name] = {}
            place = inner
        kind = entry["type"]
        item = kind.strip("[]")
        model_named = getattr(models, item, None) if item.isidentifier() else None
        is_model = inspect.isclass(model_named) and hasattr(model_named, "_attribute_map")
        place[last.replace("\\.", ".")] = (
            [item] if is_model else FREE if kind.startswith("{") or kind == "object" else LEAF
        )
    return fields
