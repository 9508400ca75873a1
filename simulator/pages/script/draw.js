/** The diagram: lanes from top to bottom, a row for each entry, packets as arrows between lanes. */

import { FAULT, FINDING, SWITCH } from "./rows.js";
import {
  LANE_ACTIVE,
  LANE_CLOSED,
  LANE_DISABLED,
  LANE_ENABLED,
  LANE_FAULT,
  LANE_PAUSED,
  LANE_PLAIN,
  lastAtMost,
} from "./states.js";
import { HEAD_HEIGHT, TEXT_HEIGHT } from "./view.js";
import { timeText } from "./data.js";

const GUTTER = 26;
const MAP_WIDTH = 14;
/** Entries and arrows that are drawn in one frame; of more each so many. */
const TICKS_MAX = 3000;
const ARROWS_MAX = 600;

/** Where lanes and texts stand. */
export function layoutOf({ head, view }) {
  const count = Math.max(head.lanes.length, 1);
  const room = view.width - GUTTER - MAP_WIDTH;
  const laneWidth = Math.max(12, Math.min(72, room * 0.5 / count));
  const textX = GUTTER + laneWidth * count + 6;
  return {
    laneWidth,
    textX,
    textWidth: view.width - MAP_WIDTH - textX - 4,
    mapX: view.width - MAP_WIDTH,
  };
}

/** The middle of a lane; entries without one stand before the first. */
function laneX(lane, { laneWidth }) {
  return lane === 0 ? GUTTER - 5 : GUTTER + (lane - 0.5) * laneWidth;
}

/** Calls `paint` for each stretch of a lane that can be seen: its look, where it begins and ends. */
function eachStretch(app, at, paint) {
  const { rows, view } = app;
  const bottom = Math.min(view.height, view.y(rows.count));
  for (let y = HEAD_HEIGHT; y < bottom;) {
    const entry = rows.entry(Math.floor(view.rowAt(y)));
    const place = lastAtMost(at, entry);
    const next = place + 1 < at.length ? view.y(rows.row(at[place + 1])) : bottom;
    const end = Math.min(bottom, Math.max(next, y + 1));
    if (place >= 0) paint(place, y, end);
    y = end;
  }
}

function laneStyle(look, colors) {
  switch (look) {
    case LANE_ACTIVE:
      return [colors.good, 5];
    case LANE_PAUSED:
      return [colors.warn, 5];
    case LANE_FAULT:
      return [colors.bad, 6];
    case LANE_ENABLED:
      return [colors.accent, 2];
    case LANE_CLOSED:
      return [colors.muted, 4];
    case LANE_DISABLED:
    case LANE_PLAIN:
    default:
      return [colors.line, 2];
  }
}

function drawLanes(context, app, layout) {
  const { head, lanes, colors, view } = app;
  for (let lane = 1; lane <= head.lanes.length; lane++) {
    const x = laneX(lane, layout);
    context.fillStyle = colors.line;
    context.fillRect(x - 0.5, HEAD_HEIGHT, 1, view.height);
    const { at, look, fillAt, fill } = lanes[lane - 1];
    eachStretch(app, at, (place, from, to) => {
      const [color, width] = laneStyle(look[place], colors);
      context.fillStyle = color;
      context.fillRect(x - width / 2, from, width, to - from);
    });
    const room = Math.min(16, layout.laneWidth / 2 - 4);
    context.fillStyle = colors.packet;
    context.globalAlpha = 0.45;
    eachStretch(app, fillAt, (place, from, to) => {
      if (fill[place] > 0) {
        context.fillRect(x + 4, from, Math.max(1, fill[place] * room), to - from);
      }
    });
    context.globalAlpha = 1;
  }
}

function drawArrow(context, x1, y1, x2, y2, hasHead) {
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  if (!hasHead) return;
  const angle = Math.atan2(y2 - y1, x2 - x1);
  for (const turn of [2.7, -2.7]) {
    context.moveTo(x2, y2);
    context.lineTo(x2 + 7 * Math.cos(angle + turn), y2 + 7 * Math.sin(angle + turn));
  }
}

/** The root's lane: it is the first partition of each run. */
const ROOT_LANE = 1;

/** The lanes of an arrow's ends. A control message is told of the guest at both ends, whoever posts it. */
function endsOf({ columns: { lane, event }, head }, kind, from, to) {
  if (kind !== 2) return [lane[from], lane[to]];
  const [name] = head.events[event[from]];
  return name === "messageToHost" ? [lane[from], ROOT_LANE] : [ROOT_LANE, lane[to]];
}

