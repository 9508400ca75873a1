import { assert } from "@std/assert";
import { runDeno } from "../support/deno_process.ts";
import { isLong } from "../support/long.ts";

/** Less than any object that could stay for each time takes, and more than chance makes of nothing. */
const BYTES_MAX = 50;

// What stays shows only after thousands of times.
if (isLong) {
  // kmcl.md section 9: leaks() lists what drivers left; what the package itself keeps, it cannot show.
  Deno.test("Fabric: what is done again and again leaves the heap where it was", async () => {
    const program = new URL("./growth.ts", import.meta.url).pathname;
    const { code, stdout, stderr } = await runDeno([
      "run",
      "--no-check",
      "--v8-flags=--expose-gc",
      program,
    ]);
    assert(code === 0, stderr);
    const grown = Object.entries(JSON.parse(stdout) as Record<string, number>);
    assert(grown.length > 10, "the cycles were run");
    const [name, bytes] = grown.reduce((most, each) => each[1] > most[1] ? each : most);
    assert(bytes < BYTES_MAX, `${name}: ${Math.round(bytes)} bytes stay for each`);
  });
}
