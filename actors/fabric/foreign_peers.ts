/**
 * How peers that somebody else wrote are attached to a fabric, and what they say is checked.
 *
 * @module
 */

import { requireBytes } from "../../core/arguments.ts";
import { wholeOf } from "../../core/bytes.ts";
import { describe } from "../../core/describe.ts";
import { givenRam } from "../../core/memory/given_ram.ts";
import { isU16, isU32, isUint, PAGE_BYTES } from "../../core/units.ts";
import { ForeignGuestLink, type ForeignGuestListener } from "../bus/foreign/guest_link.ts";
import { ForeignHostLink, type ForeignHostListener } from "../bus/foreign/host_link.ts";
import type { BusLink } from "../bus/lanes.ts";
import type { PartitionPort } from "../channel/partition_port.ts";
import type { FabricPort } from "../partition/fabric_port.ts";
import type { CheckedPartitionOptions, PartitionOptions } from "../partition/partition.ts";
import type { Foreign } from "../partition/partition_kind.ts";
import type { PartitionObject } from "../partition/partition_object.ts";
import type { RuntimePort } from "../runtime/runtime_port.ts";
import type {
  ForeignGuest,
  ForeignGuestOptions,
  ForeignHost,
  ForeignHostOptions,
} from "./foreign.ts";
import { checkPartitionOptions } from "./options.ts";
import { show, withDefaults } from "./read_options.ts";

/** The fabric, as peers are attached to it. */
export interface AttachingFabric extends FabricPort {
  /** The name of its codec. */
  readonly codecName: string;
}

/** Makes the partition of somebody outside. */
type MakePartition = (
  options: CheckedPartitionOptions,
  foreign: Foreign,
) => PartitionObject;

/** The options of a peer, checked. */
interface CheckedPeer<Listener> {
  readonly options: CheckedPartitionOptions;
  readonly listener: Listener;
  readonly ram: Foreign["ram"];
}

const GUEST_DEFAULTS = {
  name: "",
  memory: null as unknown,
  memoryBase: 0 as unknown,
  vtl: 0,
  processors: 1,
  mmioMegabytes: 128,
  onMessage: null as unknown,
  onSignal: null as unknown,
};

/** Options of a partition that are checked as those of any other are; what is undefined is left out. */
const HOST_DEFAULTS = {
  ...GUEST_DEFAULTS,
  vmbusVersion: undefined as PartitionOptions["vmbusVersion"],
  vmbusFeatures: undefined as PartitionOptions["vmbusFeatures"],
  monitorPages: undefined as PartitionOptions["monitorPages"],
  isolated: undefined as PartitionOptions["isolated"],
  waitForMessage: undefined as unknown,
  onVisibility: undefined as unknown,
};

/** Listeners that a peer need not have. */
const OPTIONAL_LISTENERS: readonly string[] = ["waitForMessage", "onVisibility"];

function checkPeer<Listener>(
  fabric: AttachingFabric,
  what: "a foreign guest" | "a foreign host",
  given: object,
  defaults: typeof GUEST_DEFAULTS & Partial<typeof HOST_DEFAULTS>,
): CheckedPeer<Listener> {
  const action = `attach ${what}`;
  fabric.requireLive(action);
  if (fabric.codecName !== "vmbus") {
    throw new Error(
      `Cannot ${action}: nobody else reads packets with codec "${fabric.codecName}"; create the fabric with codec "vmbus"`,
    );
  }
  const { memory, memoryBase, onMessage, onSignal, waitForMessage, onVisibility, ...partition } =
    withDefaults(what, given, defaults, "attach", ["name", "memory", "onMessage", "onSignal"]);
  const listener = { onMessage, onSignal, waitForMessage, onVisibility };
  for (const [member, value] of Object.entries(listener)) {
    const isLeftOut = OPTIONAL_LISTENERS.includes(member) && value === undefined;
    if (typeof value === "function" || isLeftOut) continue;
    throw new TypeError(`Cannot ${action}: ${member} must be a function, not ${show(value)}`);
  }
  const ram = givenRam(action, memory, memoryBase, what === "a foreign guest");
  const memoryPages = ram.bytes.length / PAGE_BYTES;
  const options = checkPartitionOptions({ ...partition, memoryPages } as PartitionOptions);
  return { options, listener: listener as Listener, ram };
}

function checkMessage(bytes: ArrayBufferView): Uint8Array {
  return wholeOf(requireBytes("post a message", bytes)).slice();
}

