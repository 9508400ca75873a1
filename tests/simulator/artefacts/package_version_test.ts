import { assertEquals } from "@std/assert";
import { PACKAGE_VERSION } from "../../../simulator/artefacts/package_version.ts";

Deno.test("PACKAGE_VERSION: is that of deno.json", async () => {
  const { version } = JSON.parse(
    await Deno.readTextFile(new URL("../../../deno.json", import.meta.url)),
  );
  assertEquals(PACKAGE_VERSION, version);
});
