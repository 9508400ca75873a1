import { assert, assertEquals, assertMatch } from "@std/assert";
import { main } from "../../../simulator/cli/vectors.ts";
import { Capture } from "../../support/simulate.ts";
import { withTree } from "../../support/temp_tree.ts";

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(...args: string[]): Promise<Ran> {
  using stdout = new Capture(Deno.stdout);
  using stderr = new Capture(Deno.stderr);
  const code = await main(args);
  return { code, stdout: stdout.text, stderr: stderr.text };
}

function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

Deno.test("vectors --generate: writes a folder which the command holds the package against", async () => {
  await withTree({}, async (root) => {
    const folder = `${root}/new/vectors`;
    const { code, stdout, stderr } = await run("--generate", folder);
    assertEquals([code, stderr], [0, ""]);
    const names = namesIn(folder);
    const told = stdout.split("\n").flatMap((line) =>
      /^ *[\d ]+ bytes {2}(\S+)$/.exec(line)?.[1] ?? []
    );
    assertEquals(told.sort(), names);
    assertMatch(stdout, /\n18 files, 1 \d{3} \d{3} bytes, in \S+new\/vectors\n$/);
    for (const kind of ["rings", "packets", "messages", "exchanges", "states"]) {
      for (const ending of ["json", "schema.json", "txt"]) {
        assert(names.includes(`${kind}.${ending}`));
      }
    }

    const held = await run(folder, "--json");
    const { ok, failed, passed, files, written } = JSON.parse(held.stdout);
    assertEquals([held.code, ok, failed, files.length, written], [0, true, 0, 6, null]);
    assert(passed > 400, `${passed} cases`);

    // What is changed, is found by its digest, and by what it says.
    const path = `${folder}/packets.json`;
    const text = Deno.readTextFileSync(path);
    Deno.writeTextFileSync(path, text.replace('"offsetTooLarge"', '"emptyRange"'));
    const broken = await run(folder);
    const failures = broken.stdout.split("\n").filter((line) => line.startsWith("FAIL"));
    assertEquals(broken.code, 1);
    assertMatch(
      failures.join("\n"),
      /^FAIL packets\.json: sha256: expected \w{64}, got \w{64}\nFAIL \S+: fault\.name: /,
    );
    assertEquals(failures.length, 2);
  });
});

Deno.test("vectors --generate: a folder that is not empty is left as it is, unless it is forced", async () => {
  await withTree({ "notes.md": "mine", "rings.json": "mine" }, async (root) => {
    const { code, stdout, stderr } = await run("--generate", root);
    assertEquals([code, stdout], [2, ""]);
    assertMatch(
      stderr,
      /^Cannot write into \S+: \S+ is in it already; name another folder with --generate, or add --force\n$/,
    );
    assertEquals(namesIn(root), ["notes.md", "rings.json"]);
    const forced = await run("--generate", root, "--force", "--json");
    const { ok, error, files, written } = JSON.parse(forced.stdout);
    assertEquals([forced.code, ok, error, files, written.length], [0, true, null, null, 18]);
    assertEquals(Deno.readTextFileSync(`${root}/notes.md`), "mine");
    assert(Deno.readTextFileSync(`${root}/rings.json`).startsWith("{"));
  });
});

Deno.test("vectors: what goes with nothing else, and folders that were not generated, cost one line", async () => {
  await withTree({ "file": "", "sub/manifest.json": "{}" }, async (root) => {
    const cases: [args: string[], line: RegExp][] = [
      [["--force"], /^--force goes with --generate alone: see deno task vectors --help$/],
      [["--generate", ""], /^--generate must be a path, and not empty: see /],
      [["--generate", root, "x.json"], /^--generate goes with no file: see /],
      [
        ["--generate", `${root}/file`],
        /^Cannot write into \S+file: it is a file, not a folder; name another folder with --generate$/,
      ],
      [
        [root],
        /^Cannot read \S+manifest\.json: there is no such file; name a file of vectors, or a folder of them$/,
      ],
      [[`${root}/sub`], /manifest\.json:1:1: \$schema: Invalid input/],
    ];
    for (const [args, line] of cases) {
      const { code, stdout, stderr } = await run(...args);
      assertEquals([code, stdout], [2, ""]);
      assertMatch(stderr.trimEnd(), line);
    }
  });
});
