-- Packets

-- What a reader of the ring checks (wire.md 1.9).
local function check_descriptor(walk, item, packet, there)
  local known = packet_types[packet.type]
  if known == nil then
    complain(walk, item, "type: nobody sends packets of type " .. packet.type)
  end
  local least = known and known.words or 2
  if packet.dataOffset8 < least then
    complain(walk, item, "dataOffset8: " .. packet.dataOffset8 .. " is less than the " .. least ..
      " words before a payload")
  end
  if packet.dataOffset8 > packet.length8 then
    complain(walk, item, "dataOffset8: " .. packet.dataOffset8 .. " is more than the packet's " ..
      packet.length8 .. " words")
  end
  if packet.flags > 1 then complain(walk, item, "flags: bits other than 0 must be 0") end
  if packet.length8 * 8 > there then
    complain(walk, item, "length8: the packet has " .. packet.length8 * 8 .. " bytes, " .. there .. " are there")
  end
end

local function add_bytes(tree, filter, tvb, at, stop)
  if stop > at then tree:add(F[filter], tvb:range(at, stop - at)) end
end

local function device_of(about)
  return payload_layouts[about.interface]
end

-- How a payload reads; nil where nobody says.
local function payload_layout(device, pinfo, about, is_completion)
  if is_completion and device.answers ~= nil then
    local request = requests[pinfo.number]
    return request and device.answers[asked[request.frame]]
  end
  for _, one in ipairs(device) do
    local fits = (one.direction == nil or one.direction == about.direction) and
      (one.is_answer == nil or one.is_answer == is_completion)
    if fits then return one.layout end
  end
  return nil
end

-- What was asked for, by the name of the value that says so.
local function remember_asked(device, layout, pinfo, values)
  if device.asked_by == nil or layout.head == nil then return end
  for _, entry in ipairs(layout.head) do
    if entry.name == device.asked_by then asked[pinfo.number] = entry.names[values[entry.name]] end
  end
end

-- What a device says in its payload; returns a few words about it.
local function dissect_payload(tvb, at, stop, pinfo, tree, about, is_completion)
  if stop <= at then return nil end
  local device = device_of(about)
  local layout = device and payload_layout(device, pinfo, about, is_completion)
  if not layout then
    devices:try(about.interface, tvb:range(at, stop - at):tvb(), pinfo, tree)
    return nil
  end
  local values = {}
  local walk = new_walk(tvb, stop)
  local item = add_group(walk, tree, F["vmbus.device_data"], layout, at, values)
  item:set_text(layout.name)
  remember_asked(device, layout, pinfo, values)
  local words = layout.name
  local name = first_name(layout, values)
  if name ~= nil then words = words .. ": " .. name end
  if walk.inside ~= nil then words = words .. ", " .. walk.inside end
  return words
end

local function dissect_tuple(walk, tree, at, stop, packet)
  local tuple, reached = add_value(walk, tree, "tuple", at, TUPLE_DEPTH, TUPLE_SHAPE)
  reached = reached or at
  add_bytes(tree, "vmbus.padding", walk.tvb, reached, stop)
  if walk.is_malformed or tuple == nil then return nil end
  local fault
  if packet.type ~= PACKET_TYPE_IN_BAND then
    fault = "unexpectedPacketType"
  elseif packet.flags ~= 0 then
    fault = "unexpectedFlags"
  elseif stop - reached > 7 then
    fault = "surplusBytes"
  else
    fault = tuple_fault(tuple)
  end
  if fault ~= nil then return nil, fault end
  local kind, flags, id, payload = table.unpack(tuple.list)
  return {
    type = kind.value, flags = flags.value, id = as_uint64(id.value),
    at = payload.at, stop = payload.at + payload.bytes,
  }
end

local function dissect_pipe(walk, tree, at, stop)
  local values = {}
  local item, reached = add_group(walk, tree, F["vmbus.pipe"], layouts.pipe_header, at, values)
  local announced = values.length or 0
  if announced > stop - reached then
    complain(walk, item, "length: " .. announced .. " bytes are announced, " .. stop - reached .. " are there")
  end
  local data_stop = math.min(reached + announced, stop)
  add_bytes(tree, "vmbus.data", walk.tvb, reached, data_stop)
  add_bytes(tree, "vmbus.padding", walk.tvb, data_stop, stop)
  return reached, data_stop
