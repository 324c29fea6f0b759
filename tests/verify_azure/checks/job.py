"""Rows on jobs: submission, steps, outputs, reuse, cancel, limits, what a step meets."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.verify_azure import versions as api
from tests.verify_azure.check import check
from tests.verify_azure.checks.asset import datastore_uri
from tests.verify_azure.cloud import code_of, message_of
from tests.verify_azure.finding import Finding, NotChecked, holds
from tests.verify_azure.runs import Run
from tests.verify_azure.subject import Subject

REUSED = ("azureml.isreused", "azureml.reusedrunid", "azureml.reusedpipelinerunid", "azureml.reusednodeid")


@check("job-put-existing", "run")
def put_of_an_ended_job(azure: Subject) -> Finding:
    run: Run = azure.part("run")
    path = f"{azure.part('workspace')}/jobs/{run.name}"
    body = {"properties": dict(run.job["properties"]) | {"tags": {"seen": "yes"}}}
    tagged = azure.send("PUT", path, api=api.JOB, body=body)
    other = {"properties": dict(run.job["properties"]) | {"experimentName": "another"}}
    refused = azure.send("PUT", path, api=api.JOB, body=other)
    return holds(
        tagged.status_code == 200 and refused.status_code == 400,
        f"PUT of an ended job with other tags: {tagged.status_code}; with another experiment: {refused.status_code} "
        f"{code_of(refused)}: {message_of(refused)[:90]}",
    )


def pipeline_body(azure: Subject, jobs: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """The body of a pipeline job on the cluster."""
    properties = {
        "jobType": "Pipeline", "displayName": "verify-azure", "experimentName": "verify-azure", "inputs": {}, "outputs": {},
        "jobs": jobs, "settings": {"default_compute": f"{azure.part('workspace')}/computes/small"}, "properties": {}, "tags": {},
    }  # fmt: skip
    return {"properties": properties | changed}


def step(azure: Subject, name: str = "va_step", **members: Any) -> dict[str, Any]:
    """A node that runs a registered component."""
    return {
        "type": "command", "componentId": f"{azure.part('workspace')}/components/{name}/versions/1", "inputs": {},
        "outputs": {},
    } | members  # fmt: skip


def submit_raw(azure: Subject, body: dict[str, Any]) -> Any:
    """The response to a PUT; a job that is taken is canceled at once."""
    path = f"{azure.part('workspace')}/jobs/{azure.fresh('va-job-')}"
    answer = azure.send("PUT", path, api=api.JOB, body=body)
    if answer.status_code < 400:
        azure.send("POST", f"{path}/cancel", api=api.JOB)
    return answer


@check("job-put-checks", "cluster", "assets")
def job_of_nothing(azure: Subject) -> Finding:
    azure.part("cluster")
    missing = submit_raw(azure, pipeline_body(azure, {"one": step(azure, azure.fresh("gone"))}))
    bound = {"data": {"job_input_type": "uri_folder", "uri": "${{parent.jobs.nothing.outputs.data}}"}}
    lost = submit_raw(azure, pipeline_body(azure, {"one": step(azure, inputs={"rows": bound["data"]})}))
    return holds(
        missing.status_code == 404 and lost.status_code == 400,
        f"A job that names a missing component: {missing.status_code} {code_of(missing)}: {message_of(missing)[:80]}; "
        f"a binding to a step that is not there: {lost.status_code} {code_of(lost)}.",
    )


@check("job-quota-is-nodes", "cluster", "assets")
def more_nodes_than_the_cluster(azure: Subject) -> Finding:
    azure.part("cluster")
    answer = submit_raw(azure, pipeline_body(azure, {"one": step(azure, resources={"instance_count": 50})}))
    return holds(
        answer.status_code == 400,
        f"A step of 50 nodes on a cluster of at most two: {answer.status_code} {code_of(answer)}: {message_of(answer)[:80]}",
    )


@check("job-output-one-writer", "cluster", "assets")
def two_writers(azure: Subject) -> Finding:
    azure.part("cluster")
    bound = {"data": {"value": "${{parent.outputs.kept}}", "type": "literal"}}
    jobs = {name: step(azure, outputs=bound) for name in ("one", "two")}
    answer = submit_raw(azure, pipeline_body(azure, jobs, outputs={"kept": {"jobOutputType": "uri_folder"}}))
    return holds(
        answer.status_code == 400,
        f"Two steps that write one output of the pipeline: {answer.status_code} {code_of(answer)}: {message_of(answer)[:80]}",
    )


@check("job-required-input-unset", "cluster", "assets")
def unset_input(azure: Subject) -> Finding:
    azure.part("cluster")
    from tests.verify_azure.checks.asset import component

    name = azure.fresh("va_needs")
    component(azure, name, command="echo ${{inputs.word}}", spec={"inputs": {"word": {"type": "string"}}})
    answer = submit_raw(azure, pipeline_body(azure, {"one": step(azure, name)}))
    return holds(
        answer.status_code == 400,
        f"A step without its required input: {answer.status_code} {code_of(answer)}: {message_of(answer)[:80]}",
    )


@check("job-output-in-foreign-place", "cluster", "assets")
def output_in_the_artifact_store(azure: Subject) -> Finding:
    azure.part("cluster")
    place = datastore_uri(azure, "azureml/").replace("workspaceblobstore", "workspaceartifactstore")
    outputs = {"data": {"jobOutputType": "uri_folder", "uri": place}}
    answer = submit_raw(azure, pipeline_body(azure, {"one": step(azure, outputs=outputs)}))
    return holds(
        answer.status_code == 400,
        f"A step that writes into the artifact store: {answer.status_code} {code_of(answer)}: {message_of(answer)[:80]}",
    )


@check("job-child-is-a-job", "run")
def run_of_a_step_as_a_job(azure: Subject) -> Finding:
    name = azure.part("run").steps["first"]["runId"]
    answer = azure.send("GET", f"{azure.part('workspace')}/jobs/{name}", api=api.JOB)
    members = sorted(answer.json()) if answer.status_code == 200 else []
    return holds(
        answer.status_code == 200 and "properties" not in members,
        f"GET of a step's run as a job answered {answer.status_code} with {', '.join(members)}.",
    )


@check("job-cancel-202", "canceled run")
def cancel(azure: Subject) -> Finding:
    seen = azure.part("canceled run")
    first, second, status = seen["first"], seen["second"], seen["run"].job["properties"]["status"]
    return holds(
        first.status_code == 202
        and seen["polled"] in (200, 202)
        and second.status_code == 400
        and status == "Canceled",
        f"Cancel answered {first.status_code}, its Location {seen['polled']}, a second cancel {second.status_code} "
        f"{code_of(second)}; the job ended {status}.",
    )


@check("job-skipped-steps-canceled", "failing run")
def steps_that_never_start(azure: Subject) -> Finding:
    row = azure.part("failing run").steps.get("after")
    return holds(
        row is None,
        f"A step behind one that failed is {'not listed' if row is None else 'listed as ' + row['status']}.",
    )


@check("job-failure-cancels-running-steps", "failing run")
def first_failure(azure: Subject) -> Finding:
    run: Run = azure.part("failing run")
    seen = {name: row["status"] for name, row in run.steps.items()}
    status = run.job["properties"]["status"]
    return holds(
        status == "Failed" and seen.get("fails") == "Failed" and seen.get("beside") == "Canceled",
        f"With continue_on_step_failure false the job ended {status}, its steps {seen}.",
    )


@check("job-timeout-failed", "timed out run")
def limit(azure: Subject) -> Finding:
    run: Run = azure.part("timed out run")
    row = run.steps["slow"]
    error = str((run.details(row["runId"]).get("error") or {}).get("error", {}).get("message", "")).strip()
    return holds(row["status"] == "Failed", f"A step past its limit ended {row['status']}: {error[:120]}")


@check("job-timeout-per-step-from-start", "timed out run")
def length_of_a_limit(azure: Subject) -> Finding:
    row = azure.part("timed out run").steps["slow"]
    waited = _moment(row["startTimeUtc"]) - _moment(row["createdUtc"])
    seconds = (_moment(row["endTimeUtc"]) - _moment(row["startTimeUtc"])).total_seconds()
    return holds(
        seconds >= 19,
        f"With a limit of 20 s a step that waited {waited.total_seconds():.0f} s ran from its start to its end {seconds:.0f} s.",
    )


@check("job-reuse-by-content", "second run")
def second_run(azure: Subject) -> Finding:
    steps = azure.part("second run").steps
    reused = sorted(name for name, row in steps.items() if _property(row, "azureml.isreused") == "true")
    return holds(
        "first" in reused and "read" in reused,
        f"Of the same job submitted again {', '.join(reused) or 'none'} of {', '.join(sorted(steps))} were reused.",
    )


@check("job-reuse-properties", "second run")
def properties_of_a_reused_step(azure: Subject) -> Finding:
    row = azure.part("second run").steps["first"]
    found = sorted(name for name in row["properties"] if "reused" in name)
    return holds(set(REUSED) <= set(found), f"A reused step has {', '.join(found) or 'no such property'}.")


@check("job-step-properties", "run")
def properties_of_a_step(azure: Subject) -> Finding:
    wanted = (
        "azureml.runsource", "azureml.nodeid", "azureml.pipelinerunid", "azureml.rootpipelinerunid", "azureml.moduleid",
        "azureml.moduleName", "azureml.moduleVersion", "StepType",
    )  # fmt: skip
    row = azure.part("run").steps["first"]
    missing = [name for name in wanted if name not in row["properties"]]
    return holds(not missing, f"Of the properties that are read a step lacks {', '.join(missing) or 'none'}.")


@check("step-run-names-its-component", "run")
def component_of_a_step(azure: Subject) -> Finding:
    row = azure.part("run").steps["first"]
    found = tuple(row["properties"].get(name) for name in ("azureml.moduleName", "azureml.moduleVersion"))
    return holds(found == ("va_step", "1"), f"A step of va_step:1 says moduleName and moduleVersion {found}.")


@check("job-default-output-path", "run")
def where_an_output_lies(azure: Subject) -> Finding:
    run: Run = azure.part("run")
    row = run.steps["write"]
    found = outputs(azure, row["runId"])
    plain, bound = found.get("data", ""), found.get("bound", "")
    return holds(
        f"/azureml/{row['runId']}/data/" in f"{plain}/" and f"/azureml/{row['runId']}/kept/" in f"{bound}/",
        f"A step's output lies at {_place(plain, row['runId'])}, one that is bound to the pipeline's output kept at "
        f"{_place(bound, row['runId'])}.",
    )


def outputs(azure: Subject, run: str) -> dict[str, str]:
    """Output of a run -> its address."""
    asked = azure.send(
        "POST",
        azure.data_plane("history", "rundata"),
        api=None,
        body={"runId": run, "selectRunMetadata": True},
    ).json()
    rows = (asked.get("runMetadata") or {}).get("outputs") or {}
    ids = {name: row["assetId"] for name, row in rows.items() if row.get("assetId")}
    resolved = azure.send(
        "POST",
        azure.data_plane("data", "dataversion/batchGetResolvedUris"),
        api="1.5.0",
        body={"values": list(ids.values())},
    ).json()["values"]
    return {name: resolved[id]["uri"] for name, id in ids.items() if id in resolved}


def _place(uri: str, run: str) -> str:
    return uri.partition("/datastores/")[2].replace(run, "RUN") or "nowhere"


@check("job-output-uri-answered", "run")
def uri_of_an_output(azure: Subject) -> Finding:
    found = azure.part("run").job["properties"]["outputs"]["kept"].get("uri")
    return holds(
        found is None, f"GET of a completed job answers the uri of its output as {found and 'an address'}."
    )


@check("job-artifact-store", "run")
def logs_of_a_run(azure: Subject) -> Finding:
    run: Run = azure.part("run")
    own, child = (sorted(run.details(name)["logFiles"]) for name in (run.name, run.steps["write"]["runId"]))
    return holds(
        "user_logs/std_log.txt" in child and "logs/azureml/executionlogs.txt" in own,
        f"A step has the logs {', '.join(child)}; the job {', '.join(own)}.",
    )


@check("job-values-unquoted", "run")
def quotes_of_a_literal(azure: Subject) -> Finding:
    log = azure.part("run").log("read")
    line = next((line for line in log.splitlines() if line.startswith("[")), "")
    return holds(line == "[a b]", f"The literal 'a  b' put into echo printed {line}.")


@check("job-distributed-variables", "run")
def variables_of_a_distribution(azure: Subject) -> Finding:
    log = azure.part("run").log("spread")
    wanted = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "NODE_RANK", "MASTER_ADDR", "MASTER_PORT")
    missing = [name for name in wanted if f"{name}=" not in log]
    return holds(
        not missing, f"Of the variables of a pytorch step {', '.join(missing) or 'none'} are missing."
    )


@check("job-binding-mode", "run")
def mode_beside_a_binding(azure: Subject) -> Finding:
    log = azure.part("run").log("direct")
    line = next((line for line in log.splitlines() if line.startswith("address ")), "")
    return holds(
        line.startswith("address azureml://"),
        f"A step that takes another's output with mode direct gets {line.partition('://')[0] or 'nothing'}.",
    )


@check("outputs-older-than-their-steps-end", "run")
def times_of_an_output(azure: Subject) -> Finding:
    from tests.verify_azure.parts import blob_service

    run: Run = azure.part("run")
    row = run.steps["write"]
    path = outputs(azure, row["runId"])["data"].partition("/paths/")[2]
    store = azure.ml("datastores/workspaceblobstore", api=api.DATASTORE)["properties"]["containerName"]
    blobs = list(blob_service(azure).get_container_client(store).list_blobs(name_starts_with=path))
    if not blobs:
        raise NotChecked(f"no blob lies below {path}")
    late = max((blob.last_modified - _moment(row["endTimeUtc"])).total_seconds() for blob in blobs)
    return holds(
        late <= timedelta(seconds=30).total_seconds(),
        f"The newest blob of an output is {late:.0f} s younger than its step's end.",
    )


@check("step-identity", "run")
def who_a_step_is(azure: Subject) -> Finding:
    names = azure.part("run").log("write").splitlines()
    found = [
        name
        for name in names
        if name in ("IDENTITY_ENDPOINT", "MSI_ENDPOINT", "DEFAULT_IDENTITY_CLIENT_ID", "AZUREML_RUN_TOKEN")
    ]
    return holds(
        bool(found), f"Of the variables that lead to an identity a step has {', '.join(found) or 'none'}."
    )


def _property(row: dict[str, Any], name: str) -> str:
    return str(row["properties"].get(name, "")).lower()


def _moment(text: str) -> datetime:
    whole, _, rest = text.removesuffix("Z").partition("+")[0].partition(".")
    return datetime.fromisoformat(f"{whole}.{rest[:6] or '0'}+00:00")
