// What no guest that was saved can be: each a change of fields, the checksums computed anew, that must be
// seen (docs/saved-state.md).

import { assertEquals, assertStringIncludes } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { stateOf } from "../../support/hostile_arena.ts";
import { RICH } from "../../support/rich_drivers.ts";
import { RICH_DRIVERS, richFabric, saveRichGuest } from "../../support/rich_guest.ts";
import { type SavedParts, withParts } from "./saved_parts.ts";

const { busy, lent, halted, connecting, opening, waiting, fresh } = RICH;
const saved = (await saveRichGuest()).bytes;

/** What is wrong, what the reason says of it, and how it is made. */
type Changes = Readonly<
  Record<string, readonly [said: string, change: (parts: SavedParts) => void]>
>;

// deno-lint-ignore no-explicit-any -- fields of a saved client
function traffic(parts: SavedParts, index: number): any {
  return parts.clients[index].endpoint.traffic;
}

function lifecycle(parts: SavedParts, index: number, value: unknown): void {
  traffic(parts, index).state.value.lifecycle = value;
}

// deno-lint-ignore no-explicit-any -- fields of a saved offer with the link of that client
function offerOf({ guestEnd }: SavedParts, client: number): any {
  return guestEnd.offers.find((offer: { link: { client: number } }) =>
    offer.link.client === client
  );
}

// deno-lint-ignore no-explicit-any -- fields of the GPADL that holds that client's rings
function gpadlOf(parts: SavedParts, client: number): any {
  const { ringGpadl } = offerOf(parts, client).link;
  const { gpadls } = parts.guestEnd;
  return gpadls.find((gpadl: { handle: number }) => gpadl.handle === ringGpadl);
}

const STATES: Changes = {
  "Suspend that runs": [
    "what its driver has does not fit",
    (parts) => traffic(parts, busy).state.value.flow = { suspending: { calling: "toReady" } },
  ],
  "a flow that ends, and nothing to wait for": ["what its driver has does not fit", (parts) => {
    traffic(parts, lent).state.value.flow = { suspending: { draining: "toReady" } };
    traffic(parts, lent).held = [];
    parts.drivers[1].state[lent].held = [];
  }],
  "a channel that is let go of, and is none": ["it waits for an end that has come", (parts) => {
    lifecycle(parts, waiting, { tearingDown: "releasing" });
    parts.guestEnd.waiting = [];
  }],
  "a client that connects to nothing": ["its channel does not fit its state", (parts) => {
    lifecycle(parts, waiting, { enabled: "connecting" });
    parts.guestEnd.waiting = [];
  }],
  "a Disabled client that waits": [
    "in another state than its bus has it",
    (parts) => parts.guestEnd.waiting.push(fresh),
  ],
  "a client that waits twice": ["waits in vain", (parts) => parts.guestEnd.waiting.push(waiting)],
  "a client that nobody waits for": [
    "in another state than its bus has it",
    (parts) => parts.guestEnd.waiting = [],
  ],
  "an opened client without rings": [
    "its rings do not fit",
    (parts) => traffic(parts, busy).rings = null,
  ],
  "a callback that its state does not ask for": [
    "the callback that is due",
    (parts) => parts.clients[busy].endpoint.change = "closed",
  ],
  "a callback that its state asks for and is not due": ["the callback that is due", (parts) => {
    parts.clients[opening].endpoint.change = null;
    parts.work.items = parts.work.items.filter(({ kind }: { kind: string }) =>
      kind !== "stateChange"
    );
  }],
  "a number for a state": [
    "in no state that its chart",
    (parts) => traffic(parts, busy).state.value.flow = 5n,
  ],
};

