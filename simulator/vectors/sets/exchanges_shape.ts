/**
 * The shape of `exchanges.json`: whole exchanges of control messages, as host and guest really say them (wire.md 4.5).
 *
 * @module
 */

import { z } from "zod";
import { VERSIONS } from "../../../core/control/versions.ts";
import { head, hexBytes, NAMED, truth, whole, words } from "./forms.ts";

const version = z.enum(VERSIONS);

const speaker = {
  lowest: version.meta({ description: "the lowest version that it speaks" }),
  highest: version.meta({ description: "the highest" }),
  features: whole("the features of version 6.0 that it has, as bits (wire.md 4.3)"),
} as const;

const step = z.strictObject({
  to: z.enum(["host", "guest"]).meta({ description: "whom it is for" }),
  message: words("its name; null: the bytes are no message").nullable(),
  hex: hexBytes("the payload of the SynIC message"),
});

const fault = z.strictObject({
  to: z.enum(["host", "guest"]).meta({ description: "who refused it" }),
  message: words("the message that was refused; null: its bytes are no message").nullable(),
  fault: words("why, by its name"),
});

/** One exchange. */
const exchangeCase = z.strictObject({
  ...NAMED,
  host: z.strictObject(speaker),
  guest: z.strictObject({
    ...speaker,
    isByHand: truth(
      "whether its messages were written by hand, as a guest of this package does not say them: the host's answers " +
        "are its own all the same",
    ),
  }),
  agreed: z.strictObject({
    version,
    features: whole("the features that both have, as bits"),
    connectionId: whole(
      "the connection that the guest posts to from then on; before, it is 1, from version 5.0 on 4, and " +
        "0x800074 where the guest's paravisor serves it",
    ),
  }).nullable().meta({ description: "what they agreed on last; null: nothing" }),
  steps: z.array(step).meta({ description: "what is said, in order" }),
  faults: z.array(fault).meta({ description: "what was refused, in order" }),
});

/** The file. */
export const exchangesFile = z.strictObject({ ...head("exchanges"), cases: z.array(exchangeCase) })
  .meta({
    title: "Exchanges",
    description: "Exchanges of VMBus control messages, as a host and a guest say them",
  });

/** One exchange. */
export type ExchangeCase = z.infer<typeof exchangeCase>;
