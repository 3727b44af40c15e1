-- Full batches for wrk: 1,000 new blood pressures of SPREAD patients in each, measured over the last day.
-- Readings of one batch differ in the minute, those of two in the device. The patients of a batch lie side by side,
-- and the next batch is of those that come after them: two at once are never of the same people.
local SIZE = 1000
local headers = {
  ["Authorization"] = "Bearer " .. os.getenv("TOKEN"),
  ["Content-Type"] = "application/json",
  ["Accept"] = "application/json",
}
local reading = '{"observation_type":"blood_pressure","patient_id":"%s","device_id":"%s",%s}'
local values = '"systolic":%d,"diastolic":%d,"pulse":%d,"measured_at":"%sZ"'
local patients, measured, sent = {}, {}, 0
local spread, run = tonumber(os.getenv("SPREAD")), os.getenv("RUN")
local threads = {}

wrong = 0

for id in io.lines(os.getenv("PATIENTS")) do
  patients[#patients + 1] = id
end
math.randomseed(os.time())
for number = 1, SIZE do
  local at = os.date("!%Y-%m-%dT%H:%M:%S", os.time() - 60 * (number + 1))
  measured[number] = string.format(values, math.random(101, 160), math.random(61, 90), math.random(55, 95), at)
end

function setup(thread)
  threads[#threads + 1] = thread
end

function request()
  local first, device, readings = sent * spread, "batch-" .. run .. "-" .. sent, {}
  sent = sent + 1
  for number = 1, SIZE do
    local patient = patients[(first + number % spread) % #patients + 1]
    readings[number] = string.format(reading, patient, device, measured[number])
  end
  local body = '{"readings":[' .. table.concat(readings, ",") .. "]}"
  return wrk.format("POST", "/api/v1/ingestion/batch/", headers, body)
end

function response(_, _, body)
  if not string.find(body, '"errors":0', 1, true) then
    wrong = wrong + 1
  end
end

function done(summary, latency)
  local errors, incomplete = summary.errors, 0
  for _, thread in ipairs(threads) do
    incomplete = incomplete + thread:get("wrong")
  end
  io.write(string.format(
    'RESULT {"requests":%d,"microseconds":%d,"refused":%d,"broken":%d,"p50_us":%d,"p95_us":%d,"p99_us":%d}\n',
    summary.requests, summary.duration, errors.status + incomplete,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(95), latency:percentile(99)))
end
