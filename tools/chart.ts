/**
 * Promise: `docs/states.md` shows the charts as they are. It is made from them: the pictures show what
 * can happen in a reachable state, and nothing else.
 *
 * The command `deno task chart` writes the file; with `--check` it says whether the file is current.
 *
 * @module
 */

import type { AnyMachineSnapshot, AnyStateMachine } from "xstate";
import { createGuestChannelChart } from "../actors/bus/guest/channel_machine.ts";
import { createGuestConnectionChart } from "../actors/bus/guest/connection_machine.ts";
import { createGuestGpadlChart } from "../actors/bus/guest/gpadl_machine.ts";
import { createConnectionChart } from "../actors/bus/host/connection_machine.ts";
import { createHostGpadlChart } from "../actors/bus/host/gpadl_machine.ts";
import { createOfferedChannelChart } from "../actors/bus/host/offered_channel_machine.ts";
import { createBytePipeChart } from "../actors/channel/byte_pipe_machine.ts";
import { createArrivedPacketChart } from "../actors/channel/arrived_packet_machine.ts";
import { createChannelChart } from "../actors/channel/machine.ts";
import { compileChart, type CompiledChart, effectName } from "../actors/chart/compile.ts";
import { createPacketChart } from "../actors/packet/machine.ts";
import { createPartitionChart } from "../actors/partition/machine.ts";
import { nameEffects } from "../actors/chart/effects.ts";
import { createStorageClientChart } from "../devices/storage/vsc/chart.ts";
import { createStorageSessionChart } from "../devices/storage/vsp/chart.ts";
import { runGenerator } from "./generated_file.ts";

const PATH = "docs/states.md";

/** A step from one leaf state of a region to another. */
interface Edge {
  /** The leaf's path below its region; null where the region itself says it, so in every state. */
  readonly from: string | null;
  /** Null where every state of the region is left as it is. */
  readonly to: string | null;
  readonly event: string;
  /** The guard's name, or nothing. */
  readonly guard: string;
  /** Effects of the step itself, in order; those of the states that it leaves and enters come around them. */
  readonly effects: readonly string[];
}

/** A state of a region, below the region. */
interface State {
  /** Its path; with `.*` behind it for one that has states inside. */
  readonly path: string;
  readonly isLeaf: boolean;
  /** Its tags, and those of the states around it. */
  readonly tags: readonly string[];
  /** Its own effects of being entered and of being left, in order. */
  readonly entry: readonly string[];
  readonly exit: readonly string[];
}

/** One region of a chart; a chart without regions is one region without a name. */
interface Region {
  readonly name: string;
  readonly initial: string;
  readonly edges: readonly Edge[];
  /** Each leaf state that can be entered, and each state around one that has effects, as in the chart. */
  readonly states: readonly State[];
}

type StateNode = AnyStateMachine["root"];
type StateValue = AnyMachineSnapshot["value"];

/** `opening.wanted` of `{ opening: "wanted" }`. */
function pathOf(value: StateValue): string {
  if (typeof value === "string") return value;
  const [[key, child] = ["", ""]] = Object.entries(value);
  return `${key}.${pathOf(child ?? "")}`;
}

/** The leaf state that `region` is in. */
function leafOf({ value }: AnyMachineSnapshot, region: string): string {
  return pathOf(typeof value === "object" && region !== "" ? value[region] ?? "" : value);
}

function isBelow(node: StateNode, ancestor: StateNode): boolean {
  return node === ancestor || (node.parent !== undefined && isBelow(node.parent, ancestor));
}

function guardName(guard: unknown): string {
  if (typeof guard === "string") return guard;
  return typeof guard === "object" && guard !== null && "type" in guard ? String(guard.type) : "";
}

/** Names of the effects in a list of a chart's actions. */
function effectNames(actions: readonly unknown[]): readonly string[] {
  return actions.map(effectName).filter((name) => name !== null);
}

/** `node` and what is inside it, as far as `entered` has it or what is inside it. */
function statesOf(
  node: StateNode,
  path: string,
  tagsAround: readonly string[],
  entered: ReadonlySet<string>,
): readonly State[] {
  const tags = [...tagsAround, ...node.tags];
  const [entry, exit] = [effectNames(node.entry), effectNames(node.exit)];
  const children: StateNode[] = Object.values(node.states);
  if (children.length === 0) {
    return entered.has(path) ? [{ path, isLeaf: true, tags, entry, exit }] : [];
  }
  const prefix = path === "" ? "" : `${path}.`;
  const inside = children.flatMap((child) =>
    statesOf(child, `${prefix}${child.key}`, tags, entered)
  );
  if (inside.length === 0 || entry.length + exit.length === 0) return inside;
  return [{ path: `${prefix}*`, isLeaf: false, tags, entry, exit }, ...inside];
}

