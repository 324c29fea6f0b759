"""The commands that settle a finding. Pure; only commands that exist are named."""

from __future__ import annotations

import shlex

from plumbline.ops.drift.finding import Finding
from plumbline.ops.drift.inventory import list_rows


def remedies(finding: Finding, stack: str) -> dict[str, str]:
    """`revert`, `codify` where YAML can say it, and `accept`; each as a command that can be pasted."""
    accept = (
        f"plumbline drift fix {finding.id} --accept --until YYYY-MM-DD --owner OWNER --reason REASON "
        f"--stack {stack}"
    )
    found = {"revert": revert_command(finding, stack), "accept": accept}
    if is_codifiable(finding):
        found["codify"] = f"plumbline codify {finding.resource} --stack {stack}"
    return found


def revert_command(finding: Finding, stack: str) -> str:
    """What puts back what the code says, or takes away what nobody declared."""
    if finding.change == "overwritten":
        return f"pulumi up -s {stack}"  # once the files are other ones: the note says how
    if finding.urn is not None:
        return f"pulumi up -s {stack} --target {shlex.quote(finding.urn)}"
    if is_removable(finding):
        return f"plumbline drift fix {finding.id} --revert --stack {stack}"
    return f"az resource delete --ids {shlex.quote(finding.resource_id)}"


def is_codifiable(finding: Finding) -> bool:
    """Whether `plumbline codify` writes what is live back into YAML."""
    return finding.change == "changed" and finding.type.startswith("plumbline:azureml:")


def is_removable(finding: Finding) -> bool:
    """Whether `plumbline drift fix --revert` takes it away itself."""
    return any(row.noun == finding.noun and row.remove for row in list_rows())
