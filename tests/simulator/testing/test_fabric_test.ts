// api.md section 8: what testFabric runs, and what it says of a run that fails.
import { assertEquals, assertInstanceOf, assertMatch, assertRejects } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  CheckError,
  FabricTestError,
  testFabric,
  type TestFabricOptions,
} from "../../../simulator/testing/mod.ts";
import { endpointBehind } from "../../../kmcl/call_values.ts";
import { closePair, makePair, openPair } from "../../support/connected_pair.ts";

const WAIT = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;

/** What a body that throws `thrown` in a fabric with a leak fails with. */
function failureWith(thrown: unknown, options: TestFabricOptions = {}): Promise<FabricTestError> {
  return assertRejects(
    () =>
      testFabric({ story: false, ...options }, (fabric) => {
        fabric.createPartition({ name: "guest" }).memory.allocate(10);
        throw thrown;
      }),
    FabricTestError,
  );
}

/** Whether `fabric` was disposed of. */
function isGone(fabric: vmbus.Fabric): boolean {
  return fabric.partitions.length === 0;
}

Deno.test("testFabric: runs the body with each seed and codec, and disposes of every fabric", async () => {
  const runs: string[] = [];
  const fabrics: vmbus.Fabric[] = [];
  const note = (options: TestFabricOptions) =>
    testFabric(options, (fabric, { seed, codec }) => {
      fabrics.push(fabric);
      runs.push(`${typeof seed} ${seed} ${codec}`);
    });
  await note({});
  await note({ seed: 5n, codec: "vmbus" });
  await note({ seeds: 2, codecs: "both" });
  await note({ seeds: [9, 2n ** 64n - 1n], codecs: ["vmbus"] });
  assertEquals(runs, [
    "number 0 msgpack",
    "bigint 5 vmbus",
    "number 0 msgpack",
    "number 0 vmbus",
    "number 1 msgpack",
    "number 1 vmbus",
    "number 9 vmbus",
    "bigint 18446744073709551615 vmbus",
  ]);
  assertEquals(fabrics.every(isGone), true);
});

Deno.test("testFabric: seeds give different orders, as their schedule is random", async () => {
  const digests = new Set<string>();
  const run = async (fabric: vmbus.Fabric) => {
    const pair = await openPair({
      within: { fabric, guest: fabric.createPartition({ name: "g" }) },
    });
    digests.add(pair.fabric.traceDigest());
    fabric.dispose();
  };
  await testFabric({ seeds: 4 }, run);
  assertEquals(digests.size > 1, true);
  digests.clear();
  await testFabric({ seeds: 4, schedule: "fifo" }, run);
  assertEquals(digests.size, 1);
});

Deno.test("testFabric: shows the assertion first, with its frames, then what lives, then how to replay", async () => {
  const thrown = new Error("the real failure");
  const { message, cause, ...error } = await failureWith(thrown, {
    seeds: [3, 7n],
    codec: "vmbus",
    story: false,
  });
  const lines = message.split("\n");
  assertEquals(lines[0], "Error: the real failure");
  assertMatch(lines[1] ?? "", /test_fabric_test\.ts/);
  assertEquals(lines.slice(-4), [
    "alive when it failed:",
    "  guest: 10 bytes at 0x0 were not freed",
    "failed with seed 3, codec vmbus",
    'replay: testFabric({ seed: 3, codec: "vmbus", schedule: "random" }, …)',
  ]);
  assertEquals([error.thrown, cause], [thrown, undefined]); // a cause would be shown once more
  assertEquals(error.run, { seed: 3, codec: "vmbus" });
  assertEquals(error.leaks.map(({ kind }) => kind), ["memory"]);
});

Deno.test("testFabric: a schedule with bounds is written out in its replay", async () => {
  const schedule = { name: "pct", depth: 2, steps: undefined! } as const;
  const failed = testFabric({ seed: 3, schedule, story: false }, () => {
    throw new Error("no");
  });
  const { replay } = await assertRejects(() => failed, FabricTestError);
  const typed = 'schedule: { name: "pct", depth: 2 }';
  assertEquals(replay, `testFabric({ seed: 3, codec: "msgpack", ${typed} }, …)`);
});

