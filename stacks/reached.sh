#!/bin/sh
# The stacks that a change reaches, one a line, in the order in which they are brought up. Workflows ask it.
#
# Usage: sh stacks/reached.sh            every stack of the cloud that has a file
#        sh stacks/reached.sh COMMIT     those that what changed since COMMIT reaches
set -eu

stacks="shared dev staging prod"
program='^(__main__\.py|Pulumi\.yaml|requirements\.(txt|lock)|components/.*|stacks/[^/]*\.py|plumbline/.*)$'

changed=""
# A branch's first push names no commit before it.
if [ "$#" -gt 0 ] && git cat-file -e "$1^{commit}" 2> /dev/null; then
  changed=$(git -c core.quotePath=false diff --name-only "$1" HEAD --)
else
  set --
fi

for stack in $stacks; do
  file="Pulumi.$stack.yaml"
  [ -f "$file" ] || continue
  own="^(Pulumi\.$stack\.yaml|stacks/locks/$stack\.yaml)$"
  # A stack that runs what its lock says, or serves the registry, takes nothing from the definitions. Workflows and
  # accepted drift reach no stack; the review of one that registers from source says that they change.
  grep -Eq '^ *azure-ml-platform:(releases: lock|serves: registry)' "$file" ||
    own="$own|^(pipelines|\.github|\.azure-pipelines|stacks/accepted)/|^stacks/reached\.sh$"
  if [ "$#" -eq 0 ] || printf '%s\n' "$changed" | grep -Eq "$program|$own"; then
    echo "$stack"
  fi
done
