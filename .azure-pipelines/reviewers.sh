#!/bin/bash
# Prints who let this run's environments go on so far, by the approvals that the service keeps.
#
# Usage: TOKEN=... PROJECT=https://dev.azure.com/ORGANISATION/PROJECT BUILD=ID reviewers.sh
# Source: Azure DevOps REST 7.1, Build, Timeline - Get; Approvals And Checks, Approvals - Query.
set -euo pipefail

get() {
  curl --silent --show-error --fail --header "Authorization: Bearer $TOKEN" "$PROJECT/_apis/$1"
}

asked=$(get "build/builds/$BUILD/timeline?api-version=7.1" |
  jq -r '[.records[] | select(.type == "Checkpoint.Approval") | .id] | join(",")')
[ -n "$asked" ] || exit 0
# shellcheck disable=SC2016 # $expand is the service's own word
get 'pipelines/approvals?api-version=7.1&$expand=steps&approvalIds='"$asked" |
  jq -r '[.value[].steps[]? | select(.status == "approved") | .actualApprover.displayName] | unique | join(", ")'
