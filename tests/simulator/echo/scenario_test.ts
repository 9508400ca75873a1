import { assert, assertEquals, assertMatch, assertNotEquals, assertRejects } from "@std/assert";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import {
  echo,
  OptionError,
  type ScenarioResult,
  type ScenarioSettings,
} from "../../../simulator/mod.ts";
import { memoryFile } from "../../support/echo_stage.ts";

const ZERO_BYTES_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

type Numbers = NonNullable<ScenarioSettings["numbers"]>;

function run(
  fileBytes: number,
  numbers: Numbers = {},
  settings: Omit<ScenarioSettings, "files" | "numbers"> = {},
): Promise<ScenarioResult> {
  return echo.run({ ...settings, numbers, files: { file: memoryFile(fileBytes) } });
}

/** The values of a row: guest to host, host to guest. */
function counted(result: ScenarioResult, key: string): readonly number[] {
  return result.counts.rows.find((row) => row.key === key)?.values ?? [];
}

/** Asserts that the file came back, and that nothing was wrong. */
function assertGood(result: ScenarioResult, fileBytes: number): void {
  assertEquals(result.findings, []);
  const expected = bytesToHex(sha256(memoryFile(fileBytes).bytes));
  assertEquals(result.digests.map(({ key, sha256, byteCount }) => [key, sha256, byteCount]), [
    ["read", expected, fileBytes],
    ["returned", expected, fileBytes],
  ]);
  assertEquals([result.violationCount, result.leakCount, result.isStopped], [0, 0, false]);
  assertEquals(result.progress.done, result.progress.total);
  assert(result.ok);
}

for (const schedule of ["fifo", "random"] as const) {
  for (const codec of ["msgpack", "vmbus"] as const) {
    Deno.test(`echo: every byte comes back, with ${codec} and schedule ${schedule}`, async () => {
      const cases: [fileBytes: number, numbers: Numbers][] = [
        [0, { packets: 0 }],
        [0, { packets: 30 }],
        [1, { packets: 0 }],
        [100, { packets: 10, size: 1 }],
        [1023, { packets: 20 }],
        [1024, { packets: 20 }],
        [1025, { packets: 20 }],
        [30_001, { packets: 300, size: 777, "ring-pages": 1 }],
        [600_000, { packets: 50, size: 100_000, "ring-pages": 25 }],
      ];
      for (const [fileBytes, numbers] of cases) {
        assertGood(await run(fileBytes, numbers, { schedule, codec, seed: 5n }), fileBytes);
      }
    });
  }
}

Deno.test("echo: counts packets, bytes and completions of both directions", async () => {
  const fileBytes = 20_500;
  const result = await run(fileBytes, { packets: 200, size: 1000 });
  assertGood(result, fileBytes);
  const [toHost, toGuest] = counted(result, "packets");
  const [bytesToHost] = counted(result, "payloadBytes");
  const [wantedOfHost, wantedOfGuest] = counted(result, "completionsWanted");
  assertEquals(toHost, 1 + 21); // the greeting, and the pieces
  assertEquals(bytesToHost, fileBytes);
  // A piece that wants no completion comes back as a packet of its own.
  assertEquals(toGuest, 200 + 21 - (wantedOfHost! - 1));
  assert(wantedOfHost! > 1 && wantedOfHost! < 22, "some pieces want a completion");
  assert(wantedOfGuest! > 50 && wantedOfGuest! < 150, "about half of the packets beside want one");
  assertEquals(counted(result, "completionsCame"), counted(result, "completionsWanted"));
  assertEquals(result.transactions, 221);
  assert(result.virtualMilliseconds > 0, "the guest delays its interrupts");
});

