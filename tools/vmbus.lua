-- Hyper-V VMBus for Wireshark and tshark.
--
-- Made by "deno task dissector" of the package @vmbus/kmcl from the layouts by which it reads and writes VMBus
-- itself. Change those, or tools/dissector/lua, and not this file.
--
-- It takes records of captures as "simulate --capture" writes them: pcapng of link type USER0, a header of its own
-- before each control message and each packet of a ring (docs/capture.md says it byte for byte).
--
--   tshark -X lua_script:vmbus.lua -r run.pcapng
--
-- or copy it into Wireshark's folder of personal Lua plugins (Help, About, Folders). Filters begin with "vmbus.".
-- Runs in Wireshark from 4.0 on.

local vmbus = Proto("vmbus", "Hyper-V VMBus")
local F = {} -- fields by filter
local names = {} -- names of values by filter
local layouts = {}
local NONE = 4294967295
local MESSAGE_BYTES_MAX = 240
local PACKET_TYPE_IN_BAND = 6
local CODEC_MSGPACK = 2


-- Interface types by GUID (wire.md 7).
local interface_types = {
  ["f8615163-df3e-46c5-913f-f2d2f965ed0e"] = "network",
  ["ba6163d9-04a1-4d29-b605-72e2ffb1dc7f"] = "SCSI storage",
  ["32412632-86cb-44a2-9b5c-50d1417354f5"] = "IDE accelerator",
  ["2f9bcc4a-0069-4af3-b76b-6fd0be528cda"] = "Fibre Channel",
  ["57164f39-9115-4e78-ab55-382f3bd5422d"] = "heartbeat",
  ["a9a0f4e7-5a45-4d96-b827-8a841e8c03e6"] = "KVP exchange",
  ["0e0b6031-5213-4934-818b-38d90ced39db"] = "shutdown",
  ["9527e630-d0ae-497b-adce-e80ab0175caf"] = "time sync",
  ["35fa2e29-ea23-4236-96ae-3a6ebacba440"] = "VSS backup",
  ["34d14be3-dee4-41c8-9ae7-6b174977c192"] = "guest file copy",
  ["f912ad6d-2b17-48ea-bd65-f927a61c7684"] = "keyboard",
  ["cfa8b69e-5b4a-4cc0-b98b-8ba1a1f3f95a"] = "mouse",
  ["da0a7802-e377-4aac-8e77-0558eb1073f8"] = "video",
  ["525074dc-8985-46e2-8057-a307dc18a502"] = "dynamic memory",
  ["44c4f61d-4444-4400-9d52-802e27ede19f"] = "PCI pass-through",
  ["8c2eaf3d-32a7-4b09-ab99-bd1f1c86b501"] = "NetworkDirect (RDMA)",
  ["f8e65716-3cb3-4a06-9a60-1889c5cccab5"] = "automatic activation",
  ["3375baf4-9e15-4b30-b765-67acb10d607b"] = "activation (inherited)",
  ["276aacf4-ac15-426c-98dd-7521ad3f01fe"] = "remote desktop",
  ["c376c1c3-d276-48d2-90a9-c04748072c60"] = "initial machine config / vmbfs",
  ["8b60ccf6-709f-4c11-90b5-229c959a9e6a"] = "serial (UART)",
  ["8dedd1aa-9056-49e4-bfd6-1bf90dc38ef0"] = "guest emulation transport",
  ["5f2d1a3c-90b4-4c1e-8a57-e1c06d2b7f44"] = "echo",
  ["3a4f6f2e-91d3-4d2b-8c55-7e0b6c1d9a40"] = "disk",
}

-- Packets, and the fewest words of 8 bytes before their payload (wire.md 2.2).
local packet_types = {
  [6] = { name = "inBand", words = 2 },
  [7] = { name = "transferPages", words = 3 },
  [9] = { name = "gpaDirect", words = 3 },
  [11] = { name = "completion", words = 2 },
}

-- Who says which message, and from when on (wire.md 4.2).
local message_rules = {
  offerChannel = { to = "guest", since = 13 },
  rescindChannelOffer = { to = "guest", since = 13 },
  requestOffers = { to = "host", since = 13 },
  allOffersDelivered = { to = "guest", since = 13 },
  openChannel = { to = "host", since = 13 },
  openResult = { to = "guest", since = 13 },
  closeChannel = { to = "host", since = 13 },
  gpadlHeader = { to = "host", since = 13 },
  gpadlBody = { to = "host", since = 13 },
  gpadlCreated = { to = "guest", since = 13 },
  gpadlTeardown = { to = "host", since = 13 },
  gpadlTorndown = { to = "guest", since = 13 },
  relIdReleased = { to = "host", since = 13 },
  initiateContact = { to = "host", since = 13, is_always = true },
  versionResponse = { to = "guest", since = 13, is_always = true },
  unload = { to = "host", since = 13 },
  unloadComplete = { to = "guest", since = 65537 },
  openReservedChannel = { to = "host", since = 262144 },
  closeReservedChannel = { to = "host", since = 13, is_always = true },
  closeReservedResponse = { to = "guest", since = 262144 },
  tlConnectRequest = { to = "host", since = 262144 },
  modifyChannel = { to = "host", since = 262145 },
  tlConnectResult = { to = "guest", since = 262145 },
  modifyChannelResponse = { to = "guest", since = 327683 },
  modifyConnection = { to = "host", since = 393216, features = { 4 } },
  modifyConnectionResponse = { to = "guest", since = 393216, features = { 4 } },
  pause = { to = "host", since = 393216, features = { 32 } },
  pauseResponse = { to = "guest", since = 393216, features = { 32 } },
  resume = { to = "host", since = 393216, features = { 32 } },
}

-- Which message answers which, and by which fields (wire.md 4.5).
local message_answers = {
  { request = "initiateContact", answer = "versionResponse", request_by = {  }, answer_by = {  } },
  { request = "requestOffers", answer = "allOffersDelivered", request_by = {  }, answer_by = {  } },
  { request = "openChannel", answer = "openResult", request_by = { "channelId", "openId" }, answer_by = { "channelId", "openId" } },
  { request = "openReservedChannel", answer = "openResult", request_by = { "channelId" }, answer_by = { "channelId" } },
  { request = "closeReservedChannel", answer = "closeReservedResponse", request_by = { "channelId" }, answer_by = { "channelId" } },
  { request = "gpadlHeader", answer = "gpadlCreated", request_by = { "channelId", "gpadlId" }, answer_by = { "channelId", "gpadlId" } },
  { request = "gpadlTeardown", answer = "gpadlTorndown", request_by = { "gpadlId" }, answer_by = { "gpadlId" } },
  { request = "rescindChannelOffer", answer = "relIdReleased", request_by = { "channelId" }, answer_by = { "channelId" } },
  { request = "modifyChannel", answer = "modifyChannelResponse", request_by = { "channelId" }, answer_by = { "channelId" } },
  { request = "modifyConnection", answer = "modifyConnectionResponse", request_by = {  }, answer_by = {  } },
  { request = "tlConnectRequest", answer = "tlConnectResult", request_by = { "endpointId", "serviceId" }, answer_by = { "endpointId", "serviceId" } },
  { request = "tlConnectRequest", answer = "offerChannel", request_by = { "endpointId", "serviceId" }, answer_by = { "instanceId", "interfaceId" } },
  { request = "unload", answer = "unloadComplete", request_by = {  }, answer_by = {  } },
  { request = "pause", answer = "pauseResponse", request_by = {  }, answer_by = {  } },
}

