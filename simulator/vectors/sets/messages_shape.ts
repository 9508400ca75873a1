/**
 * The shape of `messages.json`: control messages, each as who agreed on what reads it (wire.md 4).
 *
 * @module
 */

import { z } from "zod";
import { VERSIONS } from "../../../core/control/versions.ts";
import { head, hexBytes, NAMED, truth, whole, words } from "./forms.ts";

/** What a field holds. */
const value = z.union([
  z.int().meta({ description: "a number of 32 bits or fewer" }),
  z.boolean().meta({ description: "a bit" }),
  z.string().meta({
    description:
      "bytes in base 16, a GUID as it is written, or a number of 64 bits: that is always a text of decimal " +
      "digits, as it may be above 2^53",
  }),
]);

const field = z.strictObject({
  name: words("its name in wire.md 4"),
  offset: whole("where it begins, from the message's first byte on", 240),
  byteCount: whole("bytes that it takes", 240),
  value,
});

const reading = z.strictObject({
  agreements: z.array(words("one of agreements, by its name")).min(1).meta({
    description: "who reads it so",
  }),
  fault: words("why it is refused; null: it is taken").nullable(),
  formBytes: whole(
    "bytes of the form that it is read in; what follows them is ignored, but for GPADL words",
    240,
  )
    .nullable(),
  fields: z.array(field).nullable().meta({
    description: "what it says, in the order of the bytes",
  }),
});

/** One message. */
const messageCase = z.strictObject({
  ...NAMED,
  message: words("its name; null: its bytes do not say which it is").nullable(),
  number: whole("its number, the first u32; null: there are fewer bytes").nullable(),
  to: z.enum(["host", "guest"]).nullable().meta({ description: "whom it is for" }),
  hex: hexBytes("the payload of the SynIC message"),
  isCanonical: truth(
    "whether a writer that zeroes what is reserved writes these very bytes for the longest form",
  ),
  readings: z.array(reading).meta({ description: "each agreement is in one of them" }),
});

const agreement = z.strictObject({
  name: words("how readings call it"),
  version: z.enum(VERSIONS).nullable().meta({
    description: "the version that was agreed on; null: there is no connection",
  }),
  features: whole("the features that were agreed on, as bits (wire.md 4.3)"),
});

/** The file. */
export const messagesFile = z.strictObject({
  ...head("messages"),
  agreements: z.array(agreement).meta({
    description: "what a reader and its peer may have agreed on",
  }),
  cases: z.array(messageCase),
}).meta({
  title: "Control messages",
  description:
    "Control messages of VMBus in every form and size, and how each is read by what was agreed on",
});

/** One message. */
export type MessageCase = z.infer<typeof messageCase>;

/** Who reads it so. */
export type MessageAgreement = z.infer<typeof agreement>;
