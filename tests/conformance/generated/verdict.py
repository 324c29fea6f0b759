"""Whether an answer is one that a client can work with."""

from __future__ import annotations

import json
from typing import Any

import requests

from tests.conformance.generated.shape import read
from tests.conformance.generated.target import Target


def complaint(target: Target, answer: requests.Response) -> str:
    """What is wrong with an answer; empty when nothing is.

    2xx and 3xx must be read by the official model, where there is one. A refusal has a code and a message; 501 is one.
    """
    status = answer.status_code
    if status >= 500 and status != 501:
        return f"{status}: {answer.text[:500]}"
    if target.method == "HEAD" or not answer.content:
        return ""
    if status >= 400:
        return _refusal_complaint(target, answer)
    if target.answer is None or status in (202, 204):
        return ""
    try:
        body = answer.json()
        for one in body["value"] if target.of_list else [body]:
            read(target.answer, one)
    except Exception as error:  # noqa: BLE001  whatever the official class raises is the finding
        return (
            f"{target.answer.__name__} cannot read it: {type(error).__name__}: {error}: {answer.text[:400]}"
        )
    return ""


def _refusal_complaint(target: Target, answer: requests.Response) -> str:
    if target.audience == "storage":
        return (
            "" if b"<Code>" in answer.content else f"{answer.status_code} without a code: {answer.text[:200]}"
        )
    try:
        content: Any = json.loads(answer.content)
    except ValueError:
        return f"{answer.status_code} that is no JSON: {answer.text[:200]}"
    error = content.get("error", content) if isinstance(content, dict) else {}
    # MLflow's own form is {"error_code", "message"}.
    code = error.get("code") if isinstance(error, dict) else content.get("error_code")
    code = code or (content.get("error_code") if isinstance(content, dict) else None)
    return "" if code else f"{answer.status_code} without a code: {answer.text[:200]}"
