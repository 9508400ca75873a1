import { assert, assertEquals, assertRejects } from "@std/assert";
import { dirname } from "node:path";
import { diskScenario } from "../../../../simulator/cli/disk.ts";
import { type FileStep, FileSystem } from "../../../../simulator/cli/file_system.ts";
import type { Scenario, ScenarioResult } from "../../../../simulator/scenario.ts";
import { areEqual, sampleBytes } from "../../../support/disk_stage.ts";
import { withTree } from "../../../support/temp_tree.ts";

// A run that comes to a sudden end, as a killed process or a machine without power does, leaves what was
// there before or what it was to leave, and whoever asks for the same again gets it (decisions D223).

/** Steps after which something is another than before. */
const ALTERING: readonly FileStep["kind"][] = [
  "create",
  "write",
  "sync",
  "rename",
  "remove",
  "syncFolder",
];

class SuddenEnd extends Error {}

/** Runs `use` with a machine that says at once that all is safe: that would take most of the time. */
async function withFastTree(use: (root: string) => Promise<void>): Promise<void> {
  const { sync, syncSync } = Deno.FsFile.prototype;
  Object.assign(Deno.FsFile.prototype, { sync: () => Promise.resolve(), syncSync: () => {} });
  try {
    await withTree({}, use);
  } finally {
    Object.assign(Deno.FsFile.prototype, { sync, syncSync });
  }
}

/** Files whose temporary folders go when the test is over: a sudden end leaves them. */
class TidiedFiles extends FileSystem implements Disposable {
  readonly #folders: string[] = [];

  override async makeTemporaryFolder(): Promise<string> {
    const path = await super.makeTemporaryFolder();
    this.#folders.push(path);
    return path;
  }

  [Symbol.dispose](): void {
    for (const path of this.#folders) {
      try {
        Deno.removeSync(path, { recursive: true });
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error; // the run has done it
      }
    }
  }
}

/** Has `use` run the scenario on files with which nothing can be done any more once `endsAfter` steps were. */
async function withSuddenEnd(
  endsAfter: number,
  use: (scenario: Scenario) => Promise<unknown>,
): Promise<readonly FileStep[]> {
  const steps: FileStep[] = [];
  using fs = new TidiedFiles((step) => {
    if (steps.length >= endsAfter) throw new SuddenEnd();
    if (ALTERING.includes(step.kind)) steps.push(step);
  });
  // What is cleaned up on the way out finds no files, too: any error will do.
  const work = () => use(diskScenario(fs));
  if (endsAfter === Infinity) await work();
  else await work().catch(() => {});
  return steps;
}

const OLD = sampleBytes(900);
const NEW = sampleBytes(1700).reverse();
const NUMBERS = { "queue-depth": 1, "ring-pages": 1 };

function save(scenario: Scenario, root: string, name: string): Promise<ScenarioResult> {
  return scenario.run({
    files: {},
    seed: name === "old" ? 1n : 2n,
    paths: { file: `${root}/${name}`, "save-to": `${root}/run` },
    numbers: { ...NUMBERS, guests: 2, "save-at": 60 },
  });
}

async function resume(scenario: Scenario, root: string): Promise<ScenarioResult> {
  using saved = await scenario.resume!(`${root}/run`, { out: `${root}/out` });
  return await saved.run({});
}

const MACHINE = diskScenario(new FileSystem());

/** What stands in a folder. */
type Contents = ReadonlyMap<string, Uint8Array>;

function contentsOf(root: string): Contents {
  const names = [...Deno.readDirSync(root)].map(({ name }) => name).sort();
  return new Map(names.map((name) => [name, Deno.readFileSync(`${root}/${name}`)]));
}

function restoreContents(root: string, contents: Contents): void {
  for (const { name } of [...Deno.readDirSync(root)]) Deno.removeSync(`${root}/${name}`);
  for (const [name, bytes] of contents) Deno.writeFileSync(`${root}/${name}`, bytes);
}

/** Runs `work` to a sudden end after each of its steps, and once whole; `look` sees what is left each time. */
async function atEachStep(
  root: string,
  work: (scenario: Scenario) => Promise<unknown>,
  look: (isWhole: boolean) => Promise<void>,
): Promise<void> {
  const before = contentsOf(root);
  const whole = await withSuddenEnd(Infinity, work);
  assert(whole.length > 10);
  for (let count = 0; count <= whole.length; count++) {
    restoreContents(root, before);
    await withSuddenEnd(count, work);
    await look(count === whole.length);
  }
}

Deno.test("simulate --save-to: a sudden end at any step leaves the run that was saved before, or this one", async () => {
  await withFastTree(async (root) => {
    await Deno.writeFile(`${root}/old`, OLD);
    await Deno.writeFile(`${root}/new`, NEW);
    await save(MACHINE, root, "old");
    const seen = new Set<bigint>();
    await atEachStep(root, (scenario) => save(scenario, root, "new"), async (isWhole) => {
      {
        using saved = await MACHINE.resume!(`${root}/run`);
        const { seed } = saved.settings;
        seen.add(seed);
        if (isWhole) assertEquals(seed, 2n);
        const result = await saved.run({});
        assertEquals([result.ok, result.findings], [true, []]);
        assertEquals(result.digests[0]!.byteCount, seed === 1n ? OLD.length : NEW.length);
      }
      assertEquals((await save(MACHINE, root, "new")).ok, true, "the same can be begun again");
      assertEquals(contentsOf(root).size, 6, "and takes away what was left");
    });
    assertEquals(seen, new Set([1n, 2n]));
  });
});