-- Fields, as filters know them.
F["vmbus.capture.header_version"] = ProtoField.uint8("vmbus.capture.header_version", "headerVersion", base.DEC)
F["vmbus.capture.header_bytes"] = ProtoField.uint8("vmbus.capture.header_bytes", "headerBytes", base.UNIT_STRING, { " byte", " bytes" })
names["vmbus.capture.kind"] = { [1] = "message", [2] = "packet", [3] = "note" }
F["vmbus.capture.kind"] = ProtoField.uint8("vmbus.capture.kind", "kind", base.DEC, names["vmbus.capture.kind"])
names["vmbus.capture.direction"] = { [0] = "toHost", [1] = "toGuest" }
F["vmbus.capture.direction"] = ProtoField.uint8("vmbus.capture.direction", "direction", base.DEC, names["vmbus.capture.direction"])
names["vmbus.capture.codec"] = { [0] = "none", [1] = "vmbus", [2] = "msgpack" }
F["vmbus.capture.codec"] = ProtoField.uint8("vmbus.capture.codec", "codec", base.DEC, names["vmbus.capture.codec"])
names["vmbus.capture.pipe"] = { [0] = "none", [1] = "message", [2] = "byte" }
F["vmbus.capture.pipe"] = ProtoField.uint8("vmbus.capture.pipe", "pipe", base.DEC, names["vmbus.capture.pipe"])
F["vmbus.capture.vtl"] = ProtoField.uint8("vmbus.capture.vtl", "vtl", base.DEC)
names["vmbus.capture.parting"] = { [0] = "none", [1] = "crashed", [2] = "destroyed", [3] = "saved", [4] = "restored" }
F["vmbus.capture.parting"] = ProtoField.uint8("vmbus.capture.parting", "parting", base.DEC, names["vmbus.capture.parting"])
F["vmbus.capture.channel_id"] = ProtoField.uint32("vmbus.capture.channel_id", "channelId", base.DEC)
F["vmbus.capture.bus"] = ProtoField.uint32("vmbus.capture.bus", "bus", base.DEC)
names["vmbus.capture.step"] = { [4294967295] = "none" }
F["vmbus.capture.step"] = ProtoField.uint32("vmbus.capture.step", "step", base.DEC)
F["vmbus.capture.item"] = ProtoField.uint32("vmbus.capture.item", "item", base.DEC)
names["vmbus.capture.ring_index"] = { [4294967295] = "none" }
F["vmbus.capture.ring_index"] = ProtoField.uint32("vmbus.capture.ring_index", "ringIndex", base.DEC)
F["vmbus.capture.ring_bytes"] = ProtoField.uint32("vmbus.capture.ring_bytes", "ringBytes", base.UNIT_STRING, { " byte", " bytes" })
names["vmbus.capture.bus_version"] = { [13] = "0.13", [65537] = "1.1", [131076] = "2.4", [196608] = "3.0", [262144] = "4.0", [262145] = "4.1", [327680] = "5.0", [327681] = "5.1", [327682] = "5.2", [327683] = "5.3", [393216] = "6.0", [4294967295] = "none" }
F["vmbus.capture.bus_version"] = ProtoField.uint32("vmbus.capture.bus_version", "busVersion", base.HEX, names["vmbus.capture.bus_version"])
F["vmbus.capture.bus_features"] = ProtoField.uint32("vmbus.capture.bus_features", "busFeatures", base.HEX)
F["vmbus.capture.interface_type"] = ProtoField.guid("vmbus.capture.interface_type", "interfaceType")
F["vmbus.padding"] = ProtoField.bytes("vmbus.padding", "padding")
F["vmbus.interface_id"] = ProtoField.guid("vmbus.interface_id", "interfaceId")
F["vmbus.instance_id"] = ProtoField.guid("vmbus.instance_id", "instanceId")
F["vmbus.reserved"] = ProtoField.bytes("vmbus.reserved", "reserved")
F["vmbus.flags"] = ProtoField.uint16("vmbus.flags", "flags", base.HEX)
F["vmbus.flags.enumerate_device_interface"] = ProtoField.bool("vmbus.flags.enumerate_device_interface", "enumerateDeviceInterface", 16, nil, 1)
F["vmbus.flags.confidential_ring"] = ProtoField.bool("vmbus.flags.confidential_ring", "confidentialRing", 16, nil, 2)
F["vmbus.flags.confidential_external_memory"] = ProtoField.bool("vmbus.flags.confidential_external_memory", "confidentialExternalMemory", 16, nil, 4)
F["vmbus.flags.requires_pinned_memory"] = ProtoField.bool("vmbus.flags.requires_pinned_memory", "requiresPinnedMemory", 16, nil, 8)
F["vmbus.flags.named_pipe"] = ProtoField.bool("vmbus.flags.named_pipe", "namedPipe", 16, nil, 16)
F["vmbus.flags.loopback"] = ProtoField.bool("vmbus.flags.loopback", "loopback", 16, nil, 256)
F["vmbus.flags.parent_offer"] = ProtoField.bool("vmbus.flags.parent_offer", "parentOffer", 16, nil, 512)
F["vmbus.flags.monitored_notification"] = ProtoField.bool("vmbus.flags.monitored_notification", "monitoredNotification", 16, nil, 1024)
F["vmbus.flags.tlnpi_provider"] = ProtoField.bool("vmbus.flags.tlnpi_provider", "tlnpiProvider", 16, nil, 8192)
F["vmbus.mmio_megabytes"] = ProtoField.uint16("vmbus.mmio_megabytes", "mmioMegabytes", base.UNIT_STRING, { " MiB", " MiB" })
F["vmbus.user_data"] = ProtoField.bytes("vmbus.user_data", "userData")
F["vmbus.subchannel_index"] = ProtoField.uint16("vmbus.subchannel_index", "subchannelIndex", base.DEC)
F["vmbus.mmio_megabytes_optional"] = ProtoField.uint16("vmbus.mmio_megabytes_optional", "mmioMegabytesOptional", base.UNIT_STRING, { " MiB", " MiB" })
F["vmbus.channel_id"] = ProtoField.uint32("vmbus.channel_id", "channelId", base.DEC)
names["vmbus.monitor_id"] = { [255] = "none" }
F["vmbus.monitor_id"] = ProtoField.uint8("vmbus.monitor_id", "monitorId", base.DEC)
F["vmbus.monitor_allocated"] = ProtoField.bool("vmbus.monitor_allocated", "monitorAllocated", 8, nil, 1)
F["vmbus.is_dedicated"] = ProtoField.bool("vmbus.is_dedicated", "isDedicated", 16, nil, 1)
F["vmbus.connection_id"] = ProtoField.uint32("vmbus.connection_id", "connectionId", base.HEX)
F["vmbus.open_id"] = ProtoField.uint32("vmbus.open_id", "openId", base.DEC)
F["vmbus.ring_gpadl_id"] = ProtoField.uint32("vmbus.ring_gpadl_id", "ringGpadlId", base.DEC)
names["vmbus.target_vp"] = { [4294967295] = "noInterrupts" }
F["vmbus.target_vp"] = ProtoField.uint32("vmbus.target_vp", "targetVp", base.DEC)
F["vmbus.downstream_page_offset"] = ProtoField.uint32("vmbus.downstream_page_offset", "downstreamPageOffset", base.UNIT_STRING, { " page", " pages" })
F["vmbus.event_flag"] = ProtoField.uint16("vmbus.event_flag", "eventFlag", base.DEC)
F["vmbus.open_flags"] = ProtoField.uint16("vmbus.open_flags", "openFlags", base.HEX)
F["vmbus.open_flags.redirect_interrupt"] = ProtoField.bool("vmbus.open_flags.redirect_interrupt", "redirectInterrupt", 16, nil, 1)
names["vmbus.status"] = { [0] = "STATUS_SUCCESS", [258] = "STATUS_TIMEOUT", [259] = "STATUS_PENDING", [2147483653] = "STATUS_BUFFER_OVERFLOW", [3221225473] = "STATUS_UNSUCCESSFUL", [3221225480] = "STATUS_INVALID_HANDLE", [3221225485] = "STATUS_INVALID_PARAMETER", [3221225488] = "STATUS_INVALID_DEVICE_REQUEST", [3221225489] = "STATUS_END_OF_FILE", [3221225494] = "STATUS_MORE_PROCESSING_REQUIRED", [3221225506] = "STATUS_ACCESS_DENIED", [3221225507] = "STATUS_BUFFER_TOO_SMALL", [3221225525] = "STATUS_OBJECT_NAME_COLLISION", [3221225534] = "STATUS_DATA_ERROR", [3221225539] = "STATUS_SHARING_VIOLATION", [3221225561] = "STATUS_REVISION_MISMATCH", [3221225626] = "STATUS_INSUFFICIENT_RESOURCES", [3221225659] = "STATUS_NOT_SUPPORTED", [3221225711] = "STATUS_INVALID_PARAMETER_1", [3221225712] = "STATUS_INVALID_PARAMETER_2", [3221225713] = "STATUS_INVALID_PARAMETER_3", [3221225714] = "STATUS_INVALID_PARAMETER_4", [3221225715] = "STATUS_INVALID_PARAMETER_5", [3221225716] = "STATUS_INVALID_PARAMETER_6", [3221225717] = "STATUS_INVALID_PARAMETER_7", [3221225718] = "STATUS_INVALID_PARAMETER_8", [3221225719] = "STATUS_INVALID_PARAMETER_9", [3221225720] = "STATUS_INVALID_PARAMETER_10", [3221225721] = "STATUS_INVALID_PARAMETER_11", [3221225722] = "STATUS_INVALID_PARAMETER_12", [3221225760] = "STATUS_CANCELLED", [3221225860] = "STATUS_INVALID_DEVICE_STATE", [3221225990] = "STATUS_INVALID_BUFFER_SIZE", [3221225997] = "STATUS_CONNECTION_RESET", [3221226021] = "STATUS_NOT_FOUND", [3221226038] = "STATUS_CONNECTION_REFUSED", [3221226166] = "STATUS_DEVICE_REMOVED" }
F["vmbus.status"] = ProtoField.uint32("vmbus.status", "status", base.HEX, names["vmbus.status"])
F["vmbus.read_only"] = ProtoField.bool("vmbus.read_only", "readOnly", 32, nil, 1)
F["vmbus.gpadl_id"] = ProtoField.uint32("vmbus.gpadl_id", "gpadlId", base.DEC)
F["vmbus.byte_length"] = ProtoField.uint16("vmbus.byte_length", "byteLength", base.UNIT_STRING, { " byte", " bytes" })
F["vmbus.range_count"] = ProtoField.uint16("vmbus.range_count", "rangeCount", base.UNIT_STRING, { " range", " ranges" })
F["vmbus.words"] = ProtoField.bytes("vmbus.words", "words")
F["vmbus.message_number"] = ProtoField.uint32("vmbus.message_number", "messageNumber", base.DEC)
names["vmbus.version"] = { [13] = "0.13", [65537] = "1.1", [131076] = "2.4", [196608] = "3.0", [262144] = "4.0", [262145] = "4.1", [327680] = "5.0", [327681] = "5.1", [327682] = "5.2", [327683] = "5.3", [393216] = "6.0" }
F["vmbus.version"] = ProtoField.uint32("vmbus.version", "version", base.HEX, names["vmbus.version"])
F["vmbus.target_message_vp"] = ProtoField.uint32("vmbus.target_message_vp", "targetMessageVp", base.DEC)
F["vmbus.target_info"] = ProtoField.uint64("vmbus.target_info", "targetInfo", base.HEX)
F["vmbus.parent_to_child_monitor_gpa"] = ProtoField.uint64("vmbus.parent_to_child_monitor_gpa", "parentToChildMonitorGpa", base.HEX)
F["vmbus.child_to_parent_monitor_gpa"] = ProtoField.uint64("vmbus.child_to_parent_monitor_gpa", "childToParentMonitorGpa", base.HEX)
F["vmbus.client_id"] = ProtoField.guid("vmbus.client_id", "clientId")
F["vmbus.supported"] = ProtoField.uint8("vmbus.supported", "supported", base.DEC)
names["vmbus.connection_state"] = { [0] = "successful", [1] = "failedLowResources", [2] = "failedUnknown" }
F["vmbus.connection_state"] = ProtoField.uint8("vmbus.connection_state", "connectionState", base.DEC, names["vmbus.connection_state"])
F["vmbus.selected"] = ProtoField.uint32("vmbus.selected", "selected", base.HEX)
F["vmbus.supported_features"] = ProtoField.uint32("vmbus.supported_features", "supportedFeatures", base.HEX)
F["vmbus.supported_features.guest_specified_signal_parameters"] = ProtoField.bool("vmbus.supported_features.guest_specified_signal_parameters", "guestSpecifiedSignalParameters", 32, nil, 1)
F["vmbus.supported_features.channel_interrupt_redirection"] = ProtoField.bool("vmbus.supported_features.channel_interrupt_redirection", "channelInterruptRedirection", 32, nil, 2)
F["vmbus.supported_features.modify_connection"] = ProtoField.bool("vmbus.supported_features.modify_connection", "modifyConnection", 32, nil, 4)
F["vmbus.supported_features.client_id"] = ProtoField.bool("vmbus.supported_features.client_id", "clientId", 32, nil, 8)
F["vmbus.supported_features.confidential_channels"] = ProtoField.bool("vmbus.supported_features.confidential_channels", "confidentialChannels", 32, nil, 16)
F["vmbus.supported_features.pause_resume"] = ProtoField.bool("vmbus.supported_features.pause_resume", "pauseResume", 32, nil, 32)
F["vmbus.supported_features.server_specified_monitor_pages"] = ProtoField.bool("vmbus.supported_features.server_specified_monitor_pages", "serverSpecifiedMonitorPages", 32, nil, 64)
F["vmbus.supported_features.gpa_pinning"] = ProtoField.bool("vmbus.supported_features.gpa_pinning", "gpaPinning", 32, nil, 128)
F["vmbus.reserved20"] = ProtoField.bytes("vmbus.reserved20", "reserved20")
F["vmbus.open_reserved_channel.target_vp"] = ProtoField.uint32("vmbus.open_reserved_channel.target_vp", "targetVp", base.DEC)
F["vmbus.target_sint"] = ProtoField.uint32("vmbus.target_sint", "targetSint", base.DEC)
F["vmbus.close_reserved_channel.target_vp"] = ProtoField.uint32("vmbus.close_reserved_channel.target_vp", "targetVp", base.DEC)
F["vmbus.endpoint_id"] = ProtoField.guid("vmbus.endpoint_id", "endpointId")
F["vmbus.service_id"] = ProtoField.guid("vmbus.service_id", "serviceId")
F["vmbus.silo_id"] = ProtoField.guid("vmbus.silo_id", "siloId")
F["vmbus.modify_channel.target_vp"] = ProtoField.uint32("vmbus.modify_channel.target_vp", "targetVp", base.DEC)
names["vmbus.message"] = { [1] = "offerChannel", [2] = "rescindChannelOffer", [3] = "requestOffers", [4] = "allOffersDelivered", [5] = "openChannel", [6] = "openResult", [7] = "closeChannel", [8] = "gpadlHeader", [9] = "gpadlBody", [10] = "gpadlCreated", [11] = "gpadlTeardown", [12] = "gpadlTorndown", [13] = "relIdReleased", [14] = "initiateContact", [15] = "versionResponse", [16] = "unload", [17] = "unloadComplete", [18] = "openReservedChannel", [19] = "closeReservedChannel", [20] = "closeReservedResponse", [21] = "tlConnectRequest", [22] = "modifyChannel", [23] = "tlConnectResult", [24] = "modifyChannelResponse", [25] = "modifyConnection", [26] = "modifyConnectionResponse", [27] = "pause", [28] = "pauseResponse", [29] = "resume" }
F["vmbus.message"] = ProtoField.uint32("vmbus.message", "message", base.DEC, names["vmbus.message"])
names["vmbus.packet.type"] = { [0] = "invalid", [1] = "synch", [2] = "addTransferPageSet", [3] = "removeTransferPageSet", [4] = "establishGpadl", [5] = "tearDownGpadl", [6] = "inBand", [7] = "transferPages", [8] = "gpadlData", [9] = "gpaDirect", [10] = "cancelRequest", [11] = "completion", [12] = "additionalPacket", [13] = "additionalData" }
F["vmbus.packet.type"] = ProtoField.uint16("vmbus.packet.type", "type", base.DEC, names["vmbus.packet.type"])
F["vmbus.packet.data_offset8"] = ProtoField.uint16("vmbus.packet.data_offset8", "dataOffset8", base.UNIT_STRING, { " word of 8 bytes", " words of 8 bytes" })
F["vmbus.packet.length8"] = ProtoField.uint16("vmbus.packet.length8", "length8", base.UNIT_STRING, { " word of 8 bytes", " words of 8 bytes" })
F["vmbus.packet.flags"] = ProtoField.uint16("vmbus.packet.flags", "flags", base.HEX)
F["vmbus.packet.flags.completion_requested"] = ProtoField.bool("vmbus.packet.flags.completion_requested", "completionRequested", 16, nil, 1)
F["vmbus.packet.transaction_id"] = ProtoField.uint64("vmbus.packet.transaction_id", "transactionId", base.DEC)
F["vmbus.gpa.reserved"] = ProtoField.bytes("vmbus.gpa.reserved", "reserved")
F["vmbus.gpa.range_count"] = ProtoField.uint32("vmbus.gpa.range_count", "rangeCount", base.UNIT_STRING, { " range", " ranges" })
F["vmbus.gpa.ranges"] = ProtoField.none("vmbus.gpa.ranges", "ranges")
F["vmbus.gpa.range"] = ProtoField.none("vmbus.gpa.range", "range")
F["vmbus.gpa.byte_count"] = ProtoField.uint32("vmbus.gpa.byte_count", "byteCount", base.UNIT_STRING, { " byte", " bytes" })
F["vmbus.gpa.byte_offset"] = ProtoField.uint32("vmbus.gpa.byte_offset", "byteOffset", base.UNIT_STRING, { " byte", " bytes" })
F["vmbus.gpa.pfns"] = ProtoField.none("vmbus.gpa.pfns", "pfns")
F["vmbus.gpa.pfn"] = ProtoField.uint64("vmbus.gpa.pfn", "pfn", base.HEX)
F["vmbus.transfer.page_set_id"] = ProtoField.uint16("vmbus.transfer.page_set_id", "pageSetId", base.DEC)
F["vmbus.transfer.reserved"] = ProtoField.bytes("vmbus.transfer.reserved", "reserved")
F["vmbus.transfer.range_count"] = ProtoField.uint32("vmbus.transfer.range_count", "rangeCount", base.UNIT_STRING, { " range", " ranges" })
F["vmbus.transfer.ranges"] = ProtoField.none("vmbus.transfer.ranges", "ranges")
F["vmbus.transfer.range"] = ProtoField.none("vmbus.transfer.range", "range")
F["vmbus.transfer.byte_count"] = ProtoField.uint32("vmbus.transfer.byte_count", "byteCount", base.UNIT_STRING, { " byte", " bytes" })
F["vmbus.transfer.byte_offset"] = ProtoField.uint32("vmbus.transfer.byte_offset", "byteOffset", base.UNIT_STRING, { " byte", " bytes" })
names["vmbus.pipe.packet_type"] = { [1] = "data", [2] = "partiallyConsumed", [3] = "setUpGpaDirect", [4] = "tearDownGpaDirect" }
F["vmbus.pipe.packet_type"] = ProtoField.uint32("vmbus.pipe.packet_type", "packetType", base.DEC, names["vmbus.pipe.packet_type"])
F["vmbus.pipe.length"] = ProtoField.uint32("vmbus.pipe.length", "length", base.UNIT_STRING, { " byte", " bytes" })
F["vmbus.trailer.reserved"] = ProtoField.bytes("vmbus.trailer.reserved", "reserved")
F["vmbus.trailer.descriptor_offset"] = ProtoField.uint32("vmbus.trailer.descriptor_offset", "descriptorOffset", base.UNIT_STRING, { " byte", " bytes" })
names["vmbus.echo.kind"] = { [1] = "hello", [2] = "transaction", [3] = "datagram", [4] = "beside" }
F["vmbus.echo.kind"] = ProtoField.uint32("vmbus.echo.kind", "kind", base.DEC, names["vmbus.echo.kind"])
F["vmbus.echo.payload_bytes"] = ProtoField.uint32("vmbus.echo.payload_bytes", "payloadBytes", base.UNIT_STRING, { " byte", " bytes" })
F["vmbus.echo.sequence"] = ProtoField.uint64("vmbus.echo.sequence", "sequence", base.DEC)
F["vmbus.disk.version"] = ProtoField.uint32("vmbus.disk.version", "version", base.DEC)
F["vmbus.disk.status_gpadl"] = ProtoField.uint32("vmbus.disk.status_gpadl", "statusGpadl", base.DEC)
F["vmbus.disk.reserved16"] = ProtoField.bytes("vmbus.disk.reserved16", "reserved16")
F["vmbus.disk.first_block"] = ProtoField.uint64("vmbus.disk.first_block", "firstBlock", base.DEC)
F["vmbus.disk.block_count"] = ProtoField.uint32("vmbus.disk.block_count", "blockCount", base.UNIT_STRING, { " block", " blocks" })
F["vmbus.disk.reserved20"] = ProtoField.bytes("vmbus.disk.reserved20", "reserved20")
F["vmbus.disk.reserved8"] = ProtoField.bytes("vmbus.disk.reserved8", "reserved8")
names["vmbus.disk.operation"] = { [1] = "negotiate", [2] = "read", [3] = "write", [4] = "flush" }
F["vmbus.disk.operation"] = ProtoField.uint32("vmbus.disk.operation", "operation", base.DEC, names["vmbus.disk.operation"])
F["vmbus.disk.reserved"] = ProtoField.bytes("vmbus.disk.reserved", "reserved")
names["vmbus.disk.answer"] = { [0] = "ok", [1] = "outOfRange", [2] = "readOnly", [3] = "ioError", [4] = "notNegotiated", [5] = "wrongVersion", [6] = "badStatusBlock" }
F["vmbus.disk.answer"] = ProtoField.uint32("vmbus.disk.answer", "answer", base.DEC, names["vmbus.disk.answer"])
F["vmbus.storage.srb_bytes"] = ProtoField.uint16("vmbus.storage.srb_bytes", "srbBytes", base.UNIT_STRING, { " byte", " bytes" })
names["vmbus.storage.srb_status"] = { [0] = "pending", [128] = "pending with sense", [1] = "success", [129] = "success with sense", [2] = "aborted", [130] = "aborted with sense", [3] = "abortFailed", [131] = "abortFailed with sense", [4] = "error", [132] = "error with sense", [5] = "busy", [133] = "busy with sense", [6] = "invalidRequest", [134] = "invalidRequest with sense", [7] = "invalidPathId", [135] = "invalidPathId with sense", [8] = "noDevice", [136] = "noDevice with sense", [9] = "timeout", [137] = "timeout with sense", [10] = "selectionTimeout", [138] = "selectionTimeout with sense", [11] = "commandTimeout", [139] = "commandTimeout with sense", [13] = "messageRejected", [141] = "messageRejected with sense", [14] = "busReset", [142] = "busReset with sense", [15] = "parityError", [143] = "parityError with sense", [16] = "requestSenseFailed", [144] = "requestSenseFailed with sense", [17] = "noHba", [145] = "noHba with sense", [18] = "dataOverrun", [146] = "dataOverrun with sense", [19] = "unexpectedBusFree", [147] = "unexpectedBusFree with sense", [20] = "phaseSequenceFailure", [148] = "phaseSequenceFailure with sense", [21] = "badSrbBlockLength", [149] = "badSrbBlockLength with sense", [22] = "requestFlushed", [150] = "requestFlushed with sense", [32] = "invalidLun", [160] = "invalidLun with sense", [33] = "invalidTargetId", [161] = "invalidTargetId with sense", [34] = "badFunction", [162] = "badFunction with sense", [35] = "errorRecovery", [163] = "errorRecovery with sense", [36] = "notPowered", [164] = "notPowered with sense", [37] = "linkDown", [165] = "linkDown with sense" }
F["vmbus.storage.srb_status"] = ProtoField.uint8("vmbus.storage.srb_status", "srbStatus", base.HEX, names["vmbus.storage.srb_status"])
names["vmbus.storage.scsi_status"] = { [0] = "good", [2] = "checkCondition", [8] = "busy", [24] = "reservationConflict", [64] = "taskAborted" }
F["vmbus.storage.scsi_status"] = ProtoField.uint8("vmbus.storage.scsi_status", "scsiStatus", base.HEX, names["vmbus.storage.scsi_status"])
F["vmbus.storage.port_number"] = ProtoField.uint8("vmbus.storage.port_number", "portNumber", base.DEC)
F["vmbus.storage.path_id"] = ProtoField.uint8("vmbus.storage.path_id", "pathId", base.DEC)
F["vmbus.storage.target_id"] = ProtoField.uint8("vmbus.storage.target_id", "targetId", base.DEC)
F["vmbus.storage.lun"] = ProtoField.uint8("vmbus.storage.lun", "lun", base.DEC)
F["vmbus.storage.cdb_bytes"] = ProtoField.uint8("vmbus.storage.cdb_bytes", "cdbBytes", base.UNIT_STRING, { " byte", " bytes" })
F["vmbus.storage.sense_bytes"] = ProtoField.uint8("vmbus.storage.sense_bytes", "senseBytes", base.UNIT_STRING, { " byte", " bytes" })
names["vmbus.storage.direction"] = { [0] = "write", [1] = "read", [2] = "none" }
F["vmbus.storage.direction"] = ProtoField.uint8("vmbus.storage.direction", "direction", base.DEC, names["vmbus.storage.direction"])
F["vmbus.storage.reserved23"] = ProtoField.bytes("vmbus.storage.reserved23", "reserved23")
F["vmbus.storage.data_transfer_bytes"] = ProtoField.uint32("vmbus.storage.data_transfer_bytes", "dataTransferBytes", base.UNIT_STRING, { " byte", " bytes" })
F["vmbus.storage.cdb"] = ProtoField.bytes("vmbus.storage.cdb", "cdb")
F["vmbus.storage.cdb.reserved1"] = ProtoField.bytes("vmbus.storage.cdb.reserved1", "reserved1")
F["vmbus.storage.cdb.control"] = ProtoField.uint8("vmbus.storage.cdb.control", "control", base.DEC)
F["vmbus.storage.cdb.allocation_bytes"] = ProtoField.uint8("vmbus.storage.cdb.allocation_bytes", "allocationBytes", base.UNIT_STRING, { " byte", " bytes" })
F["vmbus.storage.cdb.lba_high"] = ProtoField.uint8("vmbus.storage.cdb.lba_high", "lbaHigh", base.DEC)
F["vmbus.storage.cdb.lba_low"] = ProtoField.uint16("vmbus.storage.cdb.lba_low", "lbaLow", base.DEC)
F["vmbus.storage.cdb.blocks"] = ProtoField.uint8("vmbus.storage.cdb.blocks", "blocks", base.UNIT_STRING, { " block", " blocks" })
F["vmbus.storage.cdb.is_vital"] = ProtoField.bool("vmbus.storage.cdb.is_vital", "isVital", 8, nil, 1)
F["vmbus.storage.cdb.is_command_support"] = ProtoField.bool("vmbus.storage.cdb.is_command_support", "isCommandSupport", 8, nil, 2)
F["vmbus.storage.cdb.page"] = ProtoField.uint8("vmbus.storage.cdb.page", "page", base.HEX)
F["vmbus.storage.cdb.inquiry.allocation_bytes"] = ProtoField.uint16("vmbus.storage.cdb.inquiry.allocation_bytes", "allocationBytes", base.UNIT_STRING, { " byte", " bytes" })
F["vmbus.storage.cdb.is_saved"] = ProtoField.bool("vmbus.storage.cdb.is_saved", "isSaved", 8, nil, 1)
F["vmbus.storage.cdb.reserved2"] = ProtoField.bytes("vmbus.storage.cdb.reserved2", "reserved2")
F["vmbus.storage.cdb.parameter_bytes"] = ProtoField.uint8("vmbus.storage.cdb.parameter_bytes", "parameterBytes", base.UNIT_STRING, { " byte", " bytes" })
F["vmbus.storage.cdb.mode_flags"] = ProtoField.uint8("vmbus.storage.cdb.mode_flags", "modeFlags", base.HEX)
F["vmbus.storage.cdb.subpage"] = ProtoField.uint8("vmbus.storage.cdb.subpage", "subpage", base.DEC)
F["vmbus.storage.cdb.is_immediate"] = ProtoField.bool("vmbus.storage.cdb.is_immediate", "isImmediate", 8, nil, 1)
F["vmbus.storage.cdb.is_start"] = ProtoField.bool("vmbus.storage.cdb.is_start", "isStart", 8, nil, 1)
F["vmbus.storage.cdb.parameters"] = ProtoField.bytes("vmbus.storage.cdb.parameters", "parameters")
F["vmbus.storage.cdb.block_flags"] = ProtoField.uint8("vmbus.storage.cdb.block_flags", "blockFlags", base.HEX)
F["vmbus.storage.cdb.block_flags.relative_address"] = ProtoField.bool("vmbus.storage.cdb.block_flags.relative_address", "relativeAddress", 8, nil, 1)
F["vmbus.storage.cdb.block_flags.force_unit_access"] = ProtoField.bool("vmbus.storage.cdb.block_flags.force_unit_access", "forceUnitAccess", 8, nil, 8)
F["vmbus.storage.cdb.block_flags.disable_page_out"] = ProtoField.bool("vmbus.storage.cdb.block_flags.disable_page_out", "disablePageOut", 8, nil, 16)
F["vmbus.storage.cdb.lba"] = ProtoField.uint32("vmbus.storage.cdb.lba", "lba", base.DEC)
F["vmbus.storage.cdb.reserved6"] = ProtoField.bytes("vmbus.storage.cdb.reserved6", "reserved6")
F["vmbus.storage.cdb.read10.blocks"] = ProtoField.uint16("vmbus.storage.cdb.read10.blocks", "blocks", base.UNIT_STRING, { " block", " blocks" })
F["vmbus.storage.cdb.write10.blocks"] = ProtoField.uint16("vmbus.storage.cdb.write10.blocks", "blocks", base.UNIT_STRING, { " block", " blocks" })
F["vmbus.storage.cdb.write_and_verify10.blocks"] = ProtoField.uint16("vmbus.storage.cdb.write_and_verify10.blocks", "blocks", base.UNIT_STRING, { " block", " blocks" })
F["vmbus.storage.cdb.verify10.blocks"] = ProtoField.uint16("vmbus.storage.cdb.verify10.blocks", "blocks", base.UNIT_STRING, { " block", " blocks" })
F["vmbus.storage.cdb.synchronize_cache10.blocks"] = ProtoField.uint16("vmbus.storage.cdb.synchronize_cache10.blocks", "blocks", base.UNIT_STRING, { " block", " blocks" })
F["vmbus.storage.cdb.write_same10.blocks"] = ProtoField.uint16("vmbus.storage.cdb.write_same10.blocks", "blocks", base.UNIT_STRING, { " block", " blocks" })
F["vmbus.storage.cdb.unmap.parameter_bytes"] = ProtoField.uint16("vmbus.storage.cdb.unmap.parameter_bytes", "parameterBytes", base.UNIT_STRING, { " byte", " bytes" })
F["vmbus.storage.cdb.mode_select10.parameter_bytes"] = ProtoField.uint16("vmbus.storage.cdb.mode_select10.parameter_bytes", "parameterBytes", base.UNIT_STRING, { " byte", " bytes" })
F["vmbus.storage.cdb.reserved4"] = ProtoField.bytes("vmbus.storage.cdb.reserved4", "reserved4")
F["vmbus.storage.cdb.mode_sense10.allocation_bytes"] = ProtoField.uint16("vmbus.storage.cdb.mode_sense10.allocation_bytes", "allocationBytes", base.UNIT_STRING, { " byte", " bytes" })
F["vmbus.storage.cdb.service_action"] = ProtoField.uint8("vmbus.storage.cdb.service_action", "serviceAction", base.DEC)
F["vmbus.storage.cdb.persistent_reserve_in.allocation_bytes"] = ProtoField.uint16("vmbus.storage.cdb.persistent_reserve_in.allocation_bytes", "allocationBytes", base.UNIT_STRING, { " byte", " bytes" })
F["vmbus.storage.cdb.scope_and_type"] = ProtoField.uint8("vmbus.storage.cdb.scope_and_type", "scopeAndType", base.HEX)
F["vmbus.storage.cdb.reserved3"] = ProtoField.bytes("vmbus.storage.cdb.reserved3", "reserved3")
F["vmbus.storage.cdb.persistent_reserve_out.parameter_bytes"] = ProtoField.uint32("vmbus.storage.cdb.persistent_reserve_out.parameter_bytes", "parameterBytes", base.UNIT_STRING, { " byte", " bytes" })
F["vmbus.storage.cdb.read16.lba"] = ProtoField.uint64("vmbus.storage.cdb.read16.lba", "lba", base.DEC)
F["vmbus.storage.cdb.read16.blocks"] = ProtoField.uint32("vmbus.storage.cdb.read16.blocks", "blocks", base.UNIT_STRING, { " block", " blocks" })
F["vmbus.storage.cdb.reserved14"] = ProtoField.bytes("vmbus.storage.cdb.reserved14", "reserved14")
F["vmbus.storage.cdb.write16.lba"] = ProtoField.uint64("vmbus.storage.cdb.write16.lba", "lba", base.DEC)
F["vmbus.storage.cdb.write16.blocks"] = ProtoField.uint32("vmbus.storage.cdb.write16.blocks", "blocks", base.UNIT_STRING, { " block", " blocks" })
F["vmbus.storage.cdb.write_and_verify16.lba"] = ProtoField.uint64("vmbus.storage.cdb.write_and_verify16.lba", "lba", base.DEC)
F["vmbus.storage.cdb.write_and_verify16.blocks"] = ProtoField.uint32("vmbus.storage.cdb.write_and_verify16.blocks", "blocks", base.UNIT_STRING, { " block", " blocks" })
F["vmbus.storage.cdb.verify16.lba"] = ProtoField.uint64("vmbus.storage.cdb.verify16.lba", "lba", base.DEC)
F["vmbus.storage.cdb.verify16.blocks"] = ProtoField.uint32("vmbus.storage.cdb.verify16.blocks", "blocks", base.UNIT_STRING, { " block", " blocks" })
F["vmbus.storage.cdb.synchronize_cache16.lba"] = ProtoField.uint64("vmbus.storage.cdb.synchronize_cache16.lba", "lba", base.DEC)
F["vmbus.storage.cdb.synchronize_cache16.blocks"] = ProtoField.uint32("vmbus.storage.cdb.synchronize_cache16.blocks", "blocks", base.UNIT_STRING, { " block", " blocks" })
F["vmbus.storage.cdb.write_same16.lba"] = ProtoField.uint64("vmbus.storage.cdb.write_same16.lba", "lba", base.DEC)
F["vmbus.storage.cdb.write_same16.blocks"] = ProtoField.uint32("vmbus.storage.cdb.write_same16.blocks", "blocks", base.UNIT_STRING, { " block", " blocks" })
F["vmbus.storage.cdb.service_action_in16.service_action"] = ProtoField.uint8("vmbus.storage.cdb.service_action_in16.service_action", "serviceAction", base.HEX)
F["vmbus.storage.cdb.service_action_in16.lba"] = ProtoField.uint64("vmbus.storage.cdb.service_action_in16.lba", "lba", base.DEC)
F["vmbus.storage.cdb.service_action_in16.allocation_bytes"] = ProtoField.uint32("vmbus.storage.cdb.service_action_in16.allocation_bytes", "allocationBytes", base.UNIT_STRING, { " byte", " bytes" })
F["vmbus.storage.cdb.select_report"] = ProtoField.uint8("vmbus.storage.cdb.select_report", "selectReport", base.DEC)
F["vmbus.storage.cdb.report_luns.allocation_bytes"] = ProtoField.uint32("vmbus.storage.cdb.report_luns.allocation_bytes", "allocationBytes", base.UNIT_STRING, { " byte", " bytes" })
F["vmbus.storage.cdb.reserved10"] = ProtoField.bytes("vmbus.storage.cdb.reserved10", "reserved10")
F["vmbus.storage.cdb.read12.blocks"] = ProtoField.uint32("vmbus.storage.cdb.read12.blocks", "blocks", base.UNIT_STRING, { " block", " blocks" })
F["vmbus.storage.cdb.write12.blocks"] = ProtoField.uint32("vmbus.storage.cdb.write12.blocks", "blocks", base.UNIT_STRING, { " block", " blocks" })
F["vmbus.storage.cdb.write_and_verify12.blocks"] = ProtoField.uint32("vmbus.storage.cdb.write_and_verify12.blocks", "blocks", base.UNIT_STRING, { " block", " blocks" })
F["vmbus.storage.cdb.verify12.blocks"] = ProtoField.uint32("vmbus.storage.cdb.verify12.blocks", "blocks", base.UNIT_STRING, { " block", " blocks" })
names["vmbus.storage.cdb.operation"] = { [0] = "testUnitReady", [3] = "requestSense", [4] = "formatUnit", [8] = "read6", [10] = "write6", [18] = "inquiry", [21] = "modeSelect6", [22] = "reserve6", [23] = "release6", [26] = "modeSense6", [27] = "startStopUnit", [29] = "sendDiagnostic", [30] = "preventMediumRemoval", [37] = "readCapacity10", [40] = "read10", [42] = "write10", [46] = "writeAndVerify10", [47] = "verify10", [53] = "synchronizeCache10", [65] = "writeSame10", [66] = "unmap", [85] = "modeSelect10", [90] = "modeSense10", [94] = "persistentReserveIn", [95] = "persistentReserveOut", [136] = "read16", [138] = "write16", [142] = "writeAndVerify16", [143] = "verify16", [145] = "synchronizeCache16", [147] = "writeSame16", [158] = "serviceActionIn16", [160] = "reportLuns", [168] = "read12", [170] = "write12", [174] = "writeAndVerify12", [175] = "verify12" }
F["vmbus.storage.cdb.operation"] = ProtoField.uint8("vmbus.storage.cdb.operation", "operation", base.HEX, names["vmbus.storage.cdb.operation"])
F["vmbus.storage.reserved44"] = ProtoField.bytes("vmbus.storage.reserved44", "reserved44")
F["vmbus.storage.reserved48"] = ProtoField.bytes("vmbus.storage.reserved48", "reserved48")
F["vmbus.storage.queue_tag"] = ProtoField.uint8("vmbus.storage.queue_tag", "queueTag", base.DEC)
F["vmbus.storage.queue_action"] = ProtoField.uint8("vmbus.storage.queue_action", "queueAction", base.DEC)
F["vmbus.storage.srb_flags"] = ProtoField.uint32("vmbus.storage.srb_flags", "srbFlags", base.HEX)
F["vmbus.storage.srb_flags.queue_action_enable"] = ProtoField.bool("vmbus.storage.srb_flags.queue_action_enable", "queueActionEnable", 32, nil, 2)
F["vmbus.storage.srb_flags.disable_sync_transfer"] = ProtoField.bool("vmbus.storage.srb_flags.disable_sync_transfer", "disableSyncTransfer", 32, nil, 8)
F["vmbus.storage.srb_flags.disable_autosense"] = ProtoField.bool("vmbus.storage.srb_flags.disable_autosense", "disableAutosense", 32, nil, 32)
F["vmbus.storage.srb_flags.data_in"] = ProtoField.bool("vmbus.storage.srb_flags.data_in", "dataIn", 32, nil, 64)
F["vmbus.storage.srb_flags.data_out"] = ProtoField.bool("vmbus.storage.srb_flags.data_out", "dataOut", 32, nil, 128)
F["vmbus.storage.srb_flags.no_queue_freeze"] = ProtoField.bool("vmbus.storage.srb_flags.no_queue_freeze", "noQueueFreeze", 32, nil, 256)
F["vmbus.storage.srb_flags.adapter_cache_enable"] = ProtoField.bool("vmbus.storage.srb_flags.adapter_cache_enable", "adapterCacheEnable", 32, nil, 512)
F["vmbus.storage.srb_flags.special"] = ProtoField.bool("vmbus.storage.srb_flags.special", "special", 32, nil, 32768)
F["vmbus.storage.timeout_seconds"] = ProtoField.uint32("vmbus.storage.timeout_seconds", "timeoutSeconds", base.UNIT_STRING, { " s", " s" })
F["vmbus.storage.queue_sort_key"] = ProtoField.uint32("vmbus.storage.queue_sort_key", "queueSortKey", base.DEC)
names["vmbus.storage.version"] = { [512] = "win6", [1026] = "win7", [1281] = "win8", [1536] = "win8Blue", [1538] = "win10" }
F["vmbus.storage.version"] = ProtoField.uint16("vmbus.storage.version", "version", base.HEX, names["vmbus.storage.version"])
F["vmbus.storage.revision"] = ProtoField.uint16("vmbus.storage.revision", "revision", base.DEC)
F["vmbus.storage.sub_channels"] = ProtoField.uint16("vmbus.storage.sub_channels", "subChannels", base.UNIT_STRING, { " channel", " channels" })
names["vmbus.storage.operation"] = { [3] = "executeSrb", [4] = "resetLun", [5] = "resetAdapter", [6] = "resetBus", [7] = "beginInitialization", [8] = "endInitialization", [9] = "queryProtocolVersion", [10] = "queryProperties", [13] = "createSubChannels" }
F["vmbus.storage.operation"] = ProtoField.uint32("vmbus.storage.operation", "operation", base.DEC, names["vmbus.storage.operation"])
F["vmbus.storage.flags"] = ProtoField.uint32("vmbus.storage.flags", "flags", base.HEX)
F["vmbus.storage.flags.completion_wanted"] = ProtoField.bool("vmbus.storage.flags.completion_wanted", "completionWanted", 32, nil, 1)
F["vmbus.storage.status"] = ProtoField.uint32("vmbus.storage.status", "status", base.HEX)
F["vmbus.storage.event_flags"] = ProtoField.uint8("vmbus.storage.event_flags", "eventFlags", base.HEX)
names["vmbus.storage.storage_notification.operation"] = { [2] = "removeDevice", [11] = "enumerateBus", [14] = "eventNotification" }
F["vmbus.storage.storage_notification.operation"] = ProtoField.uint32("vmbus.storage.storage_notification.operation", "operation", base.DEC, names["vmbus.storage.storage_notification.operation"])
F["vmbus.storage.srb_answer.operation"] = ProtoField.uint32("vmbus.storage.srb_answer.operation", "operation", base.DEC)
F["vmbus.storage.sense"] = ProtoField.bytes("vmbus.storage.sense", "sense")
F["vmbus.storage.sense.response_code"] = ProtoField.uint8("vmbus.storage.sense.response_code", "responseCode", base.HEX)
F["vmbus.storage.sense.reserved1"] = ProtoField.bytes("vmbus.storage.sense.reserved1", "reserved1")
names["vmbus.storage.sense.key"] = { [0] = "noSense", [1] = "recoveredError", [2] = "notReady", [3] = "mediumError", [4] = "hardwareError", [5] = "illegalRequest", [6] = "unitAttention", [7] = "dataProtect", [11] = "abortedCommand" }
F["vmbus.storage.sense.key"] = ProtoField.uint8("vmbus.storage.sense.key", "key", base.HEX, names["vmbus.storage.sense.key"])
F["vmbus.storage.sense.reserved3"] = ProtoField.bytes("vmbus.storage.sense.reserved3", "reserved3")
F["vmbus.storage.sense.additional_bytes"] = ProtoField.uint8("vmbus.storage.sense.additional_bytes", "additionalBytes", base.DEC)
F["vmbus.storage.sense.reserved8"] = ProtoField.bytes("vmbus.storage.sense.reserved8", "reserved8")
F["vmbus.storage.sense.code"] = ProtoField.uint8("vmbus.storage.sense.code", "code", base.HEX)
F["vmbus.storage.sense.qualifier"] = ProtoField.uint8("vmbus.storage.sense.qualifier", "qualifier", base.HEX)
F["vmbus.storage.sense.reserved14"] = ProtoField.bytes("vmbus.storage.sense.reserved14", "reserved14")
F["vmbus.storage.storage_answer.operation"] = ProtoField.uint32("vmbus.storage.storage_answer.operation", "operation", base.DEC)
F["vmbus.storage.storage_version.operation"] = ProtoField.uint32("vmbus.storage.storage_version.operation", "operation", base.DEC)
F["vmbus.storage.storage_properties.operation"] = ProtoField.uint32("vmbus.storage.storage_properties.operation", "operation", base.DEC)
F["vmbus.storage.reserved12"] = ProtoField.bytes("vmbus.storage.reserved12", "reserved12")
F["vmbus.storage.sub_channels_max"] = ProtoField.uint16("vmbus.storage.sub_channels_max", "subChannelsMax", base.UNIT_STRING, { " channel", " channels" })
F["vmbus.storage.reserved18"] = ProtoField.bytes("vmbus.storage.reserved18", "reserved18")
F["vmbus.storage.property_flags"] = ProtoField.uint32("vmbus.storage.property_flags", "propertyFlags", base.HEX)
F["vmbus.storage.property_flags.multi_channel"] = ProtoField.bool("vmbus.storage.property_flags.multi_channel", "multiChannel", 32, nil, 1)
F["vmbus.storage.transfer_bytes_max"] = ProtoField.uint32("vmbus.storage.transfer_bytes_max", "transferBytesMax", base.UNIT_STRING, { " byte", " bytes" })
F["vmbus.storage.reserved28"] = ProtoField.bytes("vmbus.storage.reserved28", "reserved28")
F["vmbus.capture"] = ProtoField.none("vmbus.capture", "Capture header")