Deno.test("testFabric: stops at the first run that fails, which its replay makes again", async () => {
  const seen: (number | bigint)[] = [];
  const body = (_fabric: vmbus.Fabric, { seed }: { seed: number | bigint }) => {
    seen.push(seed);
    if (seed === 2n) throw new Error("no");
  };
  const failed = () => testFabric({ seeds: [1, 2n, 3], rootMemoryPages: 64, story: false }, body);
  const { replay } = await assertRejects(failed, FabricTestError, "failed with seed 2");
  assertEquals(seen, [1, 2n]);
  const call =
    'testFabric({ seed: 2n, codec: "msgpack", rootMemoryPages: 64, schedule: "random" }, …)';
  assertEquals(replay, call);
});

Deno.test("testFabric: tells of an assertion in a callback, and of what is no Error", async () => {
  const { message } = await failureWith(new Error("outer", { cause: new TypeError("inner") }));
  assertMatch(message, /^Error: outer\n[^]*\ncaused by TypeError: inner\n/);
  assertMatch((await failureWith("a text")).message, /^thrown: a text\n/);
  assertMatch((await failureWith(undefined)).message, /^thrown: undefined\n/);
  const nothing = Object.create(null);
  assertMatch((await failureWith(nothing)).message, /^thrown: an object that cannot be shown\n/);
  const hidden = new Proxy({}, {
    get() {
      throw new Error("hidden");
    },
  });
  assertMatch((await failureWith(hidden)).message, /^thrown: an object that cannot be shown\n/);
  const caused = Object.assign(new Error("planted", { cause: nothing }), { stack: 5 });
  assertMatch((await failureWith(caused)).message, /^Error: planted\ncaused by thrown: an object /);
  const bare = new Error("without frames");
  delete bare.stack;
  assertMatch((await failureWith(bare)).message, /^Error: without frames\n/);
});

Deno.test("testFabric: a run that leaves something behind fails, unless the verifier is off", async () => {
  const leave = (fabric: vmbus.Fabric) => {
    fabric.createPartition({ name: "guest" }).memory.allocate(10);
  };
  for (const verifier of ["throw", "record"] as const) {
    const failed = () => testFabric({ verifier, story: false }, leave);
    const { message, thrown } = await assertRejects(failed, FabricTestError);
    assertInstanceOf(thrown, vmbus.DisposalError);
    assertMatch(message, /^The body ended.*\nleaks:\n {2}guest: 10 bytes at 0x0 were not freed\n/);
  }
  await testFabric({ verifier: "off" }, leave);
});

Deno.test("testFabric: in mode record a violation fails the run; one that is expected is the body's to check", async () => {
  const misuse = (fabric: vmbus.Fabric) => {
    const { vsc, client } = makePair({ within: { fabric, guest: fabric.root } });
    vsc.VmbChannelSetTransactionQuota(client, 0);
    return fabric;
  };
  const failed = () =>
    testFabric({ verifier: "record", story: false }, (fabric) => void misuse(fabric));
  const { message, violations } = await assertRejects(failed, FabricTestError);
  assertEquals(violations.map(({ rule }) => rule), ["quota 0"]);
  assertMatch(
    message,
    /\nviolations:\n {2}at 0 ms, VmbChannelSetTransactionQuota: .* \(quota 0\)\n {4}from .*_test/,
  );
  await testFabric({ verifier: "record" }, (fabric) => {
    assertEquals(misuse(fabric).violations.length, 1);
    fabric.dispose();
  });
});

Deno.test("testFabric: a run in which something was done twice is made again, and names both lines", async () => {
  let runs = 0;
  const failed = () =>
    testFabric({ story: false }, (fabric) => {
      runs++;
      const { vsc, client } = makePair({
        within: { fabric, guest: fabric.createPartition({ name: "guest" }) },
      });
      const packet = vsc.VmbPacketAllocate(client);
      vsc.VmbPacketFree(packet); // first
      vsc.VmbPacketFree(packet); // second
    });
  const { message } = await assertRejects(failed, FabricTestError);
  const text = (await Deno.readTextFile(new URL(import.meta.url))).split("\n");
  const lineOf = (mark: string) => 1 + text.findIndex((line) => line.endsWith(`; // ${mark}`));
  assertMatch(message, new RegExp(`\\n {4}from .*:${lineOf("second")}:\\d+\\n`));
  assertMatch(message, new RegExp(`\\n {4}first from .*:${lineOf("first")}:\\d+\\n`));
  assertEquals(runs, 2);
});

