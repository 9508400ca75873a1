/**
 * Mistakes with memory that both sides use: it is freed while a request still needs it, and an answer is given
 * before what it is about was written.
 *
 * @module
 */

import * as vmbus from "../../../mod.ts";
import {
  ClientEnd,
  closeAll,
  endInGuest,
  endInHost,
  guestDriver,
  hostDriver,
  RAM,
  ServerEnd,
  sharedInFabric,
} from "../../../simulator/scenarios/protocols/ends.ts";
import { identityOf } from "../../../simulator/scenarios/protocols/set_up.ts";
import { defineScenario } from "../../../simulator/worlds/define_scenario.ts";
import type { ScenarioDefinition } from "../../../simulator/worlds/world.ts";

const TYPE = "ca9a41e5-0002-4d6e-9a3b-5f0c1d2e3a52";
const DATA = identityOf(TYPE, 0);
const OTHER = identityOf(TYPE, 1);
const RESULTS = identityOf(TYPE, 2);

/** Requests whose external data lies in one buffer. */
const REQUESTS = 4;
const DATA_BYTES = 64;

/** Sends requests whose data lies in one buffer, which is freed at the end of them. */
class DataClient extends ClientEnd {
  /** Requests that have ended. */
  ended = 0;
  readonly #memory: vmbus.GuestMemory;
  readonly #freesAtLast: boolean;

  /** `freesAtLast`: it takes it that answers come in the order of requests. */
  constructor(context: vmbus.GuestContext, freesAtLast: boolean) {
    super(context, DATA, {});
    this.#memory = context.partition.memory;
    this.#freesAtLast = freesAtLast;
  }

  /** Sends all. */
  begin(): void {
    const { kmcl, channel } = this;
    const buffer = this.#memory.allocate(REQUESTS * DATA_BYTES);
    for (let request = 0; request < REQUESTS; request++) {
      const packet = kmcl.VmbPacketAllocate(channel);
      kmcl.VmbPacketSetCompletionRoutine(packet, (done) => {
        kmcl.VmbPacketFree(done);
        this.ended++;
        const isEnd = this.#freesAtLast ? request === REQUESTS - 1 : this.ended === REQUESTS;
        if (isEnd) this.#memory.free(buffer);
      });
      const mdl = vmbus.IoAllocateMdl(this.#memory, buffer.gpa + request * DATA_BYTES, DATA_BYTES);
      const wait = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;
      const payload = Uint8Array.of(request);
      vmbus.expectSuccess(kmcl.VmbPacketSend(packet, payload, payload.length, mdl, wait));
    }
  }
}

/** Requests of the other guest, each of which has one that waits answered. */
const OTHER_REQUESTS = 2 * REQUESTS;

/** Requests that wait in the host for the other guest; once that has asked for all it wants, none waits any more. */
class HeldRequests {
  /** The end that answers them. */
  end: (() => ServerEnd) | null = null;
  readonly #held: vmbus.VMBPACKETCOMPLETION[] = [];
  #othersLeft = OTHER_REQUESTS;

