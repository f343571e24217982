#!/usr/bin/env bash
# A DataPlaneService with a backend by HTTP in place of a plugin: it gets the requests, with the caller's identity in X-Remote-* headers.
# Needs kubectl with this server's kubeconfig, curl, and a server at BACKEND. One on this machine or in a private network must be
# allowed first: [dataproxy] allow_addresses = 127.0.0.1:8000
# usage: BACKEND=https://backend.example.com examples/http-backend.sh
set -euo pipefail
server=${SERVER:-http://localhost:3000}
login=${LOGIN:-admin:admin}
: "${BACKEND:?the address of a server, such as https://backend.example.com}"

kubectl apply -f - <<YAML
apiVersion: aggregation.grafana.app/v0alpha1
kind: DataPlaneService
metadata:
  name: v1.backend.example.com
spec:
  group: backend.example.com
  version: v1
  backend:
    type: http
    baseURL: $BACKEND
  services:
    - type: query
    - type: route
      path: things/{name}
YAML
echo "-- Available says whether the backend answers"
kubectl wait --for=condition=Available --timeout=30s dps/v1.backend.example.com
kubectl get dps v1.backend.example.com -o wide

api=$server/apis/backend.example.com/v1/namespaces/default
echo "-- a query"
curl -fsS -u "$login" -H 'Content-Type: application/json' -d '{"queries": [{"refId": "A"}]}' "$api/datasources/any/query"
echo
echo "-- a route"
curl -fsS -u "$login" "$api/things/one"
echo

kubectl delete dps v1.backend.example.com
