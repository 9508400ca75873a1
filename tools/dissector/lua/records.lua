-- Records

-- A bus as a place: numbers are those of one run, which its section and the end of its interface's description tell.
local function bus_place(number)
  local section, description = section_number(), interface_description()
  local run = description and description.value:match("; run: (.*)$")
  return (section and tostring(section) or "") .. "|" .. (run or "") .. "|bus " .. number
end

local HOST_AND_GUEST = { [0] = { "guest", "host" }, [1] = { "host", "guest" } }

function vmbus.dissector(tvb, pinfo, root)
  pinfo.cols.protocol = "VMBus"
  local tree = root:add(vmbus, tvb:range(0))
  local walk = new_walk(tvb, tvb:len())
  local header = {}
  local item = add_group(walk, tree, F["vmbus.capture"], layouts.capture, 0, header)
  item:set_text("Capture header")
  is_cut = tvb:reported_len() > tvb:len()
  if is_cut then
    tree:add_proto_expert_info(cut, tvb:reported_len() - tvb:len() .. " bytes more are not in the capture")
  end
  if walk.is_malformed or header.headerBytes > tvb:len() then
    if not walk.is_malformed then complain(walk, item, "the bytes end inside the header") end
    pinfo.cols.info = "no record of a capture"
    return tvb:len()
  end
  local ends = HOST_AND_GUEST[header.direction]
  pinfo.cols.src, pinfo.cols.dst = ends[1], ends[2]
  local about = {
    bus = bus_place(header.bus), channel = header.channelId, direction = header.direction, codec = header.codec,
    pipe = header.pipe, version = header.busVersion, features = header.busFeatures,
    interface = header.interfaceType,
  }
  local device = interface_types[about.interface] or device_of(about) and device_of(about).name
  if device then tree:add(F["vmbus.device"], device):set_generated() end
  local at = header.headerBytes
  local info, is_damaged
  if header.kind == 1 then
    info, is_damaged = dissect_message(tvb, at, pinfo, tree, about)
  elseif header.kind == 2 then
    info, is_damaged = dissect_packet(tvb, at, pinfo, tree, about)
    info = "channel " .. about.channel .. ": " .. info
  else
    info = tvb:len() > at and tvb:range(at):string(ENC_UTF_8) or ""
    local note = tree:add(F["vmbus.note"], tvb:range(at), info)
    note:add_proto_expert_info(noted, info)
    info = "note: " .. info
  end
  add_links(pinfo, tree)
  local from = interface_name()
  tree:append_text(", " .. (from and tostring(from) or "") .. ", " .. info)
  pinfo.cols.info = info
  return tvb:len()
end

DissectorTable.get("wtap_encap"):add(wtap.USER0, vmbus)
