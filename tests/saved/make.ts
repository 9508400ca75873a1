/**
 * Makes the samples of saved state that every later release must load. Until version 0.1.0 a change of
 * the format replaces them, and CHANGELOG.md notes it:
 * `deno run --allow-write=tests/saved tests/saved/make.ts`.
 *
 * @module
 */

import { finishTalk, saveTalk, startTalk, step, type TalkStage } from "../support/talk_stage.ts";

/** Where the samples lie. */
export const SAMPLES: URL = new URL("./", import.meta.url);
/** Work items after which the sample is saved: it has something of everything then. */
const ITEMS = 50;

function talk(): TalkStage {
  return startTalk({ talk: { channels: 2, count: 16 }, memoryPages: 40 });
}

if (import.meta.main) {
  const stage = talk();
  await step(stage, ITEMS);
  const { bytes, summary } = await saveTalk(stage);
  const { channel } = await stage.host.channels[1]!.save();
  await Deno.writeFile(new URL("partition.vmbs", SAMPLES), bytes);
  await Deno.writeFile(new URL("channel.vmbs", SAMPLES), channel);
  const outcome = JSON.stringify(await finishTalk(talk()), null, 2);
  await Deno.writeTextFile(new URL("outcome.json", SAMPLES), `${outcome}\n`);
  // deno-lint-ignore no-console -- what was made is this program's output
  console.log(summary);
}
