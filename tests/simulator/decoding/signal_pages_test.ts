import { assertEquals } from "@std/assert";
import { InterruptPage } from "../../../core/signals/interrupt_page.ts";
import { MonitorPage } from "../../../core/signals/monitor_page.ts";
import { decodeBytes } from "../../../simulator/decoding/decode_bytes.ts";

// wire.md section 6
Deno.test("decodeBytes: a monitor page is shown with its fields, and with what is to be signalled", () => {
  const bytes = new Uint8Array(4104).subarray(8);
  const page = new MonitorPage(bytes);
  page.arm(33, { connectionId: 0x2005, flag: 0 }, 1000);
  for (const id of [33, 2]) page.setPending(id);
  const shown = [bytes, bytes.slice(), shifted(bytes)].map((each) =>
    decodeBytes([each], { kind: "monitorPage" })[0]!
  );
  for (const { damage, parts: [part] } of shown) {
    assertEquals([damage, part?.title], [null, "monitor page, pending ids: 2, 33"]);
    const fields = new Map(part?.fields.map(({ name, fields }) => [name, fields]));
    assertEquals(fields.get("latencies100ns")?.[33]?.text, "1000");
    assertEquals(fields.get("parameters")?.[33]?.fields?.[0]?.text, "0x2005");
    assertEquals(fields.get("groups")?.[1]?.fields?.map(({ text }) => text), ["0x2", "0x2"]);
  }
});

/** The same bytes where no word is aligned. */
function shifted(bytes: Uint8Array): Uint8Array {
  const room = new Uint8Array(bytes.length + 3).subarray(3);
  room.set(bytes);
  return room;
}

Deno.test("decodeBytes: an interrupt page is shown with the channels that are signalled", () => {
  const bytes = new Uint8Array(4096);
  const page = new InterruptPage(bytes);
  page.set("toHost", 7);
  page.set("toHost", 2047);
  const [{ damage, parts } = { damage: "none", parts: [] }] = decodeBytes([bytes], {
    kind: "interruptPage",
  });
  assertEquals(damage, null);
  assertEquals(parts.map(({ title }) => title), [
    "interrupt page, channels to the guest: none; to the host: 7, 2047",
  ]);
  assertEquals(parts[0]?.fields.map(({ name, offset }) => [name, offset]), [
    ["toGuest", 0],
    ["toHost", 2048],
  ]);
});

Deno.test("decodeBytes: of a page that is cut short what is there is shown, and the damage", () => {
  for (const kind of ["monitorPage", "interruptPage"] as const) {
    const [found] = decodeBytes([new Uint8Array(100)], { kind });
    assertEquals(found?.damage === null, false);
    assertEquals(
      found?.parts[0]?.title,
      kind === "monitorPage" ? "monitor page" : "interrupt page",
    );
  }
});
