-- wrk: what each script of ours ends with. Counts answers but 200, and prints one line of JSON; credentials are in AUTHORIZATION.
if os.getenv("AUTHORIZATION") then wrk.headers["Authorization"] = os.getenv("AUTHORIZATION") end

local threads = {}
bad = 0
function setup(thread) table.insert(threads, thread) end
function init() bad = 0 end
function response(status) if status ~= 200 then bad = bad + 1 end end
function done(summary, latency)
  local failed = 0
  for _, thread in ipairs(threads) do failed = failed + (thread:get("bad") or 0) end
  local e = summary.errors
  io.write(string.format('JSON {"requests":%d,"seconds":%.3f,"p50":%.3f,"p99":%.3f,"failed":%d}\n', summary.requests,
    summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, failed + e.connect + e.read + e.write + e.timeout))
end