/** The leaf states of a region. */
function leavesOf({ states }: Pick<Region, "states">): readonly string[] {
  return states.filter(({ isLeaf }) => isLeaf).map(({ path }) => path);
}

/** What can happen in a region, over all reachable states of the chart. */
function regionOf(
  machine: AnyStateMachine,
  { states, eventTypes, next }: CompiledChart,
  name: string,
  node: StateNode,
): Region {
  const edges = new Map<string, Edge>();
  const entered = new Set<string>();
  for (const state of states.values()) {
    const leaf = leafOf(state, name);
    entered.add(leaf);
    for (const event of eventTypes) {
      const after = next(state, event);
      for (const transition of machine.getTransitionData(state, { type: event }) ?? []) {
        const { source, target, guard } = transition;
        const effects = effectNames(transition.actions);
        if (after === undefined || !isBelow(source, node)) continue;
        if (target === undefined && effects.length === 0) continue;
        const from = source === node && name !== "" ? null : leaf;
        const to = from === null && target === undefined ? null : leafOf(after, name);
        const edge = { from, to, event, guard: guardName(guard), effects };
        edges.set(JSON.stringify(edge), edge);
      }
    }
  }
  const parts = statesOf(node, "", [], entered);
  const paths = leavesOf({ states: parts });
  const rank = ({ from, to, event }: Edge) =>
    [from, to].map((path) => paths.indexOf(path ?? "")).map((at) => String(at).padStart(3)).join() +
    event;
  return {
    name,
    initial: [...entered][0] ?? "", // the walk begins with it
    edges: [...edges.values()].sort((a, b) => rank(a) < rank(b) ? -1 : 1),
    states: parts,
  };
}

/** The regions of a chart. */
function regionsOf(machine: AnyStateMachine): readonly Region[] {
  const { root } = machine;
  const compiled = compileChart(machine);
  if (root.type !== "parallel") return [regionOf(machine, compiled, "", root)];
  const regions: [string, StateNode][] = Object.entries(root.states);
  return regions.map(([name, node]) => regionOf(machine, compiled, name, node));
}

function label({ event, guard, effects }: Edge): string {
  const work = effects.length === 0 ? "" : ` / ${effects.join(" ")}`;
  return (guard === "" ? event : `${event} [${guard}]`) + work;
}

/** Pieces of text by key, those of one key together. */
function grouped(pairs: readonly (readonly [string, string])[]): ReadonlyMap<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const [key, text] of pairs) groups.set(key, [...groups.get(key) ?? [], text]);
  return groups;
}

function mermaidId(path: string): string {
  return path.replaceAll(".", "_");
}

/** A region's picture. */
function picture(region: Region): string[] {
  const { initial, edges } = region;
  const arrows = grouped(
    edges.flatMap((edge) =>
      edge.from === null || edge.to === null
        ? []
        : [[`${mermaidId(edge.from)} --> ${mermaidId(edge.to)}`, label(edge)] as const]
    ),
  );
  return [
    "```mermaid",
    "stateDiagram-v2",
    ...leavesOf(region).map((path) => `  state "${path}" as ${mermaidId(path)}`),
    `  [*] --> ${mermaidId(initial)}`,
    ...[...arrows].map(([arrow, labels]) => `  ${arrow} : ${labels.join(", ")}`),
    "```",
  ];
}

/** What a region's own transitions do, from whichever state of it. */
function everywhere({ edges }: Region): string[] {
  const own = edges.filter(({ from }) => from === null);
  const byTarget = grouped(
    own.map((edge) => [
      edge.to === null ? "changes no state" : `leads to \`${edge.to}\``,
      `\`${label(edge)}\``,
    ]),
  );
  return [...byTarget].map(([outcome, labels]) => `${labels.join(", ")} ${outcome}`);
}

/** Tags of the states, and their effects where one of them has any. */
function stateTable({ states }: Region): string[] {
  const cell = (names: readonly string[]) => names.length === 0 ? "–" : names.join(", ");
  const haveEffects = states.some(({ entry, exit }) => entry.length + exit.length > 0);
  const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const heads = ["state", "tags", ...haveEffects ? ["on entry", "on exit"] : []];
  return [
    row(heads),
    `|${"---|".repeat(heads.length)}`,
    ...states.map(({ path, tags, entry, exit }) =>
      row([path, cell(tags), ...haveEffects ? [cell(entry), cell(exit)] : []])
    ),
  ];
}

