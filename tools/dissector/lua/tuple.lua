-- The tuple of the codec msgpack

local TUPLE_MEMBERS = { "type", "flags", "transactionId", "payload", "ranges" }
local RANGE_MEMBERS = { "byteCount", "byteOffset", "pfns" }
local TUPLE_DEPTH = 4
local SIZED = {
  [0xc4] = { "bytes", 1 }, [0xc5] = { "bytes", 2 }, [0xc6] = { "bytes", 4 },
  [0xcb] = { "float", 8 }, [0xcc] = { "number", 1 }, [0xcd] = { "number", 2 },
  [0xce] = { "number", 4 }, [0xcf] = { "number", 8 }, [0xdc] = { "array", 2 }, [0xdd] = { "array", 4 },
}

-- What the form byte at `at` says; nil where there is nothing to read.
local function form_at(walk, tree, name, at)
  local there = walk.stop - at
  if there < 1 then
    complain(walk, tree, name .. ": the bytes end before it")
    return nil
  end
  local token = walk.tvb:range(at, 1):uint()
  if token <= 0x7f then return { kind = "number", head = 1, value = token } end
  if token >= 0x90 and token <= 0x9f then return { kind = "array", head = 1, value = token - 0x90 } end
  if token == 0xc0 then return { kind = "nil", head = 1 } end
  local sized = SIZED[token]
  if sized == nil then
    complain(walk, tree, string.format("%s: no packet has the form 0x%x", name, token))
    return nil
  elseif there < 1 + sized[2] then
    complain(walk, tree, name .. ": the bytes end inside it")
    return nil
  end
  local range = walk.tvb:range(at + 1, sized[2])
  local form = { kind = sized[1], head = 1 + sized[2] }
  if form.kind == "float" then
    form.value = range:float()
  elseif sized[2] == 8 then
    form.value = range:uint64()
  else
    form.value = range:uint()
  end
  return form
end

local function as_uint64(value)
  if type(value) ~= "number" then return value end
  return UInt64(value % 0x100000000, math.floor(value / 0x100000000))
end

local function is_whole(value)
  return type(value) ~= "number" or (value >= 0 and value <= 9007199254740991 and value % 1 == 0)
end

local add_value

local function add_tuple_array(walk, tree, name, at, form, depth, shape)
  local item = tree:add(F["vmbus.tuple"], walk.tvb:range(at, 0))
  local list, start = {}, at
  at = at + form.head
  while #list < form.value do
    local place = #list
    local member = shape.members and shape.members[place + 1]
    local inner = member and (shape.shapes or {})[member] or shape.each or {}
    local value, stop = add_value(walk, item, member or ("[" .. place .. "]"), at, depth - 1, inner)
    if value == nil then break end
    list[place + 1] = value
    at = stop
    if walk.is_malformed then break end
  end
  item:set_len(at - start)
  item:set_text(name .. ": " .. #list .. (#list == 1 and " element" or " elements"))
  return { kind = "array", list = list, announced = form.value }, at
end

-- Adds the value at `at`; returns what it is and where it ends, or nil where nothing can be read.
function add_value(walk, tree, name, at, depth, shape)
  local form = form_at(walk, tree, name, at)
  if form == nil then return nil end
  if form.kind == "nil" then
    tree:add(F["vmbus.tuple"], walk.tvb:range(at, 1)):set_text(name .. ": nil")
    return { kind = "nil" }, at + 1
  elseif form.kind == "number" or form.kind == "float" then
    local range = walk.tvb:range(at, form.head)
    local whole = is_whole(form.value)
    local item = tree:add(F["vmbus.tuple.number"], range, whole and as_uint64(form.value) or UInt64(0))
    item:set_text(name .. ": " .. (whole and tostring(as_uint64(form.value)) or tostring(form.value)))
    return { kind = "number", value = form.value, is_float = form.kind == "float" }, at + form.head
  elseif form.kind == "bytes" then
    local start = at + form.head
    if form.value > walk.stop - start then
      complain(walk, tree, name .. ": " .. form.value .. " bytes are announced, " .. walk.stop - start .. " are there")
      return nil
    end
    local range = walk.tvb:range(at, form.head + form.value)
    local item = tree:add(F["vmbus.tuple.bytes"], range)
    item:set_text(name .. ": " .. form.value .. " bytes")
    return { kind = "bytes", at = start, bytes = form.value }, start + form.value
  end
  if depth == 0 then
    complain(walk, tree, name .. ": arrays lie too deep in each other")
    return nil
  end
  return add_tuple_array(walk, tree, name, at, form, depth, shape)
end

local RANGE_SHAPE = { members = RANGE_MEMBERS }
local TUPLE_SHAPE = { members = TUPLE_MEMBERS, shapes = { ranges = { each = RANGE_SHAPE } } }

local function is_number(value, most)
  if value == nil or value.kind ~= "number" then return false end
  if most == nil then return is_whole(value.value) and type(value.value) == "number" end
  return type(value.value) == "number" and is_whole(value.value) and value.value <= most
end

-- What is wrong with a range of a tuple (wire.md 3.1); nil: nothing.
local function range_fault(range)
  if range.kind ~= "array" or #range.list ~= 3 then return "malformedMsgpack" end
  local count, offset, pfns = range.list[1], range.list[2], range.list[3]
  if not is_number(count, 0xffffffff) or not is_number(offset, 0xffffffff) or pfns.kind ~= "array" then
    return "malformedMsgpack"
  end
  for _, pfn in ipairs(pfns.list) do
    if not is_number(pfn) then return "malformedMsgpack" end
  end
  if count.value == 0 then return "emptyByteCount" end
  if offset.value > 4095 then return "offsetTooLarge" end
  if count.value + 4095 + offset.value > 0xffffffff then return "overflow" end
  local pages = math.ceil((count.value + offset.value) / 4096)
  if #pfns.list < pages then return "rangeTooSmall" end
  if #pfns.list > pages then return "malformedMsgpack" end
  return nil
end

-- What a receiver refuses a tuple for; nil: it takes it.
local function tuple_fault(tuple)
  if tuple.kind ~= "array" or #tuple.list ~= 5 then return "malformedMsgpack" end
  local kind, flags, id, payload, ranges = table.unpack(tuple.list)
  local is_kind = is_number(kind, 0xff) and packet_types[kind.value] ~= nil
  if not is_kind or packet_types[kind.value].name == "transferPages" then return "unexpectedPacketType" end
  local is_completion = packet_types[kind.value].name == "completion"
  if not is_number(flags, 1) or (flags.value == 1 and is_completion) then return "unexpectedFlags" end
  if id.kind ~= "number" or not is_whole(id.value) then return "badTransactionId" end
  if payload.kind ~= "bytes" then return "malformedMsgpack" end
  if packet_types[kind.value].name ~= "gpaDirect" then
    return ranges.kind ~= "nil" and "malformedMsgpack" or nil
  end
  if ranges.kind ~= "array" then return "malformedMsgpack" end
  if #ranges.list == 0 then return "emptyRange" end
  for _, range in ipairs(ranges.list) do
    local fault = range_fault(range)
    if fault ~= nil then return fault end
  end
  return nil
end