const LINKS: Changes = {
  "two channels on the same pages": ["has the rings of another", (parts) => {
    offerOf(parts, opening).link.ringGpa = offerOf(parts, connecting).link.ringGpa;
    gpadlOf(parts, opening).ranges = gpadlOf(parts, connecting).ranges;
  }],
  "a client with two channels": ["linked to a wrong client", (parts) => {
    parts.clients[connecting].endpoint.configuration.target.instance = null; // any will do
    gpadlOf(parts, opening).client = connecting;
    offerOf(parts, opening).link.client = connecting;
  }],
  "rings that are another's GPADL": [
    "rings that are not its own",
    (parts) => offerOf(parts, opening).link.ringGpadl = offerOf(parts, connecting).link.ringGpadl,
  ],
  "rings in pages that are not allocated": ["ringGpa is no buffer", (parts) => {
    const { ringGpa } = offerOf(parts, opening).link;
    const { memory } = parts;
    memory.buffers = memory.buffers.filter(({ gpa }: { gpa: number }) => gpa !== ringGpa);
  }],
  "rings of another size": [
    "no room for its rings",
    (parts) => parts.clients[opening].endpoint.configuration.incomingRingPages = 2,
  ],
  "a channel that the client does not want": [
    "not one that its client wants",
    (parts) =>
      parts.clients[opening].endpoint.configuration.target.instance =
        parts.clients[connecting].endpoint.configuration.target.instance,
  ],
  "a pipe on a channel that is none": [
    "not one that its client wants",
    (parts) => parts.clients[opening].endpoint.configuration.flags = 1,
  ],
  "an offer that was taken back, and the client uses it": [
    "nobody releases it",
    (parts) => offerOf(parts, busy).isRescinded = true,
  ],
  "two offers with one id": ["a channel id that it cannot have", (parts) => {
    parts.clients[connecting].endpoint.configuration.target.instance = null;
    parts.clients[opening].endpoint.configuration.target.instance = null;
    const { ringGpadl } = offerOf(parts, opening).link;
    const { gpadls } = parts.guestEnd;
    const ring = gpadls.find(({ handle }: { handle: number }) => handle === ringGpadl);
    ring.channelId = traffic(parts, connecting).channelId;
    offerOf(parts, opening).message = offerOf(parts, connecting).message;
  }],
  "a client that wants a processor that is not there": [
    "wants a processor that the guest has not",
    ({ clients }) => clients[0].endpoint.configuration.targetProcessor = 64,
  ],
  "a client that is interrupted on a processor that is not there": [
    "interrupted on a processor that is not there",
    (parts) => offerOf(parts, busy).link.targetVp = 64,
  ],
  "a client that waits for a processor that is not there": [
    "interrupted on a processor that is not there",
    (parts) => {
      offerOf(parts, busy).isModifying = true;
      offerOf(parts, busy).link.wantedVp = 64;
    },
  ],
  "a channel that its client knows by another id": [
    "has another channel",
    (parts) => traffic(parts, busy).channelId = 77,
  ],
};

const MEMORY: Changes = {
  "a range of MMIO that nobody reserved": ["MMIO is nobody's", ({ memory }) =>
    memory.mmio.push({
      gpa: memory.mmio[0].gpa + memory.mmio[0].byteCount,
      byteCount: 4096,
      isReserved: true,
      isPlaced: false,
    })],
  "MMIO that two clients reserved": [
    "not the MMIO that it asks for",
    (parts) => offerOf(parts, busy).link.mmio = offerOf(parts, lent).link.mmio,
  ],
  "less MMIO than the offer requires": ["not the MMIO that it asks for", (parts) => {
    const range = { gpa: parts.memory.mmio[0].gpa, byteCount: 4096 };
    Object.assign(parts.memory.mmio[0], range);
    Object.assign(offerOf(parts, lent).link.mmio, range);
    for (const { mmio } of parts.hostEnd.channels) {
      if (mmio !== null) Object.assign(mmio, range);
    }
  }],
  "buffers that overlap": [
    "the memory has another size",
    (parts) => parts.memory.buffers[1].gpa = 4096,
  ],
  "a buffer inside a page": [
    "the memory has another size",
    (parts) => parts.memory.buffers[1].gpa += 8,
  ],
  "a buffer beyond the end": [
    "the memory has another size",
    (parts) => parts.memory.buffers.at(-1).byteCount = 2 ** 40,
  ],
  "a page beyond the end": [
    "the memory has another size",
    (parts) => parts.pages.at(-1).first = 1000,
  ],
  "a page that is all zero": [
    "the memory has another size",
    (parts) => parts.pages[0].bytes.fill(0),
  ],
  "a page that is paged out twice": [
    "the memory has another size",
    (parts) => parts.memory.pagedOut.push(...parts.memory.pagedOut),
  ],
  "a packet with memory beyond the end": [
    "memory that the guest has not",
    (parts) => parts.clients[lent].endpoint.packets[1].ranges[0].pfns[0] = 40,
  ],
  "a GPADL of memory beyond the end": [
    "can be no GPADL",
    (parts) => parts.guestEnd.gpadls[3].ranges[0].pfns[0] = 40,
  ],
  "a GPADL of the host beyond the end": [
    "can be no GPADL",
    (parts) => parts.hostEnd.gpadls[0].ranges[0].pfns[0] = 40,
  ],
};

