/**
 * What a scenario's file may say, as a schema: files are checked with it, and editors are given it.
 *
 * @module
 */

import { z } from "zod";
import { CALLBACK_NAMES } from "../../actors/channel/driver_port.ts";
import { FEATURES_KNOWN, VERSIONS } from "../../core/control/versions.ts";
import { SCHEDULE_NAMES } from "../../actors/runtime/schedule.ts";
import type { Fault } from "../faults/basics.ts";
import { ATTACKERS } from "../faults/peers/attack.ts";
import { FAULTS } from "../faults/table.ts";

const COUNT_MAX = 2 ** 32 - 1;

/** A whole number from `least` on. */
function whole(least: number, meaning: string, most: number = COUNT_MAX) {
  return z.int().min(least).max(most).meta({ description: meaning });
}

/** Members of a rule's `where` that are no free texts. */
const PLACES: Readonly<Record<string, z.ZodType>> = {
  channel: whole(1, "the channel, by its number on the guest's bus"),
  processor: whole(0, "the processor, by its number in its partition"),
  direction: z.enum(["toHost", "toGuest"]).meta({ description: "who it is for" }),
  side: z.enum(["client", "server"]).meta({ description: "which side's driver" }),
  site: z.enum(["pages", "mmio", "channel", "packet", "request"])
    .meta({ description: "what cannot be allocated" }),
  call: z.enum(["read", "write", "flush", "discard"]).meta({
    description: "which call of an image",
  }),
  callback: z.enum(CALLBACK_NAMES).meta({ description: "in which callback" }),
  by: z.enum(ATTACKERS).meta({ description: "who does it to the other side" }),
};

/** A rule of one fault. */
function ruleOf(name: string, fault: Fault<never>) {
  const place = (member: string) => (PLACES[member] ?? z.string().min(1)).optional();
  const where = Object.fromEntries(fault.where.map((member) => [member, place(member)]));
  const parameters = Object.entries(fault.parameters).map(([parameter, { meaning }]) =>
    [parameter, whole(1, meaning).optional()] as const
  );
  return z.strictObject({
    do: z.literal(name).meta({ description: fault.does }),
    where: z.strictObject(where).optional().meta({ description: "where; by default everywhere" }),
    nth: whole(1, "at this opportunity, and each that is as far from the one before").optional(),
    oneIn: whole(1, "at one opportunity in so many, by chance").optional(),
    budget: whole(1, "so often in one world, at most").optional(),
    ...Object.fromEntries(parameters),
  }).meta({ title: name, description: fault.does });
}

const [firstRule, ...rules] = Object.entries<Fault<never>>(FAULTS)
  .map(([name, fault]) => ruleOf(name, fault));

const schedule = z.union([
  z.enum(SCHEDULE_NAMES),
  z.strictObject({
    name: z.enum(SCHEDULE_NAMES),
    depth: whole(1, "orders that pct looks for, one more than its changes", 64).optional(),
    steps: whole(1, "choices that pct expects a run to have", 2 ** 32).optional(),
    points: z.boolean().optional().meta({ description: "whether work stops at scheduling points" }),
  }),
]);

const seeds = z.union([
  whole(0, "this seed alone", Number.MAX_SAFE_INTEGER),
  z.strictObject({
    from: whole(0, "the first seed; by default 0", Number.MAX_SAFE_INTEGER).optional(),
    count: whole(1, "how many"),
  }),
]);

const numberRange = z.union([
  whole(0, "always this"),
  z.tuple([whole(0, "its least"), whole(0, "its greatest")]),
]);

const partition = z.strictObject({
  memoryPages: whole(1, "pages of RAM").optional(),
  mmioMegabytes: whole(0, "room for MMIO").optional(),
  processors: whole(1, "virtual processors", 64).optional(),
  vtl: whole(0, "virtual trust level of its drivers", 2).optional(),
  vmbusVersion: z.enum(VERSIONS).or(z.strictObject({
    lowest: z.enum(VERSIONS).optional(),
    highest: z.enum(VERSIONS).optional(),
  })).optional().meta({
    description: "the version of the bus that its guest speaks, or a range of them",
  }),
  vmbusFeatures: whole(
    0,
    "features of version 6.0 that its guest asks for, as bits",
    FEATURES_KNOWN,
  )
    .optional(),
  monitorPages: z.enum(["none", "guest", "host"]).optional()
    .meta({ description: "whose monitor pages its signals go through" }),
  vtlOf: z.string().min(1).optional()
    .meta({ description: "the guest whose machine it is a further trust level of, by its name" }),
  redirect: z.boolean().optional()
    .meta({ description: "whether that guest, its paravisor, serves it in the host's place" }),
  isolated: z.boolean().optional()
    .meta({ description: "whether the host reads only what the guest shares of its memory" }),
});

