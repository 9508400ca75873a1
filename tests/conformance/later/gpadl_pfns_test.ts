// kmcl.md X7: GPADLs of lists of pages.

import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { closePair, makePair, openPair } from "../../support/connected_pair.ts";
import { serverTableV5 } from "../../support/later_tables.ts";
import { ForeignHostStage } from "../../support/foreign_host_stage.ts";

type Status = string | undefined;

Deno.test("VmbChannelCreateGpadlFromPfnList: the server maps those pages, in that order, of any list (X7)", async () => {
  const pair = await openPair();
  const { fabric, guest, vsp, server, client } = pair;
  const later = serverTableV5(fabric);
  const buffer = guest.memory.allocate(3 * 4096);
  const [first, second, third] = buffer.pfns;
  const lists = [
    [third!, first!],
    [BigInt(third!), first!, second!],
    Uint32Array.of(third!, first!),
    BigUint64Array.of(BigInt(third!), BigInt(first!)),
  ];
  guest.memory.write(third! * 4096, Uint8Array.of(7, 7));
  for (const list of lists) {
    const { status, gpadlHandle } = later.VmbChannelCreateGpadlFromPfnList(client, 0, list, 2);
    assertEquals(status, vmbus.STATUS_SUCCESS);
    const { mdl } = vmbus.expectSuccess(vsp.VmbChannelMapGpadl(server, 0, gpadlHandle!));
    assertEquals([mdl.byteCount, mdl.pfns], [8192, [third!, first!]]);
    assertEquals(vmbus.mdlSegments(mdl)[0]![0], 7);
    vsp.VmbChannelUnmapGpadl(server, gpadlHandle!);
    await pair.vsc.VmbChannelDeleteGpadl(client, gpadlHandle!);
  }
  guest.memory.free(buffer); // no page is pinned any more
  await closePair(pair);
});

Deno.test("VmbChannelCreateGpadlFromPfnList: READ_ONLY is kept, and its pages are pinned (X7)", async () => {
  const pair = await openPair({ fabric: { verifier: "record" } });
  const { fabric, guest, vsp, vsc, server, client } = pair;
  const later = serverTableV5(fabric);
  const buffer = guest.memory.allocate(4096);
  const flag = vmbus.VMBUS_CHANNEL_GPADL_FLAG_READ_ONLY;
  const created = later.VmbChannelCreateGpadlFromPfnList(client, flag, [...buffer.pfns], 1);
  const handle = created.gpadlHandle!;
  assertEquals(vsp.VmbChannelMapGpadl(server, 0, handle).status, vmbus.STATUS_ACCESS_DENIED);
  guest.memory.free(buffer);
  assertEquals(fabric.violations.map(({ rule }) => rule), ["guest memory freed while pinned"]);
  await vsc.VmbChannelDeleteGpadl(client, handle);
});

Deno.test("VmbChannelCreateGpadlFromPfnList: statuses, in their order (X7, G1, G2)", async () => {
  const pair = await openPair();
  const { fabric, vsc, server, client } = pair;
  const { VmbChannelCreateGpadlFromPfnList: create } = serverTableV5(fabric);
  const idle = makePair({ within: pair, instance: "0c7e1f4e-2f52-4c57-8a1e-0d7b4f1c2a44" });
  const statusOf = (...given: unknown[]): Status => {
    const { status, gpadlHandle } = Reflect.apply(create, undefined, given);
    assertEquals(gpadlHandle, null);
    return vmbus.ntStatusName(status);
  };
  const wrong = (position: number) => `STATUS_INVALID_PARAMETER_${position}`;
  for (const channel of [null, server, idle.client, {}]) {
    assertEquals(statusOf(channel, 9, null, 0), wrong(1));
  }
  for (const flags of [2, -1, null]) assertEquals(statusOf(client, flags, null, 0), wrong(2));
  for (const length of [0, 3, -1, 0.5, NaN, 2 ** 32, "1", null]) {
    assertEquals(statusOf(client, 0, [1, 2], length), wrong(4));
  }
  for (const list of [null, undefined, 7, {}, "12", [-1, 1], [0.5, 1], [1, 2 ** 40], ["1", 2]]) {
    assertEquals(statusOf(client, 0, list, 2), wrong(3));
  }
  assertEquals(statusOf(client, 0, Array(17_000).fill(1), 17_000), "STATUS_INVALID_BUFFER_SIZE");
  idle.vsp.VmbChannelCleanup(idle.server);
  vsc.VmbChannelCleanup(idle.client);
  await closePair(pair);
});

// kmcl.md G2, G5
Deno.test("VmbChannelCreateGpadlFromPfnList: a host that refuses it, or does not answer, is STATUS_UNSUCCESSFUL (X7)", async () => {
  for (const isRefused of [true, false]) {
    const { stage } = await ForeignHostStage.opened();
    const { host, vsc, client } = stage;
    host.answers = false;
    host.onMessage = (bytes) => {
      if (bytes[0] === 8 && isRefused) host.created(bytes, 0xc000_0001);
    };
    const { pfns } = host.door.partition.memory.allocate(4096);
    const { status, gpadlHandle } = vsc.VmbChannelCreateGpadlFromPfnList(client, 0, pfns, 1);
    assertEquals([vmbus.ntStatusName(status), gpadlHandle], ["STATUS_UNSUCCESSFUL", null]);
    assertEquals(vmbus.inspectChannel(client)?.fault, isRefused ? null : "badGpadl");
    await stage.end();
  }
});
