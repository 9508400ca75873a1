-- What follows is the same for all layouts: it walks them, and puts requests and answers together.

local function own_field(filter, made)
  if F[filter] == nil then F[filter] = made end
end

own_field("vmbus.control", ProtoField.none("vmbus.control", "Control message"))
own_field("vmbus.tail", ProtoField.bytes("vmbus.tail", "tail"))
own_field("vmbus.rest", ProtoField.bytes("vmbus.rest", "rest"))
own_field("vmbus.header", ProtoField.none("vmbus.header", "header"))
own_field("vmbus.packet", ProtoField.none("vmbus.packet", "Packet"))
own_field("vmbus.packet.descriptor", ProtoField.none("vmbus.packet.descriptor", "descriptor"))
own_field("vmbus.surplus", ProtoField.bytes("vmbus.surplus", "surplus"))
own_field("vmbus.payload", ProtoField.bytes("vmbus.payload", "payload"))
own_field("vmbus.pipe", ProtoField.none("vmbus.pipe", "pipeHeader"))
own_field("vmbus.data", ProtoField.bytes("vmbus.data", "data"))
own_field("vmbus.padding", ProtoField.bytes("vmbus.padding", "padding"))
own_field("vmbus.trailer", ProtoField.none("vmbus.trailer", "trailer"))
own_field("vmbus.tuple", ProtoField.none("vmbus.tuple", "tuple"))
own_field("vmbus.tuple.number", ProtoField.uint64("vmbus.tuple.number", "number"))
own_field("vmbus.tuple.bytes", ProtoField.bytes("vmbus.tuple.bytes", "bytes"))
own_field("vmbus.device_data", ProtoField.none("vmbus.device_data", "Device"))
own_field("vmbus.note", ProtoField.string("vmbus.note", "Note"))
own_field("vmbus.device", ProtoField.string("vmbus.device", "Device"))
own_field("vmbus.transaction", ProtoField.uint64("vmbus.transaction", "Transaction"))
own_field("vmbus.response_in",
  ProtoField.framenum("vmbus.response_in", "Response in", base.NONE, frametype.RESPONSE))
own_field("vmbus.request_in",
  ProtoField.framenum("vmbus.request_in", "Request in", base.NONE, frametype.REQUEST))
own_field("vmbus.response_time",
  ProtoField.relative_time("vmbus.response_time", "Time from request to response"))

vmbus.fields = {}
do
  local list = {}
  for _, made in pairs(F) do list[#list + 1] = made end
  vmbus.fields = list
end

local malformed = ProtoExpert.new(
  "vmbus.malformed", "Malformed", expert.group.MALFORMED, expert.severity.ERROR)
local refused = ProtoExpert.new(
  "vmbus.refused", "A receiver refuses this", expert.group.PROTOCOL, expert.severity.ERROR)
local not_said = ProtoExpert.new(
  "vmbus.not_said", "Not said in this version, or by this side",
  expert.group.PROTOCOL, expert.severity.WARN)
local failed = ProtoExpert.new(
  "vmbus.failed", "Failed", expert.group.RESPONSE_CODE, expert.severity.NOTE)
local noted = ProtoExpert.new(
  "vmbus.noted", "Note of the capture", expert.group.COMMENTS_GROUP, expert.severity.COMMENT)
local cut = ProtoExpert.new(
  "vmbus.cut", "Bytes are missing: the capture is cut", expert.group.UNDECODED, expert.severity.NOTE)
vmbus.experts = { malformed, refused, not_said, failed, noted, cut }

local is_cut = false -- whether the capture lacks bytes of the record that is dissected

-- Other dissectors put themselves here, by the GUID of an interface type in small letters, for what channels
-- of that type carry.
local devices = DissectorTable.new("vmbus.interface", "VMBus interface type", ftypes.STRING)

local interface_name = Field.new("frame.interface_name")
local interface_description = Field.new("frame.interface_description")
local section_number = Field.new("frame.section_number")
