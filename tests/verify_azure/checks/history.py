"""Rows on run history."""

from __future__ import annotations

from tests.verify_azure import versions as api
from tests.verify_azure.check import check
from tests.verify_azure.checks.job import outputs
from tests.verify_azure.cloud import code_of, message_of
from tests.verify_azure.finding import Finding, holds
from tests.verify_azure.runs import Run
from tests.verify_azure.subject import Subject


@check("history-details", "run", "failing run")
def details_of_a_run(azure: Subject) -> Finding:
    run: Run = azure.part("run")
    found = run.details(run.steps["write"]["runId"])
    failed: Run = azure.part("failing run")
    error = failed.details(failed.steps["fails"]["runId"]).get("error") or {}
    signed = all("sig=" in url for url in found["logFiles"].values())
    return holds(
        {"status", "logFiles"} <= set(found) and signed and "error" in error,
        f"details answers {', '.join(sorted(found))}; every log's address is signed: {signed}; of a failed step error has "
        f"{', '.join(sorted(error)) or 'nothing'}.",
    )


@check("history-properties-immutable", "run")
def changed_property(azure: Subject) -> Finding:
    run: Run = azure.part("run")
    url = azure.data_plane("history", f"runs/{run.steps['write']['runId']}")
    added = azure.send("PATCH", url, api=None, body={"properties": {"va.note": "one"}})
    changed = azure.send("PATCH", url, api=None, body={"properties": {"va.note": "two"}})
    own = azure.send("PATCH", url, api=None, body={"properties": {"azureml.moduleVersion": "9"}})
    shown = azure.get(url, api=None)["properties"]
    return holds(
        added.status_code == 200 and shown["va.note"] == "one" and shown["azureml.moduleVersion"] != "9",
        f"PATCH that adds a property: {added.status_code}; that changes it: {changed.status_code} {code_of(changed)}; that "
        f"changes one of the service's: {own.status_code} {code_of(own)} {message_of(own)[:60]}.",
    )


@check("history-outputs-resolve", "run")
def resolved_outputs(azure: Subject) -> Finding:
    run: Run = azure.part("run")
    found = outputs(azure, run.name)
    return holds(
        "kept" in found and found["kept"].startswith("azureml://"),
        f"rundata and batchGetResolvedUris give addresses of {', '.join(sorted(found)) or 'nothing'}.",
    )


@check("history-run-record", "run")
def run_record(azure: Subject) -> Finding:
    run: Run = azure.part("run")
    files = run.details(run.steps["write"]["runId"])["logFiles"]
    there = "system_logs/run_record.json" in files
    if there and not azure.cloud.is_emulated:
        return holds(False, "A step has the artifact system_logs/run_record.json.")
    azure.versions[f"jobs {api.JOB}"] = None
    return holds(
        True, f"A step {'has' if there else 'does not have'} the artifact system_logs/run_record.json."
    )