-- Layouts: where each field lies.
layouts.capture = {
  name = "capture header", kind = "struct", bytes = 56,
  { name = "headerVersion", at = 0, bytes = 1, kind = "number", field = F["vmbus.capture.header_version"] },
  { name = "headerBytes", at = 1, bytes = 1, kind = "number", min = 56, max = 255, field = F["vmbus.capture.header_bytes"] },
  { name = "kind", at = 2, bytes = 1, kind = "number", is_choice = true, names = names["vmbus.capture.kind"], field = F["vmbus.capture.kind"] },
  { name = "direction", at = 3, bytes = 1, kind = "number", is_choice = true, names = names["vmbus.capture.direction"], field = F["vmbus.capture.direction"] },
  { name = "codec", at = 4, bytes = 1, kind = "number", is_choice = true, names = names["vmbus.capture.codec"], field = F["vmbus.capture.codec"] },
  { name = "pipe", at = 5, bytes = 1, kind = "number", is_choice = true, names = names["vmbus.capture.pipe"], field = F["vmbus.capture.pipe"] },
  { name = "vtl", at = 6, bytes = 1, kind = "number", field = F["vmbus.capture.vtl"] },
  { name = "parting", at = 7, bytes = 1, kind = "number", is_choice = true, names = names["vmbus.capture.parting"], field = F["vmbus.capture.parting"] },
  { name = "channelId", at = 8, bytes = 4, kind = "number", field = F["vmbus.capture.channel_id"] },
  { name = "bus", at = 12, bytes = 4, kind = "number", field = F["vmbus.capture.bus"] },
  { name = "step", at = 16, bytes = 4, kind = "number", is_name_behind = true, names = names["vmbus.capture.step"], field = F["vmbus.capture.step"] },
  { name = "item", at = 20, bytes = 4, kind = "number", field = F["vmbus.capture.item"] },
  { name = "ringIndex", at = 24, bytes = 4, kind = "number", is_name_behind = true, names = names["vmbus.capture.ring_index"], field = F["vmbus.capture.ring_index"] },
  { name = "ringBytes", at = 28, bytes = 4, kind = "number", field = F["vmbus.capture.ring_bytes"] },
  { name = "busVersion", at = 32, bytes = 4, kind = "number", names = names["vmbus.capture.bus_version"], field = F["vmbus.capture.bus_version"] },
  { name = "busFeatures", at = 36, bytes = 4, kind = "number", field = F["vmbus.capture.bus_features"] },
  { name = "interfaceType", at = 40, kind = "guid", bytes = 16, field = F["vmbus.capture.interface_type"] },
}

