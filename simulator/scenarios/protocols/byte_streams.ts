/**
 * Sockets of a guest and its host: streams of bytes whose ends are told one by one (wire.md 2.4, 4.5). Whoever
 * connects writes records, and says that it has written all; whoever listens sends each back, and more when the other
 * one has ended. Planted: a read of a record's length is taken to bring all of it.
 *
 * @module
 */

import type { PartitionObject } from "../../../actors/partition/partition_object.ts";
import { protocolOf } from "../../../core/control/versions.ts";
import { type Socket, SocketGuest, SocketHost, vsockService } from "../../../devices/socket/mod.ts";
import * as vmbus from "../../../mod.ts";
import { defineScenario } from "../../worlds/define_scenario.ts";
import { versionSpoken } from "../../worlds/drawn_options.ts";
import type { ScenarioDefinition, World } from "../../worlds/world.ts";
import { DELAYS } from "../faults.ts";

const RECORD_BYTES = 700;
/** A record is written in two pieces, one behind the other: its head, and the rest. */
const HEAD_BYTES = 8;
/** Records that whoever listens writes when the other one has ended. */
const LAST_WORDS = 2;
/** A ring holds no more than five records. */
const RING_PAGES = 1;
const SERVICE = vsockService(5000);

/** What a record has at each of its places: another record, or another stream, has something else there. */
function recordOf(stream: number, index: number): Uint8Array {
  return Uint8Array.from({ length: RECORD_BYTES }, (_, at) => at * 7 + index * 31 + stream * 101);
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

function textOf(stream: number, status: vmbus.NtStatus): string {
  return `stream ${stream}: ${vmbus.ntStatusName(status)}`;
}

/** What is going on in a world. */
class Streams {
  readonly #world: World;
  readonly #isTrusting: boolean;
  readonly #host: SocketHost;
  readonly #guest: SocketGuest;
  /** Whether the guest can connect at all: its version of the bus may have no request for that (wire.md 4.2). */
  readonly #canConnect: boolean;
  #hasFailed = false;
  /** Ends of sockets that somebody is busy with. */
  busy = 0;

  /** The sockets of `world`; `isTrusting`: with the mistake. */
  constructor(world: World, isTrusting: boolean) {
    this.#world = world;
    this.#isTrusting = isTrusting;
    const guest = world.guest("guest");
    this.#host = new SocketHost(world.fabric, guest);
    this.#guest = new SocketGuest(guest, { ringPages: RING_PAGES });
    this.#canConnect = protocolOf(versionSpoken(guest as PartitionObject)).hasTlConnect;
    for (const end of [this.#host, this.#guest]) {
      end.listen(SERVICE, (socket) => this.#during(() => this.#answer(socket)));
    }
  }

  get #isThere(): boolean {
    return this.#world.isThere("guest");
  }

  async #during(work: () => Promise<void>): Promise<void> {
    this.busy++;
    try {
      await work();
    } finally {
      this.busy--;
    }
  }

  /** Connects one end to the other, the host to the guest where the guest cannot, and writes so many records. */
  begin(stream: number, fromGuest: boolean, records: number): void {
    const end = fromGuest && this.#canConnect ? this.#guest : this.#host;
    const endpointId = `4f7d1c2a-6b3e-4a58-9d10-${stream.toString(16).padStart(12, "0")}`;
    void this.#during(async () => {
      const { status, socket } = await end.connect(SERVICE, endpointId);
      if (socket !== null) await this.#talk(socket, stream, records);
      else if (this.#isThere) this.#fail("a listener is connected to", textOf(stream, status));
    });
  }

  /** The first thing that is wrong: what is behind it on a stream is somewhere else. */
  #fail(rule: string, message: string): void {
    if (this.#world.isTampered("guest")) return; // nothing is promised of what somebody has spoilt
    if (!this.#hasFailed) this.#world.fail(rule, message);
    this.#hasFailed = true;
  }

  async #talk(socket: Socket, stream: number, records: number): Promise<void> {
    const writing = this.#write(socket, stream, records);
    for (let index = 0; index < records + LAST_WORDS; index++) {
      const { status, record } = await this.#read(socket);
      if (status === vmbus.STATUS_SUCCESS) this.#check(stream, index, record);
      else return this.#broken("bytes come to the end of their stream", stream, status);
    }
    const { status } = await socket.read(1);
    if (status !== vmbus.STATUS_END_OF_FILE) {
      return this.#broken("behind the last byte there is the end", stream, status);
    }
    await writing;
    await socket.close();
    this.#world.reach("all came back, to the end");
  }

  /** A stream has stopped: it may where the guest has crashed, and then that is no end of it. */
  #broken(rule: string, stream: number, status: vmbus.NtStatus): void {
    if (this.#isThere || status === vmbus.STATUS_END_OF_FILE) {
      this.#fail(rule, textOf(stream, status));
    } else this.#world.reach("a guest crashed with its streams open");
  }

  async #write(socket: Socket, stream: number, records: number): Promise<void> {
    for (let index = 0; index < records; index++) {
      const record = recordOf(stream, index);
      const head = socket.write(record.subarray(0, HEAD_BYTES));
      const status = await socket.write(record.subarray(HEAD_BYTES)) || await head;
      if (status !== vmbus.STATUS_SUCCESS) {
        return this.#broken("an open stream takes bytes", stream, status);
      }
    }
    await socket.closeWrite();
  }

  /** The next record; or why there is none. */
  async #read(socket: Socket): Promise<{ status: vmbus.NtStatus; record: Uint8Array }> {
    const record = new Uint8Array(RECORD_BYTES);
    for (let at = 0; at < RECORD_BYTES;) {
      const { status, bytes } = await socket.read(RECORD_BYTES - at);
      if (status !== vmbus.STATUS_SUCCESS) return { status, record };
      record.set(bytes, at);
      at += bytes.length;
      if (this.#isTrusting) break;
    }
    return { status: vmbus.STATUS_SUCCESS, record };
  }

  #check(stream: number, index: number, record: Uint8Array): void {
    if (isSame(record, recordOf(stream, index))) return;
    this.#fail(
      "bytes come once, and in order",
      `stream ${stream}: record ${index} is another`,
    );
  }

  /** Sends back what comes, and more behind its end. */
  async #answer(socket: Socket): Promise<void> {
    const stream = Number.parseInt(socket.endpointId.slice(-12), 16);
    let count = 0;
    for (;; count++) {
      const { status, record } = await this.#read(socket);
      if (status === vmbus.STATUS_END_OF_FILE) break;
      if (status !== vmbus.STATUS_SUCCESS) return; // whoever connected says so
      this.#check(stream, count, record);
      if (await socket.write(record) !== vmbus.STATUS_SUCCESS) return;
    }
    for (let index = count; index < count + LAST_WORDS; index++) {
      if (await socket.write(recordOf(stream, index)) !== vmbus.STATUS_SUCCESS) return;
    }
  }

  /** Gives all sockets up, which nobody uses any more. */
  async close(): Promise<void> {
    if (this.busy > 0) this.#fail("every stream ends", `${this.busy} ends are busy`);
    if (this.#isThere) await this.#guest.close();
    await this.#host.close();
  }
}

/** The protocol; `planted`: with its mistake. */
export function byteStreams(planted: boolean): ScenarioDefinition {
  const streamsOf = new WeakMap<World, Streams>();
  return defineScenario({
    name: "byte-streams",
    title: "Sockets, whose streams come back record by record and end one by one",
    numbers: {
      sockets: { title: "sockets", least: 1, most: 3 },
      records: { title: "records of each", least: 0, most: 16 },
    },
    partitions: { guest: { memoryPages: 128, processors: 2 } },
    draws: ["host", "version", "vtl", "monitorPages", "isolated"],
    workload: async (world) => {
      const streams = new Streams(world, planted);
      streamsOf.set(world, streams);
      for (let stream = 0; stream < world.number("sockets"); stream++) {
        streams.begin(stream, world.draw(2) === 0, world.number("records"));
      }
      await world.until(() => streams.busy === 0);
    },
    end: async (world) => {
      await streamsOf.get(world)!.close();
    },
    faults: [
      ...DELAYS,
      { do: "guestCrashed", oneIn: 2000 },
      { do: "ringCorrupted", oneIn: 3000 },
    ],
    reach: ["all came back, to the end", "a guest crashed with its streams open"],
  });
}
