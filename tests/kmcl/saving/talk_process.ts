/**
 * Takes a saved talk from one file, lets it go on for some items, and saves it into another: run as a
 * program of its own.
 *
 * @module
 */

import * as vmbus from "../../../mod.ts";
import { finishTalk, restoreTalk, saveTalk, step } from "../../support/talk_stage.ts";

if (import.meta.main) {
  const [from, to, items, seed] = Deno.args as [string, string, string, string];
  const fabric = vmbus.createFabric({ seed: Number(seed), schedule: "random" });
  const stage = restoreTalk(fabric, await Deno.readFile(from));
  stage.guest.resume();
  await step(stage, Number(items));
  const { bytes } = await saveTalk(stage);
  await Deno.writeFile(to, bytes);
  stage.guest.resume();
  // deno-lint-ignore no-console -- the outcome is this program's output
  console.log(JSON.stringify(await finishTalk(stage)));
}
