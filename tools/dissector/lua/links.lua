-- Requests and answers

local pending = {}   -- by key: the frame of a request that nobody has answered, and when it was
local responses = {} -- by the frame of a request: that of its answer, and the time between
local requests = {}  -- by the frame of an answer: that of its request, and the time between
local asked = {}     -- by the frame of a request: what a device was asked for, where that says how its answer reads

function vmbus.init()
  pending, responses, requests, asked = {}, {}, {}, {}
end

local function asks(pinfo, key)
  if not pinfo.visited then pending[key] = { frame = pinfo.number, at = pinfo.abs_ts } end
end

local function answers(pinfo, key)
  if pinfo.visited then return end
  local request = pending[key]
  if request == nil or requests[pinfo.number] ~= nil then return end
  pending[key] = nil
  local time = pinfo.abs_ts - request.at
  responses[request.frame] = { frame = pinfo.number, time = time }
  requests[pinfo.number] = { frame = request.frame, time = time }
end

local function time_of(seconds)
  local ticks = math.floor(seconds * 1e7 + 0.5) -- units of 100 ns, as the capture has them
  return NSTime.new(math.floor(ticks / 1e7), ticks % 1e7 * 100)
end

local function add_links(pinfo, tree)
  local response, request = responses[pinfo.number], requests[pinfo.number]
  if response ~= nil then
    tree:add(F["vmbus.response_in"], response.frame):set_generated()
  end
  if request ~= nil then
    tree:add(F["vmbus.request_in"], request.frame):set_generated()
    tree:add(F["vmbus.response_time"], time_of(request.time)):set_generated()
  end
end
