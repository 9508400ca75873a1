/**
 * The documented flag bits.
 *
 * @module
 */

/** `0x1`: VmbPacketSend…: the transaction ends with the opposite side's completion packet. */
export const VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION = 1;
/** `0x2`: VmbPacketSendWithExternalMdl: use MdlLength even beyond the first MDL's byte count. */
export const VMBUS_CHANNEL_FORMAT_FLAG_FORCE_MDL_LENGTH = 2;
/** `0x4`: VmbPacketSend…: the buffer is paged; it is copied before the level is raised. */
export const VMBUS_CHANNEL_FORMAT_FLAG_PAGED_BUFFER = 4;
/** `0x7`: All flags of VmbPacketSend…. */
export const VMBUS_CHANNEL_FORMAT_FLAGS = 7;
/** `0x1`: VmbChannelCreateGpadl…, VmbChannelMapGpadl: memory that the server only reads. */
export const VMBUS_CHANNEL_GPADL_FLAG_READ_ONLY = 1;
/** `0x1`: The same by the name that the reference has it under. */
export const VMBUS_CHANNEL_GPADL_READ_ONLY = 1;
/** `0x1`: All flags of VmbChannelCreateGpadl… and VmbChannelMapGpadl. */
export const VMBUS_CHANNEL_GPADL_FLAGS = 1;
/** `0x1`: VmbChannelInitSetFlags: the channel is a pipe. */
export const VMBUS_CHANNEL_INIT_FLAG_IS_PIPE = 1;
/** `0x1`: All flags of VmbChannelInitSetFlags. */
export const VMBUS_CHANNEL_INIT_FLAGS = 1;
/** `0x1`: EvtChannelProcessPacket: the packet references external data. */
export const VMBUS_CHANNEL_PROCESS_PACKET_FLAG_EXTERNAL_DATA = 1;
/** `0x1`: All flags of EvtChannelProcessPacket. */
export const VMBUS_CHANNEL_PROCESS_PACKET_FLAGS = 1;
/** `0x1`: VmbChannelPacketGetExternalData: the memory will only be read. */
export const VMBUS_CHANNEL_PACKET_EXTERNAL_DATA_FLAG_READ_ONLY = 1;
/** `0x1`: All flags of VmbChannelPacketGetExternalData. */
export const VMBUS_CHANNEL_PACKET_EXTERNAL_DATA_FLAGS = 1;
/** `0x1`: VmbServerChannelInitSetFlags: offered to clients of the root partition. */
export const VMBUS_SERVER_CHANNEL_INIT_FLAG_LOOPBACK_OFFER = 1;
/** `0x2`: VmbServerChannelInitSetFlags: offered as a device interface. */
export const VMBUS_SERVER_CHANNEL_INIT_FLAG_ENUMERATE_DEVICE_INTERFACE = 2;
/** `0x4`: VmbServerChannelInitSetFlags: offered as a pipe; implies IS_PIPE on the server. */
export const VMBUS_SERVER_CHANNEL_INIT_FLAG_OFFER_AS_PIPE = 4;
/** `0x8`: VmbServerChannelInitSetFlags: after a restore the channel is offered again. */
export const VMBUS_SERVER_CHANNEL_INIT_FLAG_FORCE_NEW_CHANNEL = 8;
/** `0x10`: VmbServerChannelInitSetFlags: a socket's offer. */
export const VMBUS_SERVER_CHANNEL_INIT_FLAG_TLNPI_PROVIDER_OFFER = 16;
/** `0x1F`: All flags of VmbServerChannelInitSetFlags. */
export const VMBUS_SERVER_CHANNEL_INIT_FLAGS = 0x1f;
/** Bytes that a server can have its offer carry beside what the other settings say; V1 has no function for it. */
export const VMBUS_SERVER_CHANNEL_INIT_MAXIMUM_OFFER_DATA = 120;
