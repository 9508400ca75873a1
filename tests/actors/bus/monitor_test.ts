// Who looks after a monitor page, alone (wire.md section 6, behaviours 29 and 30).

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Monitor, MonitorIds } from "../../../actors/bus/monitor.ts";
import type { HostSignal } from "../../../actors/bus/synic.ts";
import { MonitorPage } from "../../../core/signals/monitor_page.ts";

/** A monitor with a page; what it signals is noted. */
function monitored() {
  const bus = { runs: true, signal: (signal: HostSignal) => void made.push(signal) };
  const made: HostSignal[] = [];
  const bytes = new Uint8Array(4096);
  const page = new MonitorPage(bytes);
  const monitor = new Monitor(bus);
  monitor.use(page);
  return { bus, made, bytes, page, monitor };
}

const SIGNAL: HostSignal = { connectionId: 0x2001, flag: 0 };

Deno.test("Monitor: a pending id is signalled within its latency, once for all that came until then", () => {
  const { made, page, monitor } = monitored();
  monitor.arm(40, SIGNAL);
  assertEquals(page.latency100ns(40), 1000); // 100 µs, unless the guest says something else
  assertEquals(monitor.due100ns(50), null);
  for (const now100ns of [50, 300, 900]) {
    page.setPending(40);
    assertEquals(monitor.due100ns(now100ns), 1050); // from the first on
  }
  monitor.look(1049);
  assertEquals(made, []);
  monitor.look(1050);
  assertEquals(made, [SIGNAL]);
  assertEquals([page.isPending(40), monitor.due100ns(1050), monitor.signals], [false, null, 1]);
  page.setPending(40);
  assertEquals(monitor.due100ns(2000), 3000);
});

Deno.test("Monitor: a latency that becomes shorter counts at once, one that becomes longer from the next signal on", () => {
  const { page, monitor } = monitored();
  monitor.arm(0, SIGNAL);
  page.setPending(0);
  assertEquals(monitor.due100ns(0), 1000);
  page.setLatency(0, 0xffff);
  assertEquals(monitor.due100ns(10), 1000);
  page.setLatency(0, 20);
  assertEquals(monitor.due100ns(10), 30);
  page.setLatency(0, 0);
  assertEquals(monitor.due100ns(15), 15);
});

Deno.test("Monitor: ids of no open channel mean nothing, whatever the page says of them", () => {
  const { made, bytes, page, monitor } = monitored();
  bytes.fill(0xff);
  assertEquals(monitor.due100ns(0), null);
  monitor.look(100_000);
  assertEquals(made, []);
  monitor.arm(5, SIGNAL); // what somebody left there is not of this channel
  assertEquals(monitor.due100ns(0), null);
  page.setPending(5);
  monitor.disarm(5);
  assertEquals([monitor.due100ns(0), page.isPending(5)], [null, false]);
});

Deno.test("Monitor: what is signalled is what the page says then, any number", () => {
  const { made, bytes, page, monitor } = monitored();
  monitor.arm(7, SIGNAL);
  page.setPending(7);
  new DataView(bytes.buffer).setUint32(1088 + 8 * 7, 0xffff_ffff, true);
  new DataView(bytes.buffer).setUint32(1088 + 8 * 7 + 4, 0xdead_beef, true);
  monitor.due100ns(0);
  monitor.look(1000);
  assertEquals(made, [{ connectionId: 0xffff_ffff, flag: 0xbeef }]);
});

Deno.test("Monitor: signals of a guest that stands still wait, and are due when it runs again", () => {
  const { bus, made, page, monitor } = monitored();
  monitor.arm(1, SIGNAL);
  page.setPending(1);
  assertEquals(monitor.due100ns(0), 1000);
  bus.runs = false;
  assertEquals(monitor.due100ns(500), null);
  bus.runs = true;
  assertEquals(monitor.due100ns(9000), 9000); // never before now
  monitor.look(9000);
  assertEquals(made, [SIGNAL]);
});

Deno.test("Monitor: another page, or none, is looked after from the beginning", () => {
  const { page, monitor } = monitored();
  monitor.arm(1, SIGNAL);
  page.setPending(1);
  assertEquals([monitor.due100ns(0), monitor.isInUse], [1000, true]);
  monitor.use(null);
  assertEquals([monitor.due100ns(0), monitor.isInUse, monitor.pending], [null, false, []]);
  monitor.arm(1, SIGNAL); // a channel that has an id, on a connection without pages
  assertEquals([monitor.due100ns(0), monitor.isInUse], [null, false]);
});

Deno.test("Monitor: any page at any time makes no more signals than bits were set, and none for no channel", () => {
  const writes = fc.array(
    fc.tuple(fc.nat({ max: 4095 }), fc.integer({ min: 0, max: 255 }), fc.nat({ max: 3000 })),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(writes, fc.uniqueArray(fc.nat({ max: 127 }), { maxLength: 6 }), (steps, ids) => {
      const { made, bytes, page, monitor } = monitored();
      for (const id of ids) monitor.arm(id, { connectionId: id, flag: 0 });
      let [now100ns, wereSet] = [0, 0];
      for (const [at, value, after100ns] of steps) {
        bytes[at] = value;
        wereSet += page.pending().length;
        const due100ns = monitor.due100ns(now100ns);
        assertEquals(due100ns === null || due100ns >= now100ns, true);
        if (due100ns !== null && due100ns <= now100ns + after100ns) monitor.look(due100ns);
        now100ns += after100ns;
      }
      assertEquals(made.length <= wereSet, true);
      assertEquals(ids.length > 0 || made.length === 0, true);
    }),
    { numRuns: 50 },
  );
});

Deno.test("MonitorIds: the lowest that is free, 128 of them, then none", () => {
  const ids = new MonitorIds();
  assertEquals(Array.from({ length: 129 }, () => ids.take()), [
    ...Array.from({ length: 128 }, (_, id) => id),
    null,
  ]);
  for (const id of [90, 3]) ids.free(id);
  assertEquals([ids.keep(4), ids.take(), ids.take(), ids.take()], [false, 3, 90, null]);
  ids.clear();
  assertEquals([ids.keep(1), ids.take(), ids.take()], [true, 0, 2]);
});
