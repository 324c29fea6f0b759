"""Check: every wrong input of a resource at once, and the inputs that follow from others filled in. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from plumbline.assets import canonical_text, content_hash, is_content_version, version_from_hash
from plumbline.kinds import KINDS, ArmObject
from plumbline.provider.codec import Properties, is_known
from plumbline.provider.errors import PropertyProblem
from plumbline.provider.table import PropertyRow, property_rows

# Azure ML asset names and versions; `docs`: "Manage naming rules", the schema of azure-ai-ml 1.35.2 asks for less.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,29}")
# learn, "Manage naming rules"; azure-ai-ml 1.35.2 validate_endpoint_or_deployment_name.
_OBJECT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,30}[A-Za-z0-9]")
_HASH = re.compile(r"[0-9a-f]{64}")
_TYPES = {
    "string": "text",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "strings": "a list of texts",
    "string_map": "a map of texts",
    "object": "a map",
}


def check(kind: str, news: Properties) -> tuple[Properties, tuple[PropertyProblem, ...]]:
    """Validate the inputs of a resource; answer them with defaults and computed values filled in.

    Unknown values are left alone: they are checked when they are known. Nothing is looked up anywhere.
    """
    rows = property_rows(kind)
    problems = [*_unknown_names(rows, news), *_wrong_types(rows, news)]
    values = {name: value for name, value in news.items() if name in rows and rows[name].is_input}
    for name, row in rows.items():
        if name not in values and row.checked_in is not None:
            values[name] = row.checked_in
    wrong = {problem.property.split(".")[0] for problem in problems}
    sound = Properties(entries={n: v for n, v in values.items() if n not in wrong}, secrets=news.secrets)
    spec, wrong_spec = _spec_of(sound)
    problems += [*_wrong_texts(sound), *wrong_spec, *_wrong_place(kind, news)]
    problems += [
        one for one in _wrong_object_names(kind, sound) if one.property not in {p.property for p in problems}
    ]
    if KINDS[kind].is_versioned and spec is not None:
        problems += _complete_asset(kind, sound, values, spec)
    secrets = news.secrets | ({"contentHash"} if "spec" in news.secrets else set())
    return Properties(entries=values, secrets=secrets), tuple(problems)


def _unknown_names(rows: Mapping[str, PropertyRow], news: Properties) -> list[PropertyProblem]:
    unknown = [
        name for name in news if not (name in rows and rows[name].is_input) and not name.startswith("__")
    ]
    known = sorted(name for name, row in rows.items() if row.is_input) if unknown else []
    reason = f"got a property that does not exist, expected one of {', '.join(known)}."
    return [PropertyProblem(property=name, reason=reason) for name in unknown]


def _wrong_types(rows: Mapping[str, PropertyRow], news: Properties) -> list[PropertyProblem]:
    problems = []
    for name, row in rows.items():
        if not row.is_input:
            continue
        if name not in news:
            if row.required:
                problems.append(
                    PropertyProblem(property=name, reason=f"got nothing, expected {_TYPES[row.type]}.")
                )
        elif not _has_type(row.type, news[name]):
            reason = f"got {news.shown(name)}, expected {_TYPES[row.type]}."
            problems.append(PropertyProblem(property=name, reason=reason))
    return problems


def _has_type(wanted: str, value: Any) -> bool:
    if not is_known(value):
        return True
    if wanted == "string_map":
        return isinstance(value, Mapping) and all(isinstance(member, str) for member in value.values())
    if wanted == "strings":
        return isinstance(value, list) and all(isinstance(member, str) for member in value)
    if wanted in ("integer", "number"):
        return isinstance(value, int if wanted == "integer" else int | float) and not isinstance(value, bool)
    return isinstance(value, {"boolean": bool, "object": Mapping}.get(wanted, str))


def _wrong_place(kind: str, news: Properties) -> list[PropertyProblem]:
    """A versioned asset lies in a workspace of a resource group, or in a registry."""
    if not KINDS[kind].is_versioned:
        return []
    workspace = [name for name in ("resourceGroupName", "workspaceName") if name in news]
    if "registryName" in news:
        return [
            PropertyProblem(
                property=name, reason="got it beside registryName, expected one place. Remove one."
            )
            for name in workspace
        ]
    return [
        PropertyProblem(property=name, reason="got nothing, expected text (or registryName instead).")
        for name in ("resourceGroupName", "workspaceName")
        if name not in news
    ]


def _wrong_texts(news: Properties) -> list[PropertyProblem]:
    problems = []
    for name, pattern, rule in (
        ("name", _NAME, "1 to 255 letters, digits, dots, dashes and underscores, a letter or digit first"),
        (
            "version",
            _VERSION,
            "1 to 30 letters, digits, dots, dashes and underscores, a letter or digit first",
        ),
        ("contentHash", _HASH, "64 hex digits"),
        ("codeHash", _HASH, "64 hex digits"),
    ):
        if name in news and is_known(news[name]) and not pattern.fullmatch(news[name]):
            problems.append(
                PropertyProblem(property=name, reason=f"got {news.shown(name)}, expected {rule}.")
            )
    problems += [
        PropertyProblem(property=name, reason="got an empty text, expected a name.")
        for name in ("resourceGroupName", "workspaceName", "registryName", "endpointName")
        if news.get(name) == ""
    ]
    for name in ("codePath", "source"):
        if name in news and is_known(news[name]) and PurePosixPath(news[name]).is_absolute():
            reason = f"got {news.shown(name)}, expected a path relative to the project: states are shared by machines."
            problems.append(PropertyProblem(property=name, reason=reason))
    return problems


def _wrong_object_names(kind: str, news: Properties) -> list[PropertyProblem]:
    if not isinstance(KINDS[kind], ArmObject):
        return []
    rule = "3 to 32 letters, digits and dashes, a letter first, no dash last"
    return [
        PropertyProblem(property=name, reason=f"got {news.shown(name)}, expected {rule}.")
        for name in ("name", "endpointName")
        if name in news and is_known(news[name]) and not _OBJECT_NAME.fullmatch(news[name])
    ]


def _spec_of(news: Properties) -> tuple[dict[str, Any] | None, list[PropertyProblem]]:
    """The spec, None when there is none yet or it is wrong; and what is wrong with it."""
    text = news.get("spec")
    if text is None or not is_known(text):
        return None, []
    try:
        loaded = json.loads(text)
    except ValueError as error:
        # The parser's message quotes a position, never the text: nothing secret leaks.
        return None, [
            PropertyProblem(
                property="spec", reason=f"got text that is not JSON ({error}), expected an object."
            )
        ]
    if not isinstance(loaded, dict):
        reason = "got JSON that is no object, expected an object."
        return None, [PropertyProblem(property="spec", reason=reason)]
    if canonical_text(loaded) != text:
        reason = "got JSON in another form, expected the canonical one (plumbline.assets.canonical_text)."
        return None, [PropertyProblem(property="spec", reason=reason)]
    return loaded, []


def _complete_asset(
    kind: str, sound: Properties, values: dict[str, Any], spec: Mapping[str, Any]
) -> list[PropertyProblem]:
    if not is_known(sound.get("referenceHashes")):
        return []
    computed = content_hash(kind, spec, reference_hashes=sound.get("referenceHashes") or None)
    given = sound.get("contentHash")
    problems = []
    if given is None or not is_known(given):
        values["contentHash"] = computed
    elif given != computed and _HASH.fullmatch(given):
        reason = f"got {given}, expected {computed}, the hash of this spec. Make both with plumbline.assets."
        problems.append(PropertyProblem(property="contentHash", reason=reason))
    version = sound.get("version")
    expected = version_from_hash(computed)
    if not version and KINDS[kind].version_is_content:
        values["version"] = KINDS[kind].version_of(spec, computed)
    elif isinstance(version, str) and is_content_version(version) and version != expected:
        reason = (
            f"got {version}, expected {expected}: a version of this form follows from the content. "
            "Leave it out, or declare one of another form."
        )
        problems.append(PropertyProblem(property="version", reason=reason))
    return problems
