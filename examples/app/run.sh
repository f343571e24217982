#!/usr/bin/env bash
# An app: its settings, routes of its own and those of its manifest, with kubectl and curl alone. Start the server with the example's
# plugin first:
#   GF_PATHS_PLUGINS=examples/app/plugins GF_DEFAULT_APP_MODE=development npm start
# usage: examples/app/run.sh [URL]     (KUBECONFIG names the server's kubeconfig; URL is http://localhost:3000 unless told)
set -euo pipefail
cd "$(dirname "$0")"
server=${1:-http://localhost:3000}
base=$server/apis/reports.example.com/v1
ours=$base/namespaces/default

ask() { curl -sS --fail-with-body -u admin:admin "$@"; }
expect() {
  echo "$1"
  if ! grep -qF -- "$2" <<<"$1"; then
    echo "not found: $2" >&2
    exit 1
  fi
}

kubectl apply -f settings.yaml -f service.yaml
kubectl wait --for=condition=Available dps/v1.reports.example.com --timeout=20s

echo '-- the plugin has its settings, and its secret; nobody else has'
expect "$(ask -G --data-urlencode 'key=open sesame' "$ours/resources/vault")" '"open":true'
expect "$(kubectl get appsettings acme-reports-app -o 'jsonpath={.secure}')" '"name":"key-'

echo '-- a route of a manifest is there as soon as the manifest is'
kubectl apply -f manifest.yaml
expect "$(ask -X PUT -H 'Content-Type: application/json' -d '{"sold":7}' "$ours/reports/july")" '"stored":"july"'
expect "$(ask "$ours/reports/july")" '{"title":"Weekly","namespace":"default","report":{"sold":7}}'
expect "$(ask "$base/about")" '{"about":"reports"}'
expect "$(ask "$ours/reports/july/lines")" 'july, line 3'

echo '-- it is in discovery and in OpenAPI'
expect "$(kubectl get --raw /apis/reports.example.com/v1 | grep -o '"name":"reports/lines"')" reports/lines
expect "$(ask "$server/openapi/v3/apis/reports.example.com/v1" | grep -o '"operationId":"getReport[A-Z][^"]*"' | head -n 1)" getReport

echo '-- a change of the settings makes a new instance of the app'
expect "$(ask "$ours/health")" '1 reports'
kubectl patch appsettings acme-reports-app --type=merge -p '{"spec":{"jsonData":{"title":"Monthly"}}}'
expect "$(ask "$ours/health")" '0 reports'

echo '-- switched off, it is not there'
kubectl patch appsettings acme-reports-app --type=merge -p '{"spec":{"enabled":false}}'
expect "$(curl -sS -o /dev/null -w '%{http_code}' -u admin:admin "$ours/health")" 404

kubectl delete -f manifest.yaml -f service.yaml -f settings.yaml
