/**
 * The burst pair: a client sends requests in bursts of 8, up to 32 in flight, and the server answers each. What
 * a request is about lies in memory that both share, in a block for each burst in flight. Planted: the client
 * takes it that the host has read the whole burst when the first completion of it comes, and fills the block
 * anew.
 *
 * @module
 */

import { reserved, struct, u32 } from "../../../core/layout/mod.ts";
import * as vmbus from "../../../mod.ts";
import { defineScenario } from "../../worlds/define_scenario.ts";
import type { ScenarioDefinition } from "../../worlds/world.ts";
import { ClientEnd, closeAll, guestDriver, hostDriver, RAM, ServerEnd } from "./ends.ts";
import { identityOf } from "./set_up.ts";

const IDENTITY = identityOf("b7a1c0de-0004-4d6e-9a3b-5f0c1d2e3a44");
const REQUESTS = 128;
const BURST = 8;
const BLOCKS = 4;
const REQUEST_BYTES = 64;
const REQUEST = struct("request", REQUEST_BYTES, {
  request: [0, u32],
  gpadlHandle: [4, u32],
  padding: [8, reserved(56)],
});
/** What a request takes in the shared memory: a word, its number. */
const SLOT_BYTES = 4;
const SHARED_BYTES = BLOCKS * BURST * SLOT_BYTES;

/** Where the word of a request lies. */
function slotOf(request: number): number {
  return request % (BLOCKS * BURST) * SLOT_BYTES;
}

/** The server: it reads the word of each request, and answers. */
class Server extends ServerEnd {
  /** Requests whose word was another one's. */
  readonly wrong: number[] = [];
  #gpadlHandle = 0;
  #shared: DataView | null = null;

  /** Serves the guest of `context`. */
  constructor(context: vmbus.HostContext) {
    super(context, IDENTITY, {
      received: (packet, bytes) => this.#answer(packet, bytes),
      closed: () => {
        if (this.#shared !== null) this.kmcl.VmbChannelUnmapGpadl(this.channel, this.#gpadlHandle);
        this.#shared = null;
      },
    });
  }

  #answer(packet: vmbus.VMBPACKETCOMPLETION, bytes: Uint8Array): void {
    const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const request = REQUEST.fields.request.read(words);
    const shared = this.#shared ??= this.#map(REQUEST.fields.gpadlHandle.read(words));
    if (shared.getUint32(slotOf(request), true) !== request) this.wrong.push(request);
    this.complete(packet, [request]);
  }

  #map(gpadlHandle: number): DataView {
    this.#gpadlHandle = gpadlHandle;
    const mapped = this.kmcl.VmbChannelMapGpadl(this.channel, 0, gpadlHandle);
    const [memory] = vmbus.mdlSegments(vmbus.expectSuccess(mapped, "VmbChannelMapGpadl").mdl);
    return new DataView(memory!.buffer, memory!.byteOffset, SHARED_BYTES);
  }
}

/** The client. */
class Client extends ClientEnd {
  /** Requests that were answered. */
  answered = 0;
  readonly #memory: vmbus.GuestMemory;
  readonly #buffer: vmbus.GuestBuffer;
  readonly #trustsFirst: boolean;
  #gpadlHandle = 0;
  #sent = 0;
  /** Bursts whose words are written. */
  #written = 0;

  /** In the guest of `context`; `trustsFirst`: with the mistake. */
  constructor(context: vmbus.GuestContext, trustsFirst: boolean) {
    super(context, IDENTITY, {
      opened: (channel) => {
        const buffer = this.#buffer;
        const created = this.kmcl.VmbChannelCreateGpadlFromBuffer(channel, 0, buffer, SHARED_BYTES);
        this.#gpadlHandle = vmbus.expectSuccess(created).gpadlHandle;
      },
      closed: async () => {
        await this.kmcl.VmbChannelDeleteGpadl(this.channel, this.#gpadlHandle);
        this.#memory.free(this.#buffer);
      },
    });
    this.#memory = context.partition.memory;
    this.#buffer = this.#memory.allocate(SHARED_BYTES);
    this.#trustsFirst = trustsFirst;
  }

  /** Sends as many bursts as there are blocks; the others follow. */
  begin(): void {
    for (let block = 0; block < BLOCKS; block++) this.#write();
    this.#sendBursts();
  }

  /** Writes the words of the next burst into its block. */
  #write(): void {
    const first = this.#written++ * BURST;
    if (first >= REQUESTS) return;
    const words = Uint32Array.from({ length: BURST }, (_, at) => first + at);
    this.#memory.write(this.#buffer.gpa + slotOf(first), words);
  }

  /** Sends all bursts whose words are written, as far as so many may be in flight. */
  #sendBursts(): void {
    const inFlightMax = BLOCKS * BURST;
    while (this.#sent < REQUESTS && this.#sent < this.#written * BURST) {
      if (this.#sent + BURST - this.answered > inFlightMax) return;
      for (let at = 0; at < BURST; at++) this.#sendRequest(this.#sent++);
    }
  }

  #sendRequest(request: number): void {
    const bytes = REQUEST.encode({ request, gpadlHandle: this.#gpadlHandle });
    this.send(bytes, (status) => {
      if (status !== vmbus.STATUS_SUCCESS) return;
      const isDue = this.#trustsFirst ? request % BURST === 0 : request % BURST === BURST - 1;
      this.answered++;
      if (isDue) this.#write();
      this.#sendBursts();
    });
  }
}

/** The pair with 128 requests; `planted`: with its mistake. */
export function burstPair(planted: boolean): ScenarioDefinition {
  const vsp = hostDriver<Server>("burst vsp", (context) => new Server(context));
  const vsc = guestDriver<Client>("burst vsc", (context) => new Client(context, planted).open());
  return defineScenario({
    name: "burst",
    title: "128 requests in bursts of 8 whose memory is used again",
    partitions: { guest: { ...RAM, processors: 2 } },
    drivers: {
      vsp: { serves: "guest", driver: vsp },
      vsc: { in: "guest", driver: vsc },
    },
    workload: async (world) => {
      const [server, client] = [world.driver("vsp"), world.driver("vsc")];
      await world.until(() => client.flows && server.flows);
      client.begin();
    },
    end: async (world) => {
      const [server, client] = [world.driver("vsp"), world.driver("vsc")];
      const { answered } = client;
      if (answered < REQUESTS) world.fail("every request is answered", `${answered} were`);
      const [wrong] = server.wrong;
      if (wrong !== undefined) {
        world.fail("a request's memory is its own", `that of ${wrong} was filled anew too early`);
      }
      await closeAll(world, ["vsc", "vsp"]);
    },
  });
}
