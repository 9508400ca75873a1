import { assertEquals } from "@std/assert";
import * as ntstatus from "../../core/ntstatus.ts";

const STATUSES: readonly (readonly [string, unknown])[] = Object.entries(ntstatus).filter((
  [name],
) => name.startsWith("STATUS_"));

/** The statuses of kmcl.md section 10, by name. */
async function documented(): Promise<Record<string, number>> {
  const text = await Deno.readTextFile("docs/kmcl.md");
  const section = text.slice(text.indexOf("\n## 10."));
  const found = [...section.matchAll(/([A-Z][A-Z_]+)(?: ([0-9A-F]{8})|_1…12 ([0-9A-F]{8})…)/g)];
  return Object.fromEntries(
    found.flatMap(([, name, one, first]) =>
      one !== undefined ? [[`STATUS_${name}`, parseInt(one, 16)]] : Array.from(
        { length: 12 },
        (_, at) => [`STATUS_${name}_${at + 1}`, parseInt(first!, 16) + at],
      )
    ),
  );
}

// kmcl.md section 10
Deno.test("ntstatus: has the documented values, and no others", async () => {
  const expected = await documented();
  assertEquals(Object.keys(expected).length > 30, true);
  assertEquals(Object.fromEntries(STATUSES), expected);
});

Deno.test("ntStatusName: names each status by itself, and nothing else", () => {
  for (const [name, status] of STATUSES) {
    assertEquals(ntstatus.ntStatusName(status as number), name);
  }
  assertEquals(ntstatus.ntStatusName(0xc000_0002), undefined);
});

Deno.test("NT_SUCCESS: holds of what is not negative as a signed number", () => {
  for (const status of [0, 0x102, 0x4000_0000, 0x7fff_ffff]) {
    assertEquals(ntstatus.NT_SUCCESS(status), true);
  }
  for (const status of [0x8000_0000, 0x8000_0005, 0xc000_0016, 0xffff_ffff]) {
    assertEquals(ntstatus.NT_SUCCESS(status), false);
  }
});
