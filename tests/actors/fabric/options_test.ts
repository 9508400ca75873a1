import { assertEquals, assertThrows } from "@std/assert";
import * as vmbus from "../../../mod.ts";

/** Options as a program in JavaScript may pass them. */
type Loose = Readonly<Record<string, unknown>>;

// The casts are the point: the types forbid what is tried here.
const createFabric = vmbus.createFabric as (options: unknown) => vmbus.Fabric;

function createPartition(options: unknown): vmbus.Partition {
  const fabric = vmbus.createFabric();
  const create = fabric.createPartition as (options: unknown) => vmbus.Partition;
  return create.call(fabric, options);
}

type ErrorClass = typeof TypeError | typeof RangeError;

const UNREADABLE = {
  get name(): never {
    throw new Error("not for you");
  },
};

const NAMES = 'name must be one of "fifo", "random", "pos", "pct", "urw", "portfolio", not';

const BAD_SCHEDULES: readonly (readonly [unknown, ErrorClass, string])[] = [
  [{}, TypeError, `${NAMES} undefined`],
  [{ name: "lifo" }, TypeError, `${NAMES} "lifo"`],
  [{ name: ["pct"] }, TypeError, `${NAMES} an object`],
  [{ name: "pos", depth: 2 }, TypeError, '"pos" takes no depth'],
  [{ name: "fifo", steps: null }, TypeError, '"fifo" takes no steps'],
  [
    { name: "pct", deep: 2 },
    TypeError,
    "no option is called deep, only name, depth, steps, points",
  ],
  [{ name: "fifo", points: false }, TypeError, '"fifo" takes no points'],
  [{ name: "random", points: 0 }, TypeError, "points must be true or false, not 0"],
  [{ name: "pct", points: null }, TypeError, "points must be true or false, not null"],
  ...[0, 65, 1.5, "2", null, NaN].map((depth): readonly [unknown, ErrorClass, string] => [
    { name: "pct", depth },
    RangeError,
    "depth must be a whole number from 1 to 64, not ",
  ]),
  ...[0, 2 ** 32 + 1, 0.5, "9", null, 7n].map((steps): readonly [unknown, ErrorClass, string] => [
    { name: "pct", steps },
    RangeError,
    "steps must be a whole number from 1 to 4294967296, not ",
  ]),
  [UNREADABLE, TypeError, "its options cannot be read: not for you"],
];

const BAD_FABRICS: readonly (readonly [unknown, ErrorClass, string])[] = [
  [null, TypeError, "Cannot create a fabric: its options must be an object, not null"],
  ["fast", TypeError, 'Cannot create a fabric: its options must be an object, not "fast"'],
  [{ sede: 1 }, TypeError, "Cannot create a fabric: no option is called sede, only seed, schedule"],
  [{ seed: "7" }, TypeError, "Cannot seed chance as the seed is no number: 7"],
  [{ seed: null }, TypeError, "Cannot seed chance as the seed is no number: null"],
  [{ seed: 1.5 }, RangeError, "1.5"],
  [{ seed: -1 }, RangeError, "-1"],
  [{ seed: NaN }, RangeError, "NaN"],
  [{ seed: 2 ** 53 }, RangeError, "9007199254740992"],
  [{ seed: 2n ** 64n }, RangeError, "18446744073709551616"],
  ...[0, -1, 1.5, "4096", null, 0x8_0001, NaN].map(
    (pages): readonly [unknown, ErrorClass, string] => [
      { rootMemoryPages: pages },
      RangeError,
      "Cannot create a fabric: rootMemoryPages must be a whole number from 1 to 524288, not ",
    ],
  ),
  ...(["schedule", "clock", "codec", "verifier", "trace", "interpreter", "offerOrder"] as const)
    .flatMap(
      (name): (readonly [unknown, ErrorClass, string])[] => [
        [{ [name]: "none" }, TypeError, `Cannot create a fabric: ${name} must be one of "`],
        [{ [name]: "none" }, TypeError, 'not "none"'],
        [{ [name]: null }, TypeError, "not null"],
        [
          { [name]: ["off"] },
          TypeError,
          name === "schedule" ? "no option is called 0" : "not an object",
        ],
      ],
    ),
  ...BAD_SCHEDULES.map(([schedule, errorClass, text]) =>
    [{ schedule }, errorClass, `Cannot create a schedule: ${text}`] as const
  ),
];

// api.md section 3
for (const [index, [options, errorClass, text]] of BAD_FABRICS.entries()) {
  const shown = typeof options === "object" ? Object.entries(options ?? {}).join() : options;
  Deno.test(`createFabric: refuses options ${index}: ${shown}`, () => {
    assertThrows(() => createFabric(options), errorClass, text);
  });
}