const LISTS: Changes = {
  "handle 0": ["handle is not", (parts) => parts.guestEnd.gpadls.at(-1).handle = 0],
  "two GPADLs with one handle": [
    "can be no GPADL",
    (parts) => parts.guestEnd.gpadls.at(-1).handle = parts.guestEnd.gpadls[0].handle,
  ],
  "an order beyond the last": [
    "the order of what is under way",
    (parts) => parts.clients[busy].endpoint.packets[0].order = 99,
  ],
  "two packets in one slot": [
    "its packets are out of order",
    (parts) => parts.clients[busy].endpoint.packets[1].slot = 0,
  ],
  "a slot beyond the last": [
    "slot is not",
    (parts) => parts.clients[fresh].endpoint.packets[0].slot = 2 ** 24,
  ],
  "an idle packet that no driver has": [
    "packets that its driver cannot have",
    (parts) => parts.clients[fresh].packets = [],
  ],
  "an initialized packet that no driver has": ["packets that its driver cannot have", (parts) => {
    const { packets } = parts.clients[busy].endpoint;
    const { slot } = packets.find(({ kind }: { kind: string }) => kind === "initialized");
    parts.clients[busy].packets = parts.clients[busy].packets.filter((other: number) =>
      other !== slot
    );
    const tokens: string[] = parts.drivers[1].state[busy].packets;
    tokens.splice(tokens.indexOf(`packet ${busy}/${slot}`), 1);
  }],
  "a packet of KMCL's own that a driver has": [
    "packets that its driver cannot have",
    (parts) => parts.clients[halted].packets = [0, 1, 2],
  ],
  "a client of a driver of the host": [
    "of no driver of the guest",
    (parts) => parts.clients[fresh].driver = 0,
  ],
  "a client of no driver": ["driver is not", (parts) => parts.clients[fresh].driver = 2],
  "work of a client that is not there": [
    "due for nobody",
    (parts) => parts.work.items[0].client = 7,
  ],
  "work of the bus that is a client's": [
    "kind is not",
    (parts) => parts.work.items[0].client = null,
  ],
  "work that is due twice": ["due twice", (parts) => parts.work.items.push(parts.work.items[0])],
  "routines that are due and not scheduled": [
    "work that is not due",
    (parts) =>
      parts.work.items = parts.work.items.filter(({ kind }: { kind: string }) =>
        kind !== "completions"
      ),
  ],
  "messages that are not scheduled": [
    "messages are stuck",
    (parts) =>
      parts.work.items = parts.work.items.filter(({ kind }: { kind: string }) =>
        kind !== "message"
      ),
  ],
  "an incomplete GPADL that is complete": [
    "is not incomplete",
    (parts) =>
      parts.hostEnd.gpadls.find(({ incomplete }: { incomplete: unknown }) => incomplete !== null)
        .incomplete.arrived = new Uint8Array(64),
  ],
  "two host channels with one instance": [
    "has another's instance",
    ({ hostEnd }) => hostEnd.channels[1].instance = hostEnd.channels[0].instance,
  ],
  "a host channel open on rings that it has not": [
    "has no such rings",
    ({ hostEnd }) => hostEnd.channels[0].ring.gpadlId = 5,
  ],
  "a timer in the far future": [
    "signalAfter100ns is not",
    (parts) => parts.clients[lent].endpoint.signalAfter100ns = 2 ** 40,
  ],
  "a guest that runs": [
    "partition is not one of paused",
    (parts) => parts.header.partition.value = "running",
  ],
  "no name": ["has no name", (parts) => parts.header.name = ""],
};

for (const [part, changes] of Object.entries({ STATES, LINKS, MEMORY, LISTS })) {
  Deno.test(`restorePartition: nothing that a saved guest cannot be is taken (${part.toLowerCase()})`, () => {
    const world = richFabric();
    const before = stateOf(world);
    for (const [what, [said, change]] of Object.entries(changes)) {
      const { status, reason } = vmbus.restorePartition(
        world,
        withParts(saved, change),
        RICH_DRIVERS,
      );
      assertEquals(vmbus.ntStatusName(status), "STATUS_DATA_ERROR", what);
      assertStringIncludes(reason ?? "", said, what);
      assertEquals(stateOf(world), before, what);
    }
    const { reason } = vmbus.restorePartition(world, withParts(saved, () => {}), RICH_DRIVERS);
    assertEquals(reason, null);
  });
}
