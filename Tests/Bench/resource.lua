-- Calls with a token: arguments are the certificate's header value and the token.
function init(arguments)
  wrk.headers["Client-Cert"] = arguments[1]
  wrk.headers["Authorization"] = "Bearer " .. arguments[2]
end

done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99),
    errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
