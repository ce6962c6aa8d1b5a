-- wrk -s post.lua URL -- BODY: posts that file; prints one line of JSON at the end, latencies in ms.
function init(words)
  local file = assert(io.open(words[1], "rb"))
  wrk.method, wrk.body = "POST", file:read("*a")
  wrk.headers["Content-Type"] = "application/json"
  file:close()
end

function done(summary, latency, requests)
  local wrong = summary.errors
  io.write(string.format(
    '{"answered":%d,"seconds":%.6f,"non_2xx":%d,"errors":%d,"p50":%.4f,"p99":%.4f,"p99.9":%.4f,"max":%.4f}\n',
    summary.requests, summary.duration / 1e6, wrong.status, wrong.connect + wrong.read + wrong.write + wrong.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency:percentile(99.9) / 1000, latency.max / 1000))
end
