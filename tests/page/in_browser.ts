/**
 * Pages of runs in a browser: the tests of `deno task test:page`. They need Debian's Chromium and permissions that
 * no other test has, so the suite does not find them by their name.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { pageOf } from "../../simulator/pages/page.ts";
import { recordRun } from "../../simulator/pages/record_run.ts";
import type { Recording } from "../../simulator/pages/recording.ts";
import { disk } from "../../simulator/scenarios/disk/scenario.ts";
import { diagramShade, firstLook, framesOf, pageWidth } from "./in_page.js";
import { longRecording } from "../support/long_recording.ts";
import { recordFailing } from "../support/recorded_run.ts";

const CHROMIUM = "/usr/bin/chromium";
/** As root it has no sandbox; nothing is asked of a network. */
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const HOSTILE =
  `</script><script>globalThis.ran = 1</script><img src=x onerror="globalThis.ran=1">`;
const LONG_ENTRIES = 100_000;

function requireChromium(): void {
  try {
    Deno.statSync(CHROMIUM);
  } catch {
    const how = "apt-get install --no-install-recommends chromium";
    throw new Error(`Cannot test pages: there is no ${CHROMIUM}; install it: ${how}`);
  }
}

requireChromium();
const recording = await recordFailing();
const folder = await Deno.makeTempDir();
const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });

/** What a page of a browser has done that it must not do. */
class Seen {
  readonly requests: string[] = [];
  readonly errors: string[] = [];

  constructor(page: Page) {
    page.on("request", (request) => this.requests.push(request.url()));
    page.on("console", (message) => message.type() !== "log" && this.errors.push(message.text()));
    page.on("pageerror", (error) => this.errors.push(error.message));
  }
}

/** Runs `use` with a recording's page in a browser. */
async function withPage(
  shown: Recording,
  use: (page: Page, seen: Seen) => Promise<void>,
  options: BrowserContextOptions = {},
): Promise<void> {
  const file = `${folder}/${crypto.randomUUID()}.html`;
  await Deno.writeTextFile(file, await pageOf(shown));
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, ...options });
  const seen = new Seen(page);
  await page.goto(`file://${file}`);
  await page.waitForSelector("html[data-state=whole]", { timeout: 60_000 });
  await use(page, seen);
  assertEquals(seen.errors, []);
  assertEquals(seen.requests, [`file://${file}`]);
  await page.close();
}

/** A test with a page in the browser; what that leaves open in the runtime is not ours. */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: false, sanitizeResources: false });
}

/** The number of the selected entry. */
async function selected(page: Page): Promise<number> {
  return Number((await page.textContent("#position"))!.split(" of ")[0]);
}

test("page: loads nothing, breaks nothing, and says what was found", async () => {
  await withPage(recording, async (page) => {
    const [finding] = recording.findings;
    assertEquals(await page.textContent("h1"), finding!.rule);
    assertStringIncludes((await page.textContent("#failure"))!, finding!.message);
    const mark = recording.marks.find(({ kind }) => kind === "finding")!;
    assertEquals(await selected(page), mark.entry);
    assertStringIncludes((await page.textContent("#panel-entry"))!, mark.text);
  });
});

test("page: the keyboard alone steps there and back, to marks, along packets and to the ends", async () => {
  await withPage(recording, async (page) => {
    await page.focus("#canvas");
    const begin = await selected(page);
    await page.keyboard.press("ArrowDown");
    const next = await selected(page);
    assert(next > begin);
    await page.keyboard.press("k");
    assertEquals(await selected(page), begin);
    await page.keyboard.press("Home");
    const first = await selected(page);
    assert(first < 5);
    await page.keyboard.press("n");
    const marked = recording.marks.map(({ entry }) => entry);
    assert(marked.includes(await selected(page)));
    await page.keyboard.press("End");
    assert(await selected(page) > recording.entries.length - 50);
    await page.keyboard.press("g");
    assertEquals(await selected(page), begin);
    // From where a packet was sent to where it arrived, and back.
    const { from, to } = recording.arrows.find(({ kind }) => kind === "packet")!;
    await page.keyboard.press("/");
    await page.keyboard.type("enters the ring");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Home");
    while (await selected(page) < from) await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowRight");
    assertEquals(await selected(page), to);
    await page.keyboard.press("ArrowLeft");
    assertEquals(await selected(page), from);
  });
});

test("page: a packet says what it is, and its payload field by field, where in its bytes", async () => {
  const copied = await recordRun(disk, { seed: 5, isFaulty: false, schedule: "fifo" });
  await withPage(copied, async (page) => {
    await page.fill("#search", "packetEntered (write)");
    await page.press("#search", "Enter");
    const panel = (await page.textContent("#panel-entry"))!;
    assertMatch(panel, /typegpaDirect.*flagscompletion requested.*24 bytes/s);
    assertMatch(panel, /operation3 \(write\)@0\+4.*firstBlock\d+@8\+8/s);
    await page.hover(".fields button:has-text('firstBlock')");
    assertEquals(await page.locator(".hex mark").count(), 8);
  });
});

test("page: a line of the story leads to its entry", async () => {
  await withPage(recording, async (page) => {
    await page.click(".story summary");
    const line = page.locator(".story li button").nth(12);
    await line.click();
    assertEquals(await selected(page), Number(await line.getAttribute("data-to")));
  });
});

