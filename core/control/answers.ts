/**
 * Which control message answers which, for whoever looks at messages and puts the two together (wire.md 3.4, 4.5). The
 * two ends of the bus do not need it: their charts know what they wait for.
 *
 * @module
 */

import type { ControlMessageName } from "./messages.ts";

/** A message, and one that may answer it. */
export interface MessageAnswer {
  /** The message. */
  readonly request: ControlMessageName;
  /** Its answer, which goes the other way. */
  readonly answer: ControlMessageName;
  /** Fields that say which one is answered: as the request calls each, and as the answer does. */
  readonly by: readonly (readonly [request: string, answer: string])[];
}

const CHANNEL = ["channelId", "channelId"] as const;
const GPADL = ["gpadlId", "gpadlId"] as const;
const OPEN = ["openId", "openId"] as const;

/** All of them. A message that has several answers has one of these. */
export const MESSAGE_ANSWERS: readonly MessageAnswer[] = [
  { request: "initiateContact", answer: "versionResponse", by: [] },
  { request: "requestOffers", answer: "allOffersDelivered", by: [] },
  { request: "openChannel", answer: "openResult", by: [CHANNEL, OPEN] },
  { request: "openReservedChannel", answer: "openResult", by: [CHANNEL] },
  { request: "closeReservedChannel", answer: "closeReservedResponse", by: [CHANNEL] },
  { request: "gpadlHeader", answer: "gpadlCreated", by: [CHANNEL, GPADL] },
  { request: "gpadlTeardown", answer: "gpadlTorndown", by: [GPADL] },
  { request: "rescindChannelOffer", answer: "relIdReleased", by: [CHANNEL] },
  { request: "modifyChannel", answer: "modifyChannelResponse", by: [CHANNEL] },
  { request: "modifyConnection", answer: "modifyConnectionResponse", by: [] },
  {
    request: "tlConnectRequest",
    answer: "tlConnectResult",
    by: [["endpointId", "endpointId"], ["serviceId", "serviceId"]],
  },
  {
    request: "tlConnectRequest",
    answer: "offerChannel",
    by: [["endpointId", "instanceId"], ["serviceId", "interfaceId"]],
  },
  { request: "unload", answer: "unloadComplete", by: [] },
  { request: "pause", answer: "pauseResponse", by: [] },
];
