import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { DiskServer, FileCopier } from "../../../../devices/disk/mod.ts";
import { disk } from "../../../../simulator/cli/disk.ts";
import type { ScenarioResult, ScenarioSettings } from "../../../../simulator/mod.ts";
import { sampleBytes } from "../../../support/disk_stage.ts";
import { isLong, times } from "../../../support/long.ts";
import { simulateHere } from "../../../support/simulate.ts";
import { withTree } from "../../../support/temp_tree.ts";

type Numbers = NonNullable<ScenarioSettings["numbers"]>;

/** Copies `file` with these settings; it must come back, and nothing be wrong. */
async function migrate(
  root: string,
  file: Uint8Array,
  numbers: Numbers,
  settings: Partial<ScenarioSettings> = {},
): Promise<ScenarioResult> {
  await Deno.writeFile(`${root}/file`, file);
  const paths = { file: `${root}/file`, out: `${root}/out` };
  const result = await disk.run({ seed: 1n, ...settings, numbers, paths, files: {} });
  assertEquals([result.findings, result.ok, result.leakCount], [[], true, 0]);
  const guests = numbers["guests"] ?? 1;
  assertEquals(new Set(result.digests.map(({ sha256 }) => sha256)).size, 1);
  assertEquals(result.digests.length, guests + 1);
  for (const name of guests === 1 ? ["out"] : ["out.1", `out.${guests}`]) {
    assertEquals(await Deno.readFile(`${root}/${name}`), file);
  }
  const left = [...Deno.readDirSync(root)].map(({ name }) => name);
  assertEquals(left.filter((name) => !/^(file|out)/.test(name)), [], "nothing else is left");
  return result;
}

/** The rows of the table of migrations, each by the keys of its columns. */
function migrationsOf({ tables = [] }: ScenarioResult): readonly Record<string, number>[] {
  return tables.filter(({ key }) => key === "migrations").flatMap(({ columns, rows }) =>
    rows.map(({ values }) =>
      Object.fromEntries(columns.map(({ key }, at) => [key, values[at] ?? -1]))
    )
  );
}

/** So much is under way that guests migrate with packets in flight. */
const BYTES = times(200_000, 700_000);

for (const schedule of ["fifo", "random"] as const) {
  for (const codec of ["msgpack", "vmbus"] as const) {
    Deno.test(`simulate --migrate: guests copy on wherever they are, with ${codec} and schedule ${schedule}`, async () => {
      await withTree({}, async (root) => {
        const file = sampleBytes(50_001);
        const small = { "queue-depth": 3, quota: 2 };
        for (const count of isLong || schedule !== "fifo" ? [0, 1, 5, 50] : [1, 5]) {
          const result = await migrate(root, file, { ...small, migrate: count }, {
            schedule,
            codec,
            seed: BigInt(count),
          });
          const rows = migrationsOf(result);
          assertEquals(rows.length, count);
          const packets = rows.map(({ packet }) => packet!);
          assertEquals(packets, packets.toSorted((a, b) => a - b));
        }
        const many = { ...small, guests: 3, migrate: 4 };
        const result = await migrate(root, sampleBytes(BYTES), many, { schedule, codec });
        assert(migrationsOf(result).some(({ awaiting }) => awaiting! > 0));
      });
    });
  }
}

Deno.test("simulate --migrate: says of each migration where it was, and what was in flight", async () => {
  await withTree({}, async (root) => {
    const file = sampleBytes(2 ** 22);
    const result = await migrate(root, file, { migrate: 8, "queue-depth": 64 });
    const rows = migrationsOf(result);
    assertEquals(result.tables?.length, 1);
    const keys = ["packet", "savedBytes", "pages", "queued", "awaiting", "ended", "held"];
    assertEquals(Object.keys(rows[0]!), [...keys, "ringBytes"]);
    assert(rows.some(({ queued, awaiting }) => queued! > 0 && awaiting! > 0));
    for (const { packet, savedBytes, pages } of rows) {
      assert(packet! <= result.transactions);
      assert(savedBytes! > pages! * 4096, "pages are stored, those that are not zero");
    }
  });
});

Deno.test("simulate --migrate: one digest stands for the run, and the seed decides where guests move", async () => {
  await withTree({}, async (root) => {
    const file = sampleBytes(600_000);
    const numbers = { migrate: 5, "queue-depth": 2 };
    const [first, again, other] = [
      await migrate(root, file, numbers, { seed: 7n }),
      await migrate(root, file, numbers, { seed: 7n }),
      await migrate(root, file, numbers, { seed: 8n }),
    ];
    assertMatch(first.traceDigest, /^[\da-f]{64}$/);
    assertEquals(again.traceDigest, first.traceDigest);
    assertEquals(migrationsOf(again), migrationsOf(first));
    assertNotEquals(other.traceDigest, first.traceDigest);
    assertNotEquals(migrationsOf(other), migrationsOf(first));
    const still = await migrate(root, file, { "queue-depth": 2 }, { seed: 7n });
    assertNotEquals(still.traceDigest, first.traceDigest);
    assertEquals(still.tables, []);
    // What the guests did is the same as where they stayed.
    assertEquals(first.transactions, still.transactions);
    assertEquals(first.counts.rows.slice(0, 3), still.counts.rows.slice(0, 3));
  });
});

