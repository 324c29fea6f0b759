#!/bin/bash
# Keeps one open issue a cause of drift: opened when it is found, updated while it lasts, closed when it is gone.
#
# Usage: ISSUES=repos/OWNER/NAME/issues drift-issues.sh DRIFT.JSON
# A cause is what one resource suffers; what Azure Policy did to many is one cause.
set -euo pipefail

report=$1
stack=$(jq -r .stack "$report")
prefix="<!-- plumbline-drift stack=$stack cause="
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

gh api --paginate "$ISSUES?state=open&labels=plumbline-drift&per_page=100" | jq -s --arg prefix "$prefix" '
  add // [] | map(select(.user.login == "github-actions[bot]" and ((.body // "") | startswith($prefix))))' > "$work/open.json"

jq --arg prefix "$prefix" --arg stack "$stack" '
  def shown: (if type == "string" then . else tojson end) | .[0:400] | gsub("`"; "ˋ") | "`\(.)`";
  def line: "- \(.field | shown): live \(.live | shown), the code says \(.desired | shown); \(.severity), " +
    "by \(.who | shown) at \(.when)" + (if .declaredAt then ", declared at `\(.declaredAt.file):\(.declaredAt.line)`" else "" end) +
    "\n  - put back: \(.remedies.revert | shown)\n  - accept: \(.remedies.accept | shown)";
  [.findings[] | select(.accepted == null or .accepted.expired)]
  | group_by(if (.by // "" | startswith("Azure Policy")) then .by else (.resourceId // .resource) end)
  | map({
      marker: "\($prefix)\(.[0] | if (.by // "" | startswith("Azure Policy")) then .by else (.resourceId // .resource) end) -->",
      title: "Drift in \($stack): \(.[0].resource) (\(.[0].severity))",
      # The service takes 65,536 characters.
      body: (map(line) as $lines
        | reduce range(0; $lines | length) as $at ({text: "", more: 0};
            if (.more > 0) or ((.text | length) + ($lines[$at] | length) > 60000) then .more += 1
            else .text += $lines[$at] + "\n" end)
        | .text + (if .more > 0 then "\n\(.more) more: `plumbline drift --stack \($stack)`\n" else "" end))
    })' "$report" > "$work/causes.json"

count=$(jq length "$work/causes.json")
for ((at = 0; at < count; at++)); do
  jq --argjson at "$at" '.[$at] | {title, body: "\(.marker)\n\(.body)", labels: ["plumbline-drift"]}' "$work/causes.json" > "$work/issue.json"
  number=$(jq -r --argjson at "$at" --slurpfile causes "$work/causes.json" '
    map(select(.body | startswith($causes[0][$at].marker)))[0].number // empty' "$work/open.json")
  if [ -n "$number" ]; then
    gh api --method PATCH "$ISSUES/$number" --input "$work/issue.json" > /dev/null
  else
    gh api --method POST "$ISSUES" --input "$work/issue.json" > /dev/null
  fi
done

# What could not be compared is not gone.
if [ "$(jq '.notes | length' "$report")" -gt 0 ]; then
  echo "Not everything could be compared: no issue is closed."
  exit 0
fi
jq -r --slurpfile causes "$work/causes.json" '
  .[] | select(.body as $body | all($causes[0][]; .marker as $marker | $body | startswith($marker) | not)) | .number' "$work/open.json" |
  while read -r number; do
    echo '{"state": "closed", "state_reason": "completed"}' > "$work/close.json"
    gh api --method PATCH "$ISSUES/$number" --input "$work/close.json" > /dev/null
  done
