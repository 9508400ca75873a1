/**
 * Records one fabric: its trace, and what can be seen of it beside that.
 *
 * @module
 */

import {
  inspectEndpoint,
  inspectPartition,
  inspectUnfinished,
} from "../../actors/fabric/inspect.ts";
import type { Endpoint } from "../../actors/channel/endpoint.ts";
import type { FabricRuntime } from "../../actors/fabric/fabric_runtime.ts";
import { oppositeOf } from "../../actors/partition/opposite.ts";
import type { Observation, ObservedEndpoint, Observer } from "../../actors/runtime/observation.ts";
import type { Fabric, TraceEntry } from "../../mod.ts";
import { endpointOf, runtimeOf } from "../endpoints.ts";
import type { PayloadReader } from "../decoding/payloads.ts";
import type { Choice } from "../worlds/settings.ts";
import { ArrowRecorder, messageArrows } from "./arrows.ts";
import { rowsOf } from "./fields.ts";
import type { RecordedArrow, RecordedBytes, RecordedMark, RecordedStates } from "./recording.ts";
import { type SeenPayload, seenPayload } from "./seen_payload.ts";
import { StateRecorder } from "./states.ts";

/** An endpoint with more packets is looked at between items alone, as a look at one takes as long as it has packets. */
const PACKETS_MAX = 64;
/** Of a payload so many bytes are kept. */
const PAYLOAD_BYTES_MAX = 4096;
/** Of all of them together so many. */
const ALL_BYTES_MAX = 16 * 2 ** 20;
/** And so many fields. */
const ALL_FIELDS_MAX = 500_000;

/** A lane before anybody knows in which order they stand. */
export interface MetEndpoint {
  /** As entries name it. */
  readonly subject: string;
  /** The partition. */
  readonly partition: string;
  /** Which end of a channel it is. */
  readonly side: "server" | "client";
}

/** Records a fabric from now on. It looks on: what the fabric does is the same with it. */
export class FabricRecorder implements Observer {
  /** For each entry how many choices had been made before, where somebody tells of them. */
  readonly steps: number[] = [];
  /** Payloads by entry. */
  readonly bytes: RecordedBytes[] = [];
  /** Switches and faults. */
  readonly marks: RecordedMark[] = [];
  /** Endpoints that were seen. */
  readonly met: MetEndpoint[] = [];
  readonly #runtime: FabricRuntime;
  readonly #arrows = new ArrowRecorder();
  readonly #states = new StateRecorder();
  readonly #known = new WeakSet<ObservedEndpoint>();
  /** Endpoints that something has happened to since they were looked at. */
  readonly #touched = new Set<Endpoint>();
  readonly #stopObserving: () => void;
  #choices: number;
  readonly #payloads: PayloadReader;
  #bytesLeft = ALL_BYTES_MAX;
  #fieldsLeft = ALL_FIELDS_MAX;

  /**
   * Records `fabric`, which keeps its whole trace, and whose payloads are read by `payloads`; `choices`: how many the run had made
   * before it was there.
   */
  constructor(fabric: Fabric, payloads: PayloadReader, choices: number) {
    this.#payloads = payloads;
    this.#choices = choices;
    this.#runtime = runtimeOf("record a fabric", fabric);
    this.#lookAtAll();
    this.#stopObserving = this.#runtime.observers.add(this);
  }

  /** Its trace. */
  get entries(): readonly TraceEntry[] {
    return this.#runtime.trace;
  }

  /** Packets, completions and control messages on their way. */
  get arrows(): readonly RecordedArrow[] {
    return [...this.#arrows.arrows, ...messageArrows(this.entries)];
  }

  /** What `inspect()` showed. */
  get states(): RecordedStates {
    return this.#states.states;
  }

  /** The entry that was kept last. Whoever observes is told after it was. */
  get #last(): number {
    return this.#runtime.trace.length - 1;
  }

