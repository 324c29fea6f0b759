"""Rows on the forms that a job may have: computes, whole components, bindings, values, labels, registered outputs."""

from __future__ import annotations

from typing import Any

from azure.core.rest import HttpResponse

from tests.verify_azure import versions as api
from tests.verify_azure.check import check, part
from tests.verify_azure.checks.asset import component, datastore_uri
from tests.verify_azure.checks.job import pipeline_body, step, submit_raw
from tests.verify_azure.cloud import Refused, code_of, message_of
from tests.verify_azure.finding import Finding, holds
from tests.verify_azure.runs import Run, await_end
from tests.verify_azure.subject import Subject


def _literal(value: str) -> dict[str, Any]:
    return {"job_input_type": "literal", "value": value}


def _said(answer: HttpResponse) -> str:
    return f"{answer.status_code} {code_of(answer)} {message_of(answer)[:80]}".strip()


@check("job-serverless-spellings", "cluster", "assets")
def spellings_of_serverless(azure: Subject) -> Finding:
    azure.part("cluster")
    spellings = {
        "bare": "serverless",
        "azureml:": "azureml:serverless",
        "ARM id": f"{azure.part('workspace')}/computes/serverless",
    }
    seen = {}
    for name, spelling in spellings.items():
        body = pipeline_body(azure, {"one": step(azure)}, settings={"default_compute": spelling})
        seen[name] = submit_raw(azure, body).status_code
    return holds(
        set(seen.values()) == {201},
        f"A default compute in the three spellings of serverless answered {seen}.",
    )


@check("job-of-a-pipeline-component", "cluster", "assets")
def job_of_a_whole_component(azure: Subject) -> Finding:
    azure.part("cluster")
    name = azure.fresh("va_whole")
    spec = {"type": "pipeline", "jobs": {"one": step(azure)}, "inputs": {}, "outputs": {}}
    made = component(azure, name, spec=spec, without=("command", "environment"))
    id = f"{azure.part('workspace')}/components/{name}/versions/1"
    answer = submit_raw(azure, pipeline_body(azure, {}, componentId=id))
    shown = answer.json().get("properties", {}) if answer.status_code < 400 else {}
    return holds(
        answer.status_code == 201,
        f"A pipeline component ({made.status_code}) as a job of its own: {_said(answer)}; its properties name it: "
        f"{'azureml.SourceComponentId' in (shown.get('properties') or {})}.",
    )


@check("job-binding-parent-name", "cluster", "assets")
def name_of_the_parent(azure: Subject) -> Finding:
    azure.part("cluster")
    name = azure.fresh("va_text")
    component(azure, name, command="echo ${{inputs.word}}", spec={"inputs": {"word": {"type": "string"}}})
    one = step(azure, name, inputs={"word": _literal("${{parent.name}}")})
    answer = submit_raw(azure, pipeline_body(azure, {"one": one}))
    return holds(answer.status_code == 201, f"A text input bound to the parent's name: {_said(answer)}.")


@check("job-binding-inside-path", "cluster", "assets")
def binding_inside_a_path(azure: Subject) -> Finding:
    azure.part("cluster")
    rows = {"job_input_type": "uri_folder", "uri": "${{parent.inputs.base}}/part"}
    base = {"job_input_type": "uri_folder", "uri": datastore_uri(azure, "va/folder")}
    body = pipeline_body(azure, {"one": step(azure, inputs={"rows": rows})}, inputs={"base": base})
    answer = submit_raw(azure, body)
    return holds(answer.status_code == 201, f"A data input that begins with a binding: {_said(answer)}.")


@check("job-binding-in-settings", "cluster", "assets")
def binding_in_a_distribution(azure: Subject) -> Finding:
    azure.part("cluster")
    spread = {"type": "mpi", "process_count_per_instance": "${{parent.inputs.count}}"}
    body = pipeline_body(azure, {"one": step(azure, distribution=spread)}, inputs={"count": _literal("1")})
    answer = submit_raw(azure, body)
    return holds(
        answer.status_code == 201, f"A distribution whose count is bound to an input: {_said(answer)}."
    )


