/**
 * Whether an exchange is what it says: each of its messages is read and written again, and what was agreed on follows from
 * them.
 *
 * @module
 */

import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import {
  decodeControlMessage,
  encodeControlMessage,
  isControlFault,
  messageNameOf,
} from "../../../core/control/codec.ts";
import { CONNECTION_SUCCESSFUL } from "../../../core/control/connection_messages.ts";
import type { ControlMessage } from "../../../core/control/messages.ts";
import { MESSAGE_RULES, protocolOf, versionOf } from "../../../core/control/versions.ts";
import { firstDifference } from "./differences.ts";
import type { ExchangeCase } from "./exchanges_shape.ts";

/** The connection through which a guest speaks below version 5.0 (wire.md 4.1). */
const FIRST_CONNECTION = 1;

/** What follows from a contact and its answer; undefined: nothing new. */
function agreedBy(
  asked: ControlMessage | null,
  answer: ControlMessage,
): ExchangeCase["agreed"] | undefined {
  if (answer.message !== "versionResponse" || asked?.message !== "initiateContact") {
    return undefined;
  }
  const offered = "supportedFeatures" in answer ? answer.supportedFeatures : 0;
  const wanted = versionOf(asked.version);
  const hasMulticlient = wanted !== null && protocolOf(wanted).hasMulticlient;
  // The answer says the version, or from 5.0 on the connection (wire.md 4.2).
  const version = hasMulticlient ? wanted : versionOf(answer.selected);
  const isRefused = answer.supported === 0 || answer.connectionState !== CONNECTION_SUCCESSFUL;
  if (isRefused || version === null || version !== wanted) return null;
  const { features } = protocolOf(version, offered);
  return { version, features, connectionId: hasMulticlient ? answer.selected : FIRST_CONNECTION };
}

/** The first thing that is wrong with an exchange; null: nothing. */
export function exchangeFailure({ steps, agreed }: ExchangeCase): string | null {
  let asked: ControlMessage | null = null;
  let found: ExchangeCase["agreed"] = null;
  for (const [at, { to, message, hex }] of steps.entries()) {
    const bytes = hexToBytes(hex);
    const name = messageNameOf(bytes);
    const difference = firstDifference({ message }, { message: name });
    if (difference !== null) return `steps.${at}.${difference}`;
    const decoded = decodeControlMessage(bytes);
    if (isControlFault(decoded)) continue; // whoever says such a thing does so by hand
    if (bytesToHex(encodeControlMessage(decoded)) !== hex) {
      return `steps.${at}.hex: a writer makes other bytes of what they say`;
    }
    if (MESSAGE_RULES[decoded.message].to !== to) continue; // nor is it agreed on anything
    if (decoded.message === "initiateContact") asked = decoded;
    const next = agreedBy(asked, decoded);
    if (next !== undefined) found = next;
  }
  return firstDifference({ agreed }, { agreed: found });
}
