/**
 * The shape of `rings.json`: images of rings, and what a reader and a writer that attach to them must do (wire.md 1).
 *
 * @module
 */

import { z } from "zod";
import { RING_DATA_PAGES_MAX } from "../../../core/ring/layout.ts";
import { PAGE_BYTES } from "../../../core/units.ts";
import { digest, head, hexBytes, NAMED, truth, whole, words } from "./forms.ts";

const RING_BYTES_MAX = RING_DATA_PAGES_MAX * PAGE_BYTES;

const packet = z.strictObject({
  offset: whole("where its descriptor begins in the data area"),
  hex: hexBytes(
    "descriptor, type header, payload and padding, as one run even where the packet wraps",
  ),
});

const write = z.strictObject({
  payloadBytes: whole("bytes of the payload of an in-band packet that is written"),
  result: z.enum(["ok", "full", "tooLarge"]).meta({
    description: "full: once there is room it fits; tooLarge: no reader can ever make so much room",
  }),
  writeIndex: whole("the write index after it").nullable(),
  signalsReader: truth("whether its writer has to signal the reader (wire.md 1.7)").nullable(),
});

/** One image. */
const ringCase = z.strictObject({
  ...NAMED,
  ringDataBytes: whole("bytes of the data area, a multiple of 4096", RING_BYTES_MAX).min(PAGE_BYTES)
    .multipleOf(PAGE_BYTES),
  bytes: z.array(z.strictObject({
    offset: whole("where in the ring, whose control page has the first 4096 bytes"),
    hex: hexBytes("what is there"),
  })).meta({
    description: "the ring: control page and data area; each byte that is not here is 0",
  }),
  sha256: digest("control page and data area"),
  control: z.strictObject({
    writeIndex: whole("u32 at 0"),
    readIndex: whole("u32 at 4"),
    interruptMask: whole("u32 at 8"),
    pendingSendSize: whole("u32 at 12"),
    featureBits: whole("u32 at 64"),
  }).meta({ description: "the words of the control page, as they stand in it (wire.md 1.2)" }),
  usedBytes: whole("bytes of unread packets, by the indices; null: one of them is impossible")
    .nullable(),
  isCanonical: truth(
    "whether a writer that puts the packets' bytes at the read index, each with its trailer (wire.md 1.4), leaves " +
      "these very bytes",
  ),
  reader: z.strictObject({
    isUnmasked: truth("whether the reader has cleared the mask before, so that it must be 0"),
    packets: z.array(packet).meta({
      description: "what it reads, in order, until the ring is empty or a fault",
    }),
    fault: words("what is wrong, by its name in wire.md 1.9: the ring is dead then; null: nothing")
      .nullable(),
    readIndex: whole("the read index once all packets were given back by one commit").nullable(),
    signalsWriter: truth("whether that commit has to signal the writer (wire.md 1.7)").nullable(),
  }).meta({ description: "a reader that attaches where the read index is" }),
  writer: z.strictObject({
    fault: words("what is wrong, by its name in wire.md 1.9; null: nothing").nullable(),
    writes: z.array(write).meta({ description: "each into the ring as it is at first" }),
  }).meta({ description: "a writer that attaches where the write index is" }),
});

/** The file. */
export const ringsFile = z.strictObject({ ...head("rings"), cases: z.array(ringCase) }).meta({
  title: "Rings",
  description: "Images of VMBus rings, and what a reader and a writer of them must do",
});

/** One image. */
export type RingCase = z.infer<typeof ringCase>;
