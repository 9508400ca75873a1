// Monitor pages, bit by bit (wire.md section 6).

import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Damage } from "../../../core/layout/mod.ts";
import { MONITOR_PAGE, type MonitorPageFields } from "../../../core/signals/layouts.ts";
import { MonitorPage } from "../../../core/signals/monitor_page.ts";

/** A page that lies somewhere in a larger buffer, with what the layout makes of it. */
function anyPage(isShared = false) {
  const buffer = isShared ? new SharedArrayBuffer(12_288) : new ArrayBuffer(12_288);
  const bytes = new Uint8Array(buffer, 4096, 4096);
  const page = new MonitorPage(bytes);
  const fields = (): MonitorPageFields => {
    const decoded = MONITOR_PAGE.decode(bytes);
    if (decoded instanceof Damage) throw new Error(decoded.reason);
    return decoded;
  };
  return { bytes, page, fields, all: new Uint8Array(buffer) };
}

Deno.test("MonitorPage: each word stands where wire.md section 6 has it, by hand", () => {
  const { bytes, page } = anyPage();
  page.arm(69, { connectionId: 0x2007, flag: 3 }, 1000);
  page.setPending(69);
  page.setNextCheckTime(69, 0x1_2345_6789);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const word = (at: number) => view.getUint32(at, true);
  assertEquals(word(0), 0b100); // group 2
  assertEquals([word(24), word(28)], [1 << 5, 1 << 5]); // 8 + 8 * 2: pending, armed
  assertEquals(word(64 + 4 * 69), 0x2345_6789);
  assertEquals(view.getUint16(576 + 2 * 69, true), 1000);
  assertEquals([word(1088 + 8 * 69), word(1088 + 8 * 69 + 4)], [0x2007, 3]);
  const rest = bytes.slice();
  for (const [at, count] of [[0, 4], [24, 8], [64 + 276, 4], [576 + 138, 2], [1088 + 552, 8]]) {
    rest.fill(0, at, at! + count!);
  }
  assertEquals(rest.every((byte) => byte === 0), true);
});

Deno.test("MonitorPage: what it says is what the layout reads, for each id, in any memory", () => {
  for (const isShared of [false, true]) {
    const { page, fields, all } = anyPage(isShared);
    for (let id = 0; id < 128; id++) {
      page.arm(id, { connectionId: 0xffff_0000 + id, flag: 65_535 - id }, 65_535 - id);
      assertEquals(page.setPending(id), true);
      assertEquals(page.setPending(id), false); // one signal stands for both
    }
    const { triggerState, groups, latencies100ns, parameters } = fields();
    assertEquals(triggerState, 15);
    assertEquals(groups, Array(4).fill({ pending: 0xffff_ffff, armed: 0xffff_ffff }));
    assertEquals(latencies100ns, Array.from({ length: 128 }, (_, id) => page.latency100ns(id)));
    assertEquals(parameters, Array.from({ length: 128 }, (_, id) => page.parameters(id)));
    assertEquals(page.parameters(127), { connectionId: 0xffff_007f, flag: 65_408 });
    assertEquals(page.pending(), Array.from({ length: 128 }, (_, id) => id));
    for (let id = 0; id < 128; id++) page.disarm(id);
    assertEquals(all.subarray(4100).every((byte) => byte === 0), true); // groups stay enabled
    assertEquals(all.subarray(0, 4096).every((byte) => byte === 0), true);
  }
});

Deno.test("MonitorPage: bits that are set and taken, against a set of ids", () => {
  const step = fc.record({ id: fc.nat({ max: 127 }), isSet: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { page } = anyPage();
      const model = new Set<number>();
      for (const { id, isSet } of steps) {
        assertEquals(isSet ? page.setPending(id) : page.takePending(id), model.has(id) !== isSet);
        if (isSet) model.add(id);
        else model.delete(id);
        assertEquals(page.isPending(id), isSet);
      }
      assertEquals(page.pending(), [...model].sort((a, b) => a - b));
    }),
    { numRuns: 50 },
  );
});

Deno.test("MonitorPage: any bytes are a page, and nobody reads beyond it", () => {
  const { bytes, page, all } = anyPage();
  all.fill(0xff);
  bytes.fill(0);
  assertEquals([page.pending(), page.latency100ns(0), page.latency100ns(127)], [[], 0, 0]);
  assertEquals(page.parameters(127), { connectionId: 0, flag: 0 });
  bytes.fill(0xff);
  assertEquals(page.pending().length, 128);
  assertEquals(page.parameters(0), { connectionId: 0xffff_ffff, flag: 0xffff });
  assertEquals(page.latency100ns(5), 0xffff);
  for (const id of [-1, 128]) assertThrows(() => page.setPending(id));
});
