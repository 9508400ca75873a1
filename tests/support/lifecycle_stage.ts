/**
 * A server and a client that do what they are told, for a comparison with the model of their states.
 *
 * @module
 */

import { createFabric } from "./fabric.ts";
import { assert, assertEquals, assertExists } from "@std/assert";
import * as vmbus from "../../mod.ts";
import {
  type LifecycleModel,
  type ModelCompletion,
  SIDES,
  type StateChangeCallback,
} from "../../simulator/peers/mod.ts";
import {
  clientTable,
  notedCallbacks,
  PAIR_INSTANCE,
  PAIR_TYPE,
  serverTable,
  setVmbus,
} from "./connected_pair.ts";
import { WAIT } from "./sending.ts";

type Side = vmbus.Side;

/** A synchronous request's payload. Packets count from 1. */
const REQUEST_ID = 0;
/** After this time a client's request gives up, in 100 ns. */
const REQUEST_TIMEOUT_100NS = -10_000;

function payloadOf(id: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(id, 0).buffer);
}

/** Two drivers in one fabric. */
export class LifecycleStage {
  readonly fabric: vmbus.Fabric;
  guest: vmbus.Partition;
  /** Packets that each side has received and answered. */
  readonly answered: Readonly<Record<Side, Set<number>>> = {
    server: new Set(),
    client: new Set(),
  };
  /** Ids of packets whose routine has yet to run, in the order of sending. */
  readonly unfinished: Readonly<Record<Side, number[]>> = { server: [], client: [] };
  /** All callbacks since the beginning, from one crash to the next. */
  readonly callbacks: Readonly<Record<Side, StateChangeCallback[][]>> = {
    server: [[]],
    client: [[]],
  };
  readonly #vsp: vmbus.KmclServerInterfaceV1;
  #vsc: vmbus.KmclClientInterfaceV1;
  readonly #channels: Record<Side, vmbus.VMBCHANNEL>;
  readonly #calls: string[] = [];
  readonly #ends: Readonly<Record<Side, ModelCompletion[]>> = { server: [], client: [] };
  readonly #buffers = new Map<number, vmbus.GuestBuffer>();
  #violationsSeen = 0;
  #nextId = 1;

  constructor(options: vmbus.FabricOptions) {
    this.fabric = createFabric({ ...options, verifier: "record" });
    this.guest = this.#createGuest();
    this.#vsp = serverTable(this.fabric);
    this.#vsc = clientTable(this.guest);
    this.#channels = { server: this.#allocate("server"), client: this.#allocate("client") };
  }

