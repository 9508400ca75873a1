/** What inspect() showed, at any entry. */

/** How the line of a lane looks, by the state of its channel. */
export const LANE_PLAIN = 0;
export const LANE_DISABLED = 1;
export const LANE_ENABLED = 2;
export const LANE_PAUSED = 3;
export const LANE_ACTIVE = 4;
export const LANE_CLOSED = 5;
export const LANE_FAULT = 6;

/** The place of the last number in `at`, from `from` up to `to`, that is at most `entry`; `from` - 1: none. */
export function lastAtMost(at, entry, from = 0, to = at.length) {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at[middle] <= entry) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The values of inspect(), path by path. */
export class States {
  constructor(head, { at, path, value }, values) {
    this.paths = head.paths;
    this.values = values;
    /** Values that were asked for. */
    this.parsed = [];
    // Changes of a path lie behind each other, in order.
    this.begin = new Uint32Array(this.paths.length + 1);
    for (const each of path) this.begin[each + 1]++;
    for (let n = 0; n < this.paths.length; n++) this.begin[n + 1] += this.begin[n];
    const next = this.begin.slice();
    this.at = new Uint32Array(at.length);
    this.value = new Uint32Array(at.length);
    for (let n = 0; n < at.length; n++) {
      const place = next[path[n]]++;
      this.at[place] = at[n];
      this.value[place] = value[n];
    }
    this.byOwner = Map.groupBy(this.paths.keys(), (n) => this.paths[n][0]);
  }

  /** The place of the change that a path's value at an entry is of; -1: there is none. */
  place(path, entry) {
    const [from, to] = [this.begin[path], this.begin[path + 1]];
    const place = lastAtMost(this.at, entry, from, to);
    return place < from || this.value[place] === 0 ? -1 : place;
  }

  /** What was shown of `owner` after an entry: name, value as JSON, whether it is new. */
  of(owner, entry) {
    const rows = [];
    for (const path of this.byOwner.get(owner) ?? []) {
      const place = this.place(path, entry);
      if (place === -1) continue;
      const text = this.values[this.value[place]];
      rows.push({ name: this.paths[path][1], text, isNew: this.at[place] === entry });
    }
    return rows;
  }

  /** The path of a name; -1: there is none. */
  pathOf(owner, name) {
    return (this.byOwner.get(owner) ?? []).find((path) => this.paths[path][1] === name) ?? -1;
  }

  /** The value of a path after an entry. */
  valueAt(path, entry) {
    const place = path === -1 ? -1 : this.place(path, entry);
    if (place === -1) return null;
    const value = this.value[place];
    return this.parsed[value] ??= JSON.parse(this.values[value]);
  }

  /** Entries at which one of these paths changes, in order. */
  changesOf(paths) {
    const all = paths.filter((path) => path !== -1)
      .flatMap((path) => [...this.at.subarray(this.begin[path], this.begin[path + 1])]);
    return Uint32Array.from(new Set(all.sort((a, b) => a - b)));
  }

  /** How a lane looks over time: its state, and how full the ring is that it writes to. */
  laneOf(owner) {
    const [lifecycle, flow, fault] = ["lifecycle", "flow", "fault"]
      .map((name) => this.pathOf(owner, name));
    const at = this.changesOf([lifecycle, flow, fault]);
    const look = Uint8Array.from(at, (entry) => {
      const state = this.valueAt(lifecycle, entry);
      if (state === null) return LANE_PLAIN;
      if (this.valueAt(fault, entry) !== null) return LANE_FAULT;
      if (state === "disabled") return LANE_DISABLED;
      if (state === "closed") return LANE_CLOSED;
      if (state !== "opened") return LANE_ENABLED;
      return this.valueAt(flow, entry) === "active" ? LANE_ACTIVE : LANE_PAUSED;
    });
    const [used, size] = ["outgoingRing.usedBytes", "outgoingRing.dataBytes"]
      .map((name) => this.pathOf(owner, name));
    const fillAt = this.changesOf([used, size]);
    const fill = Float32Array.from(fillAt, (entry) => {
      const bytes = this.valueAt(size, entry) ?? 0;
      return bytes === 0 ? 0 : (this.valueAt(used, entry) ?? 0) / bytes;
    });
    return { at, look, fillAt, fill };
  }
}
