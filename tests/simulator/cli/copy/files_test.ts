import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { UsageError } from "../../../../simulator/cli/command.ts";
import { disk } from "../../../../simulator/cli/disk.ts";
import { Scratch } from "../../../../simulator/cli/scratch.ts";
import { sampleBytes } from "../../../support/disk_stage.ts";
import { makeLink } from "../../../support/deno_process.ts";
import { simulateHere } from "../../../support/simulate.ts";
import { withTree } from "../../../support/temp_tree.ts";

/** What a folder holds: names and contents. */
function contents(root: string): Record<string, string> {
  const entries = [...Deno.readDirSync(root)].toSorted((a, b) => a.name < b.name ? -1 : 1);
  return Object.fromEntries(entries.map(({ name, isFile }) => [
    name,
    isFile ? Deno.readTextFileSync(`${root}/${name}`) : "no file",
  ]));
}

Deno.test("simulate: files that do not fit cost one line and exit code 2, and nothing is left", async () => {
  const files = {
    "src": "hello",
    "folder/x": "",
    "small": "a".repeat(512),
    "odd": "b".repeat(1000),
  };
  await withTree({ ...files, "two.1": "c".repeat(512) }, async (root) => {
    await makeLink("src", `${root}/soft`);
    await Deno.link(`${root}/src`, `${root}/hard`);
    await Deno.link(`${root}/two.1`, `${root}/two.2`);
    const before = contents(root);
    const file = ["--file", `${root}/src`];
    const sameAs = (what: string) =>
      new RegExp(`^Cannot use .* it is the same file as ${what}; name another$`);
    const cases: [args: string[], line: RegExp][] = [
      [["--file", `${root}/gone`], /^Cannot read .*gone: there is no such file; name a file that /],
      [
        ["--file", root],
        /^Cannot read .*: it is a folder, not a file; name a file that can be read$/,
      ],
      [["--file", "/dev/null"], /^Cannot read \/dev\/null: it is a device or pipe, not a file; /],
      [["--file", "a\nb"], /^Cannot read a b: there is no such file; /],
      [
        [...file, "--disk", `${root}/gone`],
        /: there is no such file; name a file of 512 bytes or /,
      ],
      [[...file, "--disk", root], /^Cannot use .* as a disk: it is a folder, not a file; name a /],
      [
        ["--disk", `${root}/small`],
        /: it has 512 bytes; name a file of 8 388 608 bytes or more, in /,
      ],
      [
        [...file, "--disk", `${root}/odd`],
        /: it has 1 000 bytes; name a file of 512 bytes or more, in whole blocks of 512$/,
      ],
      [
        [...file, "--disk", `${root}/small`, "--block-size", "1024"],
        /: it has 512 bytes; name a file of 1 024 bytes or more, in whole blocks of 1 024$/,
      ],
      [[...file, "--disk", `${root}/src`], sameAs("--file .*src")],
      [[...file, "--disk", `${root}/two`, "--guests", "2"], sameAs("--disk .*two\\.1")],
      [[...file, "--disk", `${root}/two`, "--guests", "3"], sameAs("--disk .*two\\.1")],
      [[...file, "--out", `${root}/src`], sameAs("--file .*src")],
      [[...file, "--out", `${root}/soft`], sameAs("--file .*src")],
      [[...file, "--out", `${root}/hard`], sameAs("--file .*src")],
      [[...file, "--out", `${root}/folder/../src`], sameAs("--file .*src")],
      [[...file, "--disk", `${root}/small`, "--out", `${root}/small`], sameAs("--disk .*small")],
      [
        [...file, "--out", `${root}/folder`],
        /^Cannot write .*: it is a folder, not a file; name a /,
      ],
      [[...file, "--out", "/dev/null"], /^Cannot write .*: it is a device or pipe, not a file; /],
      [[...file, "--out", `${root}/gone/x`], /^Cannot write .*gone\/x: there is no such folder; /],
      [
        [...file, "--out", `${root}/gone/`],
        /^Cannot write .*gone\/: there is no such folder; name /,
      ],
    ];
    for (const [args, line] of cases) {
      const { code, stdout, stderr } = await simulateHere(...args);
      assertEquals([code, stdout], [2, ""], args.join(" "));
      assertMatch(stderr.slice(0, -1), line);
      assertMatch(stderr, /^[^\n]+\n$/);
    }
    assertEquals(contents(root), before);
  });
});

