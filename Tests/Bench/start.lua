-- A different login each time, as an authorization server sends them.
local headers = {
  ["Content-Type"] = "application/json",
  ["Authorization"] = "Basic YWNwOm5vdC1hLXNlY3JldC1idXQtbG9uZy1lbm91Z2g=",
}
local before = '{"login_id":"'
local after = '","login_state":"0a9d7c55b2b14b8f8f3ce0d0c3f1e2aa","tenant_id":"bank",'
  .. '"server_id":"retail","client_id":"9f2d0c6e7c8f4b0f8a2f",'
  .. '"client_info":{"client_name":"Kiosk 12"},"user_identifier":"customer-%s",'
  .. '"requested_scopes":["openid","profile","payments","offline_access"],"acr_values":null,'
  .. '"binding_message":"Kiosk 12 / 84-20-17","expires_at":"2031-03-04T10:49:34Z"}'

local function hex()
  return string.format("%04x%04x%04x%04x", math.random(0, 65535), math.random(0, 65535),
    math.random(0, 65535), math.random(0, 65535))
end

local threads = 0
function setup(thread)
  thread:set("seed", os.time() * 100 + threads)
  threads = threads + 1
end

function init()
  math.randomseed(seed)
end

function request()
  local body = before .. hex() .. hex() .. string.format(after, hex())
  return wrk.format("POST", nil, headers, body)
end

done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99),
    errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
