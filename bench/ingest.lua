-- The two hot jobs for wrk, the same for every server measured: JOB=post sends a new reading, JOB=list reads a page.
-- Every reading differs in device and microsecond and lies two seconds in the past, so each is stored as a new row.
local job = os.getenv("JOB")
local headers = {
  ["Authorization"] = "Bearer " .. os.getenv("TOKEN"),
  ["Content-Type"] = "application/json",
  ["Accept"] = "application/json",
}
local body = '{"patient_id":"%s","systolic":%d,"diastolic":%d,"pulse":%d,"device_id":"cuff-%s-%d","measured_at":"%s.%06dZ"}'
local patients, sent, run = {}, 0, os.getenv("RUN")

for id in io.lines(os.getenv("PATIENTS")) do
  patients[#patients + 1] = id
end
math.randomseed(os.time())

local function reading()
  sent = sent + 1
  local second = os.date("!%Y-%m-%dT%H:%M:%S", os.time() - 2)
  return string.format(body, patients[math.random(#patients)], math.random(101, 160), math.random(61, 99),
    math.random(55, 95), run, sent, second, math.random(0, 999999))
end

function request()
  if job == "list" then
    return wrk.format("GET", "/api/v1/patients/", headers)
  end
  return wrk.format("POST", "/api/v1/ingestion/blood-pressure/", headers, reading())
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"microseconds":%d,"refused":%d,"broken":%d,"p50_us":%d,"p95_us":%d,"p99_us":%d}\n',
    summary.requests, summary.duration, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(95), latency:percentile(99)))
end
