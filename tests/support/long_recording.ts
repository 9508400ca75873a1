import type { Recording } from "../../simulator/pages/recording.ts";

/** A recording of `count` entries, made of `recording` over and over: as long as a run that takes minutes. */
export function longRecording(recording: Recording, count: number): Recording {
  const { entries, steps, arrows, bytes, marks, states } = recording;
  const times = Math.ceil(count / entries.length);
  const each = <T>(list: readonly T[], move: (one: T, first: number) => T): T[] =>
    Array.from({ length: times }, (_, at) => list.map((one) => move(one, at * entries.length)))
      .flat();
  const moved = <T extends { readonly entry: number }>(list: readonly T[]) =>
    each(list, (one, first) => ({ ...one, entry: one.entry + first }));
  const end100ns = entries.at(-1)!.at100ns;
  const isIn = ({ entry }: { readonly entry: number }) => entry < count;
  return {
    ...recording,
    entries: each(entries, (entry, first) => ({
      ...entry,
      at100ns: entry.at100ns + end100ns * (first / entries.length),
    })).slice(0, count),
    steps: each(steps, (step, first) => step + first).slice(0, count),
    arrows: each(
      arrows,
      ({ kind, from, to }, first) => ({ kind, from: from + first, to: to + first }),
    )
      .filter(({ to }) => to < count),
    bytes: moved(bytes).filter(isIn),
    marks: moved(marks).filter(isIn),
    states: {
      ...states,
      at: each(states.at, (at, first) => at + first),
      path: each(states.path, (path) => path),
      value: each(states.value, (value) => value),
    },
  };
}