function requireNumber(
  action: string,
  name: string,
  value: unknown,
  isIt: (value: unknown) => boolean,
) {
  if (isIt(value)) return;
  const bits = isIt === isU16 ? 16 : 32;
  throw new RangeError(
    `Cannot ${action}: ${name} must be a whole number of ${bits} bits, not ${describe(value)}`,
  );
}

/** Checks an address, or a number of bytes. */
function requireCount(action: string, name: string, value: unknown): void {
  if (isUint(value, Number.MAX_SAFE_INTEGER)) return;
  throw new RangeError(
    `Cannot ${action}: ${name} must be a whole number from 0, not ${describe(value)}`,
  );
}

/** A link to somebody outside, who is told by `listener`; what that throws, `fail` hears. */
type PeerLink<Listener, Made> = new (
  runtime: RuntimePort,
  guest: PartitionPort,
  root: PartitionPort,
  listener: Listener,
  fail: (error: Error) => void,
) => Made;

/** Makes a peer's partition, and keeps the link that it was made with. */
function makeOver<Listener, Made extends BusLink>(
  fabric: AttachingFabric,
  make: MakePartition,
  { options, listener, ram }: CheckedPeer<Listener>,
  Link: PeerLink<Listener, Made>,
): { partition: PartitionObject; link: Made } {
  const made: Made[] = [];
  const fail = (error: Error) => fabric.loop.fail(error);
  const partition = make(options, {
    ram,
    makeLink: (guest, root) => {
      const link = new Link(fabric, guest, root, listener, fail);
      made.push(link);
      return link;
    },
  });
  return { partition, link: made[0]! };
}

function detach(partition: PartitionObject): void {
  if (partition.isPresent) partition.destroy();
}

/** See {@linkcode Fabric.attachForeignGuest}. */
export function attachForeignGuest(
  fabric: AttachingFabric,
  options: ForeignGuestOptions,
  make: MakePartition,
): ForeignGuest {
  const peer = checkPeer<ForeignGuestListener>(fabric, "a foreign guest", options, GUEST_DEFAULTS);
  const { partition, link } = makeOver(fabric, make, peer, ForeignGuestLink);
  return {
    partition,
    postMessage(bytes, connectionId) {
      const message = checkMessage(bytes);
      requireNumber("post a message", "connectionId", connectionId, isU32);
      if (!partition.bus.host.hearsAt(connectionId)) return "unknownTarget";
      return link.post(message, connectionId);
    },
    signalEvent(connectionId, flag) {
      requireNumber("signal an event", "connectionId", connectionId, isU32);
      requireNumber("signal an event", "flag", flag, isU16);
      return link.signal({ connectionId, flag });
    },
    detach: () => detach(partition),
  };
}

/** See {@linkcode Fabric.attachForeignHost}. */
export function attachForeignHost(
  fabric: AttachingFabric,
  options: ForeignHostOptions,
  make: MakePartition,
): ForeignHost {
  const peer = checkPeer<ForeignHostListener>(fabric, "a foreign host", options, HOST_DEFAULTS);
  const { partition, link } = makeOver(fabric, make, peer, ForeignHostLink);
  const { guest } = partition.bus;
  return {
    partition,
    postMessage(bytes, place = guest.messagePlace) {
      const message = checkMessage(bytes);
      const { vp, sint, vtl } = place;
      for (const [name, value] of Object.entries({ vp, sint, vtl })) {
        requireNumber("post a message", name, value, isU32);
      }
      if (!guest.hearsAt({ vp, sint, vtl })) return "unknownTarget";
      return link.post(message, { vp, sint, vtl });
    },
    signalEvent(vp, sint, eventFlag) {
      for (const [name, value] of Object.entries({ vp, sint })) {
        requireNumber("signal an event", name, value, isU32);
      }
      requireNumber("signal an event", "eventFlag", eventFlag, isU16);
      const { vtl } = partition;
      if (!guest.hearsAt({ vp, sint, vtl })) return "unknownTarget";
      return link.signal({ vp, sint, vtl, eventFlag });
    },
    readMemory(gpa, byteCount) {
      const action = "read guest memory";
      requireCount(action, "gpa", gpa);
      requireCount(action, "byteCount", byteCount);
      return link.whyNot(gpa, byteCount) ?? partition.memory.view(gpa, byteCount).slice();
    },
    writeMemory(gpa, view) {
      const bytes = wholeOf(requireBytes("write to guest memory", view));
      requireCount("write to guest memory", "gpa", gpa);
      const fault = link.whyNot(gpa, bytes.length);
      if (fault === null) partition.memory.view(gpa, bytes.length).set(bytes);
      return fault;
    },
    detach: () => detach(partition),
  };
}