@check("job-literal-other-number-type", "cluster", "assets")
def fraction_for_an_integer(azure: Subject) -> Finding:
    azure.part("cluster")
    name = azure.fresh("va_whole_number")
    component(azure, name, command="echo ${{inputs.n}}", spec={"inputs": {"n": {"type": "integer"}}})
    answer = submit_raw(
        azure, pipeline_body(azure, {"one": step(azure, name, inputs={"n": _literal("10.01")})})
    )
    return holds(answer.status_code == 201, f"10.01 for an integer input: {_said(answer)}.")


@check("job-default-label", "cluster", "assets")
def label_of_a_component(azure: Subject) -> Finding:
    azure.part("cluster")
    one = step(azure) | {"componentId": f"{azure.part('workspace')}/components/va_step/labels/default"}
    answer = submit_raw(azure, pipeline_body(azure, {"one": one}))
    return holds(
        answer.status_code == 201, f"A step whose component is named by /labels/default: {_said(answer)}."
    )


@part("value run", "cluster", "assets", "services")
def value_run(azure: Subject) -> Run:
    """A job in which a step gives a number to the next, ended; azure-ai-ml's YAML has no such output for inline steps."""
    azure.part("cluster")
    count, show = azure.fresh("va_count"), azure.fresh("va_show")
    component(
        azure,
        count,
        command="echo 42 > ${{outputs.number}}",
        spec={"outputs": {"number": {"type": "integer"}}},
    )
    component(
        azure,
        show,
        command='echo "number [${{inputs.number}}]"',
        spec={"inputs": {"number": {"type": "integer"}}},
    )
    bound = {"number": _literal("${{parent.jobs.count.outputs.number}}")}
    name = azure.fresh("va-job-")
    body = pipeline_body(azure, {"count": step(azure, count), "show": step(azure, show, inputs=bound)})
    answer = azure.send("PUT", f"{azure.part('workspace')}/jobs/{name}", api=api.JOB, body=body)
    if answer.status_code >= 400:
        raise Refused("PUT", f"jobs/{name}", answer)
    return await_end(azure, name)


@check("job-value-outputs", "value run")
def number_between_steps(azure: Subject) -> Finding:
    run: Run = azure.part("value run")
    status = run.job["properties"]["status"]
    if status != "Completed":
        return holds(False, f"A job in which a step writes a number for the next ended {status}.")
    line = next((line for line in run.log("show").splitlines() if line.startswith("number ")), "nothing")
    return holds(line == "number [42]", f"The step that reads another's integer output printed {line}.")


@check("job-equal-steps-reuse", "run")
def equal_steps(azure: Subject) -> Finding:
    steps = azure.part("run").steps
    reused = [
        name for name in ("first", "twin") if steps[name]["properties"].get("azureml.isreused") == "true"
    ]
    return holds(len(reused) == 1, f"Of two equal steps of one job {', '.join(reused) or 'none'} was reused.")


@check("job-output-becomes-asset", "asset run")
def output_as_an_asset(azure: Subject) -> Finding:
    run: Run = azure.part("asset run")
    status = run.job["properties"]["status"]
    answer = azure.send("GET", f"{azure.part('workspace')}/data/va_output/versions/1", api=api.DATA)
    return holds(
        status == "Completed" and answer.status_code == 200,
        f"A job whose output has a name and a version ended {status}; GET of that data asset answered {answer.status_code}.",
    )


@check("job-continues-when-silent", "run")
def settings_that_say_nothing(azure: Subject) -> Finding:
    run: Run = azure.part("run")
    found = run.job["properties"]["properties"].get("azureml.continue_on_step_failure")
    return holds(
        found == "True", f"A job whose settings are silent says azureml.continue_on_step_failure {found}."
    )


@check("job-children-appear-late", "failing job")
def rows_of_steps_that_wait(azure: Subject) -> Finding:
    early = azure.part("failing job")["early"]
    return holds(
        "after" not in early,
        f"The first rows of a job's steps are {', '.join(early)}; a step behind another is "
        f"{'there' if 'after' in early else 'not there yet'}.",
    )
