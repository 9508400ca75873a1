/**
 * The kinds of files of vectors: of each its shape, how its cases are made, and how one is checked.
 *
 * @module
 */

import type { z } from "zod";
import { firstDifference } from "./differences.ts";
import { exchangeFailure } from "./exchange_check.ts";
import { exchangeCases } from "./exchanges.ts";
import { exchangesFile } from "./exchanges_shape.ts";
import { AGREEMENTS, observeMessage } from "./message_readings.ts";
import { messageCases } from "./messages.ts";
import { messagesFile } from "./messages_shape.ts";
import { observePacket } from "./packet_bytes.ts";
import { packetCases } from "./packets.ts";
import { packetsFile } from "./packets_shape.ts";
import type { Plain } from "./plain_lines.ts";
import { imageOf, observeRing } from "./ring_image.ts";
import { ringCases } from "./rings.ts";
import { ringsFile } from "./rings_shape.ts";
import { stateCases } from "./states.ts";
import { statesFile } from "./states_shape.ts";

type Cases<File extends z.ZodType> = z.infer<File> extends
  { readonly cases: readonly (infer Case)[] } ? Case
  : never;

/** A kind of files. */
interface Kind<File extends z.ZodType> {
  /** What a file may say. */
  readonly file: File;
  /** What the head of a file has beside what each has. */
  readonly extra: Readonly<Record<string, Plain>>;
  /** Its cases. */
  readonly make: () => readonly Cases<File>[] | Promise<readonly Cases<File>[]>;
  /** The first thing in which this package does not do what a case says; null: there is none. */
  readonly failureOf: (vector: Cases<File>) => string | null;
}

function kind<File extends z.ZodType>(made: Kind<File>): Kind<File> {
  return made;
}

/** Where what was found differs from what the case says of the same members. */
function differenceFrom<Case extends object>(vector: Case, found: Partial<Case>): string | null {
  return firstDifference(vector, { ...vector, ...found });
}

/** The package's own tables: they are worked out once. */
let charts: ReturnType<typeof stateCases> | null = null;

/** Each kind, by the name that its files have. */
export const KINDS = {
  rings: kind({
    file: ringsFile,
    extra: {},
    make: ringCases,
    failureOf: (vector) => {
      const image = imageOf(vector);
      if (image === null) return "bytes: a piece lies outside of the ring";
      return differenceFrom(vector, observeRing(image, vector.reader.isUnmasked));
    },
  }),
  packets: kind({
    file: packetsFile,
    extra: {},
    make: packetCases,
    failureOf: (vector) => differenceFrom(vector, observePacket(vector.hex, vector.use)),
  }),
  messages: kind({
    file: messagesFile,
    extra: { agreements: AGREEMENTS.map((agreement) => ({ ...agreement })) },
    make: messageCases,
    failureOf: (vector) => differenceFrom(vector, observeMessage(vector.hex)),
  }),
  exchanges: kind({
    file: exchangesFile,
    extra: {},
    make: exchangeCases,
    failureOf: exchangeFailure,
  }),
  states: kind({
    file: statesFile,
    extra: {},
    make: stateCases,
    failureOf: (vector) => {
      const own = (charts ??= stateCases()).find(({ name }) => name === vector.name);
      return own === undefined ? "there is no such chart" : firstDifference(vector, own);
    },
  }),
} as const;

/** The name of a kind. */
export type KindName = keyof typeof KINDS;

/** All of them. */
export const KIND_NAMES = Object.keys(KINDS) as readonly KindName[];
