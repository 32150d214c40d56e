-- Sends the requests of a file, each once or all over and over, and tells what became of them.
--
-- wrk calls request() once to try it and again for every free connection. So that a run in which
-- each request is sent once ends with the last answer and not before, free connections ask for a
-- page that does not exist (404) until then; those answers are not counted.

local ffi = require("ffi")
ffi.cdef [[
  typedef struct { long s; long ns; } moment;
  int clock_gettime(int clock, moment *now);
]]

local function now()
  local m = ffi.new("moment")
  ffi.C.clock_gettime(1, m)
  return tonumber(m.s) + tonumber(m.ns) / 1e9
end

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  asks, sent, tried = {}, 0, false
  answered, refused, started, ended = 0, 0, 0, 0
  again = args[2] ~= "once"
  for line in io.lines(args[1]) do
    local method, path, cookie, csrf, fragment = line:match("(.-)\t(.-)\t(.-)\t(.-)\t(.*)")
    local headers = { ["Cookie"] = cookie, ["Accept"] = "text/html" }
    if csrf ~= "" then headers["X-CSRFToken"] = csrf end
    if fragment ~= "" then headers["HX-Request"] = "true" end
    asks[#asks + 1] = wrk.format(method, path, headers)
  end
  filler = wrk.format("GET", "/static/nothing")
end

function request()
  if not tried then
    tried = true
    return filler
  end
  if started == 0 then started = now() end
  if sent < #asks or again then
    sent = sent + 1
    return asks[(sent - 1) % #asks + 1]
  end
  return filler
end

-- Who has nothing left to ask must not take the machine from those who have.
function delay()
  if not again and sent >= #asks then return 1000 end
  return 0
end

function response(status)
  if status < 400 then
    answered = answered + 1
    ended = now()
  elseif status ~= 404 then
    refused = refused + 1
    ended = now()
  end
  if not again and answered + refused == #asks then
    -- wrk itself sleeps until its time is over: whoever reads this may interrupt it
    io.write("all answered\n")
    io.flush()
  end
end

function done(summary, latency, requests)
  local t = threads[1]
  local e = summary.errors
  io.write(string.format(
    '{"answered": %d, "refused": %d, "trouble": %d, "seconds": %.4f, "p50": %.2f, "p95": %.2f, "p99": %.2f}\n',
    t:get("answered"), t:get("refused"), e.connect + e.read + e.write + e.timeout,
    t:get("ended") - t:get("started"),
    latency:percentile(50) / 1000, latency:percentile(95) / 1000, latency:percentile(99) / 1000))
end