/** Packets, completions and control messages that can be seen. */
function drawArrows(context, app, layout) {
  const { columns: { arrowFrom, arrowTo, arrowKind }, rows, view, colors } = app;
  const first = rows.entry(Math.floor(view.top) - 1);
  const last = rows.entry(Math.ceil(view.top + view.seen));
  const end = lastAtMost(arrowFrom, last) + 1;
  const seen = [];
  for (let n = 0; n < end; n++) if (arrowTo[n] >= first) seen.push(n);
  const step = Math.max(1, Math.ceil(seen.length / ARROWS_MAX));
  const middle = view.rowHeight / 2;
  const hasHead = view.rowHeight >= 5;
  for (const [kind, color] of [colors.packet, colors.completion, colors.message].entries()) {
    context.beginPath();
    for (let n = 0; n < seen.length; n += step) {
      const arrow = seen[n];
      if (arrowKind[arrow] !== kind) continue;
      const [from, to] = [arrowFrom[arrow], arrowTo[arrow]];
      const y1 = Math.max(view.y(rows.row(from)) + middle, -1e5);
      const y2 = Math.min(view.y(rows.row(to)) + middle, 1e5);
      const [x1, x2] = endsOf(app, kind, from, to).map((end) => laneX(end, layout));
      if (x1 !== x2) drawArrow(context, x1, y1, x2, y2, hasHead);
    }
    context.strokeStyle = color;
    context.lineWidth = hasHead ? 1.5 : 0.6;
    context.setLineDash(kind === 1 ? [5, 3] : []);
    context.stroke();
  }
  context.setLineDash([]);
}

/** Signs of what is worth a look: a triangle, a diamond, a cross; they differ in more than colour. */
export function drawMark(context, mark, x, y, colors) {
  context.lineWidth = 2;
  if (mark & FINDING) {
    context.strokeStyle = colors.bad;
    context.beginPath();
    context.moveTo(x - 4, y - 4);
    context.lineTo(x + 4, y + 4);
    context.moveTo(x + 4, y - 4);
    context.lineTo(x - 4, y + 4);
    context.stroke();
    return;
  }
  const isFault = (mark & FAULT) !== 0;
  context.fillStyle = isFault ? colors.warn : colors.switch;
  context.beginPath();
  context.moveTo(x, y - 5);
  context.lineTo(x + 5, isFault ? y + 4 : y);
  if (!isFault) context.lineTo(x, y + 5);
  context.lineTo(x - 5, isFault ? y + 4 : y);
  context.fill();
}

/** Rows that are high enough to be read. */
function drawRows(context, app, layout) {
  const { columns: { event, lane, mark, at100ns }, head, rows, view, colors, texts } = app;
  const hasText = view.rowHeight >= TEXT_HEIGHT && texts !== null;
  const first = Math.max(0, Math.floor(view.top));
  const last = Math.min(rows.count, Math.ceil(view.top + view.seen));
  const isWide = layout.textWidth > 330;
  const textWidth = layout.textWidth - (isWide ? 74 : 0);
  // Dots stand out from the line of their lane, whatever colour that has.
  for (let row = first; row < last; row++) {
    const entry = rows.shown[row];
    const y = view.y(row) + view.rowHeight / 2;
    context.fillStyle = colors.groups[head.events[event[entry]][1]];
    context.strokeStyle = colors.surface;
    context.lineWidth = 1.5;
    context.beginPath();
    context.arc(laneX(lane[entry], layout), y, Math.min(4.5, view.rowHeight / 2.2), 0, 7);
    context.fill();
    context.stroke();
    if (mark[entry] !== 0 && (mark[entry] & ~SWITCH) !== 0) {
      drawMark(context, mark[entry], 9, y, colors);
    }
    if (!hasText) continue;
    context.fillStyle = (mark[entry] & FINDING) !== 0 ? colors.bad : colors.text;
    context.fillText(clipped(texts.label(entry), textWidth / app.letterWidth), layout.textX, y);
    if (isWide && (row === first || at100ns[entry] !== at100ns[rows.shown[row - 1]])) {
      context.fillStyle = colors.muted;
      context.textAlign = "right";
      context.fillText(timeText(at100ns[entry]), layout.mapX - 6, y);
      context.textAlign = "left";
    }
  }
}

/** So much of a text as there is room for: measuring each would take too long, and letters are alike. */
function clipped(text, letters) {
  return text.length <= letters ? text : `${text.slice(0, Math.max(Math.floor(letters) - 1, 0))}…`;
}

/** Rows that are too low for more than a tick, or for each to have one. */
function drawTicks(context, app, layout) {
  const { columns: { event, lane }, head, rows, view, colors } = app;
  const first = Math.max(0, Math.floor(view.top));
  const last = Math.min(rows.count, Math.ceil(view.top + view.seen));
  const step = Math.max(1, Math.ceil((last - first) / TICKS_MAX));
  const height = Math.max(1, view.rowHeight);
  // The same entries at each place: what is drawn does not flicker.
  for (let row = first - first % step; row < last; row += step) {
    const entry = rows.shown[row];
    context.fillStyle = colors.groups[head.events[event[entry]][1]];
    context.fillRect(laneX(lane[entry], layout) - 4, view.y(row), 8, height);
  }
}

