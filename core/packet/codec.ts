/**
 * The choice between the two encodings.
 *
 * @module
 */

import type { PacketCodec } from "./packet.ts";
import { TupleCodec } from "./tuple_codec.ts";
import { VmbusCodec } from "./vmbus_codec.ts";

/** A new codec of that name, with a frame of its own. */
export function createCodec(name: PacketCodec["name"]): PacketCodec {
  return name === "msgpack" ? new TupleCodec() : new VmbusCodec();
}
