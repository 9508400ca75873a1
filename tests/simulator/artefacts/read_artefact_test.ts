import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { ArtefactError, readArtefact } from "../../../simulator/artefacts/read_artefact.ts";

const GOOD = {
  format: "vmbus-run",
  version: 1,
  package: "0.1.0",
  scenario: { name: "echo", file: "../echo.ts" },
  settings: { seed: "17", schedule: "pos", codec: "vmbus", isFaulty: true, itemsMax: 1000 },
  finding: {
    kind: "crash",
    rule: "a rule",
    place: "a place",
    message: "it is wrong",
    by: "world",
    step: 3,
    source: "./driver.ts:3:4",
  },
  steps: 5,
  digest: "0123456789abcdef".repeat(4),
  choices: ["i3.1*2 d8.7"],
};

/** A copy with another value at a path; undefined: without it. */
function changed(path: string, value: unknown): unknown {
  const copy = structuredClone(GOOD);
  const names = path.split(".");
  const last = names.pop()!;
  let at: Record<string, unknown> = copy;
  for (const name of names) at = at[name] as Record<string, unknown>;
  if (value === undefined) delete at[last];
  else at[last] = value;
  return copy;
}

Deno.test("readArtefact: a good one is read, as text and as a value", () => {
  const choices = [
    { kind: "item", count: 3, offset: 1 },
    { kind: "item", count: 3, offset: 1 },
    { kind: "draw", count: 8, offset: 7 },
  ];
  assertEquals(readArtefact(GOOD), { ...GOOD, choices } as unknown);
  assertEquals(readArtefact(JSON.stringify(GOOD)), readArtefact(GOOD));
  const lost = { ...GOOD, steps: null, digest: null, choices: null };
  assertEquals(readArtefact(lost).choices, null);
  const pct = { name: "pct", depth: 3 };
  assertEquals(readArtefact(changed("settings.schedule", pct)).settings.schedule as unknown, pct);
});

Deno.test("readArtefact: what is wrong is named, with its place and what would be right", () => {
  const cases: readonly [string, unknown, string][] = [
    ["format", "zip", 'format must be "vmbus-run", not "zip"'],
    ["version", 2, "version must be 1, not 2"],
    ["package", 1, "package must be a text of at most 100 characters, not 1"],
    ["scenario", null, "scenario must be an object, not null"],
    ["scenario.name", "A b", "scenario.name must be a scenario's name"],
    ["settings.seed", "18446744073709551616", "settings.seed must be below 2^64"],
    ["settings.seed", 17, "settings.seed must be a seed in decimal"],
    ["settings.schedule", "rnd", "settings.schedule must be a schedule"],
    ["settings.schedule", { name: "pct", depth: 1e9 }, "settings.schedule must be a schedule"],
    ["settings.codec", "zip", 'settings.codec must be "msgpack" or "vmbus", not "zip"'],
    ["settings.isFaulty", 1, "settings.isFaulty must be true or false, not 1"],
    ["settings.itemsMax", -1, "settings.itemsMax must be a whole number"],
    ["settings.itemsMax", 0, "settings.itemsMax must be a whole number from 1 to 4294967295"],
    ["settings.itemsMax", 2 ** 52, "settings.itemsMax must be a whole number from 1"],
    ["finding.kind", "bug", 'finding.kind must be "crash"'],
    ["finding.step", 1.5, "finding.step must be a whole number"],
    ["finding.source", 7, "finding.source must be a text"],
    ["digest", "00", "digest must be a SHA-256"],
    ["choices", ["i3.5"], 'choices: "i3.5" is no choice'],
    ["choices", [3], "choices[0] must be a text"],
  ];
  for (const [path, value, message] of cases) {
    assertThrows(() => readArtefact(changed(path, value)), ArtefactError, message);
  }
  assertThrows(() => readArtefact("{"), ArtefactError, "it is no JSON");
  assertThrows(() => readArtefact(7), ArtefactError, "it must be an object, not 7");
});

Deno.test("readArtefact: each field that is missing is named", () => {
  const fields = Object.entries(GOOD).flatMap(([name, value]) =>
    typeof value === "object" && !Array.isArray(value)
      ? [name, ...Object.keys(value).map((inner) => `${name}.${inner}`)]
      : [name]
  );
  const optional = ["scenario.file", "finding.source"];
  for (const path of fields) {
    if (optional.includes(path)) readArtefact(changed(path, undefined));
    else assertThrows(() => readArtefact(changed(path, undefined)), ArtefactError, path);
  }
});

Deno.test("readArtefact: a scenario's file is told from the artefact on, and no other way", () => {
  const paths = [
    "/etc/x.ts",
    "x.ts",
    "C:\\x.ts",
    "..\\x.ts",
    "file:///x.ts",
    "https://x/y.ts",
    "./a\nb",
  ];
  for (const file of paths) {
    assertThrows(() => readArtefact(changed("scenario.file", file)), ArtefactError, "./ or ../");
  }
});

Deno.test("readArtefact: a text that was cut or altered anywhere is read or refused, and nothing else", () => {
  const text = JSON.stringify(GOOD);
  for (let at = 0; at < text.length; at += 3) {
    for (const damaged of [text.slice(0, at), `${text.slice(0, at)}~${text.slice(at + 1)}`]) {
      try {
        readArtefact(damaged);
      } catch (error) {
        assertMatch(String(error), /^ArtefactError: /);
      }
    }
  }
});