Deno.test("testFabric: lists no more than ten of a kind", async () => {
  const leave = (fabric: vmbus.Fabric) => {
    const { memory } = fabric.createPartition({ name: "guest" });
    for (let i = 0; i < 13; i++) memory.allocate(10);
  };
  const { message, leaks } = await assertRejects(
    () => testFabric({ story: false }, leave),
    FabricTestError,
  );
  assertEquals([leaks.length, message.match(/were not freed/g)?.length], [13, 10]);
  assertMatch(message, /\n {2}and 3 more\n/);
});

// Deno fails a test whose promise is rejected with nobody there to hear: the failure would not be seen.
Deno.test("testFabric: callers that a failed body left waiting are not rejected", async () => {
  const failed = () =>
    testFabric({ story: false }, async (fabric) => {
      let packets = 0;
      const { vsp, vsc, client } = await openPair({
        within: { fabric, guest: fabric.createPartition({ name: "guest" }) },
        onServerPacket: (_channel, packet) => {
          if (packets++ === 0) vsp.VmbChannelPacketComplete(packet, null, 0); // else holds it for ever
        },
      });
      const text = new Uint8Array(8);
      const ask = async () => {
        await vsc.VmbChannelSendSynchronousRequest(client, text, 8, null, WAIT, text, 8, null);
      };
      const first = ask();
      ask();
      await first;
      throw new Error("before the second answer");
    });
  await assertRejects(failed, FabricTestError, "before the second answer");
});

Deno.test("testFabric: a bad option is refused before anything runs", async () => {
  const bad: readonly [unknown, string][] = [
    [null, "options must be an object, not null"],
    [{ seeds: 0 }, "seeds must be a whole number from 1"],
    [{ seeds: 1.5 }, "not 1.5"],
    [{ seeds: [] }, "a list of one seed at least"],
    [{ seeds: "3" }, 'not "3"'],
    [{ seeds: [1, -1] }, "bigint of 64 bits, not -1"],
    [{ seeds: [1, undefined] }, "bigint of 64 bits, not undefined"],
    [{ seeds: [2n ** 64n] }, "not 18446744073709551616n"],
    [{ seed: 1, seeds: 3 }, "give seed or seeds, not both"],
    [{ codec: "vmbus", codecs: "both" }, "give codec or codecs, not both"],
    [{ codecs: [] }, 'codecs must be "both", or a list'],
    [{ codecs: ["msgpack", "xml"] }, 'with "msgpack" and "vmbus" in it'],
    [{ seedz: 1 }, "no option is called seedz"],
    [{ verifier: "loud" }, "verifier must be one of"],
  ];
  let runs = 0;
  for (const [options, reason] of bad) {
    const run = () => testFabric(options as TestFabricOptions, () => void runs++);
    await assertRejects(run, TypeError, reason);
  }
  for (const body of ["body", Object.create(null)]) { // which no String() takes
    await assertRejects(() => testFabric({}, body as never), TypeError, "body must be a function");
  }
  assertEquals(runs, 0);
});

Deno.test("testFabric: fails where a checker finds something, and says what and where", async () => {
  const failure = await assertRejects(
    () =>
      testFabric({ seed: 3, story: false }, async (fabric) => {
        const guest = fabric.createPartition({ name: "guest" });
        const pair = await openPair({ within: { fabric, guest } });
        const endpoint = endpointBehind(pair.server)!;
        endpoint.trace.fault("badGpadl"); // nobody has done anything
        await closePair(pair);
      }),
    FabricTestError,
  );
  assertInstanceOf(failure.thrown, CheckError);
  assertEquals(failure.findings.map(({ by, place }) => `${by}: ${place}`), [
    "protocol: server in root",
  ]);
  assertMatch(
    failure.message,
    /^The body ended, but not all is well:\nchecks:\n {2}server in root: /,
  );
});

Deno.test("testFabric: without checks nobody looks, and the replay says so", async () => {
  const body = async (fabric: vmbus.Fabric) => {
    const guest = fabric.createPartition({ name: "guest" });
    const pair = await openPair({ within: { fabric, guest } });
    endpointBehind(pair.server)!.trace.fault("badGpadl");
    await closePair(pair);
  };
  await testFabric({ checks: false }, body);
  const { replay } = await failureWith(new Error("no"), { checks: false });
  assertEquals(replay, 'testFabric({ seed: 0, codec: "msgpack", checks: false }, …)');
  await assertRejects(() => testFabric({ checks: 1 as never }, body), TypeError, "true or false");
});
