/**
 * Captures one fabric: the messages of its buses, and the packets in its rings.
 *
 * @module
 */

import type { Endpoint } from "../../actors/channel/endpoint.ts";
import type { FabricRuntime } from "../../actors/fabric/fabric_runtime.ts";
import type { PartitionObject } from "../../actors/partition/partition_object.ts";
import type { Observation, ObservationOf, Observer } from "../../actors/runtime/observation.ts";
import { assert } from "../../core/assert.ts";
import { VERSION_NUMBERS } from "../../core/control/versions.ts";
import { endpointOf, guestOf, livingEndpoints } from "../endpoints.ts";
import {
  CAPTURE_NO_GUID,
  CAPTURE_NONE,
  type CaptureHeader,
  captureHeader,
  partingOf,
} from "./record.ts";
import type { CaptureWriter } from "./capture_writer.ts";
import { RingTap } from "./ring_tap.ts";

/** What the fabrics of one capture have in common. */
export interface CaptureRun {
  /** The file. */
  readonly writer: CaptureWriter;
  /** Choices that the run has made; null: nobody counts. */
  readonly choices: number | null;
  /** Work items that have begun. */
  items: number;
  /** Numbers of buses by their guests: one that moves to another fabric keeps its own. */
  readonly buses: Map<string, number>;
  /** The latest time of a record, in 100 ns from the beginning of the run. */
  now100ns: number;
}

/** A bus, or a channel on it. */
interface Source {
  /** The number of its interface. */
  readonly interface: number;
  /** What all of its records say. */
  readonly header: Pick<CaptureHeader, "channelId" | "interfaceType">;
}

/** The two rings of a channel. */
interface Open {
  /** Its place among those that are open. */
  readonly key: string;
  readonly source: Source;
  readonly bus: Bus;
  readonly codec: "vmbus" | "msgpack";
  readonly pipe: CaptureHeader["pipe"];
  /** Who has the rings. */
  readonly endpoints: Set<Endpoint>;
  readonly toHost: RingTap;
  readonly toGuest: RingTap;
}

/** A bus, with its channels by number. */
interface Bus extends Source {
  readonly number: number;
  readonly name: string;
  /** Null: there is none of that name now. */
  partition: PartitionObject | null;
  readonly channels: Map<number, Source>;
}

const encoder = new TextEncoder();

/** Captures a fabric from now on. It looks on: what the fabric does is the same with it. */
export class FabricTap implements Observer {
  readonly #runtime: FabricRuntime;
  readonly #run: CaptureRun;
  /** Of the first fabric 1: names of others say theirs. */
  readonly #number: number;
  readonly #begin100ns: number;
  readonly #buses = new Map<string, Bus>();
  /** Open channels, by bus and number. */
  readonly #open = new Map<string, Open>();
  readonly #byEndpoint = new Map<Endpoint, Open>();
  readonly #stopObserving: () => void;

  /** Captures `runtime`, the fabric number `number` of `run`. */
  constructor(runtime: FabricRuntime, run: CaptureRun, number: number) {
    this.#runtime = runtime;
    this.#run = run;
    this.#number = number;
    this.#begin100ns = run.now100ns;
    for (const endpoint of livingEndpoints(runtime)) {
      if (endpoint.rings !== null) this.#attached(endpoint, true);
    }
    this.#stopObserving = runtime.observers.add(this);
  }

  /** See {@linkcode Observer.see}. */
  see(observation: Observation): void {
    switch (observation.kind) {
      case "itemBegins":
        this.#run.items++;
        return this.#takeAll();
      case "packetEnters":
      case "packetSettled":
        return this.#takeOf(endpointOf(observation.endpoint));
      case "channelTampered":
        return this.#takeAll();
      case "messageSaid":
        return this.#said(observation);
      case "ringsAttached":
        return this.#attached(endpointOf(observation.endpoint), observation.isResumed);
      case "ringsDetached":
        return this.#detached(endpointOf(observation.endpoint));
      case "faultFires":
        return this.#faultFires(observation);
      case "channelFaults":
        return this.#channelFaults(observation);
      case "partitionChanges":
        return this.#partitionChanges(observation);
    }
  }

