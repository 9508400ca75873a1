import { assert, assertEquals } from "@std/assert";
import { FAULT, Rows } from "../../../simulator/pages/script/rows.js";
import { lastAtMost, States } from "../../../simulator/pages/script/states.js";
import { View } from "../../../simulator/pages/script/view.js";

const head = {
  count: 6,
  events: [["call", 0], ["work", 1]],
  lanes: [["root", "root", null], ["guest", "guest", null]],
};
const columns = {
  event: Uint16Array.of(0, 1, 0, 1, 0, 0),
  lane: Uint16Array.of(1, 0, 2, 0, 1, 2),
  mark: Uint8Array.of(0, 0, 0, FAULT, 0, 0),
};
const texts = { searched: (entry: number) => `text ${entry}` };

function rowsOf(filter: Record<string, unknown>) {
  const rows = new Rows(head, columns);
  rows.filter({ groups: new Set([0]), lane: null, onlyMatches: false, ...filter });
  return rows;
}

Deno.test("Rows: entries of the groups that are shown, and faults always", () => {
  const rows = rowsOf({});
  assertEquals([...rows.shown], [0, 2, 3, 4, 5]);
  assertEquals([...rows.rowOf], [0, 1, 1, 2, 3, 4]);
  assertEquals(rows.row(1), 1);
  assertEquals([rows.entry(-3), rows.entry(1), rows.entry(99)], [0, 2, 5]);
});

Deno.test("Rows: of one lane, and what matches alone", () => {
  assertEquals([...rowsOf({ lane: 2 }).shown], [2, 3, 5]);
  const rows = rowsOf({});
  rows.search("text 4", texts);
  assertEquals(rows.matches, [4]);
  rows.search("GUEST  text", texts);
  assertEquals(rows.matches, [2, 5]);
  rows.filter({ groups: new Set([0]), lane: null, onlyMatches: true });
  assertEquals([...rows.shown], [2, 5]);
  rows.search("", texts);
  assertEquals(rows.matches, []);
});

Deno.test("Rows: next is the nearest one, there and back", () => {
  assertEquals(Rows.next([2, 5], 2, false), 5);
  assertEquals(Rows.next([2, 5], 2, true), null);
  assertEquals(Rows.next([2, 5], 9, true), 5);
});

Deno.test("lastAtMost: the last number that is not greater", () => {
  const at = Uint32Array.of(1, 3, 3, 7);
  assertEquals([0, 1, 2, 3, 6, 9].map((entry) => lastAtMost(at, entry)), [-1, 0, 0, 2, 2, 3]);
  assertEquals(lastAtMost(at, 0, 1, 3), 0);
});

Deno.test("States: the values of any moment, and which of them are new", () => {
  const paths = [["a", "lifecycle"], ["a", "flow"], ["a", "fault"], ["b", "x"]];
  const values = ["", '"enabled"', '"opened"', '"active"', '"paused"', "null", '"bad"'];
  const changes = [[0, 0, 1], [0, 1, 4], [0, 2, 5], [2, 0, 2], [3, 3, 1], [4, 1, 3], [5, 2, 6], [
    6,
    3,
    0,
  ]];
  const [at, path, value] = [0, 1, 2].map((n) => Uint32Array.from(changes, (each) => each[n]!));
  const states = new States({ paths }, { at, path, value }, values);
  assertEquals(states.of("a", 2).map(({ name, text, isNew }) => `${name} ${text} ${isNew}`), [
    'lifecycle "opened" true',
    'flow "paused" false',
    "fault null false",
  ]);
  assertEquals(states.of("b", 2), []);
  assertEquals(states.of("b", 6), []);
  assertEquals(states.valueAt(0, 1), "enabled");
  const lane = states.laneOf("a");
  assertEquals([...lane.at], [0, 2, 4, 5]);
  assertEquals(new Set(lane.look).size, 4);
});

Deno.test("View: stays within the rows, whatever it is asked for", () => {
  const view = new View();
  [view.rows, view.height] = [1000, 444];
  view.pan(1e9);
  assertEquals(view.top, 1000 - view.seen);
  view.pan(-1e9);
  assertEquals(view.top, 0);
  view.zoom(0);
  assertEquals(view.seen, 1000);
  view.zoom(1e9);
  assert(view.rowHeight <= 40);
  view.reveal(500);
  assert(view.top <= 500 && 500 < view.top + view.seen);
  const row = view.rowAt(200);
  view.zoom(0.7, 200);
  assertEquals(Math.round(view.rowAt(200) * 1000), Math.round(row * 1000));
});
