import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { packetOf } from "../../../simulator/pages/fields.ts";
import { html, jsonInHtml, sentenceHtml } from "../../../simulator/pages/html.ts";
import { pageOf } from "../../../simulator/pages/page.ts";
import { ruleOf } from "../../../simulator/pages/rules.ts";
import { recordFailing } from "../../support/recorded_run.ts";

const recording = await recordFailing();
const HOSTILE = `</script><script>alert(1)</script><img src=x onerror="alert('2')">\u202e&`;

async function inflated(page: string, section: string): Promise<Uint8Array<ArrayBuffer>> {
  const [, text = ""] = new RegExp(`id="data-${section}">([^<]*)<`).exec(page) ?? [];
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function headOf(page: string) {
  const [, text = ""] = /id="head">([^<]*)</.exec(page) ?? [];
  return JSON.parse(text);
}

Deno.test("pageOf: one file that loads nothing, and says what failed without its script", async () => {
  const page = await pageOf(recording);
  assert(!/\b(?:src|href)=|@import|url\(|https?:/i.test(page), "a page loads nothing");
  assertMatch(page, /default-src 'none'.*script-src 'sha256-[\w+/]{43}='/);
  const [{ rule, message, place }] = recording.findings as [{
    rule: string;
    message: string;
    place: string;
  }];
  for (const text of [rule, message, place]) assertStringIncludes(page, html(text));
});

Deno.test("pageOf: tells the story of a world's finding, each line with its entry; of a sentence there is none", async () => {
  const page = await pageOf(recording);
  const [finding] = recording.findings;
  const lines = [...page.matchAll(/<li(?: class="(\w+)")?><button [^>]*data-to="(\d+)"/g)];
  assert(lines.length > 20);
  const [, mark, entry] = lines.at(-1)!;
  assertEquals(mark, "finding");
  assertEquals(recording.steps[Number(entry)], finding!.step);
  const sentence = await pageOf({ ...recording, findings: [{ message: "it is wrong" }] });
  assert(!sentence.includes("data-to="));
});

Deno.test("pageOf: its data are those of the recording", async () => {
  const { entries, steps } = recording;
  const sent = entries.findIndex(({ event }) => event === "packetEntered");
  const fields = [["request", 0, 4, "7", 0]] as const;
  const bytes = recording.bytes.map((one) => one.entry === sent ? { ...one, fields } : one);
  const page = await pageOf({ ...recording, bytes });
  const head = headOf(page);
  const columns = await inflated(page, "columns");
  const column = (name: string) =>
    head.columns.columns.find((each: { readonly name: string }) => each.name === name);
  const at = column("at100ns");
  assertEquals(
    [...new Float64Array(columns.buffer, at.offset, at.length)],
    entries.map(({ at100ns }) => at100ns),
  );
  const step = column("step");
  assertEquals([...new Uint32Array(columns.buffer, step.offset, step.length)], steps);
  const lines = new TextDecoder().decode(await inflated(page, "texts")).split("\n");
  assertEquals(lines.length, entries.length);
  const [text = "", more = ""] = lines[sent]!.split("\t");
  assertMatch(text, /^packet \d+ enters the ring, \d+ bytes?$/);
  const { details } = entries[sent]!;
  const packet = packetOf(entries[sent]!)!;
  assertEquals(JSON.parse(more), { details, packet, fields });
  assertEquals(packet[0], ["type", "inBand"]);
});

Deno.test("pageOf: what came from drivers is text, whatever stands in it", async () => {
  const page = await pageOf({
    ...recording,
    run: { ...recording.run, title: HOSTILE, options: { seed: HOSTILE }, replay: HOSTILE },
    findings: [{ message: HOSTILE, rule: HOSTILE, place: HOSTILE, source: HOSTILE, by: HOSTILE }],
    lanes: recording.lanes.map((lane) => ({ ...lane, subject: HOSTILE })),
    marks: [{ kind: "fault", entry: 0, text: HOSTILE }],
    entries: recording.entries.map((entry) => ({ ...entry, details: { [HOSTILE]: HOSTILE } })),
  });
  assert(!page.includes("<script>alert"));
  assert(!page.includes("<img"));
  assert(!page.includes("\u202e"));
  // Its own: the script, and what holds data.
  assertEquals(page.match(/<script/g)?.length, 7);
});

Deno.test("html: escapes what is no text, and shows what cannot be seen", () => {
  assertEquals(html(`<a b="c">'&\u0007`), "&lt;a b=&quot;c&quot;&gt;&#39;&amp;\\x07");
  assertEquals(jsonInHtml({ a: "</script>" }), '{"a":"\\u003c/script\\u003e"}');
  assertEquals(JSON.parse(jsonInHtml({ a: HOSTILE })), { a: HOSTILE });
  assertEquals(
    sentenceHtml("**Decision** `a < b` ([wire.md 1.7](wire.md))"),
    "<strong>Decision</strong> <code>a &lt; b</code> (wire.md 1.7)",
  );
});

Deno.test("ruleOf: a rule by its number, by its section, of the verifier, and of nobody", () => {
  assertMatch(ruleOf("P2: the ring is full")!.text, /^Ring full: the packet queues/);
  assertEquals(ruleOf("P2: the ring is full")!.where, "kmcl.md, P2");
  assertEquals(ruleOf("section 5: statuses"), { text: "Functions", where: "kmcl.md, section 5" });
  assertEquals(ruleOf("wire.md 1.9: an honest side has no fault")!.where, "wire.md, section 1.9");
  assertMatch(ruleOf("quota 0", "verifier")!.text, /quota 0/);
  assertEquals(ruleOf("everybody has his turn"), null);
});
