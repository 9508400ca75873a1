/** Puts the page together: what can be seen first comes first, and what takes longer to inflate after it. */

import { byId, columnsOf, inflate, readHead, Texts } from "./data.js";
import { draw, drawMark } from "./draw.js";
import { FAULT, FINDING, Rows, SWITCH } from "./rows.js";
import { States } from "./states.js";
import { View } from "./view.js";
import { readColors } from "./colors.js";
import { Table } from "./table.js";
import { listenToTabs, sentenceOf, showEntry, showState } from "./panels.js";
import { actionsOf, listenToFilters, listenToKeys, listenToPointers } from "./input.js";

/** Groups that most people need not see: what the scheduler does, and that calls have returned. */
const HIDDEN_GROUPS = ["scheduler", "returns"];
/** Where there is little room it is for the diagram. */
const NARROW = 820;
const NO_LANE = {
  at: new Uint32Array(0),
  look: new Uint8Array(0),
  fillAt: new Uint32Array(0),
  fill: new Float32Array(0),
};

/** All that the page has, and what can be done with it. */
class App {
  constructor(head, columns) {
    this.head = head;
    this.columns = columns;
    this.rows = new Rows(head, columns);
    this.view = new View();
    this.lanes = head.lanes.map(() => NO_LANE);
    this.texts = null;
    this.states = null;
    this.bytes = null;
    this.openOwners = new Map();
    this.selected = head.marks.find(([, kind]) => kind === "finding")?.[0] ?? 0;
    this.filter = {
      groups: new Set(head.groups.keys().filter((at) => !HIDDEN_GROUPS.includes(head.groups[at]))),
      lane: null,
      onlyMatches: false,
    };
    const family = "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace";
    this.fonts = { plain: `11px ${family}`, strong: `bold 11px ${family}` };
    this.colors = readColors();
    this.canvas = byId("canvas");
    this.context = this.canvas.getContext("2d", { alpha: false });
    this.context.font = this.fonts.plain;
    this.letterWidth = this.context.measureText("mmmmmmmm").width / 8;
    this.frame = null;
    this.actions = actionsOf(this);
    this.table = new Table(byId("table"), this);
  }

  /** Draws in the next frame. */
  redraw() {
    this.frame ??= requestAnimationFrame(() => this.drawNow());
  }

  drawNow() {
    if (this.frame !== null) cancelAnimationFrame(this.frame);
    this.frame = null;
    draw(this.context, this);
  }

  /** The canvas has another size. */
  resize() {
    const { width, height } = byId("diagram").getBoundingClientRect();
    const scale = devicePixelRatio;
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    this.context.setTransform(scale, 0, 0, scale, 0, 0);
    this.view.width = width;
    this.view.height = height;
    this.view.clamp();
    this.drawNow();
  }

  /** Other entries are shown. */
  refilter() {
    this.rows.filter(this.filter);
    this.view.rows = this.rows.count;
    this.view.clamp();
    this.view.reveal(this.rows.row(this.selected));
    this.table.reset();
    this.refresh();
  }

  /** Looks for words. */
  search(words) {
    if (this.texts === null) return;
    this.rows.search(words, this.texts);
    const { length } = this.rows.matches;
    byId("matches").textContent = words.trim() === ""
      ? ""
      : length === 1
      ? "1 match"
      : `${length} matches`;
    if (this.filter.onlyMatches) this.refilter();
    else this.redraw();
  }

  /** Another entry is selected. */
  select(entry) {
    this.selected = entry;
    this.view.reveal(this.rows.row(entry));
    this.refresh();
    byId("said").textContent = sentenceOf(this);
  }

  /** Everything that shows the selected entry shows it. */
  refresh() {
    const { head, selected } = this;
    byId("position").textContent = `${selected + head.left} of ${head.count + head.left}`;
    this.redraw();
    showEntry(this);
    showState(this);
    this.table.follow();
  }
}

function listenToCopy() {
  const [button, replay] = [byId("copy"), byId("replay")];
  if (button === null || navigator.clipboard === undefined) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(replay.textContent);
    button.textContent = "Copied";
  });
}

/** What the signs of the diagram stand for, drawn as they are there. */
function showLegend({ colors }) {
  const signs = [
    [FINDING, "what was found"],
    [FAULT, "a fault that was brought about"],
    [SWITCH, "a switch: other work than fifo would take"],
  ];
  const items = signs.map(([mark, words]) => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [16, 16];
    canvas.setAttribute("aria-hidden", "true");
    drawMark(canvas.getContext("2d"), mark, 8, 8, colors);
    const item = document.createElement("li");
    item.append(canvas, ` ${words}`);
    return item;
  });
  const lines = [
    ["good", "open, and its flow runs"],
    ["warn", "open and paused"],
    ["bad", "stopped: the opposite side did wrong"],
    ["accent", "enabled"],
    ["packet", "a packet; beside a lane: how full the ring is that it writes to"],
    ["completion", "a completion"],
    ["message", "a control message"],
  ].map(([name, words]) => {
    const item = document.createElement("li");
    const sign = document.createElement("span");
    sign.className = `swatch ${name}`;
    item.append(sign, ` ${words}`);
    return item;
  });
  byId("legend").replaceChildren(...items, ...lines);
}

/** What is not needed for the first look. */
async function loadRest(app) {
  app.texts = new Texts(await inflate("texts"));
  app.table.reset();
  app.refresh();
  const [states, values, bytes] = await Promise.all(["states", "values", "bytes"].map(inflate));
  app.bytes = new Uint8Array(bytes);
  app.states = new States(
    app.head,
    columnsOf(states, app.head.columns.states),
    JSON.parse(new TextDecoder().decode(values)),
  );
  app.lanes = app.head.lanes.map(([subject]) => app.states.laneOf(subject));
  app.refresh();
  document.documentElement.dataset.state = "whole";
}

async function start() {
  const head = readHead();
  const app = new App(head, columnsOf(await inflate("columns"), head.columns.columns));
  byId("timeline").hidden = false;
  byId("filterBox").open = innerWidth > NARROW;
  app.rows.filter(app.filter);
  app.view.rows = app.rows.count;
  app.resize();
  app.view.center(app.rows.row(app.selected));
  app.drawNow();
  performance.mark("drawn");
  document.documentElement.dataset.state = "drawn";
  listenToKeys(app);
  listenToPointers(app, app.canvas);
  listenToFilters(app);
  listenToTabs(app);
  listenToCopy();
  showLegend(app);
  new ResizeObserver(() => app.resize()).observe(byId("diagram"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    app.colors = readColors();
    showLegend(app);
    app.redraw();
  });
  // The first look is painted before the rest is inflated.
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  await loadRest(app);
  for (const line of document.querySelectorAll("[data-to]")) {
    line.addEventListener("click", () => {
      app.select(Math.max(0, Number(line.dataset.to) - head.left));
      byId("timeline").scrollIntoView();
    });
  }
}

start().catch((error) => {
  const broken = byId("broken");
  broken.textContent = `Cannot show the run: ${error.message}`;
  broken.hidden = false;
  throw error;
});