layouts.control_message = {
  name = "control message", kind = "byField", bytes = 4,
  head = {
    name = "control message", kind = "struct", bytes = 4,
    { name = "message", at = 0, bytes = 4, kind = "number", is_choice = true, names = names["vmbus.message"], field = F["vmbus.message"] },
  },
  tag = "message",
  bodies = {
    [1] = {
      name = "offerChannel", kind = "struct", bytes = 196,
      { name = "padding", at = 4, kind = "reserved", bytes = 4, field = F["vmbus.padding"] },
      { name = "interfaceId", at = 8, kind = "guid", bytes = 16, field = F["vmbus.interface_id"] },
      { name = "instanceId", at = 24, kind = "guid", bytes = 16, field = F["vmbus.instance_id"] },
      { name = "reserved", at = 40, kind = "reserved", bytes = 16, field = F["vmbus.reserved"] },
      { name = "flags", at = 56, bytes = 2, kind = "number", flags = { { name = "enumerateDeviceInterface", mask = 1, field = F["vmbus.flags.enumerate_device_interface"] }, { name = "confidentialRing", mask = 2, field = F["vmbus.flags.confidential_ring"] }, { name = "confidentialExternalMemory", mask = 4, field = F["vmbus.flags.confidential_external_memory"] }, { name = "requiresPinnedMemory", mask = 8, field = F["vmbus.flags.requires_pinned_memory"] }, { name = "namedPipe", mask = 16, field = F["vmbus.flags.named_pipe"] }, { name = "loopback", mask = 256, field = F["vmbus.flags.loopback"] }, { name = "parentOffer", mask = 512, field = F["vmbus.flags.parent_offer"] }, { name = "monitoredNotification", mask = 1024, field = F["vmbus.flags.monitored_notification"] }, { name = "tlnpiProvider", mask = 8192, field = F["vmbus.flags.tlnpi_provider"] } }, field = F["vmbus.flags"] },
      { name = "mmioMegabytes", at = 58, bytes = 2, kind = "number", field = F["vmbus.mmio_megabytes"] },
      { name = "userData", at = 60, kind = "bytes", bytes = 120, field = F["vmbus.user_data"] },
      { name = "subchannelIndex", at = 180, bytes = 2, kind = "number", field = F["vmbus.subchannel_index"] },
      { name = "mmioMegabytesOptional", at = 182, bytes = 2, kind = "number", field = F["vmbus.mmio_megabytes_optional"] },
      { name = "channelId", at = 184, bytes = 4, kind = "number", field = F["vmbus.channel_id"] },
      { name = "monitorId", at = 188, bytes = 1, kind = "number", is_name_behind = true, names = names["vmbus.monitor_id"], field = F["vmbus.monitor_id"] },
      { name = "monitorAllocated", at = 189, bytes = 1, kind = "bit", field = F["vmbus.monitor_allocated"] },
      { name = "isDedicated", at = 190, bytes = 2, kind = "bit", field = F["vmbus.is_dedicated"] },
      { name = "connectionId", at = 192, bytes = 4, kind = "number", field = F["vmbus.connection_id"] },
    },
    [2] = {
      name = "rescindChannelOffer", kind = "struct", bytes = 12,
      { name = "padding", at = 4, kind = "reserved", bytes = 4, field = F["vmbus.padding"] },
      { name = "channelId", at = 8, bytes = 4, kind = "number", field = F["vmbus.channel_id"] },
    },
    [3] = {
      name = "requestOffers", kind = "struct", bytes = 8,
      { name = "padding", at = 4, kind = "reserved", bytes = 4, field = F["vmbus.padding"] },
    },
    [4] = {
      name = "allOffersDelivered", kind = "struct", bytes = 8,
      { name = "padding", at = 4, kind = "reserved", bytes = 4, field = F["vmbus.padding"] },
    },
    [5] = {
      name = "openChannel", kind = "bySize", bytes = 148,
      forms = {
        {
          name = "openChannel", kind = "struct", bytes = 156,
          { name = "padding", at = 4, kind = "reserved", bytes = 4, field = F["vmbus.padding"] },
          { name = "channelId", at = 8, bytes = 4, kind = "number", field = F["vmbus.channel_id"] },
          { name = "openId", at = 12, bytes = 4, kind = "number", field = F["vmbus.open_id"] },
          { name = "ringGpadlId", at = 16, bytes = 4, kind = "number", field = F["vmbus.ring_gpadl_id"] },
          { name = "targetVp", at = 20, bytes = 4, kind = "number", is_name_behind = true, names = names["vmbus.target_vp"], field = F["vmbus.target_vp"] },
          { name = "downstreamPageOffset", at = 24, bytes = 4, kind = "number", field = F["vmbus.downstream_page_offset"] },
          { name = "userData", at = 28, kind = "bytes", bytes = 120, field = F["vmbus.user_data"] },
          { name = "connectionId", at = 148, bytes = 4, kind = "number", field = F["vmbus.connection_id"] },
          { name = "eventFlag", at = 152, bytes = 2, kind = "number", field = F["vmbus.event_flag"] },
          { name = "openFlags", at = 154, bytes = 2, kind = "number", flags = { { name = "redirectInterrupt", mask = 1, field = F["vmbus.open_flags.redirect_interrupt"] } }, field = F["vmbus.open_flags"] },
        },
        {
          name = "openChannel", kind = "struct", bytes = 148,
          { name = "padding", at = 4, kind = "reserved", bytes = 4, field = F["vmbus.padding"] },
          { name = "channelId", at = 8, bytes = 4, kind = "number", field = F["vmbus.channel_id"] },
          { name = "openId", at = 12, bytes = 4, kind = "number", field = F["vmbus.open_id"] },
          { name = "ringGpadlId", at = 16, bytes = 4, kind = "number", field = F["vmbus.ring_gpadl_id"] },
          { name = "targetVp", at = 20, bytes = 4, kind = "number", is_name_behind = true, names = names["vmbus.target_vp"], field = F["vmbus.target_vp"] },
          { name = "downstreamPageOffset", at = 24, bytes = 4, kind = "number", field = F["vmbus.downstream_page_offset"] },
          { name = "userData", at = 28, kind = "bytes", bytes = 120, field = F["vmbus.user_data"] },
        },
      },
    },
    [6] = {
      name = "openResult", kind = "struct", bytes = 20,
      { name = "padding", at = 4, kind = "reserved", bytes = 4, field = F["vmbus.padding"] },
      { name = "channelId", at = 8, bytes = 4, kind = "number", field = F["vmbus.channel_id"] },
      { name = "openId", at = 12, bytes = 4, kind = "number", field = F["vmbus.open_id"] },
      { name = "status", at = 16, bytes = 4, kind = "number", names = names["vmbus.status"], field = F["vmbus.status"] },
    },
    [7] = {
      name = "closeChannel", kind = "struct", bytes = 12,
      { name = "padding", at = 4, kind = "reserved", bytes = 4, field = F["vmbus.padding"] },
      { name = "channelId", at = 8, bytes = 4, kind = "number", field = F["vmbus.channel_id"] },
    },
    [8] = {
      name = "gpadlHeader", kind = "struct", bytes = 20,
      { name = "readOnly", at = 4, bytes = 4, kind = "bit", field = F["vmbus.read_only"] },
      { name = "channelId", at = 8, bytes = 4, kind = "number", field = F["vmbus.channel_id"] },
      { name = "gpadlId", at = 12, bytes = 4, kind = "number", field = F["vmbus.gpadl_id"] },
      { name = "byteLength", at = 16, bytes = 2, kind = "number", field = F["vmbus.byte_length"] },
      { name = "rangeCount", at = 18, bytes = 2, kind = "number", field = F["vmbus.range_count"] },
      { name = "words", at = 20, kind = "bytes_to_end", bytes = 0, unit = 8, field = F["vmbus.words"] },
    },
    [9] = {
      name = "gpadlBody", kind = "struct", bytes = 16,
      { name = "padding", at = 4, kind = "reserved", bytes = 4, field = F["vmbus.padding"] },
      { name = "messageNumber", at = 8, bytes = 4, kind = "number", field = F["vmbus.message_number"] },
      { name = "gpadlId", at = 12, bytes = 4, kind = "number", field = F["vmbus.gpadl_id"] },
      { name = "words", at = 16, kind = "bytes_to_end", bytes = 0, unit = 8, field = F["vmbus.words"] },
    },
    [10] = {
      name = "gpadlCreated", kind = "struct", bytes = 20,
      { name = "padding", at = 4, kind = "reserved", bytes = 4, field = F["vmbus.padding"] },
      { name = "channelId", at = 8, bytes = 4, kind = "number", field = F["vmbus.channel_id"] },
      { name = "gpadlId", at = 12, bytes = 4, kind = "number", field = F["vmbus.gpadl_id"] },
      { name = "status", at = 16, bytes = 4, kind = "number", names = names["vmbus.status"], field = F["vmbus.status"] },
    },
    [11] = {
      name = "gpadlTeardown", kind = "struct", bytes = 16,
      { name = "padding", at = 4, kind = "reserved", bytes = 4, field = F["vmbus.padding"] },
      { name = "channelId", at = 8, bytes = 4, kind = "number", field = F["vmbus.channel_id"] },
      { name = "gpadlId", at = 12, bytes = 4, kind = "number", field = F["vmbus.gpadl_id"] },
    },
    [12] = {
      name = "gpadlTorndown", kind = "struct", bytes = 12,
      { name = "padding", at = 4, kind = "reserved", bytes = 4, field = F["vmbus.padding"] },
      { name = "gpadlId", at = 8, bytes = 4, kind = "number", field = F["vmbus.gpadl_id"] },
    },
    [13] = {
      name = "relIdReleased", kind = "struct", bytes = 12,
      { name = "padding", at = 4, kind = "reserved", bytes = 4, field = F["vmbus.padding"] },
      { name = "channelId", at = 8, bytes = 4, kind = "number", field = F["vmbus.channel_id"] },
    },
    [14] = {
      name = "initiateContact", kind = "bySize", bytes = 40,
      forms = {
        {
          name = "initiateContact", kind = "struct", bytes = 56,
          { name = "padding", at = 4, kind = "reserved", bytes = 4, field = F["vmbus.padding"] },
          { name = "version", at = 8, bytes = 4, kind = "number", names = names["vmbus.version"], field = F["vmbus.version"] },
          { name = "targetMessageVp", at = 12, bytes = 4, kind = "number", field = F["vmbus.target_message_vp"] },
          { name = "targetInfo", at = 16, bytes = 8, kind = "number", field = F["vmbus.target_info"] },
          { name = "parentToChildMonitorGpa", at = 24, bytes = 8, kind = "number", field = F["vmbus.parent_to_child_monitor_gpa"] },
          { name = "childToParentMonitorGpa", at = 32, bytes = 8, kind = "number", field = F["vmbus.child_to_parent_monitor_gpa"] },
          { name = "clientId", at = 40, kind = "guid", bytes = 16, field = F["vmbus.client_id"] },
        },
        {
          name = "initiateContact", kind = "struct", bytes = 40,
          { name = "padding", at = 4, kind = "reserved", bytes = 4, field = F["vmbus.padding"] },
          { name = "version", at = 8, bytes = 4, kind = "number", names = names["vmbus.version"], field = F["vmbus.version"] },
          { name = "targetMessageVp", at = 12, bytes = 4, kind = "number", field = F["vmbus.target_message_vp"] },
          { name = "targetInfo", at = 16, bytes = 8, kind = "number", field = F["vmbus.target_info"] },
          { name = "parentToChildMonitorGpa", at = 24, bytes = 8, kind = "number", field = F["vmbus.parent_to_child_monitor_gpa"] },
          { name = "childToParentMonitorGpa", at = 32, bytes = 8, kind = "number", field = F["vmbus.child_to_parent_monitor_gpa"] },
        },
      },
    },
    [15] = {
      name = "versionResponse", kind = "bySize", bytes = 16,
      forms = {
        {
          name = "versionResponse", kind = "struct", bytes = 40,
          { name = "padding", at = 4, kind = "reserved", bytes = 4, field = F["vmbus.padding"] },
          { name = "supported", at = 8, bytes = 1, kind = "number", field = F["vmbus.supported"] },
          { name = "connectionState", at = 9, bytes = 1, kind = "number", names = names["vmbus.connection_state"], field = F["vmbus.connection_state"] },
          { name = "reserved", at = 10, kind = "reserved", bytes = 2, field = F["vmbus.reserved"] },
          { name = "selected", at = 12, bytes = 4, kind = "number", field = F["vmbus.selected"] },
          { name = "supportedFeatures", at = 16, bytes = 4, kind = "number", flags = { { name = "guestSpecifiedSignalParameters", mask = 1, field = F["vmbus.supported_features.guest_specified_signal_parameters"] }, { name = "channelInterruptRedirection", mask = 2, field = F["vmbus.supported_features.channel_interrupt_redirection"] }, { name = "modifyConnection", mask = 4, field = F["vmbus.supported_features.modify_connection"] }, { name = "clientId", mask = 8, field = F["vmbus.supported_features.client_id"] }, { name = "confidentialChannels", mask = 16, field = F["vmbus.supported_features.confidential_channels"] }, { name = "pauseResume", mask = 32, field = F["vmbus.supported_features.pause_resume"] }, { name = "serverSpecifiedMonitorPages", mask = 64, field = F["vmbus.supported_features.server_specified_monitor_pages"] }, { name = "gpaPinning", mask = 128, field = F["vmbus.supported_features.gpa_pinning"] } }, field = F["vmbus.supported_features"] },
          { name = "reserved20", at = 20, kind = "reserved", bytes = 4, field = F["vmbus.reserved20"] },
          { name = "parentToChildMonitorGpa", at = 24, bytes = 8, kind = "number", field = F["vmbus.parent_to_child_monitor_gpa"] },
          { name = "childToParentMonitorGpa", at = 32, bytes = 8, kind = "number", field = F["vmbus.child_to_parent_monitor_gpa"] },
        },
        {
          name = "versionResponse", kind = "struct", bytes = 20,
          { name = "padding", at = 4, kind = "reserved", bytes = 4, field = F["vmbus.padding"] },
          { name = "supported", at = 8, bytes = 1, kind = "number", field = F["vmbus.supported"] },
          { name = "connectionState", at = 9, bytes = 1, kind = "number", names = names["vmbus.connection_state"], field = F["vmbus.connection_state"] },
          { name = "reserved", at = 10, kind = "reserved", bytes = 2, field = F["vmbus.reserved"] },
          { name = "selected", at = 12, bytes = 4, kind = "number", field = F["vmbus.selected"] },
          { name = "supportedFeatures", at = 16, bytes = 4, kind = "number", flags = { { name = "guestSpecifiedSignalParameters", mask = 1, field = F["vmbus.supported_features.guest_specified_signal_parameters"] }, { name = "channelInterruptRedirection", mask = 2, field = F["vmbus.supported_features.channel_interrupt_redirection"] }, { name = "modifyConnection", mask = 4, field = F["vmbus.supported_features.modify_connection"] }, { name = "clientId", mask = 8, field = F["vmbus.supported_features.client_id"] }, { name = "confidentialChannels", mask = 16, field = F["vmbus.supported_features.confidential_channels"] }, { name = "pauseResume", mask = 32, field = F["vmbus.supported_features.pause_resume"] }, { name = "serverSpecifiedMonitorPages", mask = 64, field = F["vmbus.supported_features.server_specified_monitor_pages"] }, { name = "gpaPinning", mask = 128, field = F["vmbus.supported_features.gpa_pinning"] } }, field = F["vmbus.supported_features"] },
        },
        {
          name = "versionResponse", kind = "struct", bytes = 16,
          { name = "padding", at = 4, kind = "reserved", bytes = 4, field = F["vmbus.padding"] },
          { name = "supported", at = 8, bytes = 1, kind = "number", field = F["vmbus.supported"] },
          { name = "connectionState", at = 9, bytes = 1, kind = "number", names = names["vmbus.connection_state"], field = F["vmbus.connection_state"] },
          { name = "reserved", at = 10, kind = "reserved", bytes = 2, field = F["vmbus.reserved"] },
          { name = "selected", at = 12, bytes = 4, kind = "number", field = F["vmbus.selected"] },
        },
      },
    },
    [16] = {
      name = "unload", kind = "struct", bytes = 8,
      { name = "padding", at = 4, kind = "reserved", bytes = 4, field = F["vmbus.padding"] },
    },
    [17] = {
      name = "unloadComplete", kind = "struct", bytes = 8,
      { name = "padding", at = 4, kind = "reserved", bytes = 4, field = F["vmbus.padding"] },
    },
    [18] = {
      name = "openReservedChannel", kind = "struct", bytes = 28,
      { name = "padding", at = 4, kind = "reserved", bytes = 4, field = F["vmbus.padding"] },
      { name = "channelId", at = 8, bytes = 4, kind = "number", field = F["vmbus.channel_id"] },
      { name = "targetVp", at = 12, bytes = 4, kind = "number", field = F["vmbus.open_reserved_channel.target_vp"] },
      { name = "targetSint", at = 16, bytes = 4, kind = "number", field = F["vmbus.target_sint"] },
      { name = "ringGpadlId", at = 20, bytes = 4, kind = "number", field = F["vmbus.ring_gpadl_id"] },
      { name = "downstreamPageOffset", at = 24, bytes = 4, kind = "number", field = F["vmbus.downstream_page_offset"] },
    },
    [19] = {
      name = "closeReservedChannel", kind = "struct", bytes = 20,
      { name = "padding", at = 4, kind = "reserved", bytes = 4, field = F["vmbus.padding"] },
      { name = "channelId", at = 8, bytes = 4, kind = "number", field = F["vmbus.channel_id"] },
      { name = "targetVp", at = 12, bytes = 4, kind = "number", field = F["vmbus.close_reserved_channel.target_vp"] },
      { name = "targetSint", at = 16, bytes = 4, kind = "number", field = F["vmbus.target_sint"] },
    },
    [20] = {
      name = "closeReservedResponse", kind = "struct", bytes = 12,
      { name = "padding", at = 4, kind = "reserved", bytes = 4, field = F["vmbus.padding"] },
      { name = "channelId", at = 8, bytes = 4, kind = "number", field = F["vmbus.channel_id"] },
    },
    [21] = {
      name = "tlConnectRequest", kind = "bySize", bytes = 40,
      forms = {
        {
          name = "tlConnectRequest", kind = "struct", bytes = 56,
          { name = "padding", at = 4, kind = "reserved", bytes = 4, field = F["vmbus.padding"] },
          { name = "endpointId", at = 8, kind = "guid", bytes = 16, field = F["vmbus.endpoint_id"] },
          { name = "serviceId", at = 24, kind = "guid", bytes = 16, field = F["vmbus.service_id"] },
          { name = "siloId", at = 40, kind = "guid", bytes = 16, field = F["vmbus.silo_id"] },
        },
        {
          name = "tlConnectRequest", kind = "struct", bytes = 40,
          { name = "padding", at = 4, kind = "reserved", bytes = 4, field = F["vmbus.padding"] },
          { name = "endpointId", at = 8, kind = "guid", bytes = 16, field = F["vmbus.endpoint_id"] },
          { name = "serviceId", at = 24, kind = "guid", bytes = 16, field = F["vmbus.service_id"] },
        },
      },
    },
    [22] = {
      name = "modifyChannel", kind = "struct", bytes = 16,
      { name = "padding", at = 4, kind = "reserved", bytes = 4, field = F["vmbus.padding"] },
      { name = "channelId", at = 8, bytes = 4, kind = "number", field = F["vmbus.channel_id"] },
      { name = "targetVp", at = 12, bytes = 4, kind = "number", field = F["vmbus.modify_channel.target_vp"] },
    },
    [23] = {
      name = "tlConnectResult", kind = "struct", bytes = 44,
      { name = "padding", at = 4, kind = "reserved", bytes = 4, field = F["vmbus.padding"] },
      { name = "endpointId", at = 8, kind = "guid", bytes = 16, field = F["vmbus.endpoint_id"] },
      { name = "serviceId", at = 24, kind = "guid", bytes = 16, field = F["vmbus.service_id"] },
      { name = "status", at = 40, bytes = 4, kind = "number", names = names["vmbus.status"], field = F["vmbus.status"] },
    },
    [24] = {
      name = "modifyChannelResponse", kind = "struct", bytes = 16,
      { name = "padding", at = 4, kind = "reserved", bytes = 4, field = F["vmbus.padding"] },
      { name = "channelId", at = 8, bytes = 4, kind = "number", field = F["vmbus.channel_id"] },
      { name = "status", at = 12, bytes = 4, kind = "number", names = names["vmbus.status"], field = F["vmbus.status"] },
    },
    [25] = {
      name = "modifyConnection", kind = "struct", bytes = 24,
      { name = "padding", at = 4, kind = "reserved", bytes = 4, field = F["vmbus.padding"] },
      { name = "parentToChildMonitorGpa", at = 8, bytes = 8, kind = "number", field = F["vmbus.parent_to_child_monitor_gpa"] },
      { name = "childToParentMonitorGpa", at = 16, bytes = 8, kind = "number", field = F["vmbus.child_to_parent_monitor_gpa"] },
    },
    [26] = {
      name = "modifyConnectionResponse", kind = "struct", bytes = 9,
      { name = "padding", at = 4, kind = "reserved", bytes = 4, field = F["vmbus.padding"] },
      { name = "connectionState", at = 8, bytes = 1, kind = "number", names = names["vmbus.connection_state"], field = F["vmbus.connection_state"] },
    },
    [27] = {
      name = "pause", kind = "struct", bytes = 8,
      { name = "padding", at = 4, kind = "reserved", bytes = 4, field = F["vmbus.padding"] },
    },
    [28] = {
      name = "pauseResponse", kind = "struct", bytes = 8,
      { name = "padding", at = 4, kind = "reserved", bytes = 4, field = F["vmbus.padding"] },
    },
    [29] = {
      name = "resume", kind = "struct", bytes = 8,
      { name = "padding", at = 4, kind = "reserved", bytes = 4, field = F["vmbus.padding"] },
    },
  },
}

