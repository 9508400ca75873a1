// The link of a bus whose guest is outside: what it says is checked before it is taken, what it hears is its own.

import { assertEquals } from "@std/assert";
import { ForeignGuestLink } from "../../../../actors/bus/foreign/guest_link.ts";
import { EVENT_FLAGS } from "../../../../actors/bus/synic.ts";
import type { PartitionObject } from "../../../../actors/partition/partition_object.ts";
import { createFabric } from "../../../support/fabric.ts";

/** Where the guest hears what is said to it. */
const PLACE = { vp: 0, sint: 2, vtl: 0 };
const bytes = (...values: number[]) => Uint8Array.from(values);

/** A link whose host is the test's; what each side heard, and what its listener's throws came to. */
function makeLink(onMessage: (message: Uint8Array) => unknown = () => {}) {
  const fabric = createFabric();
  const guest = fabric.createPartition({ name: "guest", memoryPages: 1 }) as PartitionObject;
  const failures: string[] = [];
  const heard: Uint8Array[] = [];
  const listener = { onMessage: onMessage as (message: Uint8Array) => void, onSignal: () => {} };
  const fail = ({ message }: Error) => void failures.push(message);
  const root = fabric.root as PartitionObject;
  const link = new ForeignGuestLink(guest.runtime, guest, root, listener, fail);
  link.host.connect((message) => void heard.push(message));
  return { fabric, link, heard, failures };
}

// wire.md 4.1: the SynIC carries 240 bytes.
Deno.test("ForeignGuestLink: a message that the SynIC cannot carry is refused, and not heard", async () => {
  const { fabric, link, heard } = makeLink();
  assertEquals(link.post(new Uint8Array(241), 1), "messageTooLong");
  assertEquals(link.post(new Uint8Array(240), 1), null);
  await fabric.settle();
  assertEquals(heard.map(({ length }) => length), [240]);
});

Deno.test("ForeignGuestLink: a flood is refused from the 1025th message on, until some were heard", async () => {
  const { fabric, link, heard } = makeLink();
  const answers = Array.from({ length: 1025 }, () => link.post(bytes(1), 1));
  assertEquals([answers.indexOf("noRoom"), answers.filter((each) => each === null).length], [
    1024,
    1024,
  ]);
  await fabric.settle();
  assertEquals([heard.length, link.post(bytes(1), 1)], [1024, null]);
});

Deno.test("ForeignGuestLink: a signal that no channel hears is refused, and so is a flag that no page has", () => {
  const { link } = makeLink();
  assertEquals(link.signal({ connectionId: 0x2001, flag: 0 }), "unknownSignal");
  assertEquals(link.signal({ connectionId: 0x2001, flag: EVENT_FLAGS }), "unknownFlag");
});

Deno.test("ForeignGuestLink: the listener's bytes are its own, and what it throws or rejects fails the run alone", async () => {
  const said = bytes(1, 2);
  const kept: Uint8Array[] = [];
  const { fabric, link, failures } = makeLink((message) => {
    kept.push(message);
    message.fill(9);
    if (kept.length === 1) throw new Error("thrown");
    return Promise.reject(new Error("rejected"));
  });
  link.host.post(said, PLACE);
  link.host.post(said, PLACE);
  await fabric.settle();
  await fabric.settle(); // a rejection is noticed behind the turn in which it came
  assertEquals([said, kept, failures], [
    bytes(1, 2),
    [bytes(9, 9), bytes(9, 9)],
    ["thrown", "rejected"],
  ]);
});
