/**
 * A byte pipe at one end of a channel: a stream of bytes in each direction, which ends by itself (wire.md 2.4).
 *
 * @module
 */

import { NO_BYTES } from "../../core/bytes.ts";
import { type NtStatus, STATUS_DEVICE_REMOVED, STATUS_SUCCESS } from "../../core/ntstatus.ts";
import type { SocketOffer } from "../../core/control/user_data.ts";
import type { PacketFields } from "../../core/packet/packet.ts";
import type { IncomingRing } from "../../core/ring/incoming.ts";
import type { ChartActor } from "../chart/chart_actor.ts";
import { effectsOf, type EffectTable } from "../chart/effects.ts";
import { type Frame, PASSIVE_LEVEL } from "../runtime/irql.ts";
import type { RuntimePort } from "../runtime/runtime_port.ts";
import type { Wait } from "../runtime/waits.ts";
import {
  BYTE_PIPE_ACTOR,
  type BytePipeEffect,
  type BytePipeEvent,
  type BytePipeTag,
} from "./byte_pipe_machine.ts";
import { CallbackFrame } from "./callback_frame.ts";
import type { Draining } from "./ending.ts";
import type { DriverCallbacks } from "./driver_port.ts";
import type { EndpointPort } from "./endpoint_port.ts";
import { PipeClosing } from "./pipe_closing.ts";
import { type PipeRead, type ReadEndpoint, StreamReading } from "./stream_reading.ts";
import { StreamWriting, type WrittenEndpoint } from "./stream_writing.ts";
import type { ChannelFault } from "./types.ts";

/** What is waited for, in words. */
const WAITS_FOR = {
  bytes: "bytes on",
  room: "room for what was written on",
  disabled: "the end of both streams of",
} as const;

/** What a byte pipe needs of the endpoint that it is at. */
export interface PipedEndpoint extends EndpointPort, ReadEndpoint, WrittenEndpoint {
  /** Callers that wait for its end. */
  readonly drains: Draining[];
  /** Whether it is Disabled, and its driver has heard all. */
  readonly hasEnded: boolean;
  /** The fabric. */
  readonly runtime: RuntimePort;
  /** What the trace hears of it. */
  readonly trace: EndpointPort["trace"];
  /** What its driver hears of it. */
  readonly driverCallbacks: Pick<DriverCallbacks, "heldUpBy">;
}

/** The byte pipe at one endpoint. */
export class BytePipe {
  readonly #endpoint: PipedEndpoint;
  /** Its chart. */
  readonly actor: ChartActor<BytePipeEvent, BytePipeTag>;
  /** Its reading end. */
  readonly reading: StreamReading;
  /** Its writing end. */
  readonly writing: StreamWriting;
  /** What the driver does with the pipe each time that it opens; null: nothing. */
  readonly #opened: (() => unknown) | null;
  readonly #frame: Frame;

  /** The pipe at `endpoint`, whose driver is called by `opened`. */
  constructor(endpoint: PipedEndpoint, opened: (() => unknown) | null) {
    this.#endpoint = endpoint;
    this.actor = endpoint.runtime.actors.create(BYTE_PIPE_ACTOR, null, effectsOf(this, EFFECTS));
    this.reading = new StreamReading(endpoint, this.actor);
    this.writing = new StreamWriting(endpoint, this.actor);
    this.#opened = opened;
    this.#frame = new CallbackFrame(endpoint, "EvtPipeOpened", PASSIVE_LEVEL);
  }

  /** Where it is, for who compares states of a fabric. */
  get state(): unknown {
    return [this.actor.snapshot.value, this.reading.state, this.writing.state];
  }

  // -- What its driver wants

