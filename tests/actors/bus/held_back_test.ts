// What a simulation holds back on a bus (simulator.md, faults).

import { assertEquals } from "@std/assert";
import { FabricRuntime } from "../../../actors/fabric/fabric_runtime.ts";
import { checkFabricOptions, checkPartitionOptions } from "../../../actors/fabric/options.ts";
import { InProcessLink } from "../../../actors/bus/in_process_link.ts";
import { DISPATCH_LEVEL } from "../../../actors/runtime/irql.ts";
import type { Arrival, FaultPort } from "../../../actors/runtime/fault_port.ts";
import { type Processor, WorkItem } from "../../../actors/runtime/processor.ts";

/** A link whose arrivals are held back for as long as a test says so. */
class HoldingStage implements FaultPort {
  readonly fabric = new FabricRuntime(checkFabricOptions({}), undefined, this);
  readonly guest = this.fabric.createDetached(
    checkPartitionOptions({ name: "guest", memoryPages: 1, mmioMegabytes: 0 }),
  );
  readonly link: InProcessLink;
  readonly heard: string[] = [];
  readonly held: Arrival[] = [];
  isHolding = false;

  constructor() {
    this.link = new InProcessLink(this.fabric, this.guest, this.fabric.root);
    this.link.host.connect((message) => this.heard.push(`host ${message}`));
    this.link.guest.connect((message) => this.heard.push(`guest ${message}`));
  }

  fails(): boolean {
    return false;
  }

  holds(arrival: Arrival): boolean {
    if (this.isHolding) this.held.push(arrival);
    return this.isHolding;
  }

  standsStill(): void {}

  /** All that was held back arrives. */
  release(): void {
    this.isHolding = false;
    for (const arrival of this.held.splice(0)) arrival.arrive();
  }

  /** An item that notes that it ran. */
  item(name: string, processor: Processor): WorkItem {
    const worker = { traceId: 1, work: () => void this.heard.push(name) };
    return new WorkItem(worker, "match", DISPATCH_LEVEL, processor);
  }
}

/** What a guest signals channel 5 by. */
const SIGNAL_5 = { connectionId: 0x2005, flag: 0 };

const bytes = (...values: number[]) => Uint8Array.from(values);

Deno.test("Lane: a message that is held back is asked for once, and those behind it wait", async () => {
  const stage = new HoldingStage();
  const { link, fabric, heard, held } = stage;
  await fabric.settle(); // the root has a bus of its own
  link.guest.post(bytes(1), 1); // its turn has come already
  stage.isHolding = true;
  link.guest.post(bytes(2), 1);
  link.guest.post(bytes(3), 1);
  await fabric.settle();
  assertEquals([heard, held.length, link.toHost.isBusy], [["host 1"], 1, true]);
  assertEquals(held.map(({ point, place: { direction, what } }) => [point, direction, what]), [
    ["message", "toHost", null], // no message that a host knows
  ]);
  stage.release();
  await fabric.settle();
  assertEquals(heard, ["host 1", "host 2", "host 3"]);
});

Deno.test("Lane: work that messages come before is due when they are on their way again", async () => {
  const stage = new HoldingStage();
  const { link, fabric, heard, guest } = stage;
  const item = stage.item("match", guest.processor(0));
  assertEquals(link.guest.putsOff(item), false); // nothing is held back: it comes to its own turn
  stage.isHolding = true;
  link.host.post(bytes(1), { vp: 0, sint: 2, vtl: 0 });
  assertEquals(link.guest.putsOff(item), true);
  await fabric.settle();
  assertEquals(heard, []);
  stage.release();
  await fabric.settle();
  assertEquals(heard, ["guest 1", "match"]);
});

Deno.test("Doorbell: a ring that is held back comes for whoever listens then", async () => {
  const stage = new HoldingStage();
  const { link, fabric, heard, held } = stage;
  const root = fabric.root.processor(0);
  link.guest.doorbell(SIGNAL_5, 5).ring(); // nobody listens: there is nothing to hold back
  stage.isHolding = true;
  link.host.listen(SIGNAL_5, 5, stage.item("first", root));
  link.guest.doorbell(SIGNAL_5, 5).ring();
  link.host.listen(SIGNAL_5, 5, stage.item("second", root));
  assertEquals(held.map(({ point, place: { channelId } }) => [point, channelId]), [[
    "interrupt",
    5,
  ]]);
  stage.release();
  await fabric.settle();
  assertEquals(heard, ["second"]);
});

Deno.test("cut: what was held back comes to nothing", async () => {
  const stage = new HoldingStage();
  const { link, fabric, heard, guest } = stage;
  stage.isHolding = true;
  link.host.listen(SIGNAL_5, 5, stage.item("interrupt", fabric.root.processor(0)));
  link.guest.doorbell(SIGNAL_5, 5).ring();
  link.host.post(bytes(1), { vp: 0, sint: 2, vtl: 0 });
  link.guest.putsOff(stage.item("match", guest.processor(0)));
  link.cut();
  stage.release();
  await fabric.settle();
  assertEquals(heard, []);
});