// kmcl.md P2
Deno.test("echo: the rings of both directions are full on the way", async () => {
  const result = await run(40_000, { packets: 400, "ring-pages": 1 });
  assertGood(result, 40_000);
  const [toHost, toGuest] = counted(result, "roomWaits");
  assert(toHost! > 10 && toGuest! > 100, `${toHost} and ${toGuest} waits`);
  const [interruptsToHost, interruptsToGuest] = counted(result, "interrupts");
  assert(interruptsToHost! > 1 && interruptsToGuest! > 1);
  // wire.md 1.7: far fewer interrupts than packets, both ways together
  assert(interruptsToHost! + interruptsToGuest! < 400);
});

Deno.test("echo: the same seed gives the same trace, another one another", async () => {
  const digestOf = async (seed: bigint, schedule: "fifo" | "random") =>
    (await run(20_000, { packets: 100 }, { seed, schedule })).traceDigest;
  for (const schedule of ["fifo", "random"] as const) {
    assertEquals(await digestOf(1n, schedule), await digestOf(1n, schedule));
    assertNotEquals(await digestOf(1n, schedule), await digestOf(2n, schedule));
  }
  assertNotEquals(await digestOf(1n, "fifo"), await digestOf(1n, "random"));
  const largest = 2n ** 64n - 1n;
  assertNotEquals(await digestOf(largest, "fifo"), await digestOf(largest - 1n, "fifo"));
});

Deno.test("echo: how long the file takes to be read does not show in the trace", async () => {
  const slow = memoryFile(20_000);
  const read = slow.read;
  const file = {
    ...slow,
    read: async (offset: number, byteCount: number) => {
      for (let turns = 0; turns < 5; turns++) await new Promise((done) => setTimeout(done, 1));
      return await read(offset, byteCount);
    },
  };
  const quick = await run(20_000, { packets: 50 });
  const waited = await echo.run({ numbers: { packets: 50 }, files: { file } });
  assertGood(waited, 20_000);
  assertEquals(waited.traceDigest, quick.traceDigest);
});

Deno.test("echo: the largest packet that fits a ring's pages is the largest that is allowed", async () => {
  for (const codec of ["msgpack", "vmbus"] as const) {
    const fits = async (size: number) => {
      try {
        return (await run(size, { size, packets: 0, "ring-pages": 3 }, { codec })).ok;
      } catch (error) {
        assert(error instanceof OptionError, String(error));
        return false;
      }
    };
    let [most, tooMuch] = [1, 3 * 4096];
    while (tooMuch - most > 1) {
      const size = (most + tooMuch) >> 1;
      if (await fits(size)) most = size;
      else tooMuch = size;
    }
    // Descriptors, headers and the slot that stays free take less than 128 bytes.
    assert(most > 3 * 4096 - 128, `${most} with ${codec}`);
    await assertRejects(
      () => run(1, { size: tooMuch, "ring-pages": 3 }, { codec }),
      OptionError,
      `--ring-pages must be at least 4 for packets of --size ${tooMuch}, not 3`,
    );
  }
});

Deno.test("echo: refuses numbers outside the bounds of its options, and a missing file", async () => {
  const cases: [numbers: Numbers, message: string][] = [
    [{ size: 0 }, "--size must be a whole number from 1 to 499984, not 0"],
    [{ size: 1.5 }, "--size must be a whole number from 1 to 499984, not 1.5"],
    [{ size: NaN }, "--size must be a whole number from 1 to 499984, not NaN"],
    [{ size: 499_985 }, "not 499985"],
    [{ packets: -1 }, "--packets must be a whole number from 0 to 10000000, not -1"],
    [{ packets: 10_000_001 }, "not 10000001"],
    [{ "ring-pages": 0 }, "--ring-pages must be a whole number from 1 to 4094, not 0"],
    [{ "ring-pages": 4095 }, "not 4095"],
  ];
  for (const [numbers, message] of cases) {
    await assertRejects(() => run(1, numbers), OptionError, message);
  }
});

Deno.test("echo: runs at the bounds of its options", async () => {
  assertGood(await run(1_000_000, { size: 499_984, packets: 5, "ring-pages": 4094 }), 1_000_000);
});