Deno.test("simulate --save-to: where no run was saved before, a sudden end leaves none, or this one", async () => {
  await withFastTree(async (root) => {
    await Deno.writeFile(`${root}/new`, NEW);
    await atEachStep(root, (scenario) => save(scenario, root, "new"), async () => {
      const isThere = contentsOf(root).has("run");
      if (isThere) assertEquals((await resume(MACHINE, root)).ok, true);
      assertEquals((await save(MACHINE, root, "new")).ok, true);
    });
  });
});

Deno.test("simulate --resume: after a sudden end at any step it continues again, and each copy is whole or not there", async () => {
  await withFastTree(async (root) => {
    await Deno.writeFile(`${root}/new`, NEW);
    await save(MACHINE, root, "new");
    const saved = contentsOf(root);
    await atEachStep(root, (scenario) => resume(scenario, root), async (isWhole) => {
      const left = contentsOf(root);
      for (const [name, bytes] of saved) assert(areEqual(left.get(name)!, bytes), name);
      const copies = ["out.1", "out.2"].filter((name) => left.has(name));
      for (const name of copies) assert(areEqual(left.get(name)!, NEW));
      if (isWhole) assertEquals(copies.length, 2);
      assertEquals((await resume(MACHINE, root)).ok, true);
      assertEquals(contentsOf(root).size, saved.size + 2);
    });
  });
});

/**
 * Fails unless what was written is safe before the name that decides about it, and the name before more is
 * done.
 *
 * @param decides Whether that name decides about a file that was written.
 */
function checkOrder(
  steps: readonly FileStep[],
  decides: (rename: FileStep, file: string) => boolean,
): number {
  const unsafe = new Set<string>();
  const unsafeNames = new Set<string>();
  let named: string | null = null;
  let renames = 0;
  for (const step of steps) {
    const { kind, path, to } = step;
    if (kind === "write") unsafe.add(path);
    if (kind === "sync") unsafe.delete(path);
    if (kind === "syncFolder") {
      unsafeNames.delete(path);
      if (path === named) named = null;
    }
    if (kind === "rename") {
      const folder = dirname(to!);
      const open = [...unsafe].filter((file) => decides(step, file));
      assertEquals(open, [], `data is safe before ${to}`);
      assertEquals(unsafeNames.has(folder), false, `names are safe before ${to}`);
      named = folder;
      renames++;
    }
    if (kind === "remove") assert(dirname(path) !== named, "the new is safe before the old goes");
    if (kind === "create" || kind === "rename") unsafeNames.add(dirname(to ?? path));
  }
  assertEquals(named, null, "the last name is safe as well");
  return renames;
}

Deno.test("simulate: data and folder are made safe before the name that decides, and the name before more is done", async () => {
  await withFastTree(async (root) => {
    await Deno.writeFile(`${root}/old`, OLD);
    await Deno.writeFile(`${root}/new`, NEW);
    await save(MACHINE, root, "old");
    const saving = await withSuddenEnd(Infinity, (scenario) => save(scenario, root, "new"));
    assertEquals(checkOrder(saving, () => true), 1, "one name decides");
    const resuming = await withSuddenEnd(Infinity, (scenario) => resume(scenario, root));
    const isItself = ({ path }: FileStep, file: string) => path === file;
    assertEquals(checkOrder(resuming, isItself), 2, "each copy has its own");
  });
});

Deno.test("simulate: no part of the command line touches files but through the one class that does", async () => {
  const folder = new URL("../../../../simulator/cli/", import.meta.url);
  const names = [".", "copy"].flatMap((inner) =>
    [...Deno.readDirSync(new URL(inner, folder))]
      .flatMap(({ name, isFile }) => isFile ? [`${inner}/${name}`] : [])
  );
  // Reports are whole files that no copy reads: one call writes each.
  const apart = ["./file_system.ts", "./part_file.ts", "./vectors_folder.ts", "./written_files.ts"];
  const others = names.filter((name) => !apart.includes(name));
  const touches =
    /Deno\.(?:open|create|read(?!Text)|write|rename|remove(?!Signal)|mkdir|make|stat|lstat|realPath|link|symlink|truncate|chmod|copy)/;
  for (const name of others) {
    const text = await Deno.readTextFile(new URL(name, folder));
    assertEquals(touches.exec(text)?.[0], undefined, name);
  }
  assert(others.length > 25, `${others.length} files`);
  await assertRejects(
    () =>
      new FileSystem(() => {
        throw new SuddenEnd();
      }).stat("."),
    SuddenEnd,
  );
});
