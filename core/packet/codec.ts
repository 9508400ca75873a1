/**
 * The choice between the two encodings.
 *
 * @module
 */

import { MsgpackCodec } from "./msgpack_codec.ts";
import type { PacketCodec } from "./packet.ts";
import { VmbusCodec } from "./vmbus_codec.ts";

/** A new codec of that name, with a frame of its own. */
export function createCodec(name: PacketCodec["name"]): PacketCodec {
  return name === "msgpack" ? new MsgpackCodec() : new VmbusCodec();
}