Deno.test("echo: reports how far it is, packet by packet", async () => {
  const heard: [number, number][] = [];
  const onProgress = (done: number, total: number) => heard.push([done, total]);
  await run(3000, { packets: 7 }, { onProgress });
  assertEquals(heard, Array.from({ length: 10 }, (_, at) => [at + 1, 10]));
});

Deno.test("echo: stops where it stands when it is told to", async () => {
  const stop = new AbortController();
  const result = await run(100_000, { packets: 0 }, {
    signal: stop.signal,
    onProgress: (done) => done === 10 && stop.abort(),
  });
  assertEquals([result.ok, result.isStopped, result.findings], [false, true, []]);
  const { done, total, unit } = result.progress;
  assertEquals([total, unit], [98, "packets"]);
  assert(done >= 10 && done < 98, `${done}`);
  assertEquals(result.digests[0]!.byteCount < 100_000, true, "the rest was not read");
});

Deno.test("echo: a stop that comes after the end is none", async () => {
  const stop = new AbortController();
  const result = await run(1000, { packets: 0 }, {
    signal: stop.signal,
    onProgress: () => stop.abort(),
  });
  assertGood(result, 1000);
});

Deno.test("echo: a file that becomes shorter meanwhile is a finding", async () => {
  const file = { ...memoryFile(5000), byteCount: 9000 };
  const result = await echo.run({ numbers: { packets: 3 }, files: { file } });
  assertEquals(result.findings[0], "guest: the file ends at 5000, not at 9000 any more");
  assertEquals(result.findings[1], "0 of 9 packets of the file came back");
  assertEquals([result.ok, result.isStopped], [false, false]);
  assertEquals([result.violationCount, result.leakCount], [0, 0]);
  assertEquals(result.digests[1]!.sha256, ZERO_BYTES_SHA256);
});

Deno.test("echo: a file that cannot be read is a finding", async () => {
  const file = { ...memoryFile(100), read: () => Promise.reject(new Error("the disk is gone")) };
  const result = await echo.run({ numbers: { packets: 3 }, files: { file } });
  assertEquals(result.findings, [
    "guest: the file cannot be read: Error: the disk is gone",
    "0 of 1 packets of the file came back",
  ]);
  assertEquals(result.ok, false);
  assertEquals(result.leakCount, 0);
});

// kmcl.md section 9
Deno.test("echo: violations, leaks and a channel that does not close are findings", async () => {
  // Thrown out of the client's ProcessPacket, which then retires no packet.
  const onProgress = (done: number) => {
    if (done === 3) throw new Error("too far");
  };
  const result = await run(5000, { packets: 0, size: 1000 }, { onProgress });
  const expected = [
    /^the channel does not close: .* VmbChannelDisable: nothing is runnable /,
    /^exception out of a callback: .* \(client\) in guest: its driver threw: too far$/,
    /^wait that nothing can end: .*$/,
    /^channel \d \(server\) in root: it was not cleaned up$/,
    /^channel \d \(client\) in guest: it was not cleaned up$/,
  ];
  assertEquals(result.findings.length, expected.length);
  for (const [at, finding] of result.findings.entries()) assertMatch(finding, expected[at]!);
  assertEquals([result.ok, result.violationCount, result.leakCount], [false, 2, 2]);
});

Deno.test("echo: reads the file piece by piece, and each byte once", async () => {
  const source = memoryFile(3_000_000);
  let [next, largest] = [0, 0];
  const file = {
    ...source,
    read: (offset: number, byteCount: number) => {
      assertEquals(offset, next);
      next += byteCount;
      largest = Math.max(largest, byteCount);
      return source.read(offset, byteCount);
    },
  };
  const numbers = { packets: 0, size: 30_000, "ring-pages": 1000 };
  assertGood(await echo.run({ numbers, files: { file } }), 3_000_000);
  assertEquals(next, 3_000_000);
  assert(largest <= 0x10_0000, `${largest} bytes at once`);
});