  /** Reads up to `byteCountMax` bytes, at least one; waits for the first. */
  read(byteCountMax: number): PipeRead | Promise<PipeRead> {
    const read = this.reading.readNow(byteCountMax);
    if (read !== null) return read;
    if (this.#endpoint.is("disabled")) return { status: STATUS_DEVICE_REMOVED, bytes: NO_BYTES };
    const abandon = () => this.reading.abandon(wait);
    const wait: Wait<PipeRead> = this.#wait("pipeRead", "bytes", abandon);
    this.reading.await(byteCountMax, wait);
    return wait.promise;
  }

  /** Writes `bytes`, an array of its own; waits until all of it is in the ring. */
  write(bytes: Uint8Array): NtStatus | Promise<NtStatus> {
    const refusal = this.writing.refusal;
    if (refusal !== null) return refusal;
    if (bytes.length === 0) return STATUS_SUCCESS; // a packet without bytes would be the end
    const status = this.writing.write(bytes);
    if (status !== null) return status;
    const wait = this.#waitForRoom("pipeWrite");
    this.writing.await(wait);
    return wait.promise;
  }

  /** Writes no more; waits until that is in the ring. */
  closeWrite(): NtStatus | Promise<NtStatus> {
    const status = this.writing.close();
    if (status !== null) return status;
    const wait = this.#waitForRoom("pipeCloseWrite");
    this.writing.awaitEnd(wait);
    return wait.promise;
  }

  /** Writes and reads no more, and has the channel disabled when the opposite side has ended too, or at `deadline100ns`. */
  close(deadline100ns: number): Promise<NtStatus> {
    const wait: Wait<NtStatus> = this.#wait("pipeClose", "disabled");
    const closing = new PipeClosing(this.#endpoint, this.actor, wait);
    this.#endpoint.drains.push(closing);
    closing.begin(deadline100ns);
    if (this.#endpoint.rings !== null) this.#endpoint.incoming.scheduleNext();
    return wait.promise;
  }

  #waitForRoom(call: string): Wait<NtStatus> {
    const abandon = () => this.writing.abandon(wait);
    const wait: Wait<NtStatus> = this.#wait(call, "room", abandon);
    return wait;
  }

  #wait<T>(call: string, goal: keyof typeof WAITS_FOR, abandon = () => {}): Wait<T> {
    const { runtime, partition, name } = this.#endpoint;
    return runtime.beginWait<T>({
      call,
      what: `${WAITS_FOR[goal]} ${name}`,
      partition,
      endpoint: this.#endpoint,
      heldUpBy: () => this.#endpoint.driverCallbacks.heldUpBy({ goal }),
      isTimed: false,
      abandon,
    });
  }

  // -- What happens to the channel

  /** The channel is enabled. */
  begin(): void {
    this.reading.begin();
    this.actor.send({ type: "begin" });
  }

  /** It has rings. A server that was closed by its guest, and opened again, begins anew. */
  attach(): void {
    if (this.actor.is("over")) this.begin();
    this.writing.attach();
  }

  /** Its flow runs. */
  started(): void {
    this.actor.send({ type: "started" });
  }

  /**
   * Nobody may wait for the channel any more. What the opposite side wrote before it closed is still taken, where
   * that is under way.
   */
  lose(): void {
    const endpoint = this.#endpoint;
    const isByPeer = endpoint.is("rings") && !endpoint.is("byUs");
    if (endpoint.is("emptying")) this.actor.send({ type: "writerReset" });
    else this.actor.send({ type: isByPeer ? "reset" : "gone" });
  }

  /** The channel is freed. */
  stop(): void {
    this.actor.stop();
  }

  /** See {@linkcode StreamReading.take}. */
  take(ring: IncomingRing, fields: PacketFields): "taken" | "held" | ChannelFault {
    return this.reading.take(ring, fields);
  }

  /** The batch of packets ends: what came is handed out. */
  endBatch(): void {
    this.reading.endBatch();
  }

  /** Calls the driver in a thread of its own: nothing waits for its end. */
  callOpened(): void {
    const opened = this.#opened;
    if (opened === null) return;
    this.#endpoint.runtime.callbacks.call(this.#frame, opened, () => {});
  }
}

const EFFECTS: EffectTable<BytePipe, BytePipeEvent, BytePipeEffect> = {
  answerReaders: ({ reading }) => reading.answerAll(),
  writeOn: ({ writing }) => writing.writeOn(),
  answerClosers: ({ writing }) => writing.answerClosers(),
  failWriters: ({ writing }) => writing.failAll(),
  callOpened: (pipe) => pipe.callOpened(),
};

/** Makes `endpoint` a byte pipe, a socket's where that is given, whose driver is called by `opened` each time that it opens. */
export function makeBytePipe(
  endpoint: PipedEndpoint & {
    readonly incoming: { bytes: BytePipe | null };
    bytes: BytePipe | null;
  },
  opened: (() => unknown) | null,
  socket: SocketOffer | null,
): BytePipe {
  endpoint.configuration.setBytePipe(socket);
  const pipe = new BytePipe(endpoint, opened);
  endpoint.bytes = pipe;
  endpoint.incoming.bytes = pipe;
  return pipe;
}