Deno.test("simulate: what the machine does not permit costs one line and exit code 2", async () => {
  await withTree({ "file": "hello", "disk": "a".repeat(512), "out": "before" }, async (root) => {
    const before = contents(root);
    const { open } = Deno;
    const refuse = (path: string, mode: "read" | "write") => {
      Deno.open = ((opened: string, options?: Deno.OpenOptions) => {
        const isWrite = options?.write === true;
        const isRefused = opened === `${root}/${path}` && isWrite === (mode === "write");
        return isRefused
          ? Promise.reject(new Deno.errors.PermissionDenied("no"))
          : open(opened, options);
      }) as typeof open;
    };
    const paths = ["--file", `${root}/file`, "--disk", `${root}/disk`, "--out", `${root}/out`];
    const cases: [path: string, mode: "read" | "write", line: RegExp][] = [
      ["file", "read", /^Cannot read .*file: it is not permitted; name a file that can be read\n$/],
      [
        "disk",
        "write",
        /^Cannot use .*disk as a disk: it is not permitted; name a file of 512 .*\n$/,
      ],
      [
        "out",
        "write",
        /^Cannot write .*out: it is not permitted; name a file in a folder that .*\n$/,
      ],
    ];
    try {
      for (const [path, mode, line] of cases) {
        refuse(path, mode);
        const { code, stderr } = await simulateHere(...paths);
        assertEquals(code, 2);
        assertMatch(stderr, line);
      }
    } finally {
      Deno.open = open;
    }
    assertEquals(contents(root), before);
  });
});

Deno.test("simulate: --out replaces a file, follows a link, and is whole or not there", async () => {
  await withTree({ "file": "hello", "old": "before", "linked": "before" }, async (root) => {
    await makeLink("linked", `${root}/link`);
    for (const out of ["old", "link", "new"]) {
      const { code } = await simulateHere("--file", `${root}/file`, "--out", `${root}/${out}`);
      assertEquals(code, 0);
    }
    const expected = {
      file: "hello",
      link: "no file",
      linked: "hello",
      new: "hello",
      old: "hello",
    };
    assertEquals(contents(root), expected);
  });
});

Deno.test("simulate: --out keeps the rights of the file that it replaces", async () => {
  await withTree({ "file": "hello", "secret": "before" }, async (root) => {
    for (const mode of [0o600, 0o640]) {
      await Deno.chmod(`${root}/secret`, mode);
      const { code } = await simulateHere("--file", `${root}/file`, "--out", `${root}/secret`);
      assertEquals(code, 0);
      assertEquals(Deno.statSync(`${root}/secret`).mode! & 0o777, mode);
      assertEquals(Deno.readTextFileSync(`${root}/secret`), "hello");
    }
  });
});

Deno.test("simulate: a copy that cannot have its name says which others have theirs", async () => {
  await withTree({ "file": "hello" }, async (root) => {
    const { rename } = Deno;
    Deno.rename = (from, to) =>
      to === `${root}/out.3`
        ? Promise.reject(new Deno.errors.PermissionDenied())
        : rename(from, to);
    try {
      const args = ["--file", `${root}/file`, "--out", `${root}/out`, "--guests", "3"];
      const { code, stderr } = await simulateHere(...args);
      assertEquals(code, 2);
      assertMatch(
        stderr,
        /: it is not permitted; name a .*; kept already: \S+out\.1, \S+out\.2\n$/,
      );
    } finally {
      Deno.rename = rename;
    }
    assertEquals(Object.keys(contents(root)), ["file", "out.1", "out.2"]);
  });
});