  /** A choice was made: what it leads to has not happened yet. */
  chose({ kind, count, offset }: Choice): void {
    this.#fillSteps();
    this.#choices++;
    if (kind !== "item" || offset === 0) return;
    const text = `choice ${this.#choices - 1}: ${offset} of ${count} places from fifo`;
    this.marks.push({ kind: "switch", entry: this.#last + 1, text });
  }

  /** Entries that came by now were made after as many choices as there were. */
  #fillSteps(): void {
    for (let at = this.steps.length; at <= this.#last; at++) this.steps.push(this.#choices);
  }

  /** See {@linkcode Observer.see}. */
  see(observation: Observation): void {
    if (observation.kind === "itemBegins") return this.#lookAtAll();
    const entry = this.#last;
    const endpoint = "endpoint" in observation ? observation.endpoint ?? null : null;
    if (endpoint !== null) this.#lookAt(endpoint);
    switch (observation.kind) {
      case "ringsAttached":
        this.#arrows.attached(observation.endpoint);
        break;
      case "packetQueued":
        this.#keep(entry, seenPayload(observation));
        break;
      case "packetEnters":
        this.#arrows.entered(entry, observation);
        this.#keep(entry, seenPayload(observation));
        break;
      case "packetArrives":
        this.#arrows.arrived(entry, observation, oppositeOf(endpointOf(observation.endpoint)));
        this.#keep(entry, seenPayload(observation));
        break;
      case "packetSettled":
        this.#arrows.settled(entry, observation);
        break;
      case "transactionEnds":
        this.#arrows.ended(entry, observation);
        this.#keep(entry, seenPayload(observation));
        break;
      case "faultFires":
        this.#faultFires(observation);
        break;
    }
  }

  #faultFires(
    { fault, partition, channelId }: Extract<Observation, { readonly kind: "faultFires" }>,
  ): void {
    const where = channelId === null ? partition : `channel id ${channelId} of ${partition}`;
    // Where the trace tells of it, it has done so.
    const isTold = this.entries.at(-1)?.event === "faultFired";
    const entry = isTold ? this.#last : this.#last + 1;
    this.marks.push({ kind: "fault", entry, text: `${fault}, ${where}` });
  }

  /** Keeps what the payload is: its bytes hold during the observation alone. */
  #keep(entry: number, { all, byteCount, place }: SeenPayload): void {
    if (byteCount === 0 || this.bytes.at(-1)?.entry === entry) return;
    const kept = Math.min(byteCount, PAYLOAD_BYTES_MAX, this.#bytesLeft);
    this.#bytesLeft -= kept;
    const payload = all.subarray(0, byteCount);
    const read = this.#fieldsLeft <= 0 ? null : this.#payloads.read(place, payload);
    const fields = read === null ? [] : rowsOf(read, payload);
    this.#fieldsLeft -= fields.length;
    this.bytes.push({
      entry,
      bytes: all.slice(0, kept),
      byteCount,
      ...read !== null && fields.length > 0 && { title: read.title, fields },
    });
  }

  #lookAt(observed: ObservedEndpoint): void {
    if (!this.#known.has(observed)) {
      this.#known.add(observed);
      const { name, place: { partition, side } } = observed;
      this.met.push({ subject: name, partition, side });
    }
    const endpoint = endpointOf(observed);
    for (const each of [endpoint, oppositeOf(endpoint)]) {
      if (each === null) continue;
      this.#touched.add(each);
      const { outgoing, incoming } = each;
      const packets = outgoing.packets.live.length + incoming.outstandingPackets.outstanding;
      if (packets <= PACKETS_MAX) this.#take(each);
    }
  }

  #take(endpoint: Endpoint): void {
    this.#touched.delete(endpoint);
    this.#states.look(this.#last, endpoint.name, inspectEndpoint(endpoint));
  }

  /** Between two items everything is whole: what was touched since is looked at. */
  #lookAtAll(): void {
    const at = this.#last;
    this.#states.look(at, "fabric", inspectUnfinished(this.#runtime));
    const living = new Set(["fabric"]);
    for (const partition of this.#runtime.partitions) {
      const { name, ...facts } = inspectPartition(partition);
      living.add(`partition ${name}`);
      this.#states.look(at, `partition ${name}`, facts);
      for (const endpoint of partition.endpoints) {
        living.add(endpoint.name);
        if (!this.#known.has(endpoint)) this.#lookAt(endpoint);
        if (this.#touched.has(endpoint)) this.#take(endpoint);
      }
    }
    this.#touched.clear();
    this.#states.keepOnly(at, living);
  }

  /** Looks once more, and then no longer. */
  end(): void {
    this.#fillSteps();
    if (!this.#runtime.isDisposed) this.#lookAtAll();
    this.#stopObserving();
  }
}
