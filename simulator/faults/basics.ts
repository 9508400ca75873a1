/**
 * What all rules of faults have in common, and all rows of the table of faults.
 *
 * @module
 */

import type { FaultPoint } from "../../actors/runtime/fault_port.ts";
import type { FaultyWorld } from "./faulty_world.ts";
import type { DriverPlace, SavePlace } from "./place.ts";

/** What a rule of any fault says; each fault has its own name, places and parameters beside it. */
export interface AnyRule<Name extends string, Where> {
  /** What goes wrong. */
  readonly do: Name;
  /** Where. Default: everywhere. */
  readonly where?: Where;
  /**
   * It happens at this opportunity, from 1 on, and then at each that is as far from the one before. A world
   * has such a rule whatever its seed says.
   */
  readonly nth?: number;
  /**
   * Without `nth`: it happens at one opportunity in so many, as the seed has it. Of such rules a world has
   * about three in four, and some happen more often there, some less.
   */
  readonly oneIn?: number;
  /** Most times that it happens in one world. */
  readonly budget?: number;
}

/** Which guest a fault happens to. */
export interface GuestWhere {
  /** The guest on whose bus, or to whose memory, it happens, by its name in the scenario. */
  readonly guest?: string;
}

/** Which channel a fault happens to. */
export interface ChannelWhere extends GuestWhere {
  /** A driver on one end of it, by its name in the scenario. */
  readonly driver?: string;
  /** Its number on the guest's bus. */
  readonly channel?: number;
}

/** Names of parameters: those members of a rule that all rules do not have. */
export type ParameterOf<Rule> = Exclude<keyof Rule, keyof AnyRule<string, unknown>> & string;

/** A parameter of a fault. */
export interface Parameter {
  /** What it means, with its unit. */
  readonly meaning: string;
  /** What it is where a rule does not say. */
  readonly default: number;
}

/** Where a driver may do wrong. */
export type DriverPoint =
  /** EvtChannelOpened is due. */
  | "opened"
  /** A callback has done its work; of EvtChannelOpened: it is due. */
  | "callback"
  /** A callback that may take its time has done its work. */
  | "passiveCallback"
  /** A callback at DISPATCH_LEVEL has done its work. */
  | "dispatchCallback"
  /** A driver has told its state, or its EvtChannelSavePacket has. */
  | "save"
  /** EvtChannelRestorePacket has done its work: the only point of a restore at which something goes wrong. */
  | "restore"
  /** A driver is to be given a packet. */
  | "packet"
  /** A driver completes a packet. */
  | "completion";

/** Where a fault may happen that the fabric itself asks about, or else at which moments. */
export type Point =
  | FaultPoint
  | DriverPoint
  /** The image of a disk is called. */
  | "image"
  /** Between two work items of the fabric. */
  | "item";

/** Something that can be done to a world. */
export interface Deed {
  /** To what, in words. */
  readonly place: string;
  /** The guest that it is about, by its name in the scenario. */
  readonly guest: string;
  /** The channel, by its number on the guest's bus; left out where it is about none, or all. */
  readonly channelId?: number | null;
  /** Does it. */
  do(): void | Promise<void>;
}

/** A finding that is no failure, as a fault brings it about. */
export interface BroughtAbout {
  /** See {@linkcode Finding.rule}. */
  readonly rule: string;
  /** See {@linkcode Finding.place}. */
  readonly place: string;
}

/** One fault: a row of the table. */
export interface Fault<Rule> {
  /** What it does, in words for the table. */
  readonly does: string;
  /** What a real machine does. */
  readonly realMachine: string;
  /** What it touches: whose drivers can tell. */
  readonly touches: string;
  /** Where it may happen; an opportunity is each time that a run comes there. */
  readonly point: Point;
  /** Opportunities in which it happens once, unless a rule says otherwise. */
  readonly oneIn: number;
  /** Most times that it happens in one world, unless a rule says otherwise. */
  readonly budget: number;
  /** Its parameters. */
  readonly parameters: Readonly<Record<ParameterOf<Rule>, Parameter>>;
  /** Members of `where` that it knows. */
  readonly where: readonly string[];
  /**
   * Whether one side does to the other what no honest one does: of that guest's channels nothing is promised from
   * then on but safety. Default false.
   */
  readonly tampers?: boolean;
  /** What the verifier tells of it, which is no failure then; left out, or null: nothing. */
  readonly bringsAbout?: (place: DriverPlace | SavePlace) => BroughtAbout | null;
  /**
   * All that it could be done to now, in an order that is the same each time, one of which is chosen; null for what
   * whoever asks does by itself.
   */
  readonly deeds: ((world: FaultyWorld, rule: Rule) => readonly Deed[]) | null;
}

/** The rows of some rules, by name. */
export type FaultTable<Rule extends { readonly do: string }> = {
  readonly [Name in Rule["do"]]: Fault<Extract<Rule, { readonly do: Name }>>;
};
