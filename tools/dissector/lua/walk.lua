-- Walking layouts

local NUMBER = { [1] = 0xff, [2] = 0xffff, [4] = 0xffffffff }

local function read_number(range, entry)
  if entry.bytes == 8 then return entry.big and range:uint64() or range:le_uint64() end
  return entry.big and range:uint() or range:le_uint()
end

local function add_number(tree, field, range, entry)
  if entry.big then return tree:add(field, range) end
  return tree:add_le(field, range)
end

local function has_bit(value, mask)
  return math.floor(value / mask) % 2 == 1
end

local function is_zero(range)
  return range:bytes():tohex():find("[^0]") == nil
end

-- A GUID as it is written, from its 16 bytes.
local function guid_of(range)
  local function hex(at, count)
    return range:range(at, count):bytes():tohex(true)
  end
  return string.format("%08x-%04x-%04x-%s-%s", range:range(0, 4):le_uint(), range:range(4, 2):le_uint(),
    range:range(6, 2):le_uint(), hex(8, 2), hex(10, 6))
end

-- One walk: what it found, in which bytes, up to where.
local function new_walk(tvb, stop)
  return { tvb = tvb, stop = stop, is_malformed = false }
end

local function complain(walk, item, text)
  walk.is_malformed = true
  if walk.is_quiet or is_cut then return end
  item:add_proto_expert_info(malformed, text)
end

local add_layout

-- What the first field of a layout says, by name; nil where it has none.
local function first_name(layout, values)
  local first = layout.head and layout.head[1]
  return first and first.names and first.names[values[first.name]]
end

local function check_number(walk, item, entry, value)
  if entry.is_choice and entry.names[value] == nil then
    complain(walk, item, entry.name .. ": " .. value .. " is unknown")
  elseif entry.value ~= nil and value ~= entry.value then
    complain(walk, item, entry.name .. ": " .. value .. " is not " .. entry.value)
  elseif entry.min ~= nil and (value < entry.min or value > entry.max) then
    complain(walk, item, entry.name .. ": " .. value .. " is not from " .. entry.min .. " to " .. entry.max)
  end
end

-- A value that takes a number of bytes which nothing changes. Returns its item and what was read.
local function add_plain(walk, tree, entry, at)
  local range = walk.tvb:range(at, entry.bytes)
  if entry.kind == "number" then
    local value = read_number(range, entry)
    local item = add_number(tree, entry.field, range, entry)
    if entry.is_name_behind and entry.names[value] ~= nil then
      item:append_text(" (" .. entry.names[value] .. ")")
    end
    if entry.flags ~= nil then
      local said = {}
      for _, flag in ipairs(entry.flags) do
        item:add_le(flag.field, range)
        if has_bit(value, flag.mask) then said[#said + 1] = flag.name end
      end
      if #said > 0 then item:append_text(" (" .. table.concat(said, ", ") .. ")") end
    end
    if entry.bytes < 8 then check_number(walk, item, entry, value) end
    return item, value
  elseif entry.kind == "bit" then
    return add_number(tree, entry.field, range, entry), nil
  elseif entry.kind == "guid" then
    local value = guid_of(range)
    local item = tree:add_le(entry.field, range)
    if interface_types[value] ~= nil then item:append_text(" (" .. interface_types[value] .. ")") end
    return item, value
  end
  local item = tree:add(entry.field, range)
  if entry.inside ~= nil and not (entry.inside.kind == "struct" and is_zero(range)) then
    -- What it means is the device's affair: a command that nobody knows is no malformed packet.
    local inner = new_walk(walk.tvb, at + entry.bytes)
    inner.is_quiet = true
    local values = {}
    add_layout(inner, item, entry.inside, at, values)
    walk.inside = first_name(entry.inside, values) or walk.inside
  end
  return item, nil
end

local function add_array(walk, tree, entry, at, values)
  local wanted = entry.count
  if type(wanted) == "string" then wanted = values[wanted] or 0 end
  if type(wanted) == "function" then wanted = wanted(values) end
  local element = entry.element
  local start, count = at, 0
  local item = tree:add(entry.field, walk.tvb:range(at, 0))
  while wanted == nil or count < wanted do
    local there = walk.stop - at
    if there < element.bytes and (there <= 0 or element.kind ~= "layout") then
      if wanted ~= nil then
        complain(walk, item, entry.name .. ": " .. wanted .. " elements are announced, " .. count .. " are there")
      end
      break
    end
    local before = at
    if element.kind == "layout" then
      local inner = item:add(element.field, walk.tvb:range(at, 0))
      at = add_layout(walk, inner, element.layout, at, {})
      inner:set_len(at - before)
      inner:set_text("[" .. count .. "]: " .. element.layout.name)
    else
      local one = add_plain(walk, item, element, at)
      one:prepend_text("[" .. count .. "] ")
      at = at + element.bytes
    end
    count = count + 1
    if at - before < element.bytes then break end -- it is cut short
  end
  item:set_len(at - start)
  item:set_text(entry.name .. ": " .. count .. " " .. (count == 1 and entry.one or entry.unit))
  return at
end

-- The value of one field; returns where it ends, or nil where the bytes end before.
local function add_field(walk, tree, entry, at, values)
  if entry.kind == "array" then return add_array(walk, tree, entry, at, values) end
  local there = walk.stop - at
  if there < 0 or (there < entry.bytes and entry.kind ~= "layout") then
    complain(walk, tree, entry.name .. " takes " .. entry.bytes .. " bytes, " .. math.max(there, 0) .. " are there")
    return nil
  end
  if entry.kind == "layout" then
    local item = tree:add(entry.field, walk.tvb:range(at, 0))
    local stop = add_layout(walk, item, entry.layout, at, {})
    item:set_len(stop - at)
    return stop
  elseif entry.kind == "bytes_to_end" then
    local count = there - there % entry.unit
    tree:add(entry.field, walk.tvb:range(at, count))
    return at + count
  end
  local _, value = add_plain(walk, tree, entry, at)
  values[entry.name] = value
  return at + entry.bytes
end

local function add_struct(walk, tree, layout, base_at, values)
  local stop = base_at
  for _, entry in ipairs(layout) do
    local at = add_field(walk, tree, entry, base_at + entry.at, values)
    if at == nil then break end
    stop = math.max(stop, at)
  end
  return stop
end

-- Adds the fields of a layout that begins at `base_at`, and returns where they end.
function add_layout(walk, tree, layout, base_at, values)
  if layout.kind == "struct" then return add_struct(walk, tree, layout, base_at, values) end
  if layout.kind == "bySize" then
    for place, form in ipairs(layout.forms) do
      if form.bytes <= walk.stop - base_at or place == #layout.forms then
        return add_struct(walk, tree, form, base_at, values)
      end
    end
  end
  local stop = add_struct(walk, tree, layout.head, base_at, values)
  local body = layout.bodies[values[layout.tag]]
  if body == nil then return stop end
  return math.max(stop, add_layout(walk, tree, body, base_at, values))
end

-- Adds a layout as one item with its fields.
local function add_group(walk, tree, field, layout, at, values)
  local item = tree:add(field, walk.tvb:range(at, 0))
  local stop = add_layout(walk, item, layout, at, values)
  item:set_len(stop - at)
  return item, stop
end
