/**
 * The documented flag bits.
 *
 * @module
 */

/** VmbPacketSend…: the transaction ends with the opposite side's completion packet. */
export const VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION = 1;
/** VmbPacketSendWithExternalMdl: use MdlLength even beyond the first MDL's byte count. */
export const VMBUS_CHANNEL_FORMAT_FLAG_FORCE_MDL_LENGTH = 2;
/** VmbPacketSend…: the buffer is paged; it is copied before the level is raised. */
export const VMBUS_CHANNEL_FORMAT_FLAG_PAGED_BUFFER = 4;
/** All flags of VmbPacketSend…. */
export const VMBUS_CHANNEL_FORMAT_FLAGS = 7;
/** VmbChannelCreateGpadl…, VmbChannelMapGpadl: memory that the server only reads. */
export const VMBUS_CHANNEL_GPADL_FLAG_READ_ONLY = 1;
/** The same by the name that the reference has it under. */
export const VMBUS_CHANNEL_GPADL_READ_ONLY = 1;
/** All flags of VmbChannelCreateGpadl… and VmbChannelMapGpadl. */
export const VMBUS_CHANNEL_GPADL_FLAGS = 1;
/** VmbChannelInitSetFlags: the channel is a pipe. */
export const VMBUS_CHANNEL_INIT_FLAG_IS_PIPE = 1;
/** All flags of VmbChannelInitSetFlags. */
export const VMBUS_CHANNEL_INIT_FLAGS = 1;
/** EvtChannelProcessPacket: the packet references external data. */
export const VMBUS_CHANNEL_PROCESS_PACKET_FLAG_EXTERNAL_DATA = 1;
/** All flags of EvtChannelProcessPacket. */
export const VMBUS_CHANNEL_PROCESS_PACKET_FLAGS = 1;
/** VmbChannelPacketGetExternalData: the memory will only be read. */
export const VMBUS_CHANNEL_PACKET_EXTERNAL_DATA_FLAG_READ_ONLY = 1;
/** All flags of VmbChannelPacketGetExternalData. */
export const VMBUS_CHANNEL_PACKET_EXTERNAL_DATA_FLAGS = 1;
/** VmbServerChannelInitSetFlags: offered to clients of the root partition. */
export const VMBUS_SERVER_CHANNEL_INIT_FLAG_LOOPBACK_OFFER = 1;
/** VmbServerChannelInitSetFlags: offered as a device interface. */
export const VMBUS_SERVER_CHANNEL_INIT_FLAG_ENUMERATE_DEVICE_INTERFACE = 2;
/** VmbServerChannelInitSetFlags: offered as a pipe; implies IS_PIPE on the server. */
export const VMBUS_SERVER_CHANNEL_INIT_FLAG_OFFER_AS_PIPE = 4;
/** VmbServerChannelInitSetFlags: after a restore the channel is offered anew. */
export const VMBUS_SERVER_CHANNEL_INIT_FLAG_FORCE_NEW_CHANNEL = 8;
/** VmbServerChannelInitSetFlags: a socket's offer. */
export const VMBUS_SERVER_CHANNEL_INIT_FLAG_TLNPI_PROVIDER_OFFER = 16;
/** All flags of VmbServerChannelInitSetFlags. */
export const VMBUS_SERVER_CHANNEL_INIT_FLAGS = 0x1f;
/** Bytes that a server can have its offer carry beside what the other settings say; V1 has no function for it. */
export const VMBUS_SERVER_CHANNEL_INIT_MAXIMUM_OFFER_DATA = 120;
