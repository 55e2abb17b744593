-- Sends prepared requests in their order, each on whatever connection is free. A line of the file: path, token, body.
local requests, count, place = {}, 0, 0
local once = os.getenv("BENCH_ONCE") == "1"
local filler
local threads = {}
bad = 0
sample = ""

function setup(thread)
  table.insert(threads, thread)
end

function init(arguments)
  for line in io.lines(os.getenv("BENCH_REQUESTS")) do
    local path, token, body = line:match("^([^\t]*)\t([^\t]*)\t(.*)$")
    local headers = { ["content-type"] = "application/json" }
    if token ~= "" then
      headers["authorization"] = "Bearer " .. token
    end
    count = count + 1
    requests[count] = wrk.format("POST", path, headers, body)
  end
  filler = wrk.format("GET", "/health/live")
  place = tonumber(os.getenv("BENCH_OFFSET") or "0") % math.max(count, 1)
end

function request()
  place = place + 1
  if place > count then
    if once then
      wrk.thread:stop()
      return filler
    end
    place = 1
  end
  return requests[place]
end

function response(status, headers, body)
  if status ~= 200 or body:find('"errors":', 1, true) or body:find('"userErrors":[{', 1, true) then
    bad = bad + 1
    if sample == "" then
      sample = status .. " " .. body:sub(1, 300)
    end
  end
end

function done(summary, latency, all)
  local wrong, first = 0, ""
  for _, thread in ipairs(threads) do
    wrong = wrong + thread:get("bad")
    if first == "" then
      first = thread:get("sample")
    end
  end
  local errors = summary.errors
  print(string.format(
    'RESULT\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%s',
    summary.requests, summary.duration, summary.bytes, latency:percentile(50), latency:percentile(99), wrong,
    errors.connect + errors.read + errors.write + errors.timeout, first:gsub("[\r\n\t]", " ")))
end
