/**
 * Transactions by plain classes.
 *
 * @module
 */

import { createCodec } from "../../core/packet/codec.ts";
import { RingMemory } from "../../core/ring/ring_memory.ts";
import { STATUS_SUCCESS } from "../../core/ntstatus.ts";
import { PAGE_BYTES } from "../../core/units.ts";
import { type Exchange, type ExchangeOptions, Requester } from "../exchange.ts";
import { RING_PAGES } from "../kmcl_exchange.ts";
import { PlainChannel } from "./plain_channel.ts";
import { FLAG_WAIT, type PlainConfiguration } from "./plain_checks.ts";
import { PlainLoop, type PlainPacket } from "./plain_records.ts";

function createRing(): RingMemory {
  const memory = new RingMemory([new Uint8Array((RING_PAGES + 1) * PAGE_BYTES)], "exclusive");
  memory.initialize();
  return memory;
}

/** Those of both ends of a channel for requests of `packetBytesMax`: the package's own where nothing is set. */
function configurationsFor(
  packetBytesMax: number,
): readonly [PlainConfiguration, PlainConfiguration] {
  const bounds = { packetBytesMax, externalChainMax: 1, externalBytesMax: 65_536 };
  const common = { ...bounds, isPipe: false, quota: 0xffff_ffff };
  return [{ ...common, side: "client" }, { ...common, side: "server" }];
}

/** A requester and a responder on two ends of a plain channel. */
export class PlainExchange implements Exchange {
  /** See {@linkcode Exchange.requester}. */
  readonly requester: Requester;
  readonly #loop = new PlainLoop();
  readonly #client: PlainChannel;
  readonly #idle: PlainPacket[] = [];

  /** An exchange, ready. */
  constructor(options: ExchangeOptions) {
    this.requester = new Requester(options.payloadBytes);
    const codec = createCodec(options.codec);
    const upstream = createRing();
    const downstream = createRing();
    const { payloadBytes } = options;
    const [asClient, asServer] = configurationsFor(payloadBytes);
    const client = new PlainChannel(this.#loop, codec, asClient, upstream, downstream);
    const server = new PlainChannel(this.#loop, codec, asServer, downstream, upstream);
    client.peer = server;
    server.peer = client;
    server.receiver = (arrived, payload, bytes) => server.complete(arrived, payload, bytes);
    this.#client = client;
    // Each end takes a first look at its ring, and lets the other one signal from then on.
    client.work();
    server.work();
    for (let i = 0; i < options.inFlight; i++) {
      this.#idle.push(client.createPacket((ended, status, answer, answerBytes) => {
        if (status !== STATUS_SUCCESS) throw new Error(`Cannot measure: status ${status}`);
        this.requester.answered(answer, answerBytes);
        if (!this.#send(ended)) this.#idle.push(ended);
      }));
    }
  }

  /** See {@linkcode Exchange.run}. */
  async run(count: number): Promise<void> {
    this.requester.want(count);
    for (let packet = this.#idle.pop(); packet !== undefined; packet = this.#idle.pop()) {
      if (this.#send(packet)) continue;
      this.#idle.push(packet);
      break;
    }
    await Promise.resolve().then(() => this.#loop.run());
    const { fault, violation } = this.#client;
    if (fault !== null || violation !== null) {
      throw new Error(`Cannot measure: the channel has ${fault ?? violation}`);
    }
  }

  #send(packet: PlainPacket): boolean {
    const { requester } = this;
    if (!requester.next()) return false;
    const { payload } = requester;
    const status = this.#client.send(packet, payload, payload.length, null, FLAG_WAIT);
    if (status !== STATUS_SUCCESS) throw new Error(`Cannot measure: status ${status}`);
    return true;
  }

  /** See {@linkcode Exchange.close}. */
  close(): Promise<void> {
    return Promise.resolve();
  }
}
