#!/bin/bash
# Opens a pull request that replaces a stack's lock; its review is the build validation of main.
#
# Usage: TOKEN=... PULL_REQUESTS=https://.../_apis/git/repositories/ID/pullrequests lock-pull-request.sh STACK LOCK TITLE BODY.MD
# Source: Azure DevOps REST 7.1, Git, Pull Requests - Get Pull Requests, Create; a description holds 4000 characters.
set -euo pipefail

stack=$1 lock=$2 title=$3 body=$4
target="stacks/locks/$stack.yaml"

mkdir -p "$(dirname "$target")"
cp "$lock" "$target"
git add "$target"
if git diff --cached --quiet; then
  echo "$target is on main already: there is nothing to ask for."
  exit 0
fi
# A lock comes back when its release is promoted again or another is taken back: the commit before it is in the name, too.
branch="release/$stack-$(git hash-object "$target" | cut -c 1-12)-$(git rev-parse HEAD | cut -c 1-12)"
# Asked for twice, by a second run of the pipeline, it is one pull request.
asked=$(curl --silent --show-error --fail --header "Authorization: Bearer $TOKEN" \
  "$PULL_REQUESTS?api-version=7.1&searchCriteria.status=active&searchCriteria.sourceRefName=refs/heads/$branch" |
  jq -r '.value[0].pullRequestId // empty')
if [ -n "$asked" ]; then
  echo "Pull request $asked asks for it already."
  exit 0
fi
git switch --quiet --create "$branch"
git -c user.name="Azure Pipelines" -c user.email="azure-pipelines@localhost" commit --quiet --message "$title"
git -c http.extraheader="AUTHORIZATION: bearer $TOKEN" push --quiet --force origin "HEAD:refs/heads/$branch"
jq -n --arg source "refs/heads/$branch" --arg title "$title" --rawfile text "$body" \
  '{sourceRefName: $source, targetRefName: "refs/heads/main", title: $title, description: $text[0:4000]}' |
  curl --silent --show-error --fail --request POST --header "Authorization: Bearer $TOKEN" --header "Content-Type: application/json" \
    --data @- "$PULL_REQUESTS?api-version=7.1" | jq -r '"Pull request \(.pullRequestId)"'
