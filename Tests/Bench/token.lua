-- Token requests: arguments are the certificate's header value, a file with one form a line, and the
-- first and the last line to send. No form is sent twice.
local threads = 0
function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

local head, forms, sent = nil, {}, 0

function init(arguments)
  local certificate, file = arguments[1], arguments[2]
  local first, last = tonumber(arguments[3]), tonumber(arguments[4])
  local line = 0
  for form in io.lines(file) do
    line = line + 1
    if line > last then break end
    if line >= first and line % 2 == number then forms[#forms + 1] = form end
  end
  local text = wrk.format("POST", nil, {
    ["Content-Type"] = "application/x-www-form-urlencoded", ["Client-Cert"] = certificate,
  }, forms[1])
  -- All forms have the same length.
  head = text:sub(1, #text - #forms[1])
end

function request()
  sent = sent + 1
  -- When they run out the last is sent again, which counts as an error.
  return head .. (forms[sent] or forms[#forms])
end

done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99),
    errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
