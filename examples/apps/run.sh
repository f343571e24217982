#!/usr/bin/env bash
# Three apps, from a folder on disk to a watch of a plugin: builds them, starts a server of its own with them, and shows each phase of the
# way of a request. Needs Node and npm install; uses kubectl where there is one, else curl. usage: examples/apps/run.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=$(mktemp -d)
server=
finish() {
  if [ -n "$server" ] && kill "$server" 2>/dev/null; then wait "$server" || true; fi
  rm -rf "$folder"
}
trap finish EXIT

echo '-- build the apps, and start a server with them'
node examples/apps/build.mjs "$folder/plugins"
export GF_PATHS_DATA=$folder GF_PATHS_PLUGINS=$folder/plugins GF_DEFAULT_APP_MODE=development
export GF_SERVER_HTTP_PORT=0 GF_GRAFANA_APISERVER_HTTPS_PORT=0
calls=$folder/calls
node tools/start.mjs "cfg:plugin.example-slo-app.call_log=$calls" "cfg:plugin.example-dashboard-app.call_log=$calls" >"$folder/log" 2>&1 &
server=$!

read_state() { node -p "JSON.parse(fs.readFileSync('$folder/run/server.json')).$1" 2>/dev/null; }
ask() { curl -sS --fail-with-body -u admin:admin "$@"; }
post() { ask -H 'Content-Type: application/json' -d "$2" "$url$1"; }
# Runs a command until its output has a text, 60 s at most, and prints it.
expect() {
  local text=$1 output='' try
  shift
  for try in {1..120}; do
    if output=$("$@" 2>&1) && grep -qF -- "$text" <<<"$output"; then break; fi
    if [ "$try" = 120 ]; then
      printf 'not found: %s in: %s\n' "$text" "$output" >&2
      exit 1
    fi
    sleep 0.5
  done
  printf '%s\n' "$output"
}

expect ok sh -c "test -s '$folder/run/server.json' && echo ok" >/dev/null
url=$(read_state http.url)
expect ok ask "$url/readyz" >/dev/null
KUBECONFIG=$(read_state kubeconfig)
export KUBECONFIG
show() {
  if command -v kubectl >/dev/null; then kubectl get "$1"; else ask -H 'Accept: application/json;as=Table;g=meta.k8s.io;v=v1' "$url$2"; fi
}
dashboards=/apis/dashboard.ext.grafana.app/v1beta1/namespaces/default/dashboards

echo '-- 1. registration: manifests become APIServices, and a DataPlaneService where there is more than kinds'
expect dashboard show appmanifests /apis/apps.grafana.app/v1alpha2/appmanifests
expect v1.slo.ext.grafana.app show apiservices /apis/apiregistration.k8s.io/v1/apiservices
expect v1beta1.dashboard.ext.grafana.app show dataplaneservices /apis/aggregation.grafana.app/v0alpha1/dataplaneservices

echo '-- 2. create: the plugin mutates, then validates, then it is stored'
home='{"apiVersion":"dashboard.ext.grafana.app/v1beta1","kind":"Dashboard","metadata":{"name":"home"},"spec":{"title":"  Home ","tags":["b","a"],"layout":{"panels":[{"id":1}]}}}'
expect '"title":"Home"' post "$dashboards" "$home"
slo='{"apiVersion":"slo.ext.grafana.app/v1","kind":"SLO","metadata":{"name":"never"},"spec":{"query":"up","objectives":[{"target":1,"window":"28d"}]}}'
refused=$(post /apis/slo.ext.grafana.app/v1/namespaces/default/slos "$slo" || true)
expect 'nothing is always up' echo "$refused"

echo '-- 3. read in the other version: the plugin converts'
expect '"refresh":"1m"' ask "$url${dashboards/v1beta1/v1alpha1}/home"

echo '-- 4. straight to the plugin: routes, health, a stream, metrics'
expect '"app":"dashboard"' ask "$url/apis/dashboard.ext.grafana.app/v1beta1/about"
expect '"status":"OK"' ask "$url/apis/dashboard.ext.grafana.app/v1beta1/namespaces/default/health"
expect '"counts"' sh -c "curl -sN -m 1 -u admin:admin '$url/apis/dashboard.ext.grafana.app/v1beta1/namespaces/default/stream/counts' || true"
ask "$url/apis/dashboard.ext.grafana.app/v1beta1/metrics" | grep -m 1 process_cpu

echo '-- 5. a controller in the plugin: it watches dashboards, and writes their status'
expect '"panelCount":1' ask "$url$dashboards/home"
expect '"exported"' ask "$url$dashboards/home/export"
echo '-- what the plugins were asked'
cat "$calls"
