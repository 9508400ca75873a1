/**
 * The memory of a partition in its fabric: what programs do with it is on the trace, misuse is reported,
 * allocations fail where faults have it so.
 *
 * @module
 */

import type { GivenRam } from "../../core/memory/given_ram.ts";
import { GuestRam, type MemoryMisuse } from "../../core/memory/guest_memory.ts";
import { Isolation } from "../../core/memory/isolation.ts";
import type { MemoryUse } from "../../core/memory/types.ts";
import { describeBytes } from "../../core/trace_entries.ts";
import type { FaultPort, FaultyGuest } from "../runtime/fault_port.ts";
import { currentFrame } from "../runtime/irql.ts";
import type { FabricPort } from "./fabric_port.ts";
import { mmioTrace } from "./mmio_trace.ts";
import type { MachineOptions } from "./partition.ts";

/** Whose memory it is. */
interface MemoryOwner extends FaultyGuest {
  /** Stands for it on the trace. */
  readonly traceId: number;
  /** Whether its drivers live. */
  readonly isAlive: boolean;
  /** Whether the host can read only what its guest shares. */
  readonly isIsolated: boolean;
  /** The trust levels of its machine. */
  readonly levels: readonly object[];
}

/** The memory of `owner`, as `options` have it; over `given`, where that is somebody else's. */
export function createRam(
  runtime: FabricPort,
  owner: MemoryOwner,
  options: MachineOptions,
  given: GivenRam | null,
): GuestRam {
  const memory = new GuestRam({
    pageCount: options.memoryPages,
    mmioMegabytes: options.mmioMegabytes,
    onMisuse: (rule, message) => reportMisuse(runtime, owner, rule, message),
    given,
  });
  if (runtime.recorder.isOn) memory.onUse = (...use) => traceUse(runtime, owner, ...use);
  if (runtime.recorder.keepsEntries) memory.onMmio = mmioTrace(runtime, owner.traceId);
  if (runtime.ringWatch !== null) {
    memory.ringWatch = (pfn) => (...use) => runtime.ringWatch?.(owner, pfn, ...use);
  }
  if (runtime.faults !== null) memory.isExhausted = exhaustionOf(owner, runtime.faults);
  if (owner.isIsolated) memory.isolation = new Isolation(() => isOutside(owner));
  return memory;
}

/** The call that each misuse of memory is blamed on. */
const MISUSED_CALLS: Readonly<Record<MemoryMisuse, string>> = {
  "guest memory freed while pinned": "GuestMemory.free",
  "use of an MDL after PacketComplete or Unmap": "mdlSegments",
  "host access to a private page": "GuestMemory",
};

/** A driver whose guest has crashed was told that its GPADL is gone: it cannot know that the host still has it. */
function reportMisuse(
  { verifier }: FabricPort,
  owner: MemoryOwner,
  rule: MemoryMisuse,
  message: string,
): void {
  if (rule === "guest memory freed while pinned" && !owner.isAlive) return;
  verifier.report(rule, MISUSED_CALLS[rule], message);
}

/** Whether a callback runs that is not of the machine, but of the host (kmcl.md X17). */
function isOutside({ levels }: MemoryOwner): boolean {
  const frame = currentFrame();
  return frame !== null && !levels.includes(frame.partition);
}

/** Puts what a program, or the guest's bus, does with the memory on the trace. */
function traceUse(
  { recorder, clock, observer }: FabricPort,
  { traceId, name: partition }: MemoryOwner,
  event: MemoryUse,
  gpa: number,
  byteCount: number,
  bytes: Uint8Array | null,
): void {
  recorder.record(clock.now100ns, event, traceId, gpa, byteCount);
  if (bytes === null) return;
  recorder.addPayload(bytes, byteCount);
  if (recorder.keepsEntries) recorder.tell({ bytes: describeBytes(bytes, byteCount) });
  observer?.see({ kind: "memoryWritten", partition, gpa, byteCount });
}

/** Whether an allocation in the memory of `guest` fails, as `faults` has it. */
function exhaustionOf(guest: MemoryOwner, faults: FaultPort): GuestRam["isExhausted"] {
  return (what) => faults.fails("allocation", { guest, channelId: null, direction: null, what });
}