end

-- What lies between descriptor and payload.
local function dissect_header(walk, tree, at, payload_at, kind)
  local layout = kind == "gpaDirect" and layouts.gpa_direct or kind == "transferPages" and layouts.transfer_pages
  if layout then
    local inner = new_walk(walk.tvb, payload_at)
    local values = {}
    local item
    item, at = add_group(inner, tree, F["vmbus.header"], layout, at, values)
    item:set_text("header: " .. layout.name)
    walk.is_malformed = walk.is_malformed or inner.is_malformed
    if values.rangeCount == 0 then complain(walk, item, "a packet of no ranges") end
  end
  add_bytes(tree, "vmbus.surplus", walk.tvb, at, payload_at)
end

local function link_packet(pinfo, about, kind, flags, id)
  local place = channel_place(about, about.channel)
  if kind == "completion" then
    answers(pinfo, place, 1 - about.direction .. "|" .. id)
  elseif flags == 1 then
    asks(pinfo, place, about.direction .. "|" .. id)
  end
end

local function dissect_packet(tvb, at, pinfo, tree, about)
  local there = tvb:len() - at
  local walk = new_walk(tvb, tvb:len())
  local packet = {}
  local item = tree:add(F["vmbus.packet"], tvb:range(at))
  local descriptor = add_group(walk, item, F["vmbus.packet.descriptor"], layouts.descriptor, at, packet)
  if packet.transactionId == nil then
    item:set_text("Packet: cut off in its descriptor")
    return "cut off in its descriptor", true
  end
  check_descriptor(walk, descriptor, packet, there)
  local known = packet_types[packet.type]
  local stop = at + math.min(math.max(packet.length8 * 8, 16), there)
  local payload_at = at + math.min(math.max(packet.dataOffset8 * 8, 16), there)
  dissect_header(walk, item, at + 16, payload_at, known and known.name)
  local found = {
    type = packet.type, flags = packet.flags, id = packet.transactionId, at = payload_at, stop = stop,
  }
  local fault
  if payload_at < stop then
    if about.codec == CODEC_MSGPACK then
      local tuple
      tuple, fault = dissect_tuple(new_walk(tvb, stop), item, payload_at, stop, packet)
      if tuple == nil and fault == nil then walk.is_malformed = true end
      found = tuple
    elseif about.pipe ~= 0 then
      found.at, found.stop = dissect_pipe(walk, item, payload_at, stop)
    else
      add_bytes(item, "vmbus.payload", tvb, payload_at, stop)
    end
  elseif about.codec == CODEC_MSGPACK then
    fault = "malformedMsgpack"
  end
  if known ~= nil and known.name == "completion" and packet.flags == 1 then fault = "unexpectedFlags" end
  if fault ~= nil and not walk.is_malformed and not is_cut then
    item:add_proto_expert_info(refused, "a receiver refuses this packet: " .. fault)
    walk.is_malformed = true
  end
  if packet.length8 * 8 == stop - at and tvb:len() - stop >= 8 then
    add_group(walk, item, F["vmbus.trailer"], layouts.trailer, stop, {})
  end
  if walk.is_malformed or found == nil then
    local what = is_cut and "cut" or "damaged"
    item:set_text("Packet: " .. what)
    return "packet, " .. what, true
  end
  local name = packet_types[found.type].name
  local info = name .. ", transaction " .. tostring(found.id)
  if found.flags == 1 then info = info .. ", completion requested" end
  item:set_text("Packet: " .. info)
  if found.flags == 1 or name == "completion" then
    item:add(F["vmbus.transaction"], found.id):set_generated()
  end
  link_packet(pinfo, about, name, found.flags, tostring(found.id))
  local device = dissect_payload(tvb, found.at, found.stop, pinfo, tree, about, name == "completion")
  if device ~= nil then info = info .. ", " .. device end
  return info, false
end
