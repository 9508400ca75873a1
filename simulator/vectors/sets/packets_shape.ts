/**
 * The shape of `packets.json`: packets as they lie in a ring, and what a reader must make of each (wire.md 2, 3.1).
 *
 * @module
 */

import { z } from "zod";
import { head, hexBytes, NAMED, truth, whole, wide, words } from "./forms.ts";

const range = {
  byteCount: whole("bytes of the range"),
  byteOffset: whole(
    "where it begins: in the first page of a GPA range, in the buffer of transfer pages",
  ),
} as const;

const packet = z.strictObject({
  type: whole("6 in-band, 7 transfer pages, 9 GPA direct, 11 completion (wire.md 2.2)", 0xffff),
  completionRequested: truth("whether its sender waits for a completion"),
  transactionId: wide(
    "the transaction; it means nothing in a packet that requests no completion and is none itself",
  ),
  payloadOffset: whole("where the payload begins, from the descriptor on"),
  payload: hexBytes("the payload, with its padding: the exact length is lost but in pipes"),
  gpaRanges: z.array(z.strictObject({
    ...range,
    pfns: z.array(wide("a page frame number")).meta({
      description: "a page for each that the bytes touch",
    }),
  })).meta({ description: "guest memory that a GPA direct packet describes (wire.md 3.1)" }),
  pageSetId: whole(
    "the buffer of a packet that uses transfer pages; null: it is of another type",
    0xffff,
  )
    .nullable(),
  bufferRanges: z.array(z.strictObject(range)).meta({ description: "parts of that buffer" }),
  pipe: z.strictObject({
    packetType: whole("1 data, 2 partially consumed (wire.md 2.4)"),
    dataBytes: whole("exact length of the data"),
    takenBytes: whole("how many of them a reader has taken before"),
    data: hexBytes("all of the data"),
  }).nullable().meta({
    description: "the header of a pipe and what follows; null: it is on no pipe",
  }),
});

/** One packet. */
const packetCase = z.strictObject({
  ...NAMED,
  use: z.enum(["device", "datagrams", "stream"]).meta({
    description:
      "the channel that it is on: one whose payloads are the device's own, a pipe that keeps the " +
      "boundaries of messages, or a pipe that is a stream of bytes",
  }),
  hex: hexBytes(
    "descriptor, type header, payload and padding; room for its trailer follows in the ring",
  ),
  fault: z.strictObject({
    by: z.enum(["ring", "packet", "pipe"]).meta({
      description:
        "who finds it: the ring's reader (wire.md 1.9), who reads type headers (wire.md 2.3, 3.1), " +
        "or a pipe's reader (wire.md 2.4)",
    }),
    name: words("its name"),
  }).nullable().meta({ description: "what is wrong with it; null: it is in order" }),
  packet: packet.nullable().meta({ description: "what it says; null: it is not in order" }),
  isCanonical: truth(
    "whether a writer that zeroes reserved words and padding writes these very bytes for it",
  ),
});

/** The file. */
export const packetsFile = z.strictObject({ ...head("packets"), cases: z.array(packetCase) }).meta({
  title: "Packets",
  description:
    "Packets of VMBus rings in Hyper-V's own layout, and what a reader must make of each",
});

/** One packet. */
export type PacketCase = z.infer<typeof packetCase>;

/** What it says. */
export type PacketSaid = NonNullable<PacketCase["packet"]>;
