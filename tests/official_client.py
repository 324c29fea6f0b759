"""Ten lines with the official client and no trick, as a user's own script has them; run as a process of its own.

Usage: python official_client.py list | raise NODES | disable | enable | archive COMPONENT VERSION | restore COMPONENT VERSION |
trigger | status JOB | tag COMPONENT | retire REGISTRY COMPONENT VERSION | unretire REGISTRY COMPONENT VERSION
"""

import json
import os
import sys

from azure.ai.ml import MLClient
from azure.identity import DefaultAzureCredential

client = MLClient(
    DefaultAzureCredential(),
    os.environ["AZURE_SUBSCRIPTION_ID"],
    os.environ["AZURE_RESOURCE_GROUP"],
    os.environ["AZUREML_WORKSPACE_NAME"],
)
match sys.argv[1:]:
    case ["list"]:
        found = {
            "components": sorted(component.name for component in client.components.list()),
            "schedules": {schedule.name: schedule.is_enabled for schedule in client.schedules.list()},
            "computes": {compute.name: compute.max_instances for compute in client.compute.list()},
        }
        print(json.dumps(found))
    case ["raise", nodes]:
        cluster = client.compute.get("cpu-cluster")
        cluster.max_instances = int(nodes)
        client.compute.begin_update(cluster).result()
    case ["disable"]:
        client.schedules.begin_disable("claims_release_weekly").result()
    case ["enable"]:
        client.schedules.begin_enable("claims_release_weekly").result()
    case ["archive", name, version]:
        client.components.archive(name=name, version=version)
    case ["restore", name, version]:
        client.components.restore(name=name, version=version)
    case ["retire" | "unretire" as verb, registry, name, version]:
        shared = MLClient(DefaultAzureCredential(), registry_name=registry)
        change = shared.components.archive if verb == "retire" else shared.components.restore
        change(name=name, version=version)
    case ["trigger"]:
        print(client.schedules.trigger("claims_release_weekly").job_name)
    case ["status", job]:
        print(client.jobs.get(job).status)
    case ["tag", name]:
        component = client.components.get(name, label="latest")
        component.tags = {**component.tags, "seen_by": os.environ["PLUMBLINE_PRINCIPAL"]}
        client.components.create_or_update(component)
    case _:
        sys.exit(__doc__)
