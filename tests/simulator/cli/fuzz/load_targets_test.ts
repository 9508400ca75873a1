import { assertRejects } from "@std/assert";
import { loadTargets } from "../../../../simulator/cli/fuzz/load_targets.ts";

// Only the first one of a name would ever run.
Deno.test("loadTargets: two targets of one name are refused", async () => {
  const target = '{ name: "twice", title: "", seeds: () => [], run: () => "ok" }';
  const module = `export default [${target}, ${target}];`;
  await assertRejects(
    () => loadTargets(`data:text/javascript,${encodeURIComponent(module)}`),
    Error,
    "two are called twice; give each a name of its own",
  );
});
