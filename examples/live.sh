#!/usr/bin/env bash
# Grafana Live from a script: publishes to a channel, pushes measurements as lines, and looks at what is open, with curl alone.
# Pages and programs subscribe to the same channels with any client of Centrifuge, at /api/live/ws. usage: examples/live.sh
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

echo "-- to everybody who listens to a channel"
ask -H 'Content-Type: application/json' "$server/api/live/publish" -d '{"channel": "grafana/broadcast/deploys", "data": {"version": "1.2.3"}}'
echo

echo "-- measurements, in InfluxDB's line protocol: each becomes a channel"
ask -H 'Content-Type: text/plain' "$server/api/live/push/office" --data-binary @- <<'LINES'
climate,room=kitchen celsius=21.5,humidity=40i
climate,room=lab celsius=19.25
power watts=312.5
LINES
echo

echo "-- the channels that are open, and how far each is"
answer=$(ask "$server/api/live/list")
echo "$answer"
expect "$answer" '"channel":"stream/office/climate"'
expect "$answer" '"channel":"stream/office/power"'
expect "$(ask "$server/api/live/info/grafana/broadcast/deploys")" '"offset":1'

echo "-- what is no line is refused, with its number, and nothing of it is sent"
answer=$(curl -sS -u "$login" "$server/api/live/push/office" -d 'climate celsius=warm')
echo "$answer"
expect "$answer" 'line 1 is no line protocol'

echo "-- and a channel of no data source is none"
answer=$(curl -sS -u "$login" -H 'Content-Type: application/json' "$server/api/live/publish" -d '{"channel": "ds/none/tick", "data": 1}')
echo "$answer"
expect "$answer" '"statusCode":404'