/** Runs a copy during which `change` is done to the file once `afterBytes` were read. */
async function copyWhile(
  root: string,
  afterBytes: number,
  change: (path: string) => void,
): Promise<void> {
  const path = `${root}/file`;
  await Deno.writeFile(path, sampleBytes(200_000));
  let isDone = false;
  await disk.run({
    files: {},
    paths: { file: path, out: `${root}/out` },
    numbers: { "queue-depth": 1, guests: 2 },
    onProgress: (done) => {
      if (isDone || done < afterBytes) return;
      isDone = true;
      change(path);
    },
  });
  assert(isDone);
}

function overwrite(path: string, at: number): void {
  using file = Deno.openSync(path, { write: true });
  file.seekSync(at, Deno.SeekMode.Start);
  file.writeSync(Uint8Array.of(1, 2, 3));
}

Deno.test("CopySource: a file that changes while it is read is none, and no copy is kept", async () => {
  await withTree({}, async (root) => {
    const hint = "; copy it when nobody writes to it";
    const keepingTime = (change: (path: string) => void) => (path: string) => {
      const { atime, mtime } = Deno.statSync(path);
      change(path);
      Deno.utimeSync(path, atime!, mtime!);
    };
    const cases: [afterBytes: number, change: (path: string) => void, message: string][] = [
      [
        1,
        (path) => Deno.truncateSync(path, 150_000),
        `it has fewer bytes now than the 200 000 it had${hint}`,
      ],
      [
        1,
        (path) => Deno.truncateSync(path, 1),
        `it has fewer bytes now than the 200 000 it had${hint}`,
      ],
      [
        1,
        (path) => Deno.writeFileSync(path, sampleBytes(1), { append: true }),
        `it has 200 001 bytes`,
      ],
      [1, (path) => Deno.utimeSync(path, 1, 1), `somebody wrote to it${hint}`],
      [200_000, keepingTime((path) => overwrite(path, 5)), `its content is another${hint}`],
    ];
    for (const [afterBytes, change, message] of cases) {
      await assertRejects(() => copyWhile(root, afterBytes, change), UsageError, message);
      assertEquals(Object.keys(contents(root)), ["file"]);
    }
  });
});

Deno.test("CopySource: a new name, other rights and a change after it was read are no change", async () => {
  await withTree({}, async (root) => {
    const changes: [afterBytes: number, change: (path: string) => void][] = [
      [1, (path) => Deno.renameSync(path, `${root}/moved`)],
      [1, (path) => Deno.chmodSync(path, 0o600)],
      [1, (path) => Deno.removeSync(path)],
      [600_000, (path) => Deno.truncateSync(path, 1)],
    ];
    for (const [afterBytes, change] of changes) {
      await copyWhile(root, afterBytes, change);
      const copies = ["out.1", "out.2"].map((name) => Deno.readFileSync(`${root}/${name}`));
      assertEquals(copies, [sampleBytes(200_000), sampleBytes(200_000)]);
    }
  });
});

Deno.test("Scratch: removes what it was given, at a hard exit as well, and keeps what it forgot", async () => {
  await withTree({ "a/b": "", "c": "", "d": "" }, async (root) => {
    const exit = () => globalThis.dispatchEvent(new Event("unload"));
    {
      using scratch = new Scratch();
      for (const name of ["a", "c", "gone"]) scratch.add(`${root}/${name}`);
      scratch.forget(`${root}/c`);
      exit();
      assertEquals(Object.keys(contents(root)), ["c", "d"]);
      scratch.add(`${root}/d`);
    }
    assertEquals(Object.keys(contents(root)), ["c"]);
    await Deno.mkdir(`${root}/a`);
    exit();
    assertEquals(Object.keys(contents(root)), ["a", "c"]);
  });
});
