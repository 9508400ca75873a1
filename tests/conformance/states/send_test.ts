/**
 * What a send does in each state of its endpoint (kmcl.md S6).
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  closePair,
  enablePair,
  makePair,
  openPair,
  type Pair,
} from "../../support/connected_pair.ts";
import { type Ended, names, notedPacket, unchangedBy, WAIT } from "../../support/sending.ts";

const SIDES = ["server", "client"] as const;
type Side = typeof SIDES[number];

const QUIET = "send between Suspend and the next Started or Closed";

/** One send, and where its packet was right after the call. */
interface Sent {
  readonly status: string | undefined;
  /** `queued`, `awaiting` (in the ring) or, for a refused one, `owned`. */
  readonly packet: string;
  /** Whether the send was a violation. */
  readonly isViolation: boolean;
}

const REFUSED: Sent = { status: "STATUS_DEVICE_REMOVED", packet: "owned", isViolation: false };
const QUEUED: Sent = { status: "STATUS_SUCCESS", packet: "queued", isViolation: false };
const OUT: Sent = { status: "STATUS_SUCCESS", packet: "awaiting", isViolation: false };
const QUEUED_WRONGLY: Sent = { status: "STATUS_SUCCESS", packet: "queued", isViolation: true };

/** Sends a packet of `side`, and looks at what has become of it. */
function send(pair: Pair, side: Side, ends: Ended[] = []): Sent {
  const kmcl = side === "server" ? pair.vsp : pair.vsc;
  const before = pair.fabric.violations.length;
  const known = vmbus.inspectChannel(pair[side]).packets.length;
  const packet = notedPacket(kmcl, pair[side], ends);
  const status = vmbus.ntStatusName(kmcl.VmbPacketSend(packet, null, 0, null, WAIT));
  const { packets } = vmbus.inspectChannel(pair[side]);
  assertEquals(packets.length, known + 1);
  const violations = pair.fabric.violations.slice(before);
  for (const { rule, call } of violations) assertEquals([rule, call], [QUIET, "VmbPacketSend"]);
  return { status, packet: packets.at(-1)?.state ?? "", isViolation: violations.length === 1 };
}

/** A send in each callback of `side`, by the callback's name, and at the points between. */
async function sendEverywhere(side: Side): Promise<Record<string, Sent>> {
  const sent: Record<string, Sent> = {};
  const other = side === "server" ? "client" : "server";
  const note = (point: string) => {
    sent[point] = send(pair, side);
  };
  const noteSlowly = async (point: string) => {
    note(`${point} begins`);
    await pair.fabric.delay(1);
    note(`${point} ends`);
  };
  const pair: Pair = makePair({
    fabric: { verifier: "record" },
    [`${side}Callbacks`]: {
      EvtChannelOpened: () => noteSlowly("Opened").then(() => vmbus.STATUS_SUCCESS),
      EvtChannelStarted: () => noteSlowly("Started"),
      EvtChannelPostStarted: () => noteSlowly("PostStarted"),
      EvtChannelSuspend: () => noteSlowly("Suspend"),
      EvtChannelClosed: () => noteSlowly("Closed"),
    },
  });
  const { fabric, vsp, vsc } = pair;
  const own = side === "server" ? vsp : vsc;
  const foreign = side === "server" ? vsc : vsp;
  note("initializing");
  own.VmbChannelEnable(pair[side]);
  await own.VmbChannelPause(pair[side]);
  note("Enabled");
  foreign.VmbChannelEnable(pair[other]);
  await fabric.advance(5);
  note("Opened and Paused");
  own.VmbChannelStart(pair[side]);
  await fabric.advance(5);
  note("Active");
  own.VmbChannelPause(pair[side]);
  await fabric.advance(5);
  note("Paused");
  own.VmbChannelStart(pair[side]);
  await fabric.advance(5);
  note("Active again");
  own.VmbChannelDisable(pair[side]);
  await fabric.advance(5);
  assertEquals(vmbus.inspectChannel(pair[side]).lifecycle, "disabled");
  note("torn down");
  return sent;
}

// kmcl.md S6: by state
for (const side of SIDES) {
  Deno.test(`VmbPacketSend: of a ${side} does in each state what the table says`, async () => {
    assertEquals(await sendEverywhere(side), {
      "initializing": REFUSED,
      "Enabled": QUEUED,
      "Opened begins": QUEUED,
      "Opened ends": QUEUED,
      "Opened and Paused": QUEUED,
      "Started begins": QUEUED,
      "Started ends": QUEUED,
      "PostStarted begins": OUT,
      "PostStarted ends": OUT,
      "Active": OUT,
      "Suspend begins": QUEUED_WRONGLY,
      "Suspend ends": QUEUED_WRONGLY,
      "Paused": QUEUED_WRONGLY,
      "Active again": OUT,
      "Closed begins": QUEUED_WRONGLY,
      "Closed ends": QUEUED_WRONGLY,
      "torn down": REFUSED,
    });
  });
}