layouts.descriptor = {
  name = "descriptor", kind = "struct", bytes = 16,
  { name = "type", at = 0, bytes = 2, kind = "number", names = names["vmbus.packet.type"], field = F["vmbus.packet.type"] },
  { name = "dataOffset8", at = 2, bytes = 2, kind = "number", field = F["vmbus.packet.data_offset8"] },
  { name = "length8", at = 4, bytes = 2, kind = "number", field = F["vmbus.packet.length8"] },
  { name = "flags", at = 6, bytes = 2, kind = "number", flags = { { name = "completionRequested", mask = 1, field = F["vmbus.packet.flags.completion_requested"] } }, field = F["vmbus.packet.flags"] },
  { name = "transactionId", at = 8, bytes = 8, kind = "number", field = F["vmbus.packet.transaction_id"] },
}

layouts.gpa_direct = {
  name = "GPA direct header", kind = "struct", bytes = 8,
  { name = "reserved", at = 0, kind = "reserved", bytes = 4, field = F["vmbus.gpa.reserved"] },
  { name = "rangeCount", at = 4, bytes = 4, kind = "number", field = F["vmbus.gpa.range_count"] },
  { name = "ranges", at = 8, kind = "array", bytes = 0, unit = "ranges", one = "range", count = "rangeCount", element = { name = "ranges", kind = "layout", bytes = 8, layout = {
    name = "range", kind = "struct", bytes = 8,
    { name = "byteCount", at = 0, bytes = 4, kind = "number", min = 1, max = 4294967295, field = F["vmbus.gpa.byte_count"] },
    { name = "byteOffset", at = 4, bytes = 4, kind = "number", min = 0, max = 4095, field = F["vmbus.gpa.byte_offset"] },
    { name = "pfns", at = 8, kind = "array", bytes = 0, unit = "pages", one = "page", count = function(values) return math.ceil((values.byteOffset + values.byteCount) / 4096) end, element = { name = "pfns", bytes = 8, kind = "number", field = F["vmbus.gpa.pfn"] }, field = F["vmbus.gpa.pfns"] },
  }, field = F["vmbus.gpa.range"] }, field = F["vmbus.gpa.ranges"] },
}

layouts.transfer_pages = {
  name = "transfer pages header", kind = "struct", bytes = 8,
  { name = "pageSetId", at = 0, bytes = 2, kind = "number", field = F["vmbus.transfer.page_set_id"] },
  { name = "reserved", at = 2, kind = "reserved", bytes = 2, field = F["vmbus.transfer.reserved"] },
  { name = "rangeCount", at = 4, bytes = 4, kind = "number", field = F["vmbus.transfer.range_count"] },
  { name = "ranges", at = 8, kind = "array", bytes = 0, unit = "ranges", one = "range", count = "rangeCount", element = { name = "ranges", kind = "layout", bytes = 8, layout = {
    name = "range", kind = "struct", bytes = 8,
    { name = "byteCount", at = 0, bytes = 4, kind = "number", field = F["vmbus.transfer.byte_count"] },
    { name = "byteOffset", at = 4, bytes = 4, kind = "number", field = F["vmbus.transfer.byte_offset"] },
  }, field = F["vmbus.transfer.range"] }, field = F["vmbus.transfer.ranges"] },
}

layouts.pipe_header = {
  name = "pipe header", kind = "struct", bytes = 8,
  { name = "packetType", at = 0, bytes = 4, kind = "number", names = names["vmbus.pipe.packet_type"], field = F["vmbus.pipe.packet_type"] },
  { name = "length", at = 4, bytes = 4, kind = "number", field = F["vmbus.pipe.length"] },
}

layouts.trailer = {
  name = "trailer", kind = "struct", bytes = 8,
  { name = "reserved", at = 0, kind = "reserved", bytes = 4, field = F["vmbus.trailer.reserved"] },
  { name = "descriptorOffset", at = 4, bytes = 4, kind = "number", field = F["vmbus.trailer.descriptor_offset"] },
}

