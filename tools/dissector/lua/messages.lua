-- Control messages

local function key_of(request, fields, values)
  local words = { request }
  for _, name in ipairs(fields) do words[#words + 1] = tostring(values[name]) end
  return table.concat(words, "|")
end

local function is_for(about, rule)
  return rule.to == (about.direction == 0 and "host" or "guest")
end

local function link_message(pinfo, about, name, values)
  local rule = message_rules[name]
  if rule == nil or not is_for(about, rule) then return end
  -- A new connection, and new rings: whatever was asked before gets no answer.
  if name == "initiateContact" then forget(pinfo, about.bus) end
  if name == "openChannel" or name == "openReservedChannel" then
    forget(pinfo, channel_place(about, values.channelId))
  end
  for _, pair in ipairs(message_answers) do
    local what = pair.request .. ">" .. pair.answer
    if pair.request == name then
      asks(pinfo, about.bus, key_of(what, pair.request_by, values))
    elseif pair.answer == name then
      answers(pinfo, about.bus, key_of(what, pair.answer_by, values))
    end
  end
end

local function check_said(item, about, name)
  local rule = message_rules[name]
  if rule == nil then return end
  if not is_for(about, rule) then
    item:add_proto_expert_info(not_said, name .. " is for the " .. rule.to)
  elseif about.version ~= NONE and not rule.is_always then
    if about.version < rule.since then
      item:add_proto_expert_info(not_said, name .. " is said from a later version on")
    elseif rule.features ~= nil then
      local is_agreed = false
      for _, mask in ipairs(rule.features) do is_agreed = is_agreed or has_bit(about.features, mask) end
      if not is_agreed then item:add_proto_expert_info(not_said, name .. " is a feature that was not agreed on") end
    end
  end
end

local function dissect_message(tvb, at, pinfo, tree, about)
  local stop = tvb:len()
  local walk = new_walk(tvb, stop)
  local values = {}
  local item = tree:add(F["vmbus.control"], tvb:range(at))
  local layout = layouts.control_message
  local reached = add_layout(walk, item, layout, at, values)
  local name = layout.head[1].names[values.message] or "unknown message"
  if reached < stop then
    item:add(F[walk.is_malformed and "vmbus.rest" or "vmbus.tail"], tvb:range(reached))
  end
  if stop - at > MESSAGE_BYTES_MAX then
    complain(walk, item, "a control message has at most " .. MESSAGE_BYTES_MAX .. " bytes")
  end
  item:set_text("Control message: " .. name .. ", " .. (stop - at) .. " bytes")
  check_said(item, about, name)
  if values.status ~= nil and values.status ~= 0 then
    item:add_proto_expert_info(failed, string.format("status 0x%08x", values.status))
  end
  if not walk.is_malformed then link_message(pinfo, about, name, values) end
  local info = name
  if values.channelId ~= nil then info = info .. ", channel " .. values.channelId end
  if values.gpadlId ~= nil then info = info .. ", GPADL " .. values.gpadlId end
  local device = values.interfaceId and interface_types[values.interfaceId]
  if device ~= nil then
    info = info .. ", " .. device
    item:add(F["vmbus.device"], device):set_generated()
  end
  return info, walk.is_malformed
end
