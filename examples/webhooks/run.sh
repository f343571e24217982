#!/usr/bin/env bash
# A plugin admits and converts objects, asked with kubectl and curl alone. Start the server with the example's plugin first:
#   GF_PATHS_PLUGINS=examples/webhooks/plugins GF_DEFAULT_APP_MODE=development npm start
# usage: examples/webhooks/run.sh [URL]     (KUBECONFIG names the server's kubeconfig; URL is http://localhost:3000 unless told)
set -euo pipefail
cd "$(dirname "$0")"
base=${1:-http://localhost:3000}/apis/things.example.com/v1

kubectl apply -f service.yaml
kubectl wait --for=condition=Available dps/v1.things.example.com --timeout=20s

post() { curl -sS --fail-with-body -u admin:admin -H 'Content-Type: application/json' -d "@$2" "$base/$1"; }
expect() {
  if ! grep -qF -- "$2" <<<"$1"; then
    echo "not found: $2 in: $1" >&2
    exit 1
  fi
}

echo '-- the plugin fills in what is missing, and says so as a JSON patch'
answer=$(post admission/mutate admission-review.json)
expect "$answer" '"patchType":"JSONPatch"'
patch=$(grep -o '"patch":"[^"]*"' <<<"$answer" | cut -d'"' -f4 | base64 -d)
echo "$patch"
expect "$patch" '[{"op":"add","path":"/spec/size","value":"small"}]'

echo '-- it refuses what must not be'
answer=$(sed 's/"A lamp"/"A whale", "size": "huge"/' admission-review.json | post admission/validate -)
echo "$answer"
expect "$answer" '"allowed":false'
expect "$answer" 'nothing huge comes in here'

echo '-- it converts, here asked by kubectl'
answer=$(kubectl create --raw /apis/things.example.com/v1/convert -f conversion-review.json)
echo "$answer"
expect "$answer" '"spec":{"size":"small","name":"A lamp"}'

kubectl delete -f service.yaml