  /** Has `packet` wait. */
  hold(packet: vmbus.VMBPACKETCOMPLETION): void {
    if (this.#othersLeft === 0) this.end!().complete(packet);
    else this.#held.push(packet);
  }

  /** The other guest asks: the oldest one is answered, at last all of them. */
  otherAsked(): void {
    this.#othersLeft--;
    this.answer(this.#othersLeft === 0 ? this.#held.length : 1);
  }

  /** Answers the oldest ones, so many. */
  answer(count: number): void {
    for (const packet of this.#held.splice(0, count)) this.end!().complete(packet);
  }
}

/** Requests of even numbers wait in the host for another guest; the others are answered at once. */
export function freedTooEarly(mistaken: boolean): ScenarioDefinition {
  const heldIn = sharedInFabric(() => new HeldRequests());
  const vsp = endInHost("data vsp", DATA, (fabric, end) => {
    const held = heldIn(fabric);
    held.end = end;
    return {
      received: (packet, [request = 0]) => {
        if (request % 2 === 0) held.hold(packet);
        else end().complete(packet);
      },
      suspended: () => held.answer(REQUESTS),
    };
  });
  const otherVsp = endInHost("data other vsp", OTHER, (fabric, end) => ({
    received: (packet) => {
      heldIn(fabric).otherAsked();
      end().complete(packet);
    },
  }));
  const vsc = guestDriver<DataClient>(
    "data vsc",
    (context) => new DataClient(context, mistaken).open(),
  );
  const otherVsc = endInGuest("data other vsc", OTHER, ClientEnd);
  return defineScenario({
    name: "canary-memory",
    title: "One buffer for several requests, not all of which are answered in their order",
    partitions: { guest: RAM, other: RAM },
    drivers: {
      vsp: { serves: "guest", driver: vsp },
      otherVsp: { serves: "other", driver: otherVsp },
      vsc: { in: "guest", driver: vsc },
      otherVsc: { in: "other", driver: otherVsc },
    },
    workload: async (world) => {
      const [client, other] = [world.driver("vsc"), world.driver("otherVsc")];
      await world.until(() => client.flows && other.flows);
      client.begin();
      other.sendAll(OTHER_REQUESTS);
    },
    end: async (world) => {
      await closeAll(world, ["vsc", "otherVsc", "vsp", "otherVsp"]);
    },
  });
}

const RESULT_COUNT = 6;
const RESULT_BYTES = 4;

/** The host writes a result into the guest's memory, and answers; mistaken: it writes all of a batch at its end. */
class ResultServer extends ServerEnd {
  /** In the host of `context`. */
  constructor(context: vmbus.HostContext, writesAtTheEnd: boolean) {
    const { memory } = context.guest;
    const due: number[] = [];
    const write = () => {
      for (const gpa of due.splice(0)) memory.write(gpa, Uint32Array.of(gpa));
    };
    super(context, RESULTS, {
      received: (packet, bytes) => {
        due.push(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true));
        if (!writesAtTheEnd) write();
        this.complete(packet);
      },
      batchEnded: write,
    });
  }
}

/** Asks for results, and reads each when it is told that it is there. */
class ResultClient extends ClientEnd {
  /** Results that were not there when it was told that they are. */
  readonly missing: number[] = [];
  readonly #memory: vmbus.GuestMemory;

  /** In the guest of `context`. */
  constructor(context: vmbus.GuestContext) {
    super(context, RESULTS, {});
    this.#memory = context.partition.memory;
  }

  /** Asks for all, one after the other. */
  begin(): void {
    const buffer = this.#memory.allocate(RESULT_COUNT * RESULT_BYTES);
    this.#ask(buffer, 0);
  }

  #ask(buffer: vmbus.GuestBuffer, index: number): void {
    if (index === RESULT_COUNT) return this.#memory.free(buffer);
    const gpa = buffer.gpa + index * RESULT_BYTES;
    this.send(new Uint8Array(Uint32Array.of(gpa).buffer), () => {
      const [result] = new Uint32Array(this.#memory.read(gpa, RESULT_BYTES).buffer);
      if (result !== gpa) this.missing.push(index);
      this.#ask(buffer, index + 1);
    });
  }
}

/** Results that the host writes into the guest's memory. */
export function answeredTooEarly(mistaken: boolean): ScenarioDefinition {
  const vsp = hostDriver<ResultServer>(
    "results vsp",
    (context) => new ResultServer(context, mistaken),
  );
  const vsc = guestDriver<ResultClient>(
    "results vsc",
    (context) => new ResultClient(context).open(),
  );
  return defineScenario({
    name: "canary-results",
    title: "Results that the host writes into the guest's memory",
    partitions: { guest: RAM },
    drivers: { vsp: { serves: "guest", driver: vsp }, vsc: { in: "guest", driver: vsc } },
    workload: async (world) => {
      const client = world.driver("vsc");
      await world.until(() => client.flows);
      client.begin();
    },
    end: async (world) => {
      const [first] = world.driver("vsc").missing;
      if (first !== undefined) {
        world.fail("an answered result is there", `that of request ${first} was not`);
      }
      await closeAll(world, ["vsc", "vsp"]);
    },
  });
}
