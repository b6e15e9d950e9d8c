wrk.method = "POST"
wrk.body = '{"user_identifier":"customer-01234567890123456"}'
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Basic YWNwOm5vdC1hLXNlY3JldC1idXQtbG9uZy1lbm91Z2g="

done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99),
    errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
