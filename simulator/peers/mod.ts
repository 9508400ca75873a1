/**
 * Peers for tests: the opposite side of a driver, in the hands of the test. A raw guest has memory and its
 * end of the bus, and says and writes whatever it is told to; a raw host takes the place of a guest's
 * servers. Corruption goes by name or by chance, each stream of chance from a seed; an honest guest does
 * all that a guest may do, and a model of a channel's life predicts what each call leads to.
 *
 * Everything here runs in any runtime and with any test runner, and depends on nothing but the seeds that
 * it is given.
 *
 * @example A VSP that must survive a hostile guest
 * ```ts
 * import * as vmbus from "@vmbus/kmcl";
 * import { Chance, CORRUPTIONS, encodePacket, RawGuest } from "@vmbus/kmcl/peers";
 *
 * const INTERFACE = "6d9d9a51-5ea2-4f9a-9d0c-3f2c7f3b8f10";
 *
 * // The driver to be tested, here one that answers everything with nothing.
 * function makeServer(fabric: vmbus.Fabric, guest: vmbus.Partition) {
 *   const { device } = fabric.root;
 *   const { kmcl: vsp } = vmbus.expectSuccess(vmbus.WdfFdoQueryForInterface(
 *     device,
 *     vmbus.KMCL_SERVER_INTERFACE_TYPE,
 *     vmbus.KMCL_SERVER_INTERFACE_V1_SIZE,
 *     1,
 *   ));
 *   const { channel } = vmbus.expectSuccess(vsp.VmbChannelAllocate(device, true));
 *   const { kernelHandle } = vmbus.expectSuccess(
 *     vsp.VmbConvertVmbusHandleToKernelHandle(guest.vmbusHandle),
 *   );
 *   vsp.VmbServerChannelInitSetVmbusHandle(channel, kernelHandle);
 *   vsp.VmbServerChannelInitSetTargetInterfaceId(
 *     channel,
 *     INTERFACE,
 *     "0c7e1f4e-2f52-4c57-8a1e-0d7b4f1c2a33",
 *   );
 *   vsp.VmbChannelInitSetProcessPacketCallbacks(channel, (_channel, packet) => {
 *     vsp.VmbChannelPacketComplete(packet, null, 0);
 *   });
 *   vmbus.expectSuccess(vsp.VmbChannelEnable(channel));
 *   vsp.VmbChannelStart(channel);
 *   return channel;
 * }
 *
 * for (const corruption of CORRUPTIONS) {
 *   if (corruption.noticedBy !== "reader" || corruption.codec === "msgpack" || corruption.isPipe) continue;
 *   const fabric = vmbus.createFabric({ codec: "vmbus" });
 *   const guest = new RawGuest(fabric.createPartition({ name: "hostile", memoryPages: 64 }));
 *   const server = makeServer(fabric, guest.partition);
 *   await fabric.settle();
 *   const channelId = guest.offers.find(({ interfaceId }) => interfaceId === INTERFACE)?.channelId;
 *   const rings = guest.makeRings(1, 1);
 *   guest.open(rings, channelId);
 *   rings.put("upstream", encodePacket("vmbus", { payload: new Uint8Array(8) }));
 *   await fabric.settle();
 *   corruption.apply(rings, "upstream", Chance.fromSeed(7));
 *   guest.signal(channelId);
 *   await fabric.settle();
 *   const { fault } = vmbus.inspectChannel(server);
 *   if (fault !== corruption.fault) throw new Error(`${corruption.name}: ${fault}`);
 *   fabric.dispose();
 * }
 * ```
 *
 * @module
 */

export { callbackOrderFault } from "./callback_order.ts";
export type { StateChangeCallback } from "./callback_order.ts";
export { corruptMessage, corruptRings, drawPacket } from "./chance_corruption.ts";
export { contactMessage, versionMessage } from "./connection_messages.ts";
export type { AgreedVersion, ContactOptions, VersionOptions } from "./connection_messages.ts";
export { CORRUPTIONS, findCorruption } from "./corruptions.ts";
export type {
  Corruption,
  CorruptionName,
  PacketLieName,
  PipeMode,
  RingLieName,
} from "./corruption_types.ts";
export { foreignWrite, GuardPages } from "./guards.ts";
export type { ForeignWrite } from "./guards.ts";
export { HonestGuest } from "./honest_guest.ts";
export type { HonestGuestCounts, HonestGuestOptions } from "./honest_guest.ts";
export { LIFECYCLE_CALLS, predictCall } from "./lifecycle_calls.ts";
export type { LifecycleCall, LifecycleFunction } from "./lifecycle_calls.ts";
export { LifecycleModel } from "./lifecycle_model.ts";
export { SIDES } from "./lifecycle_types.ts";
export type {
  ModelCompletion,
  ModelEndpoint,
  ModelGpadl,
  ModelLifecycle,
  ModelOutcome,
  ModelPacket,
} from "./lifecycle_types.ts";
export {
  controlMessageBytes,
  drawControlMessage,
  gpadlMessages,
  offerMessage,
  openMessage,
} from "./messages.ts";
export { wholePages } from "./ranges.ts";
export { RawGuest } from "./raw_guest.ts";
export { RawHost } from "./raw_host.ts";
export type { HostAnswer } from "./raw_host.ts";
export {
  bytesPacket,
  emptyPacket,
  encodePacket,
  rangedPacket,
  rawPacketBytes,
  u32Bytes,
} from "./raw_packet.ts";
export type { PlainPacket, PlainPacketType, RawPacket } from "./raw_packet.ts";
export { foreseenRings, RawRings } from "./raw_rings.ts";
export type { ReadPacket, ReadPackets, RingField, RingName, RingsCopy } from "./raw_rings.ts";

// What these are made of, from below
export { Chance } from "../../core/chance.ts";
export type { GpaRange } from "../../core/memory/gpa_ranges.ts";
export type { Codec } from "../codec.ts";
export type { BufferRange } from "../../core/memory/layouts.ts";
export type { TransferPages } from "../../core/packet/packet.ts";
export type {
  AllOffersDelivered,
  CloseChannel,
  CloseReservedChannel,
  CloseReservedResponse,
  ControlMessage,
  GpadlBody,
  GpadlCreated,
  GpadlHeader,
  GpadlTeardown,
  GpadlTorndown,
  ModifyChannel,
  ModifyChannelResponse,
  OfferChannel,
  OpenChannel,
  OpenChannel2,
  OpenReservedChannel,
  OpenResult,
  RelIdReleased,
  RequestOffers,
  RescindChannelOffer,
  TlConnectRequest,
  TlConnectRequest2,
  TlConnectResult,
} from "../../core/control/messages.ts";
export { readTargetInfo, targetInfoOf } from "../../core/control/connection_messages.ts";
export type {
  InitiateContact,
  InitiateContact2,
  ModifyConnection,
  ModifyConnectionResponse,
  Pause,
  PauseResponse,
  Resume,
  TargetInfo,
  Unload,
  UnloadComplete,
  VersionResponse,
  VersionResponse2,
  VersionResponse3,
} from "../../core/control/connection_messages.ts";
export type { VmbusVersion } from "../../core/control/versions.ts";
