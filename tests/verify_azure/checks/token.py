"""Rows on tokens and identity."""

from __future__ import annotations

import os
import uuid

from tests.verify_azure import versions as api
from tests.verify_azure.check import check
from tests.verify_azure.cloud import code_of, fetch
from tests.verify_azure.finding import Finding, NotChecked, holds
from tests.verify_azure.parts import assignment_body
from tests.verify_azure.subject import Subject

READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
EXPIRED = "VERIFY_AZURE_EXPIRED_TOKEN"


@check("token-msi-app-service")
def managed_identity_endpoint(azure: Subject) -> Finding:
    endpoint, header = os.environ.get("IDENTITY_ENDPOINT"), os.environ.get("IDENTITY_HEADER")
    if not endpoint or not header:
        raise NotChecked(
            "this machine has no IDENTITY_ENDPOINT; run it in an App Service's console or a function"
        )
    answer = fetch(
        f"{endpoint}?api-version=2019-08-01&resource={azure.cloud.endpoint}", {"X-IDENTITY-HEADER": header}
    )
    body = answer.json()
    wanted = {"access_token", "expires_on", "resource", "token_type"}
    return holds(
        answer.status_code == 200 and wanted <= set(body) and isinstance(body["expires_on"], str),
        f"IDENTITY_ENDPOINT answered {answer.status_code} with {', '.join(sorted(set(body)))}; "
        f"expires_on is {type(body.get('expires_on')).__name__}.",
    )


@check("token-expired-401")
def expired_token(azure: Subject) -> Finding:
    token = os.environ.get(EXPIRED)
    if not token:
        raise NotChecked(
            f"it needs a token that ran out: keep the output of `az account get-access-token` for two hours, then set {EXPIRED}"
        )
    return _refused_token(azure, token, "an expired token", "ExpiredAuthenticationToken")


@check("token-audience-401")
def token_for_another_audience(azure: Subject) -> Finding:
    token = azure.cloud.token("https://storage.azure.com/.default")
    return _refused_token(azure, token, "a token for storage", "InvalidAuthenticationTokenAudience")


@check("token-ml-audience", "run")
def second_token_of_pipeline_jobs(azure: Subject) -> Finding:
    azure.part("run")
    asked = sorted({scope for scope in azure.cloud.credential.scopes if "://ml.azure" in scope})
    return holds(bool(asked), f"azure-ai-ml asked for a token of {', '.join(asked) or 'no Azure ML scope'}.")


@check("managed-identity-replication", "group")
def new_identity_in_an_assignment(azure: Subject) -> Finding:
    path = azure.resource("Microsoft.ManagedIdentity/userAssignedIdentities", azure.fresh("id-"))
    made = azure.put(path, api=api.IDENTITY, body={"location": azure.location})
    principal = made["properties"]["principalId"]
    name = f"{path}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
    body = assignment_body(azure, READER, principal, kind="ServicePrincipal")
    answer = azure.send("PUT", name, api=api.ASSIGNMENT, body=body)
    return holds(
        answer.status_code == 201,
        f"An assignment to an identity made a moment before, with principalType, answered {answer.status_code} {code_of(answer)}.",
    )


def _refused_token(azure: Subject, token: str, what: str, code: str) -> Finding:
    answer = fetch(
        f"{azure.cloud.endpoint}{azure.cloud.scope}?api-version={api.GROUP}",
        {"Authorization": f"Bearer {token}"},
    )
    azure.versions[f"Microsoft.Resources {api.GROUP}"] = None
    challenge = answer.headers.get("WWW-Authenticate", "")
    return holds(
        answer.status_code == 401 and code_of(answer) == code and bool(challenge),
        f"{what} was answered {answer.status_code} {code_of(answer)}, WWW-Authenticate {challenge.split(',')[0]!r}.",
    )
