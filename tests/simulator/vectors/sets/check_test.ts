import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { TextError } from "../../../../simulator/vectors/json_text.ts";
import { checkVectors } from "../../../../simulator/vectors/sets/check.ts";
import { headOf } from "../../../../simulator/vectors/sets/forms.ts";
import { type KindName, KINDS } from "../../../../simulator/vectors/sets/kinds.ts";

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
type Case = { name: string; [member: string]: Json };

/** A case of each kind that says much. The exchanges are too slow to make for one. */
const SAMPLES: readonly (readonly [KindName, string])[] = [
  ["rings", "each-type"],
  ["rings", "hostile-writeIndexOutside-1"],
  ["packets", "gpa-direct-two-ranges"],
  ["packets", "transfer-pages"],
  ["packets", "pipe-stream-partly"],
  ["packets", "hostile-rangeOverflow"],
  ["messages", "openChannel-156-counted"],
  ["messages", "hostile-contact-client-id"],
  ["states", "guest-gpadl"],
];

/** An exchange by hand: a contact in 1.1, and the answer to it. */
const EXCHANGE: Case = {
  name: "contact",
  description: "a contact",
  host: { lowest: "0.13", highest: "6.0", features: 0 },
  guest: { lowest: "1.1", highest: "1.1", features: 0, isByHand: false },
  agreed: { version: "1.1", features: 0, connectionId: 1 },
  steps: [
    { to: "host", message: "initiateContact", hex: `0e0000000000000001000100${"00".repeat(28)}` },
    { to: "guest", message: "versionResponse", hex: "0f000000000000000100000001000100" },
  ],
  faults: [],
};

const caseOf = (kind: KindName, name: string): Case => {
  const cases = KINDS[kind].make() as unknown as readonly Case[];
  const found = cases.find((each) => each.name === name);
  assert(found !== undefined, name);
  return structuredClone(found);
};

function fileWith(kind: KindName, vector: Case): string {
  return JSON.stringify({ ...headOf(kind), ...KINDS[kind].extra, cases: [vector] });
}

/** What is wrong with a file of that one case; null: nothing. */
function failureOf(kind: KindName, vector: Case): string | null {
  try {
    return checkVectors(fileWith(kind, vector))[0]!.failure;
  } catch (error) {
    if (!(error instanceof TextError)) throw error;
    return error.message;
  }
}

/** Another value of the same form. */
function changed(value: Json): Json {
  if (value === null) return 0;
  if (typeof value === "boolean") return !value;
  if (typeof value === "number") return value + 8;
  if (value === "") return "00";
  const last = String(value).at(-1);
  return `${String(value).slice(0, -1)}${last === "0" ? "1" : "0"}`;
}

/** Calls `visit` with the place of each value below `root` that holds no others, and a way to replace it. */
function eachLeaf(
  root: Json,
  path: string,
  visit: (path: string, value: Json, replace: (value: Json) => void) => void,
): void {
  if (root === null || typeof root !== "object") return;
  const members: { [name: string]: Json } | Json[] = root;
  for (const [name, value] of Object.entries(members)) {
    const inner = `${path}.${name}`;
    if (value !== null && typeof value === "object") eachLeaf(value, inner, visit);
    else visit(inner, value, (other) => Object.assign(members, { [name]: other }));
  }
}

/** Holds that a case is in order, and that a change of any value that `isChecked` is noticed. */
function checkNoticed(kind: KindName, vector: Case, isChecked: (path: string) => boolean): number {
  assertEquals(failureOf(kind, vector), null);
  let count = 0;
  eachLeaf(vector, "", (path, value, replace) => {
    if (!isChecked(path)) return;
    replace(changed(value));
    assert(failureOf(kind, vector) !== null, `${kind} ${vector.name}: ${path} may be anything`);
    replace(value);
    count++;
  });
  return count;
}

/** What is not found out, but given: words, and what its reader did before. */
const GIVEN = /^\.(?:description|name|reader\.isUnmasked)$/;

Deno.test("checkVectors: a case with any other value fails", () => {
  for (const [kind, name] of SAMPLES) {
    // What nobody reads on, as it is refused before, may be anything.
    const isWhole = !name.startsWith("hostile-");
    const isChecked = (path: string) => !GIVEN.test(path) && (isWhole || path !== ".hex");
    const count = checkNoticed(kind, caseOf(kind, name), isChecked);
    assert(count > 3, name);
  }
});

// wire.md 4.2, 4.3: the version below 5.0 follows from the contact alone, and its words 16 to 39 may be anything.
Deno.test("checkVectors: an exchange with another message or another agreement fails", () => {
  checkNoticed("exchanges", EXCHANGE, (path) => /agreed|message|\.1\.hex/.test(path));
  const refused = structuredClone(EXCHANGE);
  refused["steps"] = [
    (EXCHANGE["steps"] as Json[])[0]!,
    { to: "guest", message: "versionResponse", hex: "0f000000000000000000000000000000" },
  ];
  assertStringIncludes(failureOf("exchanges", refused) ?? "", "agreed: expected");
  assertEquals(failureOf("exchanges", { ...refused, agreed: null }), null);
});

Deno.test("checkVectors: what is no file of vectors is told with its place", () => {
  const good = fileWith("packets", caseOf("packets", "in-band-8"));
  const cases: [text: string, line: number, message: string][] = [
    ["{", 1, "Cannot parse JSON"],
    ["{}", 1, 'kind: no file of vectors: "kind" has to be one of "rings"'],
    ["7", 1, "kind: no file of vectors"],
    [good.replace('"packets",', '"packet",'), 1, "no file of vectors"],
    [good.replace('"use":"device"', '\n"use":"devices"'), 2, "cases.0.use: Invalid option"],
    [good.replace('"hex":"', '\n\n"hex":"0'), 3, "cases.0.hex: Invalid string"],
    [good.replace('"use":"device",', ""), 1, "cases.0.use"],
    [good.replace('"use"', '"surplus":1,"use"'), 1, "cases.0: Unrecognized key"],
  ];
  for (const [text, line, message] of cases) {
    const error = assertThrows(() => checkVectors(text), TextError);
    assertStringIncludes(error.message, message);
    assertEquals(error.line, line, error.message);
  }
});

Deno.test("checkVectors: an image that cannot be is a failure, or has no such size", () => {
  const ring = caseOf("rings", "empty");
  assertEquals(
    failureOf("rings", { ...ring, bytes: [{ offset: 8192, hex: "01" }] }),
    "bytes: a piece lies outside of the ring",
  );
  assertStringIncludes(
    failureOf("rings", { ...ring, ringDataBytes: 4097 }) ?? "",
    "cases.0.ringDataBytes",
  );
  assertStringIncludes(
    failureOf("rings", { ...ring, ringDataBytes: 0 }) ?? "",
    "cases.0.ringDataBytes",
  );
});