  #createGuest(): vmbus.Partition {
    return this.fabric.createPartition({ name: "guest", memoryPages: 256 });
  }

  table(side: Side): vmbus.KmclClientInterfaceV1 {
    return side === "server" ? this.#vsp : this.#vsc;
  }

  channel(side: Side): vmbus.VMBCHANNEL {
    return this.#channels[side];
  }

  #allocate(side: Side): vmbus.VMBCHANNEL {
    const table = this.table(side);
    const isServer = side === "server";
    const device = isServer ? this.fabric.root.device : this.guest.device;
    const { channel } = vmbus.expectSuccess(table.VmbChannelAllocate(device, isServer));
    vmbus.expectSuccess(table.VmbChannelInitSetStateChangeCallbacks(
      channel,
      notedCallbacks(this.#calls, side),
    ));
    vmbus.expectSuccess(table.VmbChannelInitSetProcessPacketCallbacks(
      channel,
      (_channel, packet, buffer) => {
        this.answered[side].add(new Uint32Array(buffer.slice(0, 8).buffer)[0] ?? REQUEST_ID);
        table.VmbChannelPacketComplete(packet, buffer, buffer.length);
      },
    ));
    if (isServer) {
      vmbus.expectSuccess(
        this.#vsp.VmbServerChannelInitSetTargetInterfaceId(channel, PAIR_TYPE, PAIR_INSTANCE),
      );
      setVmbus(this.#vsp, channel, this.guest);
    } else {
      vmbus.expectSuccess(
        this.#vsc.VmbClientChannelInitSetTargetPnp(channel, PAIR_TYPE, null, null),
      );
      vmbus.expectSuccess(this.#vsc.VmbClientChannelInitSetRingBufferPageCount(channel, 4, 4));
    }
    return channel;
  }

  // -- Calls

  nextId(): number {
    return this.#nextId++;
  }

  send(side: Side, id: number): vmbus.NtStatus {
    const table = this.table(side);
    const packet = table.VmbPacketAllocate(this.#channels[side]);
    assertExists(packet);
    table.VmbPacketSetCompletionRoutine(packet, (done, status, buffer) => {
      if (status === vmbus.STATUS_SUCCESS) assertEquals(buffer, payloadOf(id));
      this.#ends[side].push({ id, status });
      const at = this.unfinished[side].indexOf(id);
      assert(at >= 0, "each routine runs once");
      this.unfinished[side].splice(at, 1);
      table.VmbPacketFree(done);
    });
    this.unfinished[side].push(id);
    const status = table.VmbPacketSend(packet, payloadOf(id), 8, null, WAIT);
    if (status === vmbus.STATUS_SUCCESS) return status;
    this.unfinished[side].pop();
    table.VmbPacketFree(packet);
    return status;
  }

  request(side: Side): Promise<vmbus.RequestResult> {
    const isServer = side === "server";
    return this.table(side).VmbChannelSendSynchronousRequest(
      this.#channels[side],
      payloadOf(REQUEST_ID),
      8,
      null,
      isServer ? 0 : WAIT,
      isServer ? null : new Uint8Array(8),
      isServer ? 0 : 8,
      isServer ? 0 : REQUEST_TIMEOUT_100NS,
    );
  }

  createGpadl(): vmbus.CreateGpadlResult {
    const buffer = this.guest.memory.allocate(4096);
    const result = this.#vsc.VmbChannelCreateGpadlFromBuffer(
      this.#channels.client,
      0,
      buffer,
      buffer.byteCount,
    );
    if (result.gpadlHandle === null) this.guest.memory.free(buffer);
    else this.#buffers.set(result.gpadlHandle, buffer);
    return result;
  }

  mapGpadl(handle: number): vmbus.NtStatus {
    return this.#vsp.VmbChannelMapGpadl(this.#channels.server, 0, handle).status;
  }

  unmapGpadl(handle: number): void {
    this.#vsp.VmbChannelUnmapGpadl(this.#channels.server, handle);
  }

  /** Cleanup; another endpoint takes the place of one that is gone. */
  cleanUp(side: Side, isGone: boolean): void {
    this.table(side).VmbChannelCleanup(this.#channels[side]);
    assertEquals(vmbus.inspectChannel(this.#channels[side]) === null, isGone);
    if (isGone) this.#channels[side] = this.#allocate(side);
  }

  /** The guest crashes: its memory and its transactions are nobody's any more. */
  crash(): void {
    this.guest.crash();
    this.#buffers.clear();
    this.unfinished.client.length = 0;
  }

  /** Another guest takes the place of one that crashed; the server is Disabled. */
  replaceGuest(): void {
    this.#vsp.VmbChannelCleanup(this.#channels.server);
    this.guest.destroy();
    this.guest = this.#createGuest();
    this.#vsc = clientTable(this.guest);
    for (const side of SIDES) this.#channels[side] = this.#allocate(side);
  }

  // -- The comparison

  /** Settles, and compares everything with the model. */
  async compare(model: LifecycleModel): Promise<void> {
    await this.fabric.settle();
    const expected = model.takeOutcome();
    const calls = this.#takeCalls();
    for (const side of SIDES) {
      assertEquals(calls[side], expected.callbacks[side], `callbacks of the ${side}`);
      assertEquals(this.#ends[side].splice(0), expected.completions[side], `ends of the ${side}`);
      const state = vmbus.inspectChannel(this.#channels[side]);
      assertEquals(model.differences(side, state), []);
    }
    assertEquals(this.takeViolations(), expected.violations.toSorted());
    this.#checkGpadls(model);
  }

  /** After calls that the model does not know the end of: no state may be impossible. */
  async settleFreely(): Promise<void> {
    await this.fabric.settle();
    this.#takeCalls();
    for (const side of SIDES) this.#ends[side].length = 0;
    const server = vmbus.inspectChannel(this.#channels.server);
    const client = vmbus.inspectChannel(this.#channels.client);
    assertEquals(server.fault ?? client.fault, null);
    assertEquals(server.lifecycle === "opened", client.lifecycle === "opened");
    assert(client.lifecycle !== "closed", "a client is never Closed");
    const isMet = server.lifecycle !== "disabled" && client.lifecycle === "enabled";
    assert(!isMet, "a client whose offer is there takes it");
    this.#freeBuffers();
  }

  /** Brings the model to where the endpoints are. */
  teach(model: LifecycleModel): void {
    for (const side of SIDES) {
      const state = vmbus.inspectChannel(this.#channels[side]);
      const { lifecycle, initializing, flow, packets } = state;
      const disabled = initializing ? "initializing" : "tornDown";
      model[side].lifecycle = lifecycle === "disabled" ? disabled : lifecycle;
      model[side].flow = flow;
      model[side].isQuiet = JSON.stringify(state.chart).includes(`"suspended"`);
      const sent = packets.filter(({ state, kind }) => state === "awaiting" && kind !== "request");
      const peer = side === "server" ? "client" : "server";
      model[side].pending = this.unfinished[side].map((id, at) => {
        const inRing = this.answered[peer].has(id) ? "answered" : "sent";
        return { id, place: at < sent.length ? inRing : "queued" };
      });
    }
    model.gpadls.clear();
    const { server, client } = this.#channels;
    const mapped = new Set(
      vmbus.inspectChannel(server).gpadls.filter(({ isMapped }) => isMapped)
        .map(({ handle }) => handle),
    );
    for (const { handle, state } of vmbus.inspectChannel(client).gpadls) {
      model.gpadls.set(handle, { isMapped: mapped.has(handle), isDeleting: state === "deleting" });
    }
  }

  #takeCalls(): Record<Side, StateChangeCallback[]> {
    const calls: Record<Side, StateChangeCallback[]> = { server: [], client: [] };
    for (const call of this.#calls.splice(0)) {
      const [side, name] = call.split(" ");
      assert((side === "server" || side === "client") && name !== undefined);
      const callback = `EvtChannel${name}` as StateChangeCallback;
      calls[side].push(callback);
      this.callbacks[side].at(-1)!.push(callback);
    }
    return calls;
  }

  /** The rules of the violations since the last look, sorted. */
  takeViolations(): vmbus.ViolationRule[] {
    const fresh = this.fabric.violations.slice(this.#violationsSeen);
    this.#violationsSeen = this.fabric.violations.length;
    return fresh.map(({ rule }) => rule).toSorted();
  }

  #checkGpadls(model: LifecycleModel): void {
    const handles = vmbus.inspectChannel(this.#channels.client).gpadls.map(({ handle }) => handle);
    assertEquals(handles, [...model.gpadls.keys()]);
    const mapped = vmbus.inspectChannel(this.#channels.server).gpadls
      .filter(({ isMapped }) => isMapped).map(({ handle }) => handle);
    assertEquals(mapped, [...model.gpadls].filter(([, { isMapped }]) => isMapped).map(([h]) => h));
    this.#freeBuffers();
  }

  /** What a GPADL that is gone described may be freed: nothing pins it. */
  #freeBuffers(): void {
    const live = new Set(
      vmbus.inspectChannel(this.#channels.client).gpadls.map(({ handle }) => handle),
    );
    for (const [handle, buffer] of this.#buffers) {
      if (live.has(handle)) continue;
      this.guest.memory.free(buffer);
      this.#buffers.delete(handle);
    }
  }
}
