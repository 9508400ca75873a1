/**
 * A process that makes a kept run again and says its page on stdout. The scenario is somebody's own code, so it has
 * a process of its own, which may read files and nothing else. Needs `--allow-read` to load a scenario.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { addressOf } from "../../driver_lines.ts";
import { pageOf } from "../../pages/page.ts";
import { recordReplay } from "../../pages/record_replay.ts";
import { recordingFrom } from "../../pages/recording.ts";
import { readArtefact } from "../../artefacts/read_artefact.ts";
import { writeAll } from "../command.ts";
import { findScenario } from "../find_scenario.ts";
import { lineOf } from "../marked_lines.ts";
import type { PageMessage, PageTask } from "./page_task.ts";

const [given = "", mark = ""] = Deno.args;

/** The page of the run that is kept in a file. */
async function page({ artefact: path, replay, folder }: PageTask): Promise<string> {
  const artefact = readArtefact(await Deno.readTextFile(path));
  const { name, file } = artefact.scenario;
  const { scenario } = await findScenario(file === undefined ? name : join(dirname(path), file));
  const { recording } = await recordReplay(scenario, artefact, replay);
  return await pageOf(recordingFrom(addressOf(folder), recording));
}

if (import.meta.main) {
  // Ctrl-C goes to all processes of a terminal: the one that was started by hand ends the others.
  Deno.addSignalListener("SIGINT", () => {});
  const message: PageMessage = { page: await page(JSON.parse(given) as PageTask) };
  writeAll(Deno.stdout, lineOf(message, mark));
  Deno.exit();
}
