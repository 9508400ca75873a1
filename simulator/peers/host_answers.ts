/**
 * What a host without servers answers about the connection, and about what it does not have, as any host must
 * (wire.md 4.5, 5.1).
 *
 * @module
 */

import type { ControlMessage } from "../../core/control/messages.ts";
import { protocolOf } from "../../core/control/versions.ts";
import { STATUS_SUCCESS } from "../../core/ntstatus.ts";
import { agreedFor, type AgreedVersion, versionMessage } from "./connection_messages.ts";

/** The status of a socket that nobody listens to (wire.md 3.4). */
const CONNECTION_REFUSED = 0xc000_0236;

/** The answers to `message` of a host that has agreed on `agreed` with its guest; null: it is about something else. */
export function connectionAnswers(
  message: ControlMessage,
  agreed: AgreedVersion | null,
): readonly ControlMessage[] | null {
  const can = agreed === null ? null : protocolOf(agreed.version, agreed.features);
  switch (message.message) {
    case "initiateContact": {
      const now = agreedFor(message);
      if (now === null) return [versionMessage("0.13", { isSupported: false })];
      return [versionMessage(now.version, { features: now.features })];
    }
    case "requestOffers":
      return [{ message: "allOffersDelivered" }];
    case "unload":
      return can?.hasUnloadComplete === false ? [] : [{ message: "unloadComplete" }];
    case "modifyConnection":
      return [{ message: "modifyConnectionResponse", connectionState: 0 }];
    case "pause":
      return [{ message: "pauseResponse" }];
    case "modifyChannel": {
      if (can?.hasModifyChannelResponse === false) return [];
      const { channelId } = message;
      return [{ message: "modifyChannelResponse", channelId, status: STATUS_SUCCESS }];
    }
    case "closeReservedChannel":
      return [{ message: "closeReservedResponse", channelId: message.channelId }];
    case "tlConnectRequest": {
      if (can?.hasTlConnectResult === false) return [];
      const { endpointId, serviceId } = message;
      return [{ message: "tlConnectResult", endpointId, serviceId, status: CONNECTION_REFUSED }];
    }
    default:
      return null;
  }
}