-- What devices say in their payloads.
local devices_by_name = {}
devices_by_name.echo = {
  name = "echo",
  { layout = {
  name = "echo header", kind = "struct", bytes = 16,
  { name = "kind", at = 0, bytes = 4, kind = "number", is_choice = true, names = names["vmbus.echo.kind"], field = F["vmbus.echo.kind"] },
  { name = "payloadBytes", at = 4, bytes = 4, kind = "number", field = F["vmbus.echo.payload_bytes"] },
  { name = "sequence", at = 8, bytes = 8, kind = "number", field = F["vmbus.echo.sequence"] },
} },
}
devices_by_name.disk = {
  name = "disk",
  { direction = 0, layout = {
  name = "disk request", kind = "byField", bytes = 8,
  head = {
    name = "disk request", kind = "struct", bytes = 8,
    { name = "operation", at = 0, bytes = 4, kind = "number", is_choice = true, names = names["vmbus.disk.operation"], field = F["vmbus.disk.operation"] },
    { name = "reserved", at = 4, kind = "reserved", bytes = 4, field = F["vmbus.disk.reserved"] },
  },
  tag = "operation",
  bodies = {
    [1] = {
      name = "negotiate", kind = "struct", bytes = 24,
      { name = "version", at = 8, bytes = 4, kind = "number", field = F["vmbus.disk.version"] },
      { name = "statusGpadl", at = 12, bytes = 4, kind = "number", field = F["vmbus.disk.status_gpadl"] },
      { name = "reserved16", at = 16, kind = "reserved", bytes = 8, field = F["vmbus.disk.reserved16"] },
    },
    [2] = {
      name = "read", kind = "struct", bytes = 24,
      { name = "firstBlock", at = 8, bytes = 8, kind = "number", field = F["vmbus.disk.first_block"] },
      { name = "blockCount", at = 16, bytes = 4, kind = "number", field = F["vmbus.disk.block_count"] },
      { name = "reserved20", at = 20, kind = "reserved", bytes = 4, field = F["vmbus.disk.reserved20"] },
    },
    [3] = {
      name = "write", kind = "struct", bytes = 24,
      { name = "firstBlock", at = 8, bytes = 8, kind = "number", field = F["vmbus.disk.first_block"] },
      { name = "blockCount", at = 16, bytes = 4, kind = "number", field = F["vmbus.disk.block_count"] },
      { name = "reserved20", at = 20, kind = "reserved", bytes = 4, field = F["vmbus.disk.reserved20"] },
    },
    [4] = {
      name = "flush", kind = "struct", bytes = 24,
      { name = "reserved8", at = 8, kind = "reserved", bytes = 16, field = F["vmbus.disk.reserved8"] },
    },
  },
} },
  { direction = 1, layout = {
  name = "disk reply", kind = "struct", bytes = 16,
  { name = "answer", at = 0, bytes = 4, kind = "number", is_choice = true, names = names["vmbus.disk.answer"], field = F["vmbus.disk.answer"] },
  { name = "blockCount", at = 4, bytes = 4, kind = "number", field = F["vmbus.disk.block_count"] },
  { name = "reserved", at = 8, kind = "reserved", bytes = 8, field = F["vmbus.disk.reserved"] },
} },
}
devices_by_name.storage = {
  name = "storage",
  { direction = 0, is_answer = false, layout = {
  name = "storage request", kind = "byField", bytes = 12,
  head = {
    name = "storage request", kind = "struct", bytes = 12,
    { name = "operation", at = 0, bytes = 4, kind = "number", is_choice = true, names = names["vmbus.storage.operation"], field = F["vmbus.storage.operation"] },
    { name = "flags", at = 4, bytes = 4, kind = "number", flags = { { name = "completionWanted", mask = 1, field = F["vmbus.storage.flags.completion_wanted"] } }, field = F["vmbus.storage.flags"] },
    { name = "status", at = 8, bytes = 4, kind = "number", field = F["vmbus.storage.status"] },
  },
  tag = "operation",
  bodies = {
    [3] = {
      name = "executeSrb", kind = "bySize", bytes = 48,
      forms = {
        {
          name = "executeSrb", kind = "struct", bytes = 64,
          { name = "srbBytes", at = 12, bytes = 2, kind = "number", field = F["vmbus.storage.srb_bytes"] },
          { name = "srbStatus", at = 14, bytes = 1, kind = "number", names = names["vmbus.storage.srb_status"], field = F["vmbus.storage.srb_status"] },
          { name = "scsiStatus", at = 15, bytes = 1, kind = "number", names = names["vmbus.storage.scsi_status"], field = F["vmbus.storage.scsi_status"] },
          { name = "portNumber", at = 16, bytes = 1, kind = "number", field = F["vmbus.storage.port_number"] },
          { name = "pathId", at = 17, bytes = 1, kind = "number", field = F["vmbus.storage.path_id"] },
          { name = "targetId", at = 18, bytes = 1, kind = "number", field = F["vmbus.storage.target_id"] },
          { name = "lun", at = 19, bytes = 1, kind = "number", field = F["vmbus.storage.lun"] },
          { name = "cdbBytes", at = 20, bytes = 1, kind = "number", field = F["vmbus.storage.cdb_bytes"] },
          { name = "senseBytes", at = 21, bytes = 1, kind = "number", field = F["vmbus.storage.sense_bytes"] },
          { name = "direction", at = 22, bytes = 1, kind = "number", names = names["vmbus.storage.direction"], field = F["vmbus.storage.direction"] },
          { name = "reserved23", at = 23, kind = "reserved", bytes = 1, field = F["vmbus.storage.reserved23"] },
          { name = "dataTransferBytes", at = 24, bytes = 4, kind = "number", field = F["vmbus.storage.data_transfer_bytes"] },
          { name = "cdb", at = 28, kind = "bytes", bytes = 16, inside = {
            name = "CDB", kind = "byField", bytes = 1,
            head = {
              name = "CDB", kind = "struct", bytes = 1,
              { name = "operation", at = 0, bytes = 1, kind = "number", is_choice = true, names = names["vmbus.storage.cdb.operation"], field = F["vmbus.storage.cdb.operation"] },
            },
            tag = "operation",
            bodies = {
              [0] = {
                name = "testUnitReady", kind = "struct", bytes = 6,
                { name = "reserved1", at = 1, kind = "reserved", bytes = 4, field = F["vmbus.storage.cdb.reserved1"] },
                { name = "control", at = 5, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [3] = {
                name = "requestSense", kind = "struct", bytes = 6,
                { name = "reserved1", at = 1, kind = "reserved", bytes = 3, field = F["vmbus.storage.cdb.reserved1"] },
                { name = "allocationBytes", at = 4, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.allocation_bytes"] },
                { name = "control", at = 5, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [4] = {
                name = "formatUnit", kind = "struct", bytes = 6,
                { name = "reserved1", at = 1, kind = "reserved", bytes = 4, field = F["vmbus.storage.cdb.reserved1"] },
                { name = "control", at = 5, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [8] = {
                name = "read6", kind = "struct", bytes = 6,
                { name = "lbaHigh", at = 1, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.lba_high"] },
                { name = "lbaLow", at = 2, bytes = 2, kind = "number", big = true, field = F["vmbus.storage.cdb.lba_low"] },
                { name = "blocks", at = 4, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.blocks"] },
                { name = "control", at = 5, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [10] = {
                name = "write6", kind = "struct", bytes = 6,
                { name = "lbaHigh", at = 1, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.lba_high"] },
                { name = "lbaLow", at = 2, bytes = 2, kind = "number", big = true, field = F["vmbus.storage.cdb.lba_low"] },
                { name = "blocks", at = 4, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.blocks"] },
                { name = "control", at = 5, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [18] = {
                name = "inquiry", kind = "struct", bytes = 6,
                { name = "isVital", at = 1, bytes = 1, kind = "bit", field = F["vmbus.storage.cdb.is_vital"] },
                { name = "isCommandSupport", at = 1, bytes = 1, kind = "bit", field = F["vmbus.storage.cdb.is_command_support"] },
                { name = "page", at = 2, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.page"] },
                { name = "allocationBytes", at = 3, bytes = 2, kind = "number", big = true, field = F["vmbus.storage.cdb.inquiry.allocation_bytes"] },
                { name = "control", at = 5, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [21] = {
                name = "modeSelect6", kind = "struct", bytes = 6,
                { name = "isSaved", at = 1, bytes = 1, kind = "bit", field = F["vmbus.storage.cdb.is_saved"] },
                { name = "reserved2", at = 2, kind = "reserved", bytes = 2, field = F["vmbus.storage.cdb.reserved2"] },
                { name = "parameterBytes", at = 4, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.parameter_bytes"] },
                { name = "control", at = 5, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [22] = {
                name = "reserve6", kind = "struct", bytes = 6,
                { name = "reserved1", at = 1, kind = "reserved", bytes = 4, field = F["vmbus.storage.cdb.reserved1"] },
                { name = "control", at = 5, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [23] = {
                name = "release6", kind = "struct", bytes = 6,
                { name = "reserved1", at = 1, kind = "reserved", bytes = 4, field = F["vmbus.storage.cdb.reserved1"] },
                { name = "control", at = 5, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [26] = {
                name = "modeSense6", kind = "struct", bytes = 6,
                { name = "modeFlags", at = 1, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.mode_flags"] },
                { name = "page", at = 2, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.page"] },
                { name = "subpage", at = 3, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.subpage"] },
                { name = "allocationBytes", at = 4, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.allocation_bytes"] },
                { name = "control", at = 5, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [27] = {
                name = "startStopUnit", kind = "struct", bytes = 6,
                { name = "isImmediate", at = 1, bytes = 1, kind = "bit", field = F["vmbus.storage.cdb.is_immediate"] },
                { name = "reserved2", at = 2, kind = "reserved", bytes = 2, field = F["vmbus.storage.cdb.reserved2"] },
                { name = "isStart", at = 4, bytes = 1, kind = "bit", field = F["vmbus.storage.cdb.is_start"] },
                { name = "control", at = 5, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [29] = {
                name = "sendDiagnostic", kind = "struct", bytes = 6,
                { name = "parameters", at = 1, kind = "bytes", bytes = 5, field = F["vmbus.storage.cdb.parameters"] },
              },
              [30] = {
                name = "preventMediumRemoval", kind = "struct", bytes = 6,
                { name = "reserved1", at = 1, kind = "reserved", bytes = 4, field = F["vmbus.storage.cdb.reserved1"] },
                { name = "control", at = 5, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [37] = {
                name = "readCapacity10", kind = "struct", bytes = 10,
                { name = "reserved1", at = 1, kind = "reserved", bytes = 8, field = F["vmbus.storage.cdb.reserved1"] },
                { name = "control", at = 9, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [40] = {
                name = "read10", kind = "struct", bytes = 10,
                { name = "blockFlags", at = 1, bytes = 1, kind = "number", flags = { { name = "relativeAddress", mask = 1, field = F["vmbus.storage.cdb.block_flags.relative_address"] }, { name = "forceUnitAccess", mask = 8, field = F["vmbus.storage.cdb.block_flags.force_unit_access"] }, { name = "disablePageOut", mask = 16, field = F["vmbus.storage.cdb.block_flags.disable_page_out"] } }, field = F["vmbus.storage.cdb.block_flags"] },
                { name = "lba", at = 2, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.lba"] },
                { name = "reserved6", at = 6, kind = "reserved", bytes = 1, field = F["vmbus.storage.cdb.reserved6"] },
                { name = "blocks", at = 7, bytes = 2, kind = "number", big = true, field = F["vmbus.storage.cdb.read10.blocks"] },
                { name = "control", at = 9, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [42] = {
                name = "write10", kind = "struct", bytes = 10,
                { name = "blockFlags", at = 1, bytes = 1, kind = "number", flags = { { name = "relativeAddress", mask = 1, field = F["vmbus.storage.cdb.block_flags.relative_address"] }, { name = "forceUnitAccess", mask = 8, field = F["vmbus.storage.cdb.block_flags.force_unit_access"] }, { name = "disablePageOut", mask = 16, field = F["vmbus.storage.cdb.block_flags.disable_page_out"] } }, field = F["vmbus.storage.cdb.block_flags"] },
                { name = "lba", at = 2, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.lba"] },
                { name = "reserved6", at = 6, kind = "reserved", bytes = 1, field = F["vmbus.storage.cdb.reserved6"] },
                { name = "blocks", at = 7, bytes = 2, kind = "number", big = true, field = F["vmbus.storage.cdb.write10.blocks"] },
                { name = "control", at = 9, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [46] = {
                name = "writeAndVerify10", kind = "struct", bytes = 10,
                { name = "blockFlags", at = 1, bytes = 1, kind = "number", flags = { { name = "relativeAddress", mask = 1, field = F["vmbus.storage.cdb.block_flags.relative_address"] }, { name = "forceUnitAccess", mask = 8, field = F["vmbus.storage.cdb.block_flags.force_unit_access"] }, { name = "disablePageOut", mask = 16, field = F["vmbus.storage.cdb.block_flags.disable_page_out"] } }, field = F["vmbus.storage.cdb.block_flags"] },
                { name = "lba", at = 2, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.lba"] },
                { name = "reserved6", at = 6, kind = "reserved", bytes = 1, field = F["vmbus.storage.cdb.reserved6"] },
                { name = "blocks", at = 7, bytes = 2, kind = "number", big = true, field = F["vmbus.storage.cdb.write_and_verify10.blocks"] },
                { name = "control", at = 9, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [47] = {
                name = "verify10", kind = "struct", bytes = 10,
                { name = "blockFlags", at = 1, bytes = 1, kind = "number", flags = { { name = "relativeAddress", mask = 1, field = F["vmbus.storage.cdb.block_flags.relative_address"] }, { name = "forceUnitAccess", mask = 8, field = F["vmbus.storage.cdb.block_flags.force_unit_access"] }, { name = "disablePageOut", mask = 16, field = F["vmbus.storage.cdb.block_flags.disable_page_out"] } }, field = F["vmbus.storage.cdb.block_flags"] },
                { name = "lba", at = 2, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.lba"] },
                { name = "reserved6", at = 6, kind = "reserved", bytes = 1, field = F["vmbus.storage.cdb.reserved6"] },
                { name = "blocks", at = 7, bytes = 2, kind = "number", big = true, field = F["vmbus.storage.cdb.verify10.blocks"] },
                { name = "control", at = 9, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [53] = {
                name = "synchronizeCache10", kind = "struct", bytes = 10,
                { name = "blockFlags", at = 1, bytes = 1, kind = "number", flags = { { name = "relativeAddress", mask = 1, field = F["vmbus.storage.cdb.block_flags.relative_address"] }, { name = "forceUnitAccess", mask = 8, field = F["vmbus.storage.cdb.block_flags.force_unit_access"] }, { name = "disablePageOut", mask = 16, field = F["vmbus.storage.cdb.block_flags.disable_page_out"] } }, field = F["vmbus.storage.cdb.block_flags"] },
                { name = "lba", at = 2, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.lba"] },
                { name = "reserved6", at = 6, kind = "reserved", bytes = 1, field = F["vmbus.storage.cdb.reserved6"] },
                { name = "blocks", at = 7, bytes = 2, kind = "number", big = true, field = F["vmbus.storage.cdb.synchronize_cache10.blocks"] },
                { name = "control", at = 9, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [65] = {
                name = "writeSame10", kind = "struct", bytes = 10,
                { name = "blockFlags", at = 1, bytes = 1, kind = "number", flags = { { name = "relativeAddress", mask = 1, field = F["vmbus.storage.cdb.block_flags.relative_address"] }, { name = "forceUnitAccess", mask = 8, field = F["vmbus.storage.cdb.block_flags.force_unit_access"] }, { name = "disablePageOut", mask = 16, field = F["vmbus.storage.cdb.block_flags.disable_page_out"] } }, field = F["vmbus.storage.cdb.block_flags"] },
                { name = "lba", at = 2, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.lba"] },
                { name = "reserved6", at = 6, kind = "reserved", bytes = 1, field = F["vmbus.storage.cdb.reserved6"] },
                { name = "blocks", at = 7, bytes = 2, kind = "number", big = true, field = F["vmbus.storage.cdb.write_same10.blocks"] },
                { name = "control", at = 9, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [66] = {
                name = "unmap", kind = "struct", bytes = 10,
                { name = "reserved1", at = 1, kind = "reserved", bytes = 6, field = F["vmbus.storage.cdb.reserved1"] },
                { name = "parameterBytes", at = 7, bytes = 2, kind = "number", big = true, field = F["vmbus.storage.cdb.unmap.parameter_bytes"] },
                { name = "control", at = 9, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [85] = {
                name = "modeSelect10", kind = "struct", bytes = 10,
                { name = "isSaved", at = 1, bytes = 1, kind = "bit", field = F["vmbus.storage.cdb.is_saved"] },
                { name = "reserved2", at = 2, kind = "reserved", bytes = 5, field = F["vmbus.storage.cdb.reserved2"] },
                { name = "parameterBytes", at = 7, bytes = 2, kind = "number", big = true, field = F["vmbus.storage.cdb.mode_select10.parameter_bytes"] },
                { name = "control", at = 9, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [90] = {
                name = "modeSense10", kind = "struct", bytes = 10,
                { name = "modeFlags", at = 1, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.mode_flags"] },
                { name = "page", at = 2, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.page"] },
                { name = "subpage", at = 3, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.subpage"] },
                { name = "reserved4", at = 4, kind = "reserved", bytes = 3, field = F["vmbus.storage.cdb.reserved4"] },
                { name = "allocationBytes", at = 7, bytes = 2, kind = "number", big = true, field = F["vmbus.storage.cdb.mode_sense10.allocation_bytes"] },
                { name = "control", at = 9, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [94] = {
                name = "persistentReserveIn", kind = "struct", bytes = 10,
                { name = "serviceAction", at = 1, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.service_action"] },
                { name = "reserved2", at = 2, kind = "reserved", bytes = 5, field = F["vmbus.storage.cdb.reserved2"] },
                { name = "allocationBytes", at = 7, bytes = 2, kind = "number", big = true, field = F["vmbus.storage.cdb.persistent_reserve_in.allocation_bytes"] },
                { name = "control", at = 9, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [95] = {
                name = "persistentReserveOut", kind = "struct", bytes = 10,
                { name = "serviceAction", at = 1, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.service_action"] },
                { name = "scopeAndType", at = 2, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.scope_and_type"] },
                { name = "reserved3", at = 3, kind = "reserved", bytes = 2, field = F["vmbus.storage.cdb.reserved3"] },
                { name = "parameterBytes", at = 5, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.persistent_reserve_out.parameter_bytes"] },
                { name = "control", at = 9, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [136] = {
                name = "read16", kind = "struct", bytes = 16,
                { name = "blockFlags", at = 1, bytes = 1, kind = "number", flags = { { name = "relativeAddress", mask = 1, field = F["vmbus.storage.cdb.block_flags.relative_address"] }, { name = "forceUnitAccess", mask = 8, field = F["vmbus.storage.cdb.block_flags.force_unit_access"] }, { name = "disablePageOut", mask = 16, field = F["vmbus.storage.cdb.block_flags.disable_page_out"] } }, field = F["vmbus.storage.cdb.block_flags"] },
                { name = "lba", at = 2, bytes = 8, kind = "number", big = true, field = F["vmbus.storage.cdb.read16.lba"] },
                { name = "blocks", at = 10, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.read16.blocks"] },
                { name = "reserved14", at = 14, kind = "reserved", bytes = 1, field = F["vmbus.storage.cdb.reserved14"] },
                { name = "control", at = 15, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [138] = {
                name = "write16", kind = "struct", bytes = 16,
                { name = "blockFlags", at = 1, bytes = 1, kind = "number", flags = { { name = "relativeAddress", mask = 1, field = F["vmbus.storage.cdb.block_flags.relative_address"] }, { name = "forceUnitAccess", mask = 8, field = F["vmbus.storage.cdb.block_flags.force_unit_access"] }, { name = "disablePageOut", mask = 16, field = F["vmbus.storage.cdb.block_flags.disable_page_out"] } }, field = F["vmbus.storage.cdb.block_flags"] },
                { name = "lba", at = 2, bytes = 8, kind = "number", big = true, field = F["vmbus.storage.cdb.write16.lba"] },
                { name = "blocks", at = 10, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.write16.blocks"] },
                { name = "reserved14", at = 14, kind = "reserved", bytes = 1, field = F["vmbus.storage.cdb.reserved14"] },
                { name = "control", at = 15, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [142] = {
                name = "writeAndVerify16", kind = "struct", bytes = 16,
                { name = "blockFlags", at = 1, bytes = 1, kind = "number", flags = { { name = "relativeAddress", mask = 1, field = F["vmbus.storage.cdb.block_flags.relative_address"] }, { name = "forceUnitAccess", mask = 8, field = F["vmbus.storage.cdb.block_flags.force_unit_access"] }, { name = "disablePageOut", mask = 16, field = F["vmbus.storage.cdb.block_flags.disable_page_out"] } }, field = F["vmbus.storage.cdb.block_flags"] },
                { name = "lba", at = 2, bytes = 8, kind = "number", big = true, field = F["vmbus.storage.cdb.write_and_verify16.lba"] },
                { name = "blocks", at = 10, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.write_and_verify16.blocks"] },
                { name = "reserved14", at = 14, kind = "reserved", bytes = 1, field = F["vmbus.storage.cdb.reserved14"] },
                { name = "control", at = 15, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [143] = {
                name = "verify16", kind = "struct", bytes = 16,
                { name = "blockFlags", at = 1, bytes = 1, kind = "number", flags = { { name = "relativeAddress", mask = 1, field = F["vmbus.storage.cdb.block_flags.relative_address"] }, { name = "forceUnitAccess", mask = 8, field = F["vmbus.storage.cdb.block_flags.force_unit_access"] }, { name = "disablePageOut", mask = 16, field = F["vmbus.storage.cdb.block_flags.disable_page_out"] } }, field = F["vmbus.storage.cdb.block_flags"] },
                { name = "lba", at = 2, bytes = 8, kind = "number", big = true, field = F["vmbus.storage.cdb.verify16.lba"] },
                { name = "blocks", at = 10, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.verify16.blocks"] },
                { name = "reserved14", at = 14, kind = "reserved", bytes = 1, field = F["vmbus.storage.cdb.reserved14"] },
                { name = "control", at = 15, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [145] = {
                name = "synchronizeCache16", kind = "struct", bytes = 16,
                { name = "blockFlags", at = 1, bytes = 1, kind = "number", flags = { { name = "relativeAddress", mask = 1, field = F["vmbus.storage.cdb.block_flags.relative_address"] }, { name = "forceUnitAccess", mask = 8, field = F["vmbus.storage.cdb.block_flags.force_unit_access"] }, { name = "disablePageOut", mask = 16, field = F["vmbus.storage.cdb.block_flags.disable_page_out"] } }, field = F["vmbus.storage.cdb.block_flags"] },
                { name = "lba", at = 2, bytes = 8, kind = "number", big = true, field = F["vmbus.storage.cdb.synchronize_cache16.lba"] },
                { name = "blocks", at = 10, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.synchronize_cache16.blocks"] },
                { name = "reserved14", at = 14, kind = "reserved", bytes = 1, field = F["vmbus.storage.cdb.reserved14"] },
                { name = "control", at = 15, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [147] = {
                name = "writeSame16", kind = "struct", bytes = 16,
                { name = "blockFlags", at = 1, bytes = 1, kind = "number", flags = { { name = "relativeAddress", mask = 1, field = F["vmbus.storage.cdb.block_flags.relative_address"] }, { name = "forceUnitAccess", mask = 8, field = F["vmbus.storage.cdb.block_flags.force_unit_access"] }, { name = "disablePageOut", mask = 16, field = F["vmbus.storage.cdb.block_flags.disable_page_out"] } }, field = F["vmbus.storage.cdb.block_flags"] },
                { name = "lba", at = 2, bytes = 8, kind = "number", big = true, field = F["vmbus.storage.cdb.write_same16.lba"] },
                { name = "blocks", at = 10, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.write_same16.blocks"] },
                { name = "reserved14", at = 14, kind = "reserved", bytes = 1, field = F["vmbus.storage.cdb.reserved14"] },
                { name = "control", at = 15, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [158] = {
                name = "serviceActionIn16", kind = "struct", bytes = 16,
                { name = "serviceAction", at = 1, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.service_action_in16.service_action"] },
                { name = "lba", at = 2, bytes = 8, kind = "number", big = true, field = F["vmbus.storage.cdb.service_action_in16.lba"] },
                { name = "allocationBytes", at = 10, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.service_action_in16.allocation_bytes"] },
                { name = "reserved14", at = 14, kind = "reserved", bytes = 1, field = F["vmbus.storage.cdb.reserved14"] },
                { name = "control", at = 15, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [160] = {
                name = "reportLuns", kind = "struct", bytes = 12,
                { name = "reserved1", at = 1, kind = "reserved", bytes = 1, field = F["vmbus.storage.cdb.reserved1"] },
                { name = "selectReport", at = 2, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.select_report"] },
                { name = "reserved3", at = 3, kind = "reserved", bytes = 3, field = F["vmbus.storage.cdb.reserved3"] },
                { name = "allocationBytes", at = 6, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.report_luns.allocation_bytes"] },
                { name = "reserved10", at = 10, kind = "reserved", bytes = 1, field = F["vmbus.storage.cdb.reserved10"] },
                { name = "control", at = 11, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [168] = {
                name = "read12", kind = "struct", bytes = 12,
                { name = "blockFlags", at = 1, bytes = 1, kind = "number", flags = { { name = "relativeAddress", mask = 1, field = F["vmbus.storage.cdb.block_flags.relative_address"] }, { name = "forceUnitAccess", mask = 8, field = F["vmbus.storage.cdb.block_flags.force_unit_access"] }, { name = "disablePageOut", mask = 16, field = F["vmbus.storage.cdb.block_flags.disable_page_out"] } }, field = F["vmbus.storage.cdb.block_flags"] },
                { name = "lba", at = 2, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.lba"] },
                { name = "blocks", at = 6, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.read12.blocks"] },
                { name = "reserved10", at = 10, kind = "reserved", bytes = 1, field = F["vmbus.storage.cdb.reserved10"] },
                { name = "control", at = 11, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [170] = {
                name = "write12", kind = "struct", bytes = 12,
                { name = "blockFlags", at = 1, bytes = 1, kind = "number", flags = { { name = "relativeAddress", mask = 1, field = F["vmbus.storage.cdb.block_flags.relative_address"] }, { name = "forceUnitAccess", mask = 8, field = F["vmbus.storage.cdb.block_flags.force_unit_access"] }, { name = "disablePageOut", mask = 16, field = F["vmbus.storage.cdb.block_flags.disable_page_out"] } }, field = F["vmbus.storage.cdb.block_flags"] },
                { name = "lba", at = 2, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.lba"] },
                { name = "blocks", at = 6, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.write12.blocks"] },
                { name = "reserved10", at = 10, kind = "reserved", bytes = 1, field = F["vmbus.storage.cdb.reserved10"] },
                { name = "control", at = 11, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [174] = {
                name = "writeAndVerify12", kind = "struct", bytes = 12,
                { name = "blockFlags", at = 1, bytes = 1, kind = "number", flags = { { name = "relativeAddress", mask = 1, field = F["vmbus.storage.cdb.block_flags.relative_address"] }, { name = "forceUnitAccess", mask = 8, field = F["vmbus.storage.cdb.block_flags.force_unit_access"] }, { name = "disablePageOut", mask = 16, field = F["vmbus.storage.cdb.block_flags.disable_page_out"] } }, field = F["vmbus.storage.cdb.block_flags"] },
                { name = "lba", at = 2, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.lba"] },
                { name = "blocks", at = 6, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.write_and_verify12.blocks"] },
                { name = "reserved10", at = 10, kind = "reserved", bytes = 1, field = F["vmbus.storage.cdb.reserved10"] },
                { name = "control", at = 11, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [175] = {
                name = "verify12", kind = "struct", bytes = 12,
                { name = "blockFlags", at = 1, bytes = 1, kind = "number", flags = { { name = "relativeAddress", mask = 1, field = F["vmbus.storage.cdb.block_flags.relative_address"] }, { name = "forceUnitAccess", mask = 8, field = F["vmbus.storage.cdb.block_flags.force_unit_access"] }, { name = "disablePageOut", mask = 16, field = F["vmbus.storage.cdb.block_flags.disable_page_out"] } }, field = F["vmbus.storage.cdb.block_flags"] },
                { name = "lba", at = 2, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.lba"] },
                { name = "blocks", at = 6, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.verify12.blocks"] },
                { name = "reserved10", at = 10, kind = "reserved", bytes = 1, field = F["vmbus.storage.cdb.reserved10"] },
                { name = "control", at = 11, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
            },
          }, field = F["vmbus.storage.cdb"] },
          { name = "reserved44", at = 44, kind = "reserved", bytes = 4, field = F["vmbus.storage.reserved44"] },
          { name = "reserved48", at = 48, kind = "reserved", bytes = 2, field = F["vmbus.storage.reserved48"] },
          { name = "queueTag", at = 50, bytes = 1, kind = "number", field = F["vmbus.storage.queue_tag"] },
          { name = "queueAction", at = 51, bytes = 1, kind = "number", field = F["vmbus.storage.queue_action"] },
          { name = "srbFlags", at = 52, bytes = 4, kind = "number", flags = { { name = "queueActionEnable", mask = 2, field = F["vmbus.storage.srb_flags.queue_action_enable"] }, { name = "disableSyncTransfer", mask = 8, field = F["vmbus.storage.srb_flags.disable_sync_transfer"] }, { name = "disableAutosense", mask = 32, field = F["vmbus.storage.srb_flags.disable_autosense"] }, { name = "dataIn", mask = 64, field = F["vmbus.storage.srb_flags.data_in"] }, { name = "dataOut", mask = 128, field = F["vmbus.storage.srb_flags.data_out"] }, { name = "noQueueFreeze", mask = 256, field = F["vmbus.storage.srb_flags.no_queue_freeze"] }, { name = "adapterCacheEnable", mask = 512, field = F["vmbus.storage.srb_flags.adapter_cache_enable"] }, { name = "special", mask = 32768, field = F["vmbus.storage.srb_flags.special"] } }, field = F["vmbus.storage.srb_flags"] },
          { name = "timeoutSeconds", at = 56, bytes = 4, kind = "number", field = F["vmbus.storage.timeout_seconds"] },
          { name = "queueSortKey", at = 60, bytes = 4, kind = "number", field = F["vmbus.storage.queue_sort_key"] },
        },
        {
          name = "executeSrb", kind = "struct", bytes = 48,
          { name = "srbBytes", at = 12, bytes = 2, kind = "number", field = F["vmbus.storage.srb_bytes"] },
          { name = "srbStatus", at = 14, bytes = 1, kind = "number", names = names["vmbus.storage.srb_status"], field = F["vmbus.storage.srb_status"] },
          { name = "scsiStatus", at = 15, bytes = 1, kind = "number", names = names["vmbus.storage.scsi_status"], field = F["vmbus.storage.scsi_status"] },
          { name = "portNumber", at = 16, bytes = 1, kind = "number", field = F["vmbus.storage.port_number"] },
          { name = "pathId", at = 17, bytes = 1, kind = "number", field = F["vmbus.storage.path_id"] },
          { name = "targetId", at = 18, bytes = 1, kind = "number", field = F["vmbus.storage.target_id"] },
          { name = "lun", at = 19, bytes = 1, kind = "number", field = F["vmbus.storage.lun"] },
          { name = "cdbBytes", at = 20, bytes = 1, kind = "number", field = F["vmbus.storage.cdb_bytes"] },
          { name = "senseBytes", at = 21, bytes = 1, kind = "number", field = F["vmbus.storage.sense_bytes"] },
          { name = "direction", at = 22, bytes = 1, kind = "number", names = names["vmbus.storage.direction"], field = F["vmbus.storage.direction"] },
          { name = "reserved23", at = 23, kind = "reserved", bytes = 1, field = F["vmbus.storage.reserved23"] },
          { name = "dataTransferBytes", at = 24, bytes = 4, kind = "number", field = F["vmbus.storage.data_transfer_bytes"] },
          { name = "cdb", at = 28, kind = "bytes", bytes = 16, inside = {
            name = "CDB", kind = "byField", bytes = 1,
            head = {
              name = "CDB", kind = "struct", bytes = 1,
              { name = "operation", at = 0, bytes = 1, kind = "number", is_choice = true, names = names["vmbus.storage.cdb.operation"], field = F["vmbus.storage.cdb.operation"] },
            },
            tag = "operation",
            bodies = {
              [0] = {
                name = "testUnitReady", kind = "struct", bytes = 6,
                { name = "reserved1", at = 1, kind = "reserved", bytes = 4, field = F["vmbus.storage.cdb.reserved1"] },
                { name = "control", at = 5, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [3] = {
                name = "requestSense", kind = "struct", bytes = 6,
                { name = "reserved1", at = 1, kind = "reserved", bytes = 3, field = F["vmbus.storage.cdb.reserved1"] },
                { name = "allocationBytes", at = 4, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.allocation_bytes"] },
                { name = "control", at = 5, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [4] = {
                name = "formatUnit", kind = "struct", bytes = 6,
                { name = "reserved1", at = 1, kind = "reserved", bytes = 4, field = F["vmbus.storage.cdb.reserved1"] },
                { name = "control", at = 5, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [8] = {
                name = "read6", kind = "struct", bytes = 6,
                { name = "lbaHigh", at = 1, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.lba_high"] },
                { name = "lbaLow", at = 2, bytes = 2, kind = "number", big = true, field = F["vmbus.storage.cdb.lba_low"] },
                { name = "blocks", at = 4, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.blocks"] },
                { name = "control", at = 5, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [10] = {
                name = "write6", kind = "struct", bytes = 6,
                { name = "lbaHigh", at = 1, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.lba_high"] },
                { name = "lbaLow", at = 2, bytes = 2, kind = "number", big = true, field = F["vmbus.storage.cdb.lba_low"] },
                { name = "blocks", at = 4, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.blocks"] },
                { name = "control", at = 5, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [18] = {
                name = "inquiry", kind = "struct", bytes = 6,
                { name = "isVital", at = 1, bytes = 1, kind = "bit", field = F["vmbus.storage.cdb.is_vital"] },
                { name = "isCommandSupport", at = 1, bytes = 1, kind = "bit", field = F["vmbus.storage.cdb.is_command_support"] },
                { name = "page", at = 2, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.page"] },
                { name = "allocationBytes", at = 3, bytes = 2, kind = "number", big = true, field = F["vmbus.storage.cdb.inquiry.allocation_bytes"] },
                { name = "control", at = 5, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [21] = {
                name = "modeSelect6", kind = "struct", bytes = 6,
                { name = "isSaved", at = 1, bytes = 1, kind = "bit", field = F["vmbus.storage.cdb.is_saved"] },
                { name = "reserved2", at = 2, kind = "reserved", bytes = 2, field = F["vmbus.storage.cdb.reserved2"] },
                { name = "parameterBytes", at = 4, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.parameter_bytes"] },
                { name = "control", at = 5, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [22] = {
                name = "reserve6", kind = "struct", bytes = 6,
                { name = "reserved1", at = 1, kind = "reserved", bytes = 4, field = F["vmbus.storage.cdb.reserved1"] },
                { name = "control", at = 5, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [23] = {
                name = "release6", kind = "struct", bytes = 6,
                { name = "reserved1", at = 1, kind = "reserved", bytes = 4, field = F["vmbus.storage.cdb.reserved1"] },
                { name = "control", at = 5, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [26] = {
                name = "modeSense6", kind = "struct", bytes = 6,
                { name = "modeFlags", at = 1, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.mode_flags"] },
                { name = "page", at = 2, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.page"] },
                { name = "subpage", at = 3, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.subpage"] },
                { name = "allocationBytes", at = 4, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.allocation_bytes"] },
                { name = "control", at = 5, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [27] = {
                name = "startStopUnit", kind = "struct", bytes = 6,
                { name = "isImmediate", at = 1, bytes = 1, kind = "bit", field = F["vmbus.storage.cdb.is_immediate"] },
                { name = "reserved2", at = 2, kind = "reserved", bytes = 2, field = F["vmbus.storage.cdb.reserved2"] },
                { name = "isStart", at = 4, bytes = 1, kind = "bit", field = F["vmbus.storage.cdb.is_start"] },
                { name = "control", at = 5, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [29] = {
                name = "sendDiagnostic", kind = "struct", bytes = 6,
                { name = "parameters", at = 1, kind = "bytes", bytes = 5, field = F["vmbus.storage.cdb.parameters"] },
              },
              [30] = {
                name = "preventMediumRemoval", kind = "struct", bytes = 6,
                { name = "reserved1", at = 1, kind = "reserved", bytes = 4, field = F["vmbus.storage.cdb.reserved1"] },
                { name = "control", at = 5, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [37] = {
                name = "readCapacity10", kind = "struct", bytes = 10,
                { name = "reserved1", at = 1, kind = "reserved", bytes = 8, field = F["vmbus.storage.cdb.reserved1"] },
                { name = "control", at = 9, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [40] = {
                name = "read10", kind = "struct", bytes = 10,
                { name = "blockFlags", at = 1, bytes = 1, kind = "number", flags = { { name = "relativeAddress", mask = 1, field = F["vmbus.storage.cdb.block_flags.relative_address"] }, { name = "forceUnitAccess", mask = 8, field = F["vmbus.storage.cdb.block_flags.force_unit_access"] }, { name = "disablePageOut", mask = 16, field = F["vmbus.storage.cdb.block_flags.disable_page_out"] } }, field = F["vmbus.storage.cdb.block_flags"] },
                { name = "lba", at = 2, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.lba"] },
                { name = "reserved6", at = 6, kind = "reserved", bytes = 1, field = F["vmbus.storage.cdb.reserved6"] },
                { name = "blocks", at = 7, bytes = 2, kind = "number", big = true, field = F["vmbus.storage.cdb.read10.blocks"] },
                { name = "control", at = 9, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [42] = {
                name = "write10", kind = "struct", bytes = 10,
                { name = "blockFlags", at = 1, bytes = 1, kind = "number", flags = { { name = "relativeAddress", mask = 1, field = F["vmbus.storage.cdb.block_flags.relative_address"] }, { name = "forceUnitAccess", mask = 8, field = F["vmbus.storage.cdb.block_flags.force_unit_access"] }, { name = "disablePageOut", mask = 16, field = F["vmbus.storage.cdb.block_flags.disable_page_out"] } }, field = F["vmbus.storage.cdb.block_flags"] },
                { name = "lba", at = 2, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.lba"] },
                { name = "reserved6", at = 6, kind = "reserved", bytes = 1, field = F["vmbus.storage.cdb.reserved6"] },
                { name = "blocks", at = 7, bytes = 2, kind = "number", big = true, field = F["vmbus.storage.cdb.write10.blocks"] },
                { name = "control", at = 9, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [46] = {
                name = "writeAndVerify10", kind = "struct", bytes = 10,
                { name = "blockFlags", at = 1, bytes = 1, kind = "number", flags = { { name = "relativeAddress", mask = 1, field = F["vmbus.storage.cdb.block_flags.relative_address"] }, { name = "forceUnitAccess", mask = 8, field = F["vmbus.storage.cdb.block_flags.force_unit_access"] }, { name = "disablePageOut", mask = 16, field = F["vmbus.storage.cdb.block_flags.disable_page_out"] } }, field = F["vmbus.storage.cdb.block_flags"] },
                { name = "lba", at = 2, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.lba"] },
                { name = "reserved6", at = 6, kind = "reserved", bytes = 1, field = F["vmbus.storage.cdb.reserved6"] },
                { name = "blocks", at = 7, bytes = 2, kind = "number", big = true, field = F["vmbus.storage.cdb.write_and_verify10.blocks"] },
                { name = "control", at = 9, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [47] = {
                name = "verify10", kind = "struct", bytes = 10,
                { name = "blockFlags", at = 1, bytes = 1, kind = "number", flags = { { name = "relativeAddress", mask = 1, field = F["vmbus.storage.cdb.block_flags.relative_address"] }, { name = "forceUnitAccess", mask = 8, field = F["vmbus.storage.cdb.block_flags.force_unit_access"] }, { name = "disablePageOut", mask = 16, field = F["vmbus.storage.cdb.block_flags.disable_page_out"] } }, field = F["vmbus.storage.cdb.block_flags"] },
                { name = "lba", at = 2, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.lba"] },
                { name = "reserved6", at = 6, kind = "reserved", bytes = 1, field = F["vmbus.storage.cdb.reserved6"] },
                { name = "blocks", at = 7, bytes = 2, kind = "number", big = true, field = F["vmbus.storage.cdb.verify10.blocks"] },
                { name = "control", at = 9, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [53] = {
                name = "synchronizeCache10", kind = "struct", bytes = 10,
                { name = "blockFlags", at = 1, bytes = 1, kind = "number", flags = { { name = "relativeAddress", mask = 1, field = F["vmbus.storage.cdb.block_flags.relative_address"] }, { name = "forceUnitAccess", mask = 8, field = F["vmbus.storage.cdb.block_flags.force_unit_access"] }, { name = "disablePageOut", mask = 16, field = F["vmbus.storage.cdb.block_flags.disable_page_out"] } }, field = F["vmbus.storage.cdb.block_flags"] },
                { name = "lba", at = 2, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.lba"] },
                { name = "reserved6", at = 6, kind = "reserved", bytes = 1, field = F["vmbus.storage.cdb.reserved6"] },
                { name = "blocks", at = 7, bytes = 2, kind = "number", big = true, field = F["vmbus.storage.cdb.synchronize_cache10.blocks"] },
                { name = "control", at = 9, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [65] = {
                name = "writeSame10", kind = "struct", bytes = 10,
                { name = "blockFlags", at = 1, bytes = 1, kind = "number", flags = { { name = "relativeAddress", mask = 1, field = F["vmbus.storage.cdb.block_flags.relative_address"] }, { name = "forceUnitAccess", mask = 8, field = F["vmbus.storage.cdb.block_flags.force_unit_access"] }, { name = "disablePageOut", mask = 16, field = F["vmbus.storage.cdb.block_flags.disable_page_out"] } }, field = F["vmbus.storage.cdb.block_flags"] },
                { name = "lba", at = 2, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.lba"] },
                { name = "reserved6", at = 6, kind = "reserved", bytes = 1, field = F["vmbus.storage.cdb.reserved6"] },
                { name = "blocks", at = 7, bytes = 2, kind = "number", big = true, field = F["vmbus.storage.cdb.write_same10.blocks"] },
                { name = "control", at = 9, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [66] = {
                name = "unmap", kind = "struct", bytes = 10,
                { name = "reserved1", at = 1, kind = "reserved", bytes = 6, field = F["vmbus.storage.cdb.reserved1"] },
                { name = "parameterBytes", at = 7, bytes = 2, kind = "number", big = true, field = F["vmbus.storage.cdb.unmap.parameter_bytes"] },
                { name = "control", at = 9, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [85] = {
                name = "modeSelect10", kind = "struct", bytes = 10,
                { name = "isSaved", at = 1, bytes = 1, kind = "bit", field = F["vmbus.storage.cdb.is_saved"] },
                { name = "reserved2", at = 2, kind = "reserved", bytes = 5, field = F["vmbus.storage.cdb.reserved2"] },
                { name = "parameterBytes", at = 7, bytes = 2, kind = "number", big = true, field = F["vmbus.storage.cdb.mode_select10.parameter_bytes"] },
                { name = "control", at = 9, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [90] = {
                name = "modeSense10", kind = "struct", bytes = 10,
                { name = "modeFlags", at = 1, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.mode_flags"] },
                { name = "page", at = 2, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.page"] },
                { name = "subpage", at = 3, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.subpage"] },
                { name = "reserved4", at = 4, kind = "reserved", bytes = 3, field = F["vmbus.storage.cdb.reserved4"] },
                { name = "allocationBytes", at = 7, bytes = 2, kind = "number", big = true, field = F["vmbus.storage.cdb.mode_sense10.allocation_bytes"] },
                { name = "control", at = 9, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [94] = {
                name = "persistentReserveIn", kind = "struct", bytes = 10,
                { name = "serviceAction", at = 1, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.service_action"] },
                { name = "reserved2", at = 2, kind = "reserved", bytes = 5, field = F["vmbus.storage.cdb.reserved2"] },
                { name = "allocationBytes", at = 7, bytes = 2, kind = "number", big = true, field = F["vmbus.storage.cdb.persistent_reserve_in.allocation_bytes"] },
                { name = "control", at = 9, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [95] = {
                name = "persistentReserveOut", kind = "struct", bytes = 10,
                { name = "serviceAction", at = 1, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.service_action"] },
                { name = "scopeAndType", at = 2, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.scope_and_type"] },
                { name = "reserved3", at = 3, kind = "reserved", bytes = 2, field = F["vmbus.storage.cdb.reserved3"] },
                { name = "parameterBytes", at = 5, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.persistent_reserve_out.parameter_bytes"] },
                { name = "control", at = 9, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [136] = {
                name = "read16", kind = "struct", bytes = 16,
                { name = "blockFlags", at = 1, bytes = 1, kind = "number", flags = { { name = "relativeAddress", mask = 1, field = F["vmbus.storage.cdb.block_flags.relative_address"] }, { name = "forceUnitAccess", mask = 8, field = F["vmbus.storage.cdb.block_flags.force_unit_access"] }, { name = "disablePageOut", mask = 16, field = F["vmbus.storage.cdb.block_flags.disable_page_out"] } }, field = F["vmbus.storage.cdb.block_flags"] },
                { name = "lba", at = 2, bytes = 8, kind = "number", big = true, field = F["vmbus.storage.cdb.read16.lba"] },
                { name = "blocks", at = 10, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.read16.blocks"] },
                { name = "reserved14", at = 14, kind = "reserved", bytes = 1, field = F["vmbus.storage.cdb.reserved14"] },
                { name = "control", at = 15, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [138] = {
                name = "write16", kind = "struct", bytes = 16,
                { name = "blockFlags", at = 1, bytes = 1, kind = "number", flags = { { name = "relativeAddress", mask = 1, field = F["vmbus.storage.cdb.block_flags.relative_address"] }, { name = "forceUnitAccess", mask = 8, field = F["vmbus.storage.cdb.block_flags.force_unit_access"] }, { name = "disablePageOut", mask = 16, field = F["vmbus.storage.cdb.block_flags.disable_page_out"] } }, field = F["vmbus.storage.cdb.block_flags"] },
                { name = "lba", at = 2, bytes = 8, kind = "number", big = true, field = F["vmbus.storage.cdb.write16.lba"] },
                { name = "blocks", at = 10, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.write16.blocks"] },
                { name = "reserved14", at = 14, kind = "reserved", bytes = 1, field = F["vmbus.storage.cdb.reserved14"] },
                { name = "control", at = 15, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [142] = {
                name = "writeAndVerify16", kind = "struct", bytes = 16,
                { name = "blockFlags", at = 1, bytes = 1, kind = "number", flags = { { name = "relativeAddress", mask = 1, field = F["vmbus.storage.cdb.block_flags.relative_address"] }, { name = "forceUnitAccess", mask = 8, field = F["vmbus.storage.cdb.block_flags.force_unit_access"] }, { name = "disablePageOut", mask = 16, field = F["vmbus.storage.cdb.block_flags.disable_page_out"] } }, field = F["vmbus.storage.cdb.block_flags"] },
                { name = "lba", at = 2, bytes = 8, kind = "number", big = true, field = F["vmbus.storage.cdb.write_and_verify16.lba"] },
                { name = "blocks", at = 10, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.write_and_verify16.blocks"] },
                { name = "reserved14", at = 14, kind = "reserved", bytes = 1, field = F["vmbus.storage.cdb.reserved14"] },
                { name = "control", at = 15, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [143] = {
                name = "verify16", kind = "struct", bytes = 16,
                { name = "blockFlags", at = 1, bytes = 1, kind = "number", flags = { { name = "relativeAddress", mask = 1, field = F["vmbus.storage.cdb.block_flags.relative_address"] }, { name = "forceUnitAccess", mask = 8, field = F["vmbus.storage.cdb.block_flags.force_unit_access"] }, { name = "disablePageOut", mask = 16, field = F["vmbus.storage.cdb.block_flags.disable_page_out"] } }, field = F["vmbus.storage.cdb.block_flags"] },
                { name = "lba", at = 2, bytes = 8, kind = "number", big = true, field = F["vmbus.storage.cdb.verify16.lba"] },
                { name = "blocks", at = 10, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.verify16.blocks"] },
                { name = "reserved14", at = 14, kind = "reserved", bytes = 1, field = F["vmbus.storage.cdb.reserved14"] },
                { name = "control", at = 15, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [145] = {
                name = "synchronizeCache16", kind = "struct", bytes = 16,
                { name = "blockFlags", at = 1, bytes = 1, kind = "number", flags = { { name = "relativeAddress", mask = 1, field = F["vmbus.storage.cdb.block_flags.relative_address"] }, { name = "forceUnitAccess", mask = 8, field = F["vmbus.storage.cdb.block_flags.force_unit_access"] }, { name = "disablePageOut", mask = 16, field = F["vmbus.storage.cdb.block_flags.disable_page_out"] } }, field = F["vmbus.storage.cdb.block_flags"] },
                { name = "lba", at = 2, bytes = 8, kind = "number", big = true, field = F["vmbus.storage.cdb.synchronize_cache16.lba"] },
                { name = "blocks", at = 10, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.synchronize_cache16.blocks"] },
                { name = "reserved14", at = 14, kind = "reserved", bytes = 1, field = F["vmbus.storage.cdb.reserved14"] },
                { name = "control", at = 15, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [147] = {
                name = "writeSame16", kind = "struct", bytes = 16,
                { name = "blockFlags", at = 1, bytes = 1, kind = "number", flags = { { name = "relativeAddress", mask = 1, field = F["vmbus.storage.cdb.block_flags.relative_address"] }, { name = "forceUnitAccess", mask = 8, field = F["vmbus.storage.cdb.block_flags.force_unit_access"] }, { name = "disablePageOut", mask = 16, field = F["vmbus.storage.cdb.block_flags.disable_page_out"] } }, field = F["vmbus.storage.cdb.block_flags"] },
                { name = "lba", at = 2, bytes = 8, kind = "number", big = true, field = F["vmbus.storage.cdb.write_same16.lba"] },
                { name = "blocks", at = 10, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.write_same16.blocks"] },
                { name = "reserved14", at = 14, kind = "reserved", bytes = 1, field = F["vmbus.storage.cdb.reserved14"] },
                { name = "control", at = 15, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [158] = {
                name = "serviceActionIn16", kind = "struct", bytes = 16,
                { name = "serviceAction", at = 1, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.service_action_in16.service_action"] },
                { name = "lba", at = 2, bytes = 8, kind = "number", big = true, field = F["vmbus.storage.cdb.service_action_in16.lba"] },
                { name = "allocationBytes", at = 10, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.service_action_in16.allocation_bytes"] },
                { name = "reserved14", at = 14, kind = "reserved", bytes = 1, field = F["vmbus.storage.cdb.reserved14"] },
                { name = "control", at = 15, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [160] = {
                name = "reportLuns", kind = "struct", bytes = 12,
                { name = "reserved1", at = 1, kind = "reserved", bytes = 1, field = F["vmbus.storage.cdb.reserved1"] },
                { name = "selectReport", at = 2, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.select_report"] },
                { name = "reserved3", at = 3, kind = "reserved", bytes = 3, field = F["vmbus.storage.cdb.reserved3"] },
                { name = "allocationBytes", at = 6, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.report_luns.allocation_bytes"] },
                { name = "reserved10", at = 10, kind = "reserved", bytes = 1, field = F["vmbus.storage.cdb.reserved10"] },
                { name = "control", at = 11, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [168] = {
                name = "read12", kind = "struct", bytes = 12,
                { name = "blockFlags", at = 1, bytes = 1, kind = "number", flags = { { name = "relativeAddress", mask = 1, field = F["vmbus.storage.cdb.block_flags.relative_address"] }, { name = "forceUnitAccess", mask = 8, field = F["vmbus.storage.cdb.block_flags.force_unit_access"] }, { name = "disablePageOut", mask = 16, field = F["vmbus.storage.cdb.block_flags.disable_page_out"] } }, field = F["vmbus.storage.cdb.block_flags"] },
                { name = "lba", at = 2, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.lba"] },
                { name = "blocks", at = 6, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.read12.blocks"] },
                { name = "reserved10", at = 10, kind = "reserved", bytes = 1, field = F["vmbus.storage.cdb.reserved10"] },
                { name = "control", at = 11, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [170] = {
                name = "write12", kind = "struct", bytes = 12,
                { name = "blockFlags", at = 1, bytes = 1, kind = "number", flags = { { name = "relativeAddress", mask = 1, field = F["vmbus.storage.cdb.block_flags.relative_address"] }, { name = "forceUnitAccess", mask = 8, field = F["vmbus.storage.cdb.block_flags.force_unit_access"] }, { name = "disablePageOut", mask = 16, field = F["vmbus.storage.cdb.block_flags.disable_page_out"] } }, field = F["vmbus.storage.cdb.block_flags"] },
                { name = "lba", at = 2, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.lba"] },
                { name = "blocks", at = 6, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.write12.blocks"] },
                { name = "reserved10", at = 10, kind = "reserved", bytes = 1, field = F["vmbus.storage.cdb.reserved10"] },
                { name = "control", at = 11, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [174] = {
                name = "writeAndVerify12", kind = "struct", bytes = 12,
                { name = "blockFlags", at = 1, bytes = 1, kind = "number", flags = { { name = "relativeAddress", mask = 1, field = F["vmbus.storage.cdb.block_flags.relative_address"] }, { name = "forceUnitAccess", mask = 8, field = F["vmbus.storage.cdb.block_flags.force_unit_access"] }, { name = "disablePageOut", mask = 16, field = F["vmbus.storage.cdb.block_flags.disable_page_out"] } }, field = F["vmbus.storage.cdb.block_flags"] },
                { name = "lba", at = 2, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.lba"] },
                { name = "blocks", at = 6, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.write_and_verify12.blocks"] },
                { name = "reserved10", at = 10, kind = "reserved", bytes = 1, field = F["vmbus.storage.cdb.reserved10"] },
                { name = "control", at = 11, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
              [175] = {
                name = "verify12", kind = "struct", bytes = 12,
                { name = "blockFlags", at = 1, bytes = 1, kind = "number", flags = { { name = "relativeAddress", mask = 1, field = F["vmbus.storage.cdb.block_flags.relative_address"] }, { name = "forceUnitAccess", mask = 8, field = F["vmbus.storage.cdb.block_flags.force_unit_access"] }, { name = "disablePageOut", mask = 16, field = F["vmbus.storage.cdb.block_flags.disable_page_out"] } }, field = F["vmbus.storage.cdb.block_flags"] },
                { name = "lba", at = 2, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.lba"] },
                { name = "blocks", at = 6, bytes = 4, kind = "number", big = true, field = F["vmbus.storage.cdb.verify12.blocks"] },
                { name = "reserved10", at = 10, kind = "reserved", bytes = 1, field = F["vmbus.storage.cdb.reserved10"] },
                { name = "control", at = 11, bytes = 1, kind = "number", field = F["vmbus.storage.cdb.control"] },
              },
            },
          }, field = F["vmbus.storage.cdb"] },
          { name = "reserved44", at = 44, kind = "reserved", bytes = 4, field = F["vmbus.storage.reserved44"] },
        },
      },
    },
    [4] = {
      name = "resetLun", kind = "struct", bytes = 12,
    },
    [5] = {
      name = "resetAdapter", kind = "struct", bytes = 12,
    },
    [6] = {
      name = "resetBus", kind = "struct", bytes = 12,
    },
    [7] = {
      name = "beginInitialization", kind = "struct", bytes = 12,
    },
    [8] = {
      name = "endInitialization", kind = "struct", bytes = 12,
    },
    [9] = {
      name = "queryProtocolVersion", kind = "struct", bytes = 16,
      { name = "version", at = 12, bytes = 2, kind = "number", names = names["vmbus.storage.version"], field = F["vmbus.storage.version"] },
      { name = "revision", at = 14, bytes = 2, kind = "number", field = F["vmbus.storage.revision"] },
    },
    [10] = {
      name = "queryProperties", kind = "struct", bytes = 12,
    },
    [13] = {
      name = "createSubChannels", kind = "struct", bytes = 14,
      { name = "subChannels", at = 12, bytes = 2, kind = "number", field = F["vmbus.storage.sub_channels"] },
    },
  },
} },
  { direction = 1, is_answer = false, layout = {
  name = "storage notification", kind = "byField", bytes = 12,
  head = {
    name = "storage notification", kind = "struct", bytes = 12,
    { name = "operation", at = 0, bytes = 4, kind = "number", is_choice = true, names = names["vmbus.storage.storage_notification.operation"], field = F["vmbus.storage.storage_notification.operation"] },
    { name = "flags", at = 4, bytes = 4, kind = "number", flags = { { name = "completionWanted", mask = 1, field = F["vmbus.storage.flags.completion_wanted"] } }, field = F["vmbus.storage.flags"] },
    { name = "status", at = 8, bytes = 4, kind = "number", field = F["vmbus.storage.status"] },
  },
  tag = "operation",
  bodies = {
    [2] = {
      name = "removeDevice", kind = "struct", bytes = 12,
    },
    [11] = {
      name = "enumerateBus", kind = "struct", bytes = 12,
    },
    [14] = {
      name = "eventNotification", kind = "struct", bytes = 16,
      { name = "lun", at = 12, bytes = 1, kind = "number", field = F["vmbus.storage.lun"] },
      { name = "targetId", at = 13, bytes = 1, kind = "number", field = F["vmbus.storage.target_id"] },
      { name = "pathId", at = 14, bytes = 1, kind = "number", field = F["vmbus.storage.path_id"] },
      { name = "eventFlags", at = 15, bytes = 1, kind = "number", field = F["vmbus.storage.event_flags"] },
    },
  },
} },
  asked_by = "operation",
  answers = {
    executeSrb = {
  name = "SRB answer", kind = "struct", bytes = 48,
  { name = "operation", at = 0, bytes = 4, kind = "number", value = 1, field = F["vmbus.storage.srb_answer.operation"] },
  { name = "flags", at = 4, bytes = 4, kind = "number", flags = { { name = "completionWanted", mask = 1, field = F["vmbus.storage.flags.completion_wanted"] } }, field = F["vmbus.storage.flags"] },
  { name = "status", at = 8, bytes = 4, kind = "number", field = F["vmbus.storage.status"] },
  { name = "srbBytes", at = 12, bytes = 2, kind = "number", field = F["vmbus.storage.srb_bytes"] },
  { name = "srbStatus", at = 14, bytes = 1, kind = "number", names = names["vmbus.storage.srb_status"], field = F["vmbus.storage.srb_status"] },
  { name = "scsiStatus", at = 15, bytes = 1, kind = "number", names = names["vmbus.storage.scsi_status"], field = F["vmbus.storage.scsi_status"] },
  { name = "portNumber", at = 16, bytes = 1, kind = "number", field = F["vmbus.storage.port_number"] },
  { name = "pathId", at = 17, bytes = 1, kind = "number", field = F["vmbus.storage.path_id"] },
  { name = "targetId", at = 18, bytes = 1, kind = "number", field = F["vmbus.storage.target_id"] },
  { name = "lun", at = 19, bytes = 1, kind = "number", field = F["vmbus.storage.lun"] },
  { name = "cdbBytes", at = 20, bytes = 1, kind = "number", field = F["vmbus.storage.cdb_bytes"] },
  { name = "senseBytes", at = 21, bytes = 1, kind = "number", field = F["vmbus.storage.sense_bytes"] },
  { name = "direction", at = 22, bytes = 1, kind = "number", names = names["vmbus.storage.direction"], field = F["vmbus.storage.direction"] },
  { name = "reserved23", at = 23, kind = "reserved", bytes = 1, field = F["vmbus.storage.reserved23"] },
  { name = "dataTransferBytes", at = 24, bytes = 4, kind = "number", field = F["vmbus.storage.data_transfer_bytes"] },
  { name = "sense", at = 28, kind = "bytes", bytes = 20, inside = {
    name = "sense data", kind = "struct", bytes = 18,
    { name = "responseCode", at = 0, bytes = 1, kind = "number", value = 112, field = F["vmbus.storage.sense.response_code"] },
    { name = "reserved1", at = 1, kind = "reserved", bytes = 1, field = F["vmbus.storage.sense.reserved1"] },
    { name = "key", at = 2, bytes = 1, kind = "number", names = names["vmbus.storage.sense.key"], field = F["vmbus.storage.sense.key"] },
    { name = "reserved3", at = 3, kind = "reserved", bytes = 4, field = F["vmbus.storage.sense.reserved3"] },
    { name = "additionalBytes", at = 7, bytes = 1, kind = "number", value = 10, field = F["vmbus.storage.sense.additional_bytes"] },
    { name = "reserved8", at = 8, kind = "reserved", bytes = 4, field = F["vmbus.storage.sense.reserved8"] },
    { name = "code", at = 12, bytes = 1, kind = "number", field = F["vmbus.storage.sense.code"] },
    { name = "qualifier", at = 13, bytes = 1, kind = "number", field = F["vmbus.storage.sense.qualifier"] },
    { name = "reserved14", at = 14, kind = "reserved", bytes = 4, field = F["vmbus.storage.sense.reserved14"] },
  }, field = F["vmbus.storage.sense"] },
},
    resetLun = {
  name = "storage answer", kind = "struct", bytes = 12,
  { name = "operation", at = 0, bytes = 4, kind = "number", value = 1, field = F["vmbus.storage.storage_answer.operation"] },
  { name = "flags", at = 4, bytes = 4, kind = "number", flags = { { name = "completionWanted", mask = 1, field = F["vmbus.storage.flags.completion_wanted"] } }, field = F["vmbus.storage.flags"] },
  { name = "status", at = 8, bytes = 4, kind = "number", field = F["vmbus.storage.status"] },
},
    resetAdapter = {
  name = "storage answer", kind = "struct", bytes = 12,
  { name = "operation", at = 0, bytes = 4, kind = "number", value = 1, field = F["vmbus.storage.storage_answer.operation"] },
  { name = "flags", at = 4, bytes = 4, kind = "number", flags = { { name = "completionWanted", mask = 1, field = F["vmbus.storage.flags.completion_wanted"] } }, field = F["vmbus.storage.flags"] },
  { name = "status", at = 8, bytes = 4, kind = "number", field = F["vmbus.storage.status"] },
},
    resetBus = {
  name = "storage answer", kind = "struct", bytes = 12,
  { name = "operation", at = 0, bytes = 4, kind = "number", value = 1, field = F["vmbus.storage.storage_answer.operation"] },
  { name = "flags", at = 4, bytes = 4, kind = "number", flags = { { name = "completionWanted", mask = 1, field = F["vmbus.storage.flags.completion_wanted"] } }, field = F["vmbus.storage.flags"] },
  { name = "status", at = 8, bytes = 4, kind = "number", field = F["vmbus.storage.status"] },
},
    beginInitialization = {
  name = "storage answer", kind = "struct", bytes = 12,
  { name = "operation", at = 0, bytes = 4, kind = "number", value = 1, field = F["vmbus.storage.storage_answer.operation"] },
  { name = "flags", at = 4, bytes = 4, kind = "number", flags = { { name = "completionWanted", mask = 1, field = F["vmbus.storage.flags.completion_wanted"] } }, field = F["vmbus.storage.flags"] },
  { name = "status", at = 8, bytes = 4, kind = "number", field = F["vmbus.storage.status"] },
},
    endInitialization = {
  name = "storage answer", kind = "struct", bytes = 12,
  { name = "operation", at = 0, bytes = 4, kind = "number", value = 1, field = F["vmbus.storage.storage_answer.operation"] },
  { name = "flags", at = 4, bytes = 4, kind = "number", flags = { { name = "completionWanted", mask = 1, field = F["vmbus.storage.flags.completion_wanted"] } }, field = F["vmbus.storage.flags"] },
  { name = "status", at = 8, bytes = 4, kind = "number", field = F["vmbus.storage.status"] },
},
    queryProtocolVersion = {
  name = "storage version", kind = "struct", bytes = 16,
  { name = "operation", at = 0, bytes = 4, kind = "number", value = 1, field = F["vmbus.storage.storage_version.operation"] },
  { name = "flags", at = 4, bytes = 4, kind = "number", flags = { { name = "completionWanted", mask = 1, field = F["vmbus.storage.flags.completion_wanted"] } }, field = F["vmbus.storage.flags"] },
  { name = "status", at = 8, bytes = 4, kind = "number", field = F["vmbus.storage.status"] },
  { name = "version", at = 12, bytes = 2, kind = "number", names = names["vmbus.storage.version"], field = F["vmbus.storage.version"] },
  { name = "revision", at = 14, bytes = 2, kind = "number", field = F["vmbus.storage.revision"] },
},
    queryProperties = {
  name = "storage properties", kind = "struct", bytes = 36,
  { name = "operation", at = 0, bytes = 4, kind = "number", value = 1, field = F["vmbus.storage.storage_properties.operation"] },
  { name = "flags", at = 4, bytes = 4, kind = "number", flags = { { name = "completionWanted", mask = 1, field = F["vmbus.storage.flags.completion_wanted"] } }, field = F["vmbus.storage.flags"] },
  { name = "status", at = 8, bytes = 4, kind = "number", field = F["vmbus.storage.status"] },
  { name = "reserved12", at = 12, kind = "reserved", bytes = 4, field = F["vmbus.storage.reserved12"] },
  { name = "subChannelsMax", at = 16, bytes = 2, kind = "number", field = F["vmbus.storage.sub_channels_max"] },
  { name = "reserved18", at = 18, kind = "reserved", bytes = 2, field = F["vmbus.storage.reserved18"] },
  { name = "propertyFlags", at = 20, bytes = 4, kind = "number", flags = { { name = "multiChannel", mask = 1, field = F["vmbus.storage.property_flags.multi_channel"] } }, field = F["vmbus.storage.property_flags"] },
  { name = "transferBytesMax", at = 24, bytes = 4, kind = "number", field = F["vmbus.storage.transfer_bytes_max"] },
  { name = "reserved28", at = 28, kind = "reserved", bytes = 8, field = F["vmbus.storage.reserved28"] },
},
    createSubChannels = {
  name = "storage answer", kind = "struct", bytes = 12,
  { name = "operation", at = 0, bytes = 4, kind = "number", value = 1, field = F["vmbus.storage.storage_answer.operation"] },
  { name = "flags", at = 4, bytes = 4, kind = "number", flags = { { name = "completionWanted", mask = 1, field = F["vmbus.storage.flags.completion_wanted"] } }, field = F["vmbus.storage.flags"] },
  { name = "status", at = 8, bytes = 4, kind = "number", field = F["vmbus.storage.status"] },
},
  },
}
local payload_layouts = {
  ["5f2d1a3c-90b4-4c1e-8a57-e1c06d2b7f44"] = devices_by_name.echo,
  ["3a4f6f2e-91d3-4d2b-8c55-7e0b6c1d9a40"] = devices_by_name.disk,
  ["ba6163d9-04a1-4d29-b605-72e2ffb1dc7f"] = devices_by_name.storage,
  ["32412632-86cb-44a2-9b5c-50d1417354f5"] = devices_by_name.storage,
  ["2f9bcc4a-0069-4af3-b76b-6fd0be528cda"] = devices_by_name.storage,
}

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
