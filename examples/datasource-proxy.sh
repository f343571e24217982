#!/usr/bin/env bash
# The service type datasource-proxy: requests to a data source itself, with its credentials in place of the caller's.
# Needs kubectl with this server's kubeconfig, curl, and a Prometheus behind the data source "example".
# usage: examples/datasource-proxy.sh
set -euo pipefail
server=${SERVER:-http://localhost:3000}
login=${LOGIN:-admin:admin}

kubectl apply -f - <<'YAML'
apiVersion: aggregation.grafana.app/v0alpha1
kind: DataPlaneService
metadata:
  name: v1.proxy.example.com
spec:
  pluginID: prometheus
  pluginType: datasource
  group: proxy.example.com
  version: v1
  services:
    - type: datasource-proxy
YAML
kubectl wait --for=condition=Available --timeout=30s dps/v1.proxy.example.com

proxy=$server/apis/proxy.example.com/v1/namespaces/default/datasources/example/proxy
echo "-- the API of Prometheus, by the group that the service binds"
curl -fsS -u "$login" "$proxy/api/v1/query?query=up"
echo
echo "-- the same with a form, as Prometheus takes it"
curl -fsS -u "$login" --data-urlencode 'query=up' "$proxy/api/v1/query"
echo
echo "-- a path that could be read in two ways is refused"
curl -sS --path-as-is -o /dev/null -w '%{http_code}\n' -u "$login" "$proxy/api/..%2fadmin"

kubectl delete dps v1.proxy.example.com