/** Marks in the gutter, those of entries that are not shown included. */
function drawMarks(context, app) {
  const { head, rows, view, colors } = app;
  let lastY = -Infinity;
  for (const [entry, kind] of head.marks) {
    const y = view.y(rows.row(entry)) + view.rowHeight / 2;
    if (y < HEAD_HEIGHT - 4 || y > view.height + 4 || kind === "switch" && y - lastY < 4) continue;
    lastY = y;
    drawMark(context, { switch: SWITCH, fault: FAULT, finding: FINDING }[kind], 9, y, colors);
  }
}

/** The whole run at the right edge: marks, and what can be seen of it. */
function drawMap(context, app, { mapX }) {
  const { head, rows, view, colors, selected } = app;
  context.fillStyle = colors.raised;
  context.fillRect(mapX, HEAD_HEIGHT, MAP_WIDTH, view.space);
  const scale = view.space / Math.max(rows.count, 1);
  const at = (row) => HEAD_HEIGHT + row * scale;
  let lastY = -Infinity;
  for (const [entry, kind] of head.marks) {
    const y = at(rows.row(entry));
    // Many switches have one place: the first of them stands for all.
    if (kind === "switch" && y - lastY < 1) continue;
    if (kind === "switch") lastY = y;
    context.fillStyle = { switch: colors.switch, fault: colors.warn, finding: colors.bad }[kind];
    context.fillRect(mapX + 2, y, MAP_WIDTH - 4, kind === "finding" ? 3 : 1.5);
  }
  context.strokeStyle = colors.muted;
  context.lineWidth = 1;
  context.strokeRect(
    mapX + 0.5,
    at(view.top) + 0.5,
    MAP_WIDTH - 1,
    Math.max(3, view.seen * scale - 1),
  );
  context.fillStyle = colors.accent;
  context.fillRect(mapX, at(rows.row(selected)), MAP_WIDTH, 2);
}

/** Names of partitions and lanes. */
function drawHead(context, app, layout) {
  const { head, view, colors } = app;
  context.fillStyle = colors.surface;
  context.fillRect(0, 0, view.width, HEAD_HEIGHT);
  context.fillStyle = colors.line;
  context.fillRect(0, HEAD_HEIGHT - 1, view.width, 1);
  context.textAlign = "center";
  for (const [at, [subject, partition, side]] of head.lanes.entries()) {
    const x = laneX(at + 1, layout);
    const letters = Math.max(3, Math.floor(layout.laneWidth / 6.2));
    context.fillStyle = side === null ? colors.text : colors.muted;
    const [, number = subject] = /(?:^|: )channel (\d+)/.exec(subject) ?? [];
    context.font = side === null ? app.fonts.strong : app.fonts.plain;
    if (side === null) {
      context.textAlign = "left";
      context.fillText(partition.slice(0, letters * 2), x - layout.laneWidth / 2 + 3, 13);
      context.textAlign = "center";
      context.fillRect(x - layout.laneWidth / 2 + 2, 22, 1, HEAD_HEIGHT - 24);
      context.font = app.fonts.plain;
      context.fillStyle = colors.muted;
      context.fillText(layout.laneWidth < 28 ? "·" : "bus", x, 34);
    } else {
      const short = layout.laneWidth < 44
        ? side[0]
        : layout.laneWidth < 60
        ? side.slice(0, 3)
        : side;
      context.fillText(layout.laneWidth < 28 ? number : `${number} ${short}`, x, 34);
    }
  }
  context.textAlign = "left";
  context.font = app.fonts.plain;
}

/** Draws everything. */
export function draw(context, app) {
  const { view, colors, rows, selected } = app;
  const layout = layoutOf(app);
  context.textBaseline = "middle";
  context.font = app.fonts.plain;
  context.fillStyle = colors.surface;
  context.fillRect(0, 0, view.width, view.height);
  if (rows.count > 0) {
    context.fillStyle = colors.select;
    const height = Math.max(view.rowHeight, 2);
    context.fillRect(0, view.y(rows.row(selected)), layout.mapX, height);
  }
  drawLanes(context, app, layout);
  drawArrows(context, app, layout);
  if (view.rowHeight >= 5) drawRows(context, app, layout);
  else drawTicks(context, app, layout);
  drawMarks(context, app);
  drawMap(context, app, layout);
  drawHead(context, app, layout);
}