const GOOD_FABRICS: readonly Loose[] = [
  {},
  { seed: 0 },
  { seed: Number.MAX_SAFE_INTEGER },
  { seed: 2n ** 64n - 1n },
  { schedule: "random", clock: "real", codec: "vmbus", verifier: "off", trace: "full" },
  { interpreter: "stock" },
  { offerOrder: "absolute" },
  ...["fifo", "random", "pos", "pct", "urw", "portfolio"].flatMap((
    name,
  ) => [{ schedule: name }, { schedule: { name } }]),
  { schedule: { name: "pct", depth: 1, steps: 1 } },
  { schedule: { name: "pct", depth: 64, steps: 2 ** 32 } },
  { schedule: { name: "pct", depth: undefined, steps: 5 } },
  { schedule: { name: "urw", depth: undefined } },
  { schedule: { name: "pct", points: false } },
  { schedule: { name: "portfolio", points: true } },
  { rootMemoryPages: 1 },
  { rootMemoryPages: 0x8_0000 },
  { seed: undefined, schedule: undefined, trace: undefined },
];

Deno.test("createFabric: takes each of its options, and undefined for a default", () => {
  assertEquals(vmbus.createFabric().root.name, "root");
  for (const options of GOOD_FABRICS) assertEquals(createFabric(options).now(), 0);
});

Deno.test("createFabric: has the defaults of api.md section 3", () => {
  const given = vmbus.createFabric({
    seed: 0,
    schedule: "fifo",
    clock: "virtual",
    codec: "msgpack",
    verifier: "throw",
    trace: "digest",
    interpreter: "compiled",
  });
  const byDefault = vmbus.createFabric();
  assertEquals(byDefault.traceDigest(), given.traceDigest());
  assertEquals(byDefault.trace, []);
});

const BAD_PARTITIONS: readonly (readonly [unknown, ErrorClass, string])[] = [
  [undefined, TypeError, "Cannot create a partition: its options must be an object, not undefined"],
  [{}, TypeError, "Cannot create a partition: it needs the option name, which is left out"],
  [{ name: "" }, TypeError, 'its name must be a text, not ""'],
  [{ name: 7 }, TypeError, "its name must be a text, not 7"],
  [{ name: "a", pages: 1 }, TypeError, "no option is called pages, only memoryPages, vtl"],
  [{ name: "a", memoryPages: 0 }, RangeError, "memoryPages must be a whole number from 1 to "],
  [
    { name: "a", memoryPages: 2 ** 40 },
    RangeError,
    "memoryPages must be a whole number from 1 to ",
  ],
  [{ name: "a", memoryPages: 1.5 }, RangeError, "not 1.5"],
  [{ name: "a", memoryPages: "512" }, RangeError, 'not "512"'],
  [{ name: "a", memoryPages: 512n }, RangeError, "not 512"],
  [{ name: "a", vtl: 3 }, RangeError, "vtl must be a whole number from 0 to 2, not 3"],
  [{ name: "a", vtl: -1 }, RangeError, "vtl must be a whole number from 0 to 2, not -1"],
  [{ name: "a", vtl: null }, RangeError, "not null"],
  [{ name: "a", mmioMegabytes: -1 }, RangeError, "mmioMegabytes must be a whole number from 0 to"],
  [{ name: "a", mmioMegabytes: 1e9 }, RangeError, "not 1000000000"],
  [
    { name: "a", processors: 0 },
    RangeError,
    "processors must be a whole number from 1 to 64, not 0",
  ],
  [{ name: "a", processors: 65 }, RangeError, "not 65"],
  [{ name: "a", processors: NaN }, RangeError, "not NaN"],
];

for (const [index, [options, errorClass, text]] of BAD_PARTITIONS.entries()) {
  const shown = typeof options === "object" ? Object.entries(options ?? {}).join() : options;
  Deno.test(`createPartition: refuses options ${index}: ${shown}`, () => {
    assertThrows(() => createPartition(options), errorClass, text);
  });
}

Deno.test("createPartition: has the defaults of api.md section 3, and takes the bounds", () => {
  const fabric = vmbus.createFabric();
  const guest = fabric.createPartition({ name: "guest" });
  assertEquals(guest.memory.pageCount, 4096);
  for (const processors of [1, 64]) fabric.createPartition({ name: "a", processors });
  for (const vtl of [0, 1, 2]) fabric.createPartition({ name: "a", vtl, memoryPages: 1 });
  fabric.createPartition({ name: "no window", mmioMegabytes: 0 });
  assertEquals(fabric.partitions.length, 8);
});

Deno.test("createPartition: makes nothing where it throws", () => {
  const fabric = vmbus.createFabric();
  const digest = fabric.traceDigest();
  assertThrows(() => fabric.createPartition({ name: "a", vtl: 9 }), RangeError);
  assertEquals(fabric.partitions.map(({ name }) => name), ["root"]);
  assertEquals(fabric.traceDigest(), digest);
});
