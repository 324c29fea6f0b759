#!/bin/bash
# Keeps one open work item a cause of drift: opened when it is found, updated while it lasts, closed when it is gone.
#
# Usage: TOKEN=... PROJECT=https://dev.azure.com/ORGANISATION/PROJECT WORK_ITEM=Task drift-work-items.sh DRIFT.JSON
# A cause is what one resource suffers; what Azure Policy did to many is one cause. It is found again by its tag, among the
# items that this build service made itself.
# Source: Azure DevOps REST 7.1, Work Item Tracking: Wiql - Query By Wiql; Work Items - Create, Update; Work Item Type
# States - List.
set -euo pipefail

report=$1
stack=$(jq -r .stack "$report")
type=$(jq -rn --arg type "$WORK_ITEM" '$type | @uri')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

call() { # METHOD PATH [CONTENT-TYPE], the body from stdin
  local body=()
  [ "$1" = GET ] || body=(--header "Content-Type: $3" --data @-)
  curl --silent --show-error --fail --request "$1" --header "Authorization: Bearer $TOKEN" "${body[@]}" "$PROJECT/_apis/wit/$2?api-version=7.1"
}

# Each process of Azure DevOps has names of its own for what is done.
call GET "workitemtypes/$type/states" > "$work/states.json"
closed=$(jq -r 'first(.value[] | select(.category == "Completed") | .name)' "$work/states.json")
over=$(jq -r '[.value[] | select(.category == "Completed" or .category == "Removed") | "\u0027\(.name)\u0027"] | join(", ")' "$work/states.json")

# Answers the numbers of the open items with a tag.
open_items() {
  jq -n --arg tag "$1" --arg over "$over" '{query: ("SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project " +
    "AND [System.CreatedBy] = @Me AND [System.Tags] CONTAINS \u0027\($tag)\u0027 AND [System.State] NOT IN (\($over))")}' |
    call POST wiql application/json | jq -r '.workItems[].id'
}

jq --arg stack "$stack" '
  def shown: (if type == "string" then . else tojson end) | .[0:400] | @html | "<code>\(.)</code>";
  def line: "<li>\(.field | shown): live \(.live | shown), the code says \(.desired | shown); \(.severity), " +
    "by \(.who | shown) at \(.when)" +
    (if .declaredAt then ", declared at \("\(.declaredAt.file):\(.declaredAt.line)" | shown)" else "" end) +
    "<br>put back: \(.remedies.revert | shown)<br>accept: \(.remedies.accept | shown)</li>";
  [.findings[] | select(.accepted == null or .accepted.expired)]
  | group_by(if (.by // "" | startswith("Azure Policy")) then .by else (.resourceId // .resource) end)
  | map({
      cause: "\($stack) \(.[0] | if (.by // "" | startswith("Azure Policy")) then .by else (.resourceId // .resource) end)",
      title: "Drift in \($stack): \(.[0].resource) (\(.[0].severity))"[0:255],
      body: "<ul>\(map(line) | join(""))</ul>"
    })' "$report" > "$work/causes.json"

open_items "plumbline-drift-$stack" > "$work/open"
: > "$work/kept"
count=$(jq length "$work/causes.json")
for ((at = 0; at < count; at++)); do
  # A tag holds no comma and no semicolon, so that it is a digest of the cause.
  tag="plumbline-cause-$(jq -j --argjson at "$at" '.[$at].cause' "$work/causes.json" | sha256sum | cut -c 1-16)"
  number=$(open_items "$tag" | head -n 1)
  jq --argjson at "$at" --arg stack "$stack" --arg tag "$tag" '.[$at] | [
    {op: "add", path: "/fields/System.Title", value: .title},
    {op: "add", path: "/fields/System.Description", value: .body},
    {op: "add", path: "/fields/System.Tags", value: "plumbline-drift; plumbline-drift-\($stack); \($tag)"}]' \
    "$work/causes.json" > "$work/item.json"
  if [ -n "$number" ]; then
    call PATCH "workitems/$number" application/json-patch+json < "$work/item.json" > /dev/null
    echo "$number" >> "$work/kept"
  else
    call POST "workitems/\$$type" application/json-patch+json < "$work/item.json" > /dev/null
  fi
done

# What could not be compared is not gone.
if [ "$(jq '.notes | length' "$report")" -gt 0 ]; then
  echo "Not everything of $stack could be compared: no work item is closed."
  exit 0
fi
{ grep -vxFf "$work/kept" "$work/open" || true; } | while read -r number; do
  jq -n --arg closed "$closed" '[{op: "add", path: "/fields/System.State", value: $closed}]' |
    call PATCH "workitems/$number" application/json-patch+json > /dev/null
done