/** The schema of a file. */
export const scenarioFileSchema = z.strictObject({
  scenario: z.string().min(1).meta({
    description: "what it is made of: a scenario's name, or the path of a module that exports one",
  }),
  name: z.string().regex(/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/, "lower case words with - between them")
    .optional().meta({ description: "what it is called; by default as what it is made of" }),
  title: z.string().min(1).optional().meta({ description: "what it shows, in one line" }),
  numbers: z.record(z.string(), numberRange).optional()
    .meta({ description: "the scenario's numbers: one, or the two that it is drawn between" }),
  partitions: z.record(z.string(), partition).optional()
    .meta({ description: "options of its guests, by their names" }),
  drivers: z.record(z.string(), z.strictObject({ options: z.json() })).optional()
    .meta({ description: "what its drivers are started with, by their names" }),
  faults: z.array(z.discriminatedUnion("do", [firstRule!, ...rules])).optional()
    .meta({ description: "what may go wrong, in place of what the scenario says" }),
  expected: z.array(z.strictObject({
    rule: z.string().min(1).meta({ description: "the finding's rule" }),
    place: z.string().min(1).meta({ description: "the finding's place" }),
    reason: z.string().min(1).meta({ description: "why it is expected" }),
  })).optional().meta({ description: "findings that are known, beside those of the scenario" }),
  schedule: schedule.optional().meta({ description: "order of runnable work" }),
  codec: z.enum(["msgpack", "vmbus"]).optional()
    .meta({ description: "encoding of packets; by default drawn from the seed" }),
  seeds: seeds.optional().meta({ description: "which worlds" }),
  itemsMax: whole(1, "work items and timers that a phase of a world may take").optional(),
}).meta({ title: "Scenario", description: "A scenario of @vmbus/kmcl/simulator" });

/** What a file says. */
export type ScenarioFileContent = z.infer<typeof scenarioFileSchema>;

/** A part of a JSON Schema, as far as it is looked at here. */
export interface JsonSchema {
  /** An object's members, by name. */
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  /** What an object's further members are. */
  readonly additionalProperties?: JsonSchema | boolean;
  /** What a list's members are. */
  readonly items?: JsonSchema;
  /** It is one of these. */
  readonly anyOf?: readonly JsonSchema[];
  /** It is exactly one of these. */
  readonly oneOf?: readonly JsonSchema[];
  /** The value that it has to be. */
  readonly const?: unknown;
  /** The values that it may have. */
  readonly enum?: readonly unknown[];
}

let made: JsonSchema | null = null;

/** The JSON Schema of a scenario's file, in which a rule of a fault is one of as many alternatives as there are faults. */
export function alternativesSchema(): JsonSchema {
  return made ??= z.toJSONSchema(scenarioFileSchema) as JsonSchema;
}

/**
 * The JSON Schema of a scenario's file, for editors: `docs/scenario.schema.json` is this. What a rule may say depends on
 * its `do`, so that a wrong one is one mistake: of alternatives an editor would say of each why it is not meant.
 */
export function scenarioJsonSchema(): JsonSchema {
  const schema = alternativesSchema();
  const { faults, ...others } = schema.properties ?? {};
  const rules = faults?.items?.oneOf ?? [];
  const items = {
    type: "object",
    properties: { do: { enum: Object.keys(FAULTS), description: "what is done" } },
    required: ["do"],
    allOf: rules.map((rule) => ({
      if: { properties: { do: { const: rule.properties?.do?.const } }, required: ["do"] },
      then: rule,
    })),
  };
  return { ...schema, properties: { ...others, faults: { ...faults, items } } };
}
