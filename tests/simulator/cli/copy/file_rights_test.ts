import { assert, assertEquals, assertMatch } from "@std/assert";
import { FileImage } from "../../../../simulator/cli/file_image.ts";
import { OutFile, partPathOf } from "../../../../simulator/cli/copy/out_file.ts";
import { disk, diskScenario } from "../../../../simulator/cli/disk.ts";
import { FileSystem, MACHINE } from "../../../../simulator/cli/file_system.ts";
import { Scratch } from "../../../../simulator/cli/scratch.ts";
import { sampleBytes } from "../../../support/disk_stage.ts";
import { makeLink } from "../../../support/deno_process.ts";
import { simulateHere } from "../../../support/simulate.ts";
import { withTree } from "../../../support/temp_tree.ts";

// Who may read what a run makes (decisions D224), who may use a file at a time (D225), and names that
// are no text or lead nowhere (D227).

function namesIn(root: string): string[] {
  return [...Deno.readDirSync(root)].map(({ name }) => name).sort();
}

/** Files in `root` that others than their owner may read or write. */
function openToOthers(root: string): string[] {
  return namesIn(root).filter((name) => (Deno.statSync(`${root}/${name}`).mode! & 0o077) !== 0);
}

/** Ends with one line and exit code 2, and leaves everything as it is. */
async function assertRefused(root: string, args: readonly string[], line: RegExp): Promise<void> {
  const before = namesIn(root);
  const { code, stdout, stderr } = await simulateHere(...args);
  assertEquals([code, stdout], [2, ""], stderr);
  assertMatch(stderr, line);
  assertMatch(stderr, /^[^\n]+\n$/);
  assertEquals(namesIn(root), before);
}

Deno.test("simulate: what is made of a file that only its owner may read, only its owner may read, at any moment", async () => {
  await withTree({}, async (root) => {
    await Deno.writeFile(`${root}/file`, sampleBytes(5000), { mode: 0o600 });
    const wide = new Set<string>();
    let steps = 0;
    const scenario = diskScenario(
      new FileSystem(() => {
        steps++;
        for (const name of openToOthers(root)) wide.add(name);
      }),
    );
    const paths = { file: `${root}/file`, out: `${root}/out`, "save-to": `${root}/run` };
    await scenario.run({ files: {}, paths, numbers: { "save-at": 60 } });
    {
      using saved = await scenario.resume!(`${root}/run`, { out: `${root}/out` });
      assertEquals((await saved.run({})).ok, true);
    }
    await Deno.writeFile(`${root}/second`, sampleBytes(1), { mode: 0o644 });
    await Deno.chmod(`${root}/second`, 0o644);
    wide.delete("second");
    const replaced = await simulateHere("--file", `${root}/file`, "--out", `${root}/second`);
    assertEquals(replaced.code, 0);
    assertEquals([[...wide], openToOthers(root)], [[], []], "neither is what it replaces");
    assert(steps > 20);
    assertEquals(namesIn(root).length, 6);
  });
});

Deno.test("simulate: what is made of a file that all may read may be read by all, as far as the umask allows", async () => {
  await withTree({ "file": "hello", "plain": "" }, async (root) => {
    await Deno.chmod(`${root}/file`, 0o644);
    await simulateHere("--file", `${root}/file`, "--out", `${root}/out`);
    const [out, plain] = ["out", "plain"].map((name) => Deno.statSync(`${root}/${name}`).mode);
    assertEquals(out, plain);
  });
});

Deno.test("simulate: a file that another run uses is refused, with the reason", async () => {
  const files = { "file": "hello", "image": "a".repeat(512), "out": "before" };
  await withTree(files, async (root) => {
    const file = ["--file", `${root}/file`];
    const saveTo = [...file, "--save-at", "50%", "--save-to", `${root}/run`];
    using scratch = new Scratch();
    {
      using _ = await FileImage.open(MACHINE, `${root}/image`, "");
      const args = [...file, "--disk", `${root}/image`];
      await assertRefused(root, args, /^Cannot use \S+image as a disk: another run uses it; name /);
    }
    for (const [name, args] of [["out", [...file, "--out", `${root}/out`]], ["run", saveTo]]) {
      const options = { fs: MACHINE, scratch, mode: null };
      using _ = await OutFile.begin(`${root}/${name}`, options);
      await assertRefused(root, args as string[], /^Cannot write \S+: another run is writing it; /);
    }
    scratch[Symbol.dispose]();
    assertEquals((await simulateHere(...saveTo)).code, 0);
    {
      using _ = await disk.resume!(`${root}/run`);
      await assertRefused(
        root,
        ["--resume", `${root}/run`],
        /: another run uses it; name another, /,
      );
      await assertRefused(
        root,
        saveTo,
        /^Cannot write \S+run: another run uses it; name another, /,
      );
    }
    assertEquals((await simulateHere("--resume", `${root}/run`)).code, 0);
  });
});

Deno.test("OutFile: what a run has left that is no more is taken away, and nothing else", async () => {
  await withTree({ "file": "hello" }, async (root) => {
    const part = partPathOf(`${root}/out`);
    const args = ["--file", `${root}/file`, "--out", `${root}/out`];
    await Deno.writeTextFile(part, "half of a copy", { mode: 0o666 });
    assertEquals((await simulateHere(...args)).code, 0);
    assertEquals(namesIn(root), ["file", "out"]);
    await makeLink("file", part);
    await assertRefused(root, args, /^Cannot write \S+out: there is something else at \S+part; /);
    assertEquals(Deno.readTextFileSync(`${root}/file`), "hello");
  });
});

Deno.test("simulate: a link that leads nowhere, and a name that is no text, are refused", async () => {
  await withTree({ "file": "hello" }, async (root) => {
    await makeLink("gone", `${root}/link`);
    const save = (path: string) => ["--save-at", "1%", "--save-to", path];
    const nowhere = /^Cannot write \S+link: it is a link that leads nowhere; name a file in /;
    await assertRefused(root, ["--out", `${root}/link`], nowhere);
    await assertRefused(root, save(`${root}/link`), nowhere);
    for (const name of ["\ufffd", "\ud800"]) {
      const path = `${root}/a${name}b`;
      const given = [["--file", path], ["--out", path], ["--disk", path], ["--resume", path]];
      for (const args of [...given, save(path), ["--scenario", "echo", "--file", path]]) {
        await assertRefused(
          root,
          args,
          /: its name is not UTF-8, so it cannot be told from others; /,
        );
      }
    }
  });
});

Deno.test("simulate --resume: no copy takes the place of the saved run, or of what lies beside it", async () => {
  await withTree({ "file": "hello" }, async (root) => {
    const save = ["--file", `${root}/file`, "--save-at", "50%", "--save-to", `${root}/run`];
    assertEquals((await simulateHere(...save)).code, 0);
    const before = namesIn(root);
    for (const name of before.filter((name) => name.startsWith("run"))) {
      const args = ["--resume", `${root}/run`, "--out", `${root}/${name}`];
      const { code, stderr } = await simulateHere(...args);
      assertEquals(code, 2);
      assertMatch(stderr, /\nCannot use --out \S+: it is the same file as .*; name another\n$/);
      assertEquals(namesIn(root), before);
    }
  });
});
