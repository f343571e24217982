#!/usr/bin/env bash
# A named query: who may run it can put values in, and need not be allowed to ask its data source anything else.
# Needs kubectl with this server's kubeconfig, and curl. The data source "testdata" comes with the server.
# usage: examples/named-query.sh [URL]
set -euo pipefail
server=${1:-http://localhost:3000}
login=${LOGIN:-admin:admin}
run=$server/apis/query.grafana.app/v0alpha1/namespaces/default/queries/last-values/run

kubectl apply -f - <<'YAML'
apiVersion: query.grafana.app/v0alpha1
kind: Query
metadata:
  name: last-values
  namespace: default
spec:
  title: Values of one series
  datasource: {type: grafana-testdata-datasource, uid: testdata}
  queries:
    - refId: A
      scenarioId: csv_metric_values
      alias: {$param: job}
      stringInput: "1,2,${param.last}"
  parameters:
    - {name: job, type: string, required: true, pattern: "[a-z]+"}
    - {name: last, type: integer, default: 3, minimum: 0}
YAML

echo "-- run it with values"
curl -fsS -u "$login" -d '{"parameters":{"job":"api","last":7}}' "$run"
echo
echo "-- as CSV"
curl -fsS -u "$login" -H 'Accept: text/csv' -d '{"parameters":{"job":"api"}}' "$run"
echo "-- values that are wrong are refused, each by its name"
curl -sS -u "$login" -d '{"parameters":{"job":"api\"} or up{","last":-1}}' -w '\n%{http_code}\n' "$run"

kubectl delete queries last-values
