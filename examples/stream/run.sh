#!/usr/bin/env bash
# Streams of a data source with curl alone: rows as they come, in three forms of one URL, and what a subscriber gets who comes back.
# Needs a server with its own provisioning (npm start). usage: examples/stream/run.sh [URL]
set -euo pipefail
server=${1:-${SERVER:-http://localhost:3000}}
login=${LOGIN:-admin:admin}
streams=$server/apis/testdata.datasource.grafana.app/v0alpha1/namespaces/default/datasources/testdata/stream

# A stream has no end: curl is given its time, and 28 is how it says that the time was over.
listen() {
  local seconds=$1
  shift
  curl -sN --fail-with-body -u "$login" -m "$seconds" "$@" || [ $? -eq 28 ]
}
expect() {
  if ! grep -qE -- "$2" <<<"$1"; then
    echo "not found: $2 in: $1" >&2
    exit 1
  fi
}

echo '-- JSON lines: the schema once, then rows'
lines=$(listen 1 "$streams/signal/100")
tail -n 3 <<<"$lines"
expect "$(head -n 1 <<<"$lines")" '^\{"schema":'
expect "$(tail -n 1 <<<"$lines")" '^\{"data":'

echo '-- the same as Server-Sent Events, each with an id'
events=$(listen 1 -H 'Accept: text/event-stream' "$streams/signal/100")
tail -n 4 <<<"$events"
expect "$events" '^event: schema$'
expect "$events" '^event: frame$'

echo '-- who comes back with the last id misses nothing'
last=$(grep -oE '^id: [0-9a-f]+-[0-9]+' <<<"$events" | sed -n '3s/^id: //p')
events=$(listen 1 -H 'Accept: text/event-stream' -H "Last-Event-ID: $last" "$streams/signal/100")
first=$(sed -n 's/^id: //p' <<<"$events" | sed -n 2p)
echo "after $last comes $first"
expect "${first#*-}" "^$((${last#*-} + 1))\$"

echo '-- and is told when too much was missed'
events=$(listen 1 -H 'Accept: text/event-stream' -H 'Last-Event-ID: 0-1' "$streams/signal/100")
head -n 2 <<<"$events"
expect "$(head -n 2 <<<"$events")" '"reason":"Expired"'

echo '-- what one publishes, all subscribers get'
heard=$(mktemp)
trap 'rm -f "$heard"' EXIT
listen 3 "$streams/broadcast/news" >"$heard" &
sleep 1
answer=$(curl -sS --fail-with-body -u "$login" -H 'Content-Type: application/json' -d '{"hello":"all"}' "$streams/broadcast/news")
wait $!
cat "$heard"
expect "$answer" '^\{"data":\{"hello":"all"\}\}$'
expect "$(cat "$heard")" '^\{"hello":"all"\}$'

echo '-- a channel that the plugin does not know is a Status, 404'
answer=$(curl -sS -u "$login" "$streams/none")
expect "$answer" '"reason":"NotFound"'
