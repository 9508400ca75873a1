-- Requests and answers

local pending = {}   -- by place, a bus or a channel, and key: the frame of a request without an answer, and when it was
local responses = {} -- by the frame of a request: that of its answer, and the time between
local requests = {}  -- by the frame of an answer: that of its request, and the time between
local asked = {}     -- by the frame of a request: what a device was asked for, where that says how its answer reads

function vmbus.init()
  pending, responses, requests, asked = {}, {}, {}, {}
end

local function channel_place(about, channel)
  return about.bus .. "|channel " .. channel
end

-- Nothing that was asked at a place is answered any more.
local function forget(pinfo, place)
  if not pinfo.visited then pending[place] = nil end
end

local function asks(pinfo, place, key)
  if pinfo.visited then return end
  if pending[place] == nil then pending[place] = {} end
  pending[place][key] = { frame = pinfo.number, at = pinfo.abs_ts }
end

local function answers(pinfo, place, key)
  if pinfo.visited or pending[place] == nil then return end
  local request = pending[place][key]
  if request == nil or requests[pinfo.number] ~= nil then return end
  pending[place][key] = nil
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