Deno.test("simulate --migrate: an empty file has no place to move at but one", async () => {
  await withTree({}, async (root) => {
    const result = await migrate(root, new Uint8Array(0), { migrate: 3, guests: 2 });
    assertEquals(migrationsOf(result).map(({ packet }) => packet), [0, 0, 0]);
  });
});

Deno.test("simulate --migrate: the replay line moves them again at the same places", async () => {
  await withTree({}, async (root) => {
    await Deno.writeFile(`${root}/file`, sampleBytes(300_000));
    const args = ["--json", "--file", `${root}/file`, "--migrate", "4", "--seed", "5"];
    const first = JSON.parse((await simulateHere(...args)).stdout);
    assertEquals(first.tables.migrations.length, 4);
    assertMatch(first.replay, / --migrate 4 --seed 5 /);
    const words: string[] = first.replay.split(" ").slice(3);
    const again = JSON.parse((await simulateHere("--json", ...words)).stdout);
    assertEquals([again.traceDigest, again.tables], [first.traceDigest, first.tables]);
    const { stdout } = await simulateHere(...args.slice(1));
    assertMatch(
      stdout,
      /^migrated live, .*:\n┌.*\n│ +│ packet │ +bytes │ pages │ queued │ sent │ ended │ held │ /m,
    );
    assertMatch(stdout, /^│ 4 │ +\d/m);
  });
});

/** Runs with one of the disk's functions replaced, from its `turn`-th call on and for one call. */
async function failing<Name extends string, Work>(
  owner: Record<Name, Work>,
  name: Name,
  turn: number,
  work: () => Promise<void>,
): Promise<void> {
  const real = owner[name] as (...args: unknown[]) => unknown;
  let calls = 0;
  owner[name] = function (this: unknown, ...args: unknown[]) {
    if (++calls === turn) throw new Error("not this time");
    return real.apply(this, args);
  } as Work;
  try {
    await work();
    assert(calls > turn, `${name} was called ${calls} times`);
  } finally {
    owner[name] = real as Work;
  }
}

Deno.test("simulate --migrate: a guest that cannot be saved or restored continues where it is, and that is a finding", async () => {
  await withTree({}, async (root) => {
    await Deno.writeFile(`${root}/file`, sampleBytes(500_000));
    const assertFound = async (reason: string) => {
      const result = await disk.run({
        seed: 2n,
        files: {},
        paths: { file: `${root}/file` },
        numbers: { migrate: 3, guests: 2, "queue-depth": 2 },
      });
      assertEquals(result.findings, [reason]);
      assertEquals([result.ok, result.leakCount, result.violationCount], [false, 0, 0]);
      assertEquals(new Set(result.digests.map(({ sha256 }) => sha256)).size, 1);
      assertEquals(result.transactions, 2 * 20);
    };
    const unsuccessful = "not this time (STATUS_UNSUCCESSFUL)";
    await failing(
      DiskServer.prototype as unknown as Record<"save", unknown>,
      "save",
      4,
      () =>
        assertFound(
          `guest 2: it is not saved: host driver "disk VSP" cannot be saved: ${unsuccessful}`,
        ),
    );
    await failing(
      FileCopier as unknown as Record<"restore", unknown>,
      "restore",
      4,
      () =>
        assertFound(
          `guest 2: it is not restored: guest driver "file copier" cannot be restored: ${unsuccessful}`,
        ),
    );
  });
});

Deno.test("simulate --migrate: Ctrl-C stops it between two fabrics as well", async () => {
  await withTree({}, async (root) => {
    await Deno.writeFile(`${root}/file`, sampleBytes(400_000));
    const stop = new AbortController();
    const result = await disk.run({
      files: {},
      paths: { file: `${root}/file`, out: `${root}/out` },
      numbers: { migrate: 20, "queue-depth": 2 },
      signal: stop.signal,
      onProgress: (done) => done > 300_000 && stop.abort(),
    });
    assertEquals([result.ok, result.isStopped, result.findings], [false, true, []]);
    assert(result.progress.done < 500_000, `${result.progress.done}`);
    assertEquals([...Deno.readDirSync(root)].map(({ name }) => name), ["file"]);
  });
});
