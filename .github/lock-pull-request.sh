#!/bin/bash
# Opens a pull request that replaces a stack's lock, and starts its review.
#
# Usage: GH_TOKEN=... lock-pull-request.sh STACK LOCK TITLE BODY.MD
# A pull request that a workflow opens with its own token starts no workflow, but it may start one by name.
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
base=$(git rev-parse HEAD)
# A lock comes back when its release is promoted again or another is taken back: the commit before it is in the name, too.
branch="release/$stack-$(git hash-object "$target" | cut -c 1-12)-${base:0:12}"
# Asked for twice, by a second run of the workflow, it is one pull request.
asked=$(gh pr list --head "$branch" --state open --json url | jq -r '.[0].url // empty')
if [ -n "$asked" ]; then
  echo "$asked asks for it already."
  exit 0
fi
git switch --quiet --create "$branch"
git -c user.name="github-actions[bot]" -c user.email="41898282+github-actions[bot]@users.noreply.github.com" \
  commit --quiet --message "$title"
gh auth setup-git
git push --quiet --force origin "HEAD:refs/heads/$branch"
address=$(gh pr create --base main --head "$branch" --title "$title" --body-file "$body")
echo "$address"
gh workflow run pull-request.yml --ref "$branch" --field number="${address##*/}" --field base="$base"
