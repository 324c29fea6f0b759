"""Findings as the annotations of a CI service, at the line that they are about."""

from __future__ import annotations

from collections.abc import Sequence

from plumbline.ops.review.finding import Finding
from plumbline.ops.review.masking import masked

SERVICES = ("github", "azure-devops")
# GitHub shows ten errors, ten warnings and ten notices a step: what is left out stands in the comment.
_MOST = 10


def annotation_lines(findings: Sequence[Finding], service: str) -> list[str]:
    """Lines that a CI service reads from the standard output of a step.

    Source: GitHub, "Workflow commands for GitHub Actions"; Azure DevOps, "Logging commands".
    """
    shown = {"error": 0, "warning": 0, "notice": 0}
    lines = []
    for finding in findings:
        shown[finding.level] += 1
        if shown[finding.level] <= _MOST:
            lines.append(_github(finding) if service == "github" else _azure_devops(finding))
    return lines


def _github(finding: Finding) -> str:
    place = f" file={_property(finding.file)}" if finding.file else ""
    if finding.file and finding.line:
        place += f",line={finding.line}"
    return f"::{finding.level}{place}::{_message(masked(finding.text))}"


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")


def _azure_devops(finding: Finding) -> str:
    # There are errors and warnings only.
    values = {"type": "error" if finding.level == "error" else "warning"}
    if finding.file:
        values["sourcepath"] = finding.file
        if finding.line:
            values["linenumber"] = str(finding.line)
    words = "".join(f"{name}={_value(value)};" for name, value in values.items())
    return f"##vso[task.logissue {words}]{_escaped(masked(finding.text))}"


def _escaped(text: str) -> str:
    return text.replace("%", "%AZP25").replace("\r", "%0D").replace("\n", "%0A")


def _value(text: str) -> str:
    return _escaped(text).replace(";", "%3B").replace("]", "%5D")
