/** Packets that only just are, or are not, in order: the cases of wire.md 9.1, numbered as there. */
import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { emptyPacket, type RawPacket, u32Bytes } from "../../../simulator/peers/mod.ts";
import { assertSendsNothing, makeVictim, type Victim } from "./victim.ts";

const BOTH = ["vmbus", "msgpack"] as const;
type Codec = typeof BOTH[number];

/** One row of the table, as far as it ends in a fault. Case 1 is in transaction_ids_test.ts. */
interface Edge {
  readonly number: number;
  readonly what: string;
  readonly fault: vmbus.ChannelFault;
  /** Which codecs it can be written in; both, unless it says. */
  readonly codecs?: readonly Codec[];
  /** What is wrong, once the victim has one packet of its own under way, with id 0. */
  readonly write: (victim: Victim, codec: Codec) => void;
}

function put({ rings, incoming }: Victim, ...packets: readonly RawPacket[]): void {
  rings.put(incoming, ...packets);
}

/** Shows `byteCount` bytes of a good packet, and no more. */
function show(victim: Victim, codec: Codec, byteCount: number): void {
  put(victim, emptyPacket(codec, 6, 0, 0n));
  victim.rings.store(victim.incoming, "writeIndex", byteCount);
}

const TRANSFER_PAGES = u32Bytes(13, 1, 8, 0); // page set 13, one range

const EDGES: readonly Edge[] = [
  {
    number: 2,
    what: "a completion for an id that is nobody's",
    fault: "unknownTransaction",
    write: (victim, codec) => put(victim, emptyPacket(codec, 11, 0, 0xffff_ffff_ffff_fffdn)),
  },
  {
    number: 2,
    what: "a completion for an id that is ours in its low half alone",
    fault: "unknownTransaction",
    write: (victim, codec) => put(victim, emptyPacket(codec, 11, 0, 1n << 32n)),
  },
  {
    number: 2,
    what: "a completion that comes twice",
    fault: "unknownTransaction",
    write: (victim, codec) =>
      put(victim, emptyPacket(codec, 11, 0, 0n), emptyPacket(codec, 11, 0, 0n)),
  },
  {
    number: 3,
    what: "a completion that asks for one",
    fault: "unexpectedFlags",
    write: (victim, codec) => put(victim, emptyPacket(codec, 11, 1, 0n)),
  },
  {
    number: 4,
    what: "a packet without room for its trailer",
    fault: "invalidDescriptorLengths",
    write: (victim, codec) => show(victim, codec, codec === "msgpack" ? 32 : 16),
  },
  {
    number: 5,
    what: "8 bytes",
    fault: "invalidDataAvailable",
    write: (victim, codec) => show(victim, codec, 8),
  },
  {
    number: 6,
    what: "16 bytes",
    fault: "invalidDescriptorLengths",
    write: (victim, codec) => show(victim, codec, 16),
  },
  {
    number: 7,
    what: "transfer pages",
    fault: "unexpectedPacketType",
    write: (victim, codec) => {
      if (codec === "msgpack") put(victim, emptyPacket(codec, 7, 0, 0n));
      else put(victim, { type: 7, flags: 1, dataOffset: 32, body: TRANSFER_PAGES });
    },
  },
  {
    number: 7,
    what: "transfer pages in the descriptor of a tuple",
    fault: "unexpectedPacketType",
    codecs: ["msgpack"],
    write: (victim) => put(victim, { type: 7, dataOffset: 32, body: TRANSFER_PAGES }),
  },
  ...[0, 1, 2, 3, 4, 5, 8, 10, 12, 13, 14, 0xffff].map((type): Edge => ({
    number: 8,
    what: `type ${type}`,
    fault: "invalidDescriptorType",
    write: (victim) => put(victim, { type }),
  })),
  ...[0, 5, 8, 10, 12].map((type): Edge => ({
    number: 8,
    what: `type ${type} in the tuple`,
    fault: "unexpectedPacketType",
    codecs: ["msgpack"],
    write: (victim, codec) => put(victim, emptyPacket(codec, type, 0, 0n)),
  })),
];

for (const { number, what, fault, codecs = BOTH, write } of EDGES) {
  for (const side of ["server", "client"] as const) {
    // wire.md 9.1
    Deno.test(`ChannelFault: case ${number}, ${what}, stops a ${side} as ${fault}`, async () => {
      for (const codec of codecs) {
        const victim = await makeVictim(side, { codec });
        const { kmcl, channel, fabric, rings, outgoing } = victim;
        const ends: (string | undefined)[] = [];
        const own = kmcl.VmbPacketAllocate(channel);
        kmcl.VmbPacketSetCompletionRoutine(own, (done, status) => {
          ends.push(vmbus.ntStatusName(status));
          kmcl.VmbPacketFree(done);
        });
        kmcl.VmbPacketSend(own, null, 0, null, 1);
        assertEquals(vmbus.inspectChannel(channel).packets.length, 1);
        const sent = rings.load(outgoing, "writeIndex");
        write(victim, codec);
        await victim.signal();
        assertEquals([codec, vmbus.inspectChannel(channel).fault], [codec, fault]);
        const isAnswered = what.endsWith("twice");
        assertEquals(ends, isAnswered ? ["STATUS_SUCCESS"] : []);
        assertEquals(rings.load(outgoing, "writeIndex"), sent); // nothing is answered
        await assertSendsNothing(victim);
        await kmcl.VmbChannelDisable(channel);
        await fabric.settle();
        assertEquals(ends, [isAnswered ? "STATUS_SUCCESS" : "STATUS_DEVICE_REMOVED"]);
      }
    });
  }
}

// wire.md 9.1, case 4: a packet that is there with its trailer, at every place of the ring.
Deno.test("EvtChannelProcessPacket: a packet whose trailer is the ring's last bytes is whole", async () => {
  for (const codec of BOTH) {
    const victim = await makeVictim("server", { codec });
    const { rings, incoming, channel } = victim;
    const dataBytes = rings.dataBytes(incoming);
    for (let at = 0; at < dataBytes; at = rings.load(incoming, "writeIndex")) {
      put(victim, emptyPacket(codec, 6, 0, 0n));
      await victim.signal();
      if (rings.load(incoming, "writeIndex") <= at) break;
    }
    assertEquals(vmbus.inspectChannel(channel).fault, null);
    assertEquals(rings.load(incoming, "readIndex"), rings.load(incoming, "writeIndex"));
  }
});
