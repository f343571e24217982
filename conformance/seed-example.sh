#!/usr/bin/env bash
# The example of README.md, word for word: its own commands, from the repository's root, with the default ports and paths, the committed
# files and Debian's Prometheus with its stock configuration; with each kubectl that is named, or with both that build-tools.sh builds.
# What lies in ./data and conf/custom.ini is moved aside meanwhile. Needs the ports 3000 and 6443; 9090 too unless a Prometheus is there.
# usage: conformance/seed-example.sh [v1.32] [newest]
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")/.."
versions=("$@")
[ ${#versions[@]} -gt 0 ] || versions=(v1.32 newest)
created='dataplaneservice.aggregation.grafana.app/v0alpha1.prometheus.grafana.app created'
unchanged='dataplaneservice.aggregation.grafana.app/v0alpha1.prometheus.grafana.app unchanged'
work=$(mktemp -d)
aside=.cache/set-aside
server='' prometheus=''

say() { echo "-- $*" >&2; }
die() {
  say "FAILED: $*"
  [ ! -f "$work/server.log" ] || tail -n 30 "$work/server.log" >&2
  exit 1
}

# A person's environment has none of these.
for variable in $(compgen -e | grep '^GF_' || true); do unset "$variable"; done
unset KUBECONFIG PROMETHEUS_URL
export HOME=$work

# block TEXT: the README's first `sh ci` block that contains TEXT, without its indentation.
block() {
  awk -v text="$1" '
    /^ *```sh ci$/ { inside = 1; indent = index($0, "`"); body = ""; next }
    inside && /^ *```$/ { inside = 0; if (index(body, text)) { printf "%s", body; found = 1; exit } next }
    inside { body = body substr($0, indent) "\n" }
    END { exit !found }
  ' README.md || die "README.md has no block with: $1"
}

# as_told TEXT: runs that block, as a person pastes it.
as_told() {
  local commands
  commands=$(block "$1")
  eval "$commands"
}

set_aside() {
  [ ! -e "$aside" ] || die "$aside is left from an earlier run that was killed: put it back"
  mkdir -p "$aside/conf"
  local path
  for path in data conf/custom.ini; do
    [ ! -e "$path" ] || mv "$path" "$aside/$path"
  done
}

put_back() {
  local path
  [ -z "$server" ] || stop_server || true
  [ -z "$prometheus" ] || kill "$prometheus" 2>/dev/null || true
  for path in data conf/custom.ini; do
    rm -rf "$path"
    [ ! -e "$aside/$path" ] || mv "$aside/$path" "$path"
  done
  rm -rf "$aside"
  wait
  rm -rf "$work"
}

# within SECONDS COMMAND...: until it succeeds.
within() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.1
  done
}

answers() { curl -fsS -o /dev/null "$1" 2>/dev/null; }

start_server() {
  npm start >"$work/server.log" 2>&1 &
  server=$!
  within 300 server_is_ready || die "the server is not ready"
}
server_is_ready() {
  kill -0 "$server" 2>/dev/null || die "npm start ended"
  answers http://localhost:3000/readyz
}
stop_server() {
  local pid=$server
  server=''
  kill -TERM "$pid" && wait "$pid"
}

start_prometheus() {
  if ! answers http://localhost:9090/-/ready; then
    prometheus --config.file=/etc/prometheus/prometheus.yml --storage.tsdb.path="$work/tsdb" >"$work/prometheus.log" 2>&1 &
    prometheus=$!
  fi
  within 60 has_sample || die "Prometheus has no sample of up"
}
has_sample() { curl -fsS 'http://localhost:9090/api/v1/query?query=up' 2>/dev/null | grep -q '"value"'; }

expect_line() { [ "$1" = "$2" ] || die "expected: $2; got: $1"; }

# expect_numbers TEXT: the query of that block answers what Prometheus' own API says. A scrape may come between the two: asked thrice at most.
expect_numbers() {
  local attempt
  for attempt in 1 2 3; do
    as_told "$1" >"$work/answer.json" 2>/dev/null || die "the query failed: $1"
    if node conformance/testing/compare-with-prometheus.mjs "$work/answer.json" up http://localhost:9090 >&2; then return; fi
    say "attempt $attempt of $1"
  done
  die "the numbers differ from those of Prometheus"
}

status_of_query() {
  curl -s -o /dev/null -w '%{http_code}' 'http://admin:admin@localhost:3000/apis/prometheus.grafana.app/v0alpha1/namespaces/default/connections/example/query' \
    -X POST -d '@examples/datasource-query.json'
}
query_is_gone() { [ "$(status_of_query)" = 404 ]; }

example_with() {
  local binary=$PWD/.cache/tools/kubectl-$1
  [ -x "$binary" ] || die "no $binary: conformance/build-tools.sh builds it"
  mkdir -p "$work/bin"
  ln -sf "$binary" "$work/bin/kubectl"
  PATH=$work/bin:$PATH
  hash -r
  say "$(kubectl version --client 2>/dev/null | head -n 1)"

  expect_line "$(as_told 'kubectl apply -f examples/datasource.yml')" "$created"
  expect_numbers '@examples/datasource-query.json'
  expect_line "$(as_told 'kubectl apply -f examples/datasource.yml')" "$unchanged"
  expect_line "$(kubectl --kubeconfig data/grafana-apiserver/grafana.kubeconfig apply -f examples/datasource.yml --validate=false)" "$unchanged"

  local kubeconfig=data/grafana-apiserver/grafana.kubeconfig
  cp "$kubeconfig" "$work/kubeconfig.before"
  stop_server || die "the server did not end with 0"
  start_server
  if cmp -s "$kubeconfig" "$work/kubeconfig.before"; then die "the kubeconfig was not written anew"; fi
  expect_numbers '@examples/datasource-query.json'
  expect_line "$(as_told 'kubectl apply -f examples/datasource.yml')" "$unchanged"

  export KUBECONFIG=$kubeconfig
  as_told 'title: Second Prometheus'
  expect_numbers 'connections/second/query'
  kubectl delete datasources.v0alpha1.prometheus.grafana.app second
  kubectl delete -f examples/datasource.yml
  within 1 query_is_gone || die "the query still answers $(status_of_query) after the service is deleted"
  unset KUBECONFIG
}

if answers http://localhost:3000/livez; then die "a server is on port 3000 already"; fi
set_aside
trap put_back EXIT
# Step 1 of the README.
cat >conf/custom.ini <<'INI'
[feature_toggles]
kubernetesAggregator = true
dataplaneAggregator = true
grafanaAPIServerEnsureKubectlAccess = true
INI
start_prometheus
start_server
for version in "${versions[@]}"; do example_with "$version"; done
stop_server || die "the server did not end with 0"
say "the example works with kubectl ${versions[*]}"