// kmcl.md S6: server Closed; what is queued then waits for the next open
Deno.test("VmbPacketSend: of a server that is Closed queues for the next open", async () => {
  const pair = await openPair();
  const { fabric, vsp, vsc, server, client } = pair;
  await vsc.VmbChannelDisable(client);
  await fabric.settle();
  assertEquals(vmbus.inspectChannel(server).lifecycle, "closed");
  const ends: Ended[] = [];
  assertEquals(send(pair, "server", ends), QUEUED);
  await fabric.settle();
  assertEquals(ends, []);
  vsc.VmbChannelEnable(client);
  await fabric.settle();
  assertEquals(names(ends.map(({ status }) => status)), ["STATUS_SUCCESS"]);
  vsp.VmbPacketFree(ends[0]?.packet ?? null);
  await closePair(pair);
});

// kmcl.md S6: only Active + Opened moves packets from the queue to the ring
for (const side of SIDES) {
  Deno.test(`VmbPacketSend: what a ${side} queued before the open leaves in order once it is Active`, async () => {
    const received: number[] = [];
    const onPacket: vmbus.EvtChannelProcessPacket = (_channel, packet, buffer) => {
      received.push(buffer[0] ?? -1);
      pair.vsp.VmbChannelPacketComplete(packet, null, 0);
    };
    const pair = makePair(
      side === "server" ? { onClientPacket: onPacket } : { onServerPacket: onPacket },
    );
    const { fabric, vsp, vsc, server, client } = pair;
    const kmcl = side === "server" ? vsp : vsc;
    const sendByte = (byte: number) =>
      kmcl.VmbPacketSend(
        kmcl.VmbPacketAllocate(pair[side]),
        Uint8Array.of(byte),
        1,
        null,
        0,
      );
    vsc.VmbChannelEnable(client);
    await vsc.VmbChannelPause(client);
    vsp.VmbChannelEnable(server);
    (side === "server" ? vsc : vsp).VmbChannelStart(side === "server" ? client : server);
    assertEquals([sendByte(1), sendByte(2)], [vmbus.STATUS_SUCCESS, vmbus.STATUS_SUCCESS]);
    await fabric.settle();
    assertEquals(vmbus.inspectChannel(pair[side]).lifecycle, "opened");
    sendByte(3);
    await fabric.settle();
    assertEquals([vmbus.inspectChannel(pair[side]).queued, received], [3, []]);
    kmcl.VmbChannelStart(pair[side]);
    await fabric.settle();
    assertEquals(received, [1, 2, 3]);
    await closePair(pair);
  });
}

// kmcl.md S6, section 9: in mode "throw" the violation throws, and changes nothing
for (const side of SIDES) {
  Deno.test(`VmbPacketSend: of a suspended ${side} throws in mode throw, and changes nothing`, async () => {
    const pair = await openPair();
    const kmcl = side === "server" ? pair.vsp : pair.vsc;
    await kmcl.VmbChannelPause(pair[side]);
    const packet = notedPacket(kmcl, pair[side], []);
    unchangedBy(pair.fabric, () => {
      const error = assertThrows(
        () => kmcl.VmbPacketSend(packet, null, 0, null, WAIT),
        vmbus.VerifierError,
      );
      assertEquals([error.violation.rule, error.violation.call], [QUIET, "VmbPacketSend"]);
      return vmbus.STATUS_SUCCESS;
    });
    kmcl.VmbPacketFree(packet);
    assertEquals(pair.fabric.violations.length, 1);
  });
}

// kmcl.md S6: until Started is called
for (const side of SIDES) {
  Deno.test(`VmbPacketSend: of a ${side} that was suspended is right again in Started`, async () => {
    let status: vmbus.NtStatus | null = null;
    let isSending = false;
    const pair = makePair({
      [`${side}Callbacks`]: {
        EvtChannelStarted: () => {
          if (isSending) status = kmcl.VmbPacketSend(packet, null, 0, null, WAIT);
        },
      },
    });
    const kmcl = side === "server" ? pair.vsp : pair.vsc;
    const ends: Ended[] = [];
    const packet = notedPacket(kmcl, pair[side], ends);
    enablePair(pair);
    await pair.fabric.settle();
    await kmcl.VmbChannelPause(pair[side]);
    isSending = true;
    kmcl.VmbChannelStart(pair[side]);
    await pair.fabric.settle();
    assertEquals(status, vmbus.STATUS_SUCCESS);
    assertEquals(ends.length, 1);
    kmcl.VmbPacketFree(packet);
    await closePair(pair);
  });
}

// kmcl.md S6: completions leave as long as the rings exist
for (const side of SIDES) {
  Deno.test(`VmbChannelPacketComplete: of a paused ${side} leaves at once`, async () => {
    const pair = await openPair({ onServerPacket: "hold", onClientPacket: "hold" });
    const { held } = side === "server" ? pair.atServer : pair.atClient;
    const { fabric, vsp, vsc } = pair;
    const own = side === "server" ? vsp : vsc;
    const other = side === "server" ? "client" : "server";
    const foreign = side === "server" ? vsc : vsp;
    const ends: Ended[] = [];
    send(pair, other, ends);
    await fabric.settle();
    const paused = own.VmbChannelPause(pair[side]);
    await fabric.settle();
    assertEquals([held.length, ends.length], [1, 0]);
    own.VmbChannelPacketComplete(held[0] ?? null, Uint8Array.of(9), 1);
    await fabric.settle();
    await paused;
    assertEquals(ends.map(({ status, answer }) => [status, answer]), [[vmbus.STATUS_SUCCESS, [9]]]);
    foreign.VmbPacketFree(ends[0]?.packet ?? null);
    await closePair(pair);
  });
}