/** The parts of a region that two sides may share. */
function shared(region: Region): string {
  return JSON.stringify([
    region.edges.filter(({ from }) => from !== null),
    region.states,
  ]);
}

function section(title: string, intro: readonly string[], region: Region): string[] {
  return [
    title,
    "",
    ...intro.flatMap((line) => [line, ""]),
    ...picture(region),
    "",
    ...stateTable(region),
    "",
  ];
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A region of a channel, once for both sides where they do not differ. */
function channelRegion(server: Region, client: Region): string[] {
  const sides = [["server", server], ["client", client]] as const;
  const intro = (side: string, region: Region) => [
    `A ${side} begins in \`${region.initial}\`.`,
    ...everywhere(region).map((line) => `In every state of a ${side}, ${line}.`),
  ];
  if (shared(server) === shared(client)) {
    const lines = sides.flatMap(([side, region]) => intro(side, region));
    const { initial } = server;
    const note = initial === client.initial ? [] : ["The picture begins as a server does."];
    return section(`### ${capitalized(server.name)}`, [...lines, ...note], server);
  }
  if (leavesOf(client).length === 1) {
    const note = "A server's alone: a client stays in the first of these states.";
    return section(`### ${capitalized(server.name)}`, [note], server);
  }
  return sides.flatMap(([side, region]) =>
    section(`### ${capitalized(region.name)} of a ${side}`, intro(side, region), region)
  );
}

/** A device's chart with effects as those of the package's own charts are named: its own have no code at all. */
export function withNamedEffects(machine: AnyStateMachine): AnyStateMachine {
  return machine.provide({ actions: nameEffects(Object.keys(machine.implementations.actions)) });
}

/** The section of a chart that is drawn as it is. */
export function chartSection(title: string, machine: AnyStateMachine): string[] {
  return regionsOf(machine).flatMap((region) => section(`## ${title}`, [], region));
}

/** The whole of `docs/states.md`. */
export function statesDocument(): string {
  const server = regionsOf(createChannelChart("server"));
  const client = regionsOf(createChannelChart("client"));
  return [
    "# States",
    "",
    "The charts of `actors/**/*machine.ts` and `devices/**/chart.ts`, drawn from the charts themselves by `deno task chart`; a test sees",
    "that this file is current. An arrow is a step that can happen in some reachable state; its label is the",
    "event, with the guard in brackets and the step's effects behind a slash. An event that changes nothing",
    "and has no effect has no arrow. Effects come in this order: of the states that are left, the inner ones",
    "first; of the step; of the states that are entered, the outer ones first. A name with `.*` is a state",
    "with others inside: its effects are for entering it from outside and for leaving it. What the events,",
    "tags and effects mean is written at their types, beside the charts; which calls and callbacks they stand",
    "for follows from [kmcl.md](kmcl.md) section 3.",
    "",
    "## Channel endpoint",
    "",
    "Four regions side by side. Client and server have one chart, with guards that ask for the side.",
    "",
    ...server.flatMap((region, index) => channelRegion(region, client[index] ?? region)),
    ...chartSection("Packet object", createPacketChart()),
    ...chartSection("Packet that arrived", createArrivedPacketChart()),
    ...chartSection("Byte pipe", createBytePipeChart()),
    ...chartSection("Partition", createPartitionChart()),
    ...chartSection("Connection of the host to a guest", createConnectionChart()),
    ...chartSection("Offered channel, on the host's end", createOfferedChannelChart()),
    ...chartSection("GPADL, on the host's end", createHostGpadlChart()),
    ...chartSection("Connection of a guest to the host", createGuestConnectionChart()),
    ...chartSection("Offered channel, on the guest's end", createGuestChannelChart()),
    ...chartSection("GPADL, on the guest's end", createGuestGpadlChart()),
    ...chartSection(
      "Storage controller, in its host's driver",
      withNamedEffects(createStorageSessionChart()),
    ),
    ...chartSection(
      "Storage controller, in its guest's driver",
      withNamedEffects(createStorageClientChart()),
    ),
  ].join("\n").trimEnd() + "\n";
}

if (import.meta.main) {
  const file = {
    command: "deno task chart",
    description: `Draws the state charts, in ${PATH}.`,
    path: PATH,
    done: "drawn",
    textOf: statesDocument,
  };
  Deno.exitCode = await runGenerator(file, Deno.args);
}