test("page: inspect() is shown as it was at each step", async () => {
  await withPage(recording, async (page) => {
    await page.click("#tab-state");
    const state = async () => (await page.textContent("#panel-state"))!;
    await page.focus("#canvas");
    await page.keyboard.press("Home");
    assert(!(await state()).includes("channel 3 (client)"));
    await page.keyboard.press("g");
    assertMatch(await state(), /channel 3 \(client\).*lifecycle"(?:opened|closed|disabled)"/s);
  });
});

test("page: bytes of a control message are shown field by field", async () => {
  await withPage(recording, async (page) => {
    await page.fill("#search", "OpenChannel");
    await page.focus("#search");
    await page.keyboard.press("Enter");
    const panel = (await page.textContent("#panel-entry"))!;
    assertStringIncludes(panel, "156 bytes");
    assertMatch(panel, /ringGpadlId.*@16\+4/s);
    await page.focus(".fields li:nth-child(4) button");
    assert(await page.locator(".hex mark").count() > 0);
  });
});

test("page: search and filters leave what is asked for", async () => {
  await withPage(recording, async (page) => {
    const rows = async () => Number(await page.getAttribute("#table", "aria-rowcount")) - 1;
    const all = await rows();
    await page.fill("#search", "channel 3 packet arrives");
    const matches = parseInt((await page.textContent("#matches"))!);
    assert(matches > 0 && matches < all);
    await page.check("#onlyMatches");
    // Faults and findings are always shown, but for who looks for something else.
    assertEquals(await rows(), matches);
    await page.uncheck("#onlyMatches");
    await page.uncheck("#filters label:has-text('packets') input");
    assert(await rows() < all);
    await page.check("#filters label:has-text('scheduler') input");
    await page.selectOption("#laneFilter", { label: "channel 4 (client)" });
    assert(await rows() < all);
  });
});

test("page: to a screen reader it is a table, of which the rows that can be seen are there", async () => {
  await withPage(longRecording(recording, 20_000), async (page) => {
    await page.click("#tab-table");
    const rows = page.locator("#table [role=row]");
    assert(await rows.count() < 100, "rows are made as they are seen");
    assert(Number(await page.getAttribute("#table", "aria-rowcount")) > 10_000);
    assertEquals(await page.getAttribute("#table", "role"), "grid");
    assertEquals(await page.locator("#table [role=columnheader]").count(), 5);
    await page.focus("#table");
    await page.keyboard.press("End");
    const active = await page.getAttribute("#table", "aria-activedescendant");
    const row = page.locator(`#${active}`);
    assertEquals(await row.getAttribute("aria-selected"), "true");
    assert(Number(await row.getAttribute("aria-rowindex")) > 10_000);
    assertMatch((await page.textContent("#said"))!, /^entry \d+, .+: .+/);
  });
});

test("page: on a phone nothing is wider than the screen", async () => {
  await withPage(recording, async (page) => {
    const width = await page.evaluate(pageWidth);
    assertEquals(width, 390);
    for (const tab of ["#tab-state", "#tab-table", "#tab-entry"]) {
      await page.click(tab);
      assertEquals(await page.evaluate(pageWidth), 390);
    }
    const box = (await page.locator("#diagram").boundingBox())!;
    assert(box.width > 350 && box.height >= 300);
  }, { viewport: { width: 390, height: 844 } });
});

test("page: is as light or as dark as the machine", async () => {
  const shades: number[] = [];
  for (const colorScheme of ["light", "dark"] as const) {
    await withPage(recording, async (page) => {
      shades.push(await page.evaluate(diagramShade));
    }, { colorScheme });
  }
  assert(shades[0]! > 200 && shades[1]! < 60, `shades ${shades}`);
});

test("page: hostile texts are texts", async () => {
  const hostile: Recording = {
    ...recording,
    run: { ...recording.run, title: HOSTILE, options: { seed: HOSTILE }, replay: HOSTILE },
    findings: [{ message: HOSTILE, rule: HOSTILE, place: HOSTILE, by: HOSTILE }],
    lanes: recording.lanes.map((lane) => ({ ...lane, subject: `${lane.subject}${HOSTILE}` })),
    marks: [{ kind: "finding", entry: 10, text: HOSTILE }],
    entries: recording.entries.map((entry) => ({
      ...entry,
      source: HOSTILE,
      subject: `${entry.subject}${HOSTILE}`,
      details: { ...entry.details, [HOSTILE]: HOSTILE },
    })),
  };
  await withPage(hostile, async (page) => {
    for (const tab of ["#tab-state", "#tab-table", "#tab-entry"]) await page.click(tab);
    await page.fill("#search", HOSTILE);
    assertEquals(await page.textContent("h1"), HOSTILE);
    assertEquals(await page.evaluate(() => Object.hasOwn(globalThis, "ran")), false);
    assertEquals(await page.locator("img").count(), 0);
  });
});

test("page: figures of a run of 100 000 entries", async () => {
  await withPage(longRecording(recording, LONG_ENTRIES), async (page) => {
    const { paint, drawn } = await page.evaluate(firstLook);
    await page.keyboard.press("0");
    const all: number[] = await page.evaluate(framesOf, 240);
    // How long it takes is the machine's to say, and no reason to fail: goals are below 200, and below 50.
    const ms = (value: number) => `${Math.round(value)} ms`;
    const at = (part: number) => ms(all[Math.floor(part * (all.length - 1))]!);
    console.log(
      `first paint ${ms(paint)}, diagram drawn ${ms(drawn)}; ` +
        `frames: median ${at(0.5)}, p99 ${at(0.99)}, longest ${at(1)}`,
    );
    assertEquals(all.length, 240);
  });
});

Deno.test.afterAll(async () => {
  await browser.close();
  await Deno.remove(folder, { recursive: true });
});
