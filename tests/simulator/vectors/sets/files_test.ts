import { assert, assertEquals } from "@std/assert";
import { formsOf } from "../../../../core/control/layouts.ts";
import type { ControlMessageName } from "../../../../core/control/messages.ts";
import { MESSAGE_RULES, VERSIONS } from "../../../../core/control/versions.ts";
import { PACKAGE_VERSION } from "../../../../simulator/artefacts/package_version.ts";
import { checkVectors, readManifest } from "../../../../simulator/vectors/sets/check.ts";
import {
  digestOf,
  MANIFEST,
  type VectorFile,
  vectorFiles,
} from "../../../../simulator/vectors/sets/files.ts";
import { KIND_NAMES, type KindName } from "../../../../simulator/vectors/sets/kinds.ts";

const DIGESTS = new URL("../../../vectors/digests.json", import.meta.url);

/** All files, which take a second to make: tests share them. */
const FILES = await vectorFiles();

function textOf(name: string): string {
  const file = FILES.find((each) => each.name === name);
  assert(file !== undefined, name);
  return file.text;
}

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
type Case = { name: string; [member: string]: Json };

function casesOf(kind: KindName): Case[] {
  return JSON.parse(textOf(`${kind}.json`)).cases;
}

function digestsOf(files: readonly VectorFile[]): Record<string, string> {
  return Object.fromEntries(files.map(({ name, text }) => [name, digestOf(text)]));
}

/** Each value of `value` that holds no others. */
function* leavesOf(value: Json, path = ""): Generator<[path: string, value: Json]> {
  if (value === null || typeof value !== "object") return yield [path, value];
  for (const [name, inner] of Object.entries(value)) {
    yield* leavesOf(inner, path === "" ? name : `${path}.${name}`);
  }
}

Deno.test("vectorFiles: writes the same bytes each time", async () => {
  assertEquals(digestsOf(await vectorFiles()), digestsOf(FILES));
});

Deno.test("vectorFiles: writes the bytes of this release", () => {
  const released = JSON.parse(Deno.readTextFileSync(DIGESTS))[PACKAGE_VERSION];
  const found = digestsOf(FILES);
  const todo = "what is given away has changed: where that is meant, deno task vector-digests";
  assertEquals(found, released, todo);
});

Deno.test("vectorFiles: the manifest lists every other file with its digest", () => {
  const { files } = readManifest(textOf(MANIFEST));
  const listed = Object.fromEntries(files.map(({ name, sha256 }) => [name, sha256]));
  assertEquals({ ...listed, [MANIFEST]: digestOf(textOf(MANIFEST)) }, digestsOf(FILES));
  for (const { name, byteCount } of files) {
    assertEquals(byteCount, new TextEncoder().encode(textOf(name)).length);
  }
});

Deno.test("checkVectors: the package does what each of its own cases says", () => {
  for (const kind of KIND_NAMES) {
    const results = checkVectors(textOf(`${kind}.json`));
    assertEquals(results.filter(({ failure }) => failure !== null), [], kind);
    assertEquals(results.length, casesOf(kind).length);
    assertEquals(
      new Set(results.map(({ name }) => name)).size,
      results.length,
      "names are there once",
    );
  }
});

Deno.test("vectorFiles: no number in JSON is one that a reader rounds", () => {
  for (const kind of KIND_NAMES) {
    for (const [path, value] of leavesOf(casesOf(kind))) {
      assert(typeof value !== "number" || Number.isSafeInteger(value), `${kind}.${path}`);
    }
  }
});

/** What the lines of a file say: for each case its values by their keys. */
function linesOf(kind: KindName): Map<string, Map<string, string>> {
  const cases = new Map<string, Map<string, string>>();
  let current = new Map<string, string>();
  for (const line of textOf(`${kind}.txt`).split("\n")) {
    const [key = "", ...rest] = line.split(" ");
    if (key === "case") cases.set(rest.join(" "), current = new Map());
    else if (key !== "" && key !== "end") current.set(key, rest.join(" "));
  }
  return cases;
}

Deno.test("plainLines: every value of the JSON is in the lines", () => {
  for (const kind of KIND_NAMES) {
    const lines = linesOf(kind);
    for (const { name, ...members } of casesOf(kind)) {
      const found = lines.get(name);
      assert(found !== undefined, name);
      for (const [path, value] of leavesOf(members)) {
        const list = path.replace(/\.(\d+)$/, "");
        const place = path.slice(list.length + 1);
        // A list of values without members is one line.
        const word = found.get(path) ?? found.get(list)?.split(" ")[Number(place)];
        assertEquals(word, value === "" ? "-" : String(value), `${kind} ${name} ${path}`);
      }
    }
  }
});

Deno.test("vectorFiles: every form of every message is there, as its layout has it", () => {
  const cases = casesOf("messages");
  for (const name of Object.keys(MESSAGE_RULES) as ControlMessageName[]) {
    for (const { byteCount, list } of formsOf(name)) {
      const counted = cases.find((each) => each.name === `${name}-${byteCount}-counted`);
      assert(counted !== undefined, `${name} of ${byteCount} bytes`);
      const readings = counted["readings"] as { formBytes: number | null; fields: Case[] | null }[];
      const fields = readings.find(({ formBytes }) => formBytes === byteCount)?.fields ?? [];
      const spoken = list.filter(({ type }) => !type.isSilent);
      assertEquals(fields.map((field) => field.name), [
        "message",
        ...spoken.map((field) => field.name),
      ]);
      assertEquals(
        fields.slice(1).map((field) => field["offset"]),
        spoken.map(({ offset }) => offset),
      );
    }
  }
});

Deno.test("vectorFiles: every message is said in some exchange, and every version agreed on in one", () => {
  const exchanges = casesOf("exchanges") as unknown as {
    agreed: { version: string; features: number } | null;
    steps: { message: string | null }[];
  }[];
  const said = new Set(exchanges.flatMap(({ steps }) => steps.map(({ message }) => message)));
  assertEquals(Object.keys(MESSAGE_RULES).filter((name) => !said.has(name)), []);
  const agreed = new Set(exchanges.map((each) => each.agreed?.version));
  assertEquals(VERSIONS.filter((version) => !agreed.has(version)), []);
});

// wire.md 1.9, 2.4, 3.1
Deno.test("vectorFiles: every fault that bytes give away is that of some case", () => {
  const rings = casesOf("rings") as unknown as Record<
    "reader" | "writer",
    { fault: string | null }
  >[];
  const packets = casesOf("packets") as unknown as { fault: { name: string } | null }[];
  const found = new Set([
    ...rings.flatMap(({ reader, writer }) => [reader.fault, writer.fault]),
    ...packets.map(({ fault }) => fault?.name ?? null),
  ]);
  const faults = [
    ..."invalidWriteIndex invalidReadIndex invalidDataAvailable invalidDescriptorLengths".split(
      " ",
    ),
    ..."invalidDescriptorFlags invalidDescriptorType invalidGpaDirectRangeCount".split(" "),
    ..."interruptsExternallyMasked unexpectedFlags emptyRange emptyByteCount offsetTooLarge".split(
      " ",
    ),
    ..."rangeOverflow rangeTooSmall badPipePacketType badPipeLength transactionOnPipe".split(" "),
  ];
  assertEquals(faults.filter((fault) => !found.has(fault)), []);
});