  /** Writes what has happened by now, and looks no longer. */
  end(): void {
    if (!this.#runtime.isDisposed) this.#takeAll();
    this.#stopObserving();
  }

  /** Writes `text` beside what happens on the bus of `partition`, from which `parting` may part it. */
  note(partition: string, text: string, parting: CaptureHeader["parting"] = "none"): void {
    this.#takeAll();
    const bus = this.#bus(partition);
    this.#note(bus, bus, text, parting);
  }

  #said({ partition, direction, message }: ObservationOf<"messageSaid">): void {
    this.#takeAll();
    const bus = this.#bus(partition);
    this.#add(bus, bus, { kind: "message", direction }, message);
  }

  /** The guest's bus: it has an interface from when something is first heard of it. */
  #bus(name: string): Bus {
    const known = this.#buses.get(name);
    if (known !== undefined && known.partition !== null) return known;
    const { writer } = this.#run;
    const partition = this.#runtime.partitions.find((each) => each.name === name) ?? null;
    if (known !== undefined) {
      known.partition = partition; // another guest has the name of one that was destroyed
      return known;
    }
    const vtl = partition === null || partition.vtl === 0 ? "" : `, trust level ${partition.vtl}`;
    const bus: Bus = {
      interface: writer.addInterface({
        name: `${this.#named(name)}: bus`,
        description: `control messages of ${name} and its host${vtl}`,
      }),
      header: { channelId: 0, interfaceType: CAPTURE_NO_GUID },
      number: this.#numberOf(name),
      name,
      partition,
      channels: new Map(),
    };
    this.#buses.set(name, bus);
    return bus;
  }

  #numberOf(name: string): number {
    const { buses } = this.#run;
    const number = buses.get(name) ?? buses.size + 1;
    buses.set(name, number);
    return number;
  }

  #named(partition: string): string {
    return this.#number === 1 ? partition : `${partition} (${this.#number})`;
  }

  /** The channel of `endpoint` as a place of records: the same as long as its number is one device's. */
  #channel(bus: Bus, endpoint: Endpoint, channelId: number): Source {
    const { serverTarget, clientTarget, friendlyName } = endpoint.configuration;
    const interfaceType = (serverTarget ?? clientTarget)?.interfaceType ?? CAPTURE_NO_GUID;
    const known = bus.channels.get(channelId);
    if (known?.header.interfaceType === interfaceType) return known;
    const name = friendlyName ? ` (${friendlyName})` : "";
    const channel = {
      interface: this.#run.writer.addInterface({
        name: `${this.#named(bus.name)}: channel ${channelId}${name}`,
        description: `packets of interface type ${interfaceType}`,
      }),
      header: { channelId, interfaceType },
    };
    bus.channels.set(channelId, channel);
    return channel;
  }

  #attached(endpoint: Endpoint, isResumed: boolean): void {
    const { rings, channelId, side, configuration } = endpoint;
    const guest = guestOf(endpoint);
    assert(rings !== null, "an endpoint that is attached has rings");
    if (guest === null || channelId === null) return; // its guest has given it back meanwhile
    const bus = this.#bus(guest);
    const key = `${bus.number}:${channelId}`;
    const known = this.#open.get(key);
    if (known !== undefined) {
      known.endpoints.add(endpoint);
      this.#byEndpoint.set(endpoint, known);
      return;
    }
    const [toHost, toGuest] = side === "server"
      ? [rings.incoming, rings.outgoing]
      : [rings.outgoing, rings.incoming];
    const open: Open = {
      key,
      source: this.#channel(bus, endpoint, channelId),
      bus,
      codec: this.#runtime.codecName,
      pipe: configuration.isPipe ? configuration.pipeType : "none",
      endpoints: new Set([endpoint]),
      toHost: new RingTap(toHost),
      toGuest: new RingTap(toGuest),
    };
    this.#open.set(key, open);
    this.#byEndpoint.set(endpoint, open);
    this.#take(open, isResumed ? ["it was in the ring before"] : []);
  }

  #detached(endpoint: Endpoint): void {
    const open = this.#byEndpoint.get(endpoint);
    if (open === undefined) return;
    this.#take(open);
    open.endpoints.delete(endpoint);
    this.#byEndpoint.delete(endpoint);
    if (open.endpoints.size === 0) this.#open.delete(open.key);
  }

  /** What all rings got since they were looked at last. */
  #takeAll(): void {
    for (const open of this.#open.values()) this.#take(open);
  }

  #takeOf(endpoint: Endpoint): void {
    const open = this.#byEndpoint.get(endpoint);
    if (open !== undefined) this.#take(open);
  }

  #take(open: Open, comments: readonly string[] = []): void {
    for (const direction of ["toHost", "toGuest"] as const) {
      const ring = open[direction];
      if (!ring.hasMore) continue;
      for (const { index, bytes, fault } of ring.take()) {
        const { codec, pipe } = open;
        const said = fault === null ? comments : [...comments, fault];
        const facts = { kind: "packet", direction, codec, pipe } as const;
        const place = { ringIndex: index, ringBytes: ring.dataBytes };
        this.#add(open.bus, open.source, { ...facts, ...place }, bytes, said);
      }
    }
  }

  #faultFires({ fault, partition, channelId }: ObservationOf<"faultFires">): void {
    this.#takeAll();
    const bus = this.#bus(partition);
    const source = channelId === null ? undefined : bus.channels.get(channelId);
    const where = channelId === null ? "" : `, channel ${channelId}`;
    this.#note(bus, source ?? bus, `fault: ${fault}${where}`);
  }

  #channelFaults({ endpoint, fault }: ObservationOf<"channelFaults">): void {
    this.#takeAll();
    const found = `found by ${endpoint.name} in ${endpoint.place.partition}: ${fault}`;
    const open = this.#byEndpoint.get(endpointOf(endpoint));
    const bus = open?.bus ?? this.#bus(guestOf(endpoint) ?? endpoint.place.partition);
    this.#note(bus, open?.source ?? bus, found);
  }

  #partitionChanges({ partition, change }: ObservationOf<"partitionChanges">): void {
    const isEnd = change === "crashed" || change === "destroyed";
    this.note(partition, `${partition}: ${change}`, partingOf(change));
    if (!isEnd) return;
    if (change === "destroyed") this.#bus(partition).partition = null;
    // Nobody says of each of its endpoints that it has no rings any more.
    for (const endpoint of this.#byEndpoint.keys()) {
      if (endpoint.partition.name === partition) this.#detached(endpoint);
    }
  }

  #note(bus: Bus, source: Source, text: string, parting: CaptureHeader["parting"] = "none"): void {
    const facts = { kind: "note", direction: "toHost", parting } as const;
    this.#add(bus, source, facts, encoder.encode(text), [text]);
  }

  #add(
    bus: Bus,
    source: Source,
    facts: Pick<CaptureHeader, "kind" | "direction"> & Partial<CaptureHeader>,
    bytes: Uint8Array,
    comments: readonly string[] = [],
  ): void {
    const run = this.#run;
    const at100ns = this.#begin100ns + this.#runtime.clock.now100ns;
    const header: CaptureHeader = {
      ...plainHeader(run),
      vtl: bus.partition?.vtl ?? 0,
      bus: bus.number,
      ...agreedOf(bus.partition),
      ...source.header,
      ...facts,
    };
    run.now100ns = Math.max(run.now100ns, at100ns);
    run.writer.add({ interface: source.interface, at100ns, header, bytes, comments });
  }
}

/** The header of a note about the run itself, as it is by now. */
export function plainHeader(
  { choices, items }: Pick<CaptureRun, "choices" | "items">,
): CaptureHeader {
  return captureHeader({ step: choices ?? CAPTURE_NONE, item: items >>> 0 });
}

/** What both ends of the bus have agreed on, as far as one of them is ours. */
function agreedOf(
  partition: PartitionObject | null,
): Pick<CaptureHeader, "busVersion" | "busFeatures"> {
  const bus = partition?.bus;
  const agreed = bus?.ownHost?.connection.agreed ?? bus?.ownGuest?.connection.agreed;
  return typeof agreed === "object"
    ? { busVersion: VERSION_NUMBERS[agreed.version], busFeatures: agreed.features }
    : { busVersion: CAPTURE_NONE, busFeatures: 0 };
}
