#!/usr/bin/env bash
# What scripts and agents that were written for Grafana ask first, and this server's own metrics, with curl alone.
# Needs a server with its own provisioning (npm start). usage: examples/grafana-paths.sh
set -euo pipefail
server=${SERVER:-http://localhost:3000}
login=${LOGIN:-admin:admin}

ask() { curl -sS --fail-with-body -u "$login" "$@"; }
expect() {
  if ! grep -qF -- "$2" <<<"$1"; then
    echo "not found: $2 in: $1" >&2
    exit 1
  fi
}

echo "-- anyone may ask how the server is"
expect "$(curl -sS "$server/api/health")" '"database":"ok"'

echo "-- which data sources there are, and one of them"
expect "$(ask "$server/api/datasources")" '"uid":"testdata"'
ask "$server/api/datasources/uid/testdata"

echo "-- its health, and a query that names nothing but its uid"
expect "$(ask "$server/api/datasources/uid/testdata/health")" '"status":"OK"'
answer=$(ask -H 'Content-Type: application/json' "$server/api/ds/query" -d '{
  "from": "now-1h", "to": "now",
  "queries": [{ "refId": "A", "datasource": { "uid": "testdata" }, "scenarioId": "random_walk" }]
}')
expect "$answer" '"results":{"A":{"status":200'

echo "-- which plugins there are"
expect "$(ask "$server/api/plugins?type=datasource")" '"id":"grafana-testdata-datasource"'
expect "$(ask "$server/api/plugins/prometheus/settings")" '"signature":"internal"'

echo "-- provisioning files are read again"
ask -X POST "$server/api/admin/provisioning/datasources/reload"

echo "-- a failure has the form that they read"
answer=$(curl -sS -u "$login" "$server/api/datasources/uid/none")
echo "$answer"
expect "$answer" '"messageId":"datasources.notFound","statusCode":404'

echo "-- what was counted meanwhile"
ask "$server/metrics" | grep '^grafana_plugin_request_total'
