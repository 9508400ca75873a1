/** Hands and keys: panning, coming nearer, stepping, searching, filtering. */

import { byId } from "./data.js";
import { HEAD_HEIGHT } from "./view.js";
import { layoutOf } from "./draw.js";
import { waysOf } from "./panels.js";
import { Rows } from "./rows.js";

const DRAG_PIXELS = 4;

/** The entry that is so many rows away. */
function stepped({ rows, selected }, by) {
  const row = rows.row(selected);
  // One that is not shown itself stands before its row.
  const isShown = rows.shown[row] === selected;
  return rows.entry(row + (isShown || by < 0 ? by : by - 1));
}

/** The entries of marks, in order. */
function markedOf({ head }) {
  return head.marks.map(([entry]) => entry);
}

/** What can be done, by name. */
export function actionsOf(app) {
  const go = (entry) => entry !== null && entry !== undefined && app.select(entry);
  const zoom = (factor, y) => {
    app.view.zoom(factor, y);
    app.redraw();
  };
  return {
    on: () => go(stepped(app, 1)),
    back: () => go(stepped(app, -1)),
    pageOn: () => go(stepped(app, Math.max(1, Math.floor(app.view.seen) - 1))),
    pageBack: () => go(stepped(app, -Math.max(1, Math.floor(app.view.seen) - 1))),
    first: () => go(app.rows.entry(0)),
    last: () => go(app.rows.entry(app.rows.count - 1)),
    markOn: () => go(Rows.next(markedOf(app), app.selected, false)),
    markBack: () => go(Rows.next(markedOf(app), app.selected, true)),
    goFinding: () => go(app.head.marks.find(([, kind]) => kind === "finding")?.[0]),
    matchOn: () => go(Rows.next(app.rows.matches, app.selected, false) ?? app.rows.matches[0]),
    matchBack: () => go(Rows.next(app.rows.matches, app.selected, true) ?? app.rows.matches.at(-1)),
    along: () => go(waysOf(app, app.selected).to[0]),
    against: () => go(waysOf(app, app.selected).from[0]),
    nearer: () => zoom(1.5),
    farther: () => zoom(1 / 1.5),
    all: () => zoom(0),
    zoom,
  };
}

const KEYS = {
  ArrowDown: "on",
  j: "on",
  ArrowUp: "back",
  k: "back",
  PageDown: "pageOn",
  PageUp: "pageBack",
  Home: "first",
  End: "last",
  n: "markOn",
  p: "markBack",
  g: "goFinding",
  ArrowRight: "along",
  ArrowLeft: "against",
  "+": "nearer",
  "=": "nearer",
  "-": "farther",
  "0": "all",
};

/** Has keys work wherever nobody writes or chooses. */
export function listenToKeys(app) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { target } = event;
    const isField = target.matches("input:not([type=checkbox]), select, textarea");
    if (target.id === "search" && event.key === "Enter") {
      event.preventDefault();
      app.actions[event.shiftKey ? "matchBack" : "matchOn"]();
    } else if (target.id === "search" && event.key === "Escape") byId("canvas").focus();
    if (isField) return;
    if (event.key === "/") {
      event.preventDefault();
      byId("search").focus();
      return;
    }
    // Outside of the timeline the page's own keys move the page.
    const isOfPage = /^(?:Arrow(?:Up|Down)|Page|Home|End)/.test(event.key) &&
      target.closest("#timeline") === null && target !== document.body;
    const action = KEYS[event.key];
    if (action === undefined || isOfPage) return;
    event.preventDefault();
    app.actions[action]();
  });
  for (
    const id of [
      "first",
      "back",
      "on",
      "last",
      "markBack",
      "markOn",
      "goFinding",
      "nearer",
      "farther",
      "all",
    ]
  ) {
    byId(id).addEventListener("click", () => app.actions[id]());
  }
}

/** Moves the view so that a place of the map at the right edge is in its middle. */
function panToMap(app, y) {
  const { view, rows } = app;
  view.center((y - HEAD_HEIGHT) / view.space * rows.count);
  app.redraw();
}

/** Has a hand, or two fingers, move the diagram. */
export function listenToPointers(app, canvas) {
  const pointers = new Map();
  let moved = 0;
  let isMap = false;
  const placeOf = (event) => {
    const { left, top } = canvas.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const { y } = placeOf(event);
    if (event.ctrlKey || event.metaKey) app.actions.zoom(Math.exp(-event.deltaY / 200), y);
    else {
      app.view.pan(event.deltaY * (event.deltaMode === 1 ? 20 : 1));
      app.redraw();
    }
  }, { passive: false });
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    const place = placeOf(event);
    pointers.set(event.pointerId, place);
    if (pointers.size === 1) {
      moved = 0;
      isMap = place.x >= layoutOf(app).mapX;
      if (isMap) panToMap(app, place.y);
    }
  });
  canvas.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (before === undefined) return;
    const place = placeOf(event);
    pointers.set(event.pointerId, place);
    moved += Math.abs(place.y - before.y) + Math.abs(place.x - before.x);
    if (isMap) return panToMap(app, place.y);
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other !== undefined) {
      const distance = (one) => Math.max(20, Math.hypot(one.x - other.x, one.y - other.y));
      app.actions.zoom(distance(place) / distance(before), (place.y + other.y) / 2);
    } else if (moved > DRAG_PIXELS) {
      app.view.pan(before.y - place.y);
      app.redraw();
    }
  });
  const up = (event) => {
    const place = pointers.get(event.pointerId);
    pointers.delete(event.pointerId);
    if (place === undefined || isMap || moved > DRAG_PIXELS || place.y < HEAD_HEIGHT) return;
    app.select(app.rows.entry(Math.floor(app.view.rowAt(place.y))));
  };
  canvas.addEventListener("pointerup", up);
  canvas.addEventListener("pointercancel", (event) => pointers.delete(event.pointerId));
}

/** Has what is shown be chosen: groups, a lane, what is searched. */
export function listenToFilters(app) {
  const { head } = app;
  const filters = byId("filters");
  const present = new Set(head.events.map(([, group]) => group));
  const boxes = head.groups.flatMap((name, group) => {
    if (!present.has(group)) return [];
    const box = document.createElement("input");
    box.type = "checkbox";
    box.checked = app.filter.groups.has(group);
    box.addEventListener("change", () => {
      if (box.checked) app.filter.groups.add(group);
      else app.filter.groups.delete(group);
      app.refilter();
    });
    const label = document.createElement("label");
    label.append(box, ` ${name}`);
    return [label];
  });
  filters.prepend(...boxes);
  const laneFilter = byId("laneFilter");
  for (const [at, [subject]] of head.lanes.entries()) {
    laneFilter.add(new Option(subject, String(at + 1)));
  }
  laneFilter.addEventListener("change", () => {
    app.filter.lane = laneFilter.value === "" ? null : Number(laneFilter.value);
    app.refilter();
  });
  byId("onlyMatches").addEventListener("change", (event) => {
    app.filter.onlyMatches = event.target.checked;
    app.refilter();
  });
  byId("search").addEventListener("input", (event) => app.search(event.target.value));
}
