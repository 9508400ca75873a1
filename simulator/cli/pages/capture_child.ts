/**
 * A process that makes a kept run again and says its capture on stdout, piece by piece. The scenario is somebody's own
 * code, so it has a process of its own, which may read files and nothing else. Needs `--allow-read` to load a scenario.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { RunCapture } from "../../capture/capture.ts";
import { captured, findingsOf, nameOfArtefact } from "../../capture/captured.ts";
import { readArtefact } from "../../artefacts/read_artefact.ts";
import { replayRun } from "../../artefacts/replay.ts";
import { writeAll } from "../command.ts";
import { findScenario } from "../find_scenario.ts";
import { lineOf } from "../marked_lines.ts";
import type { CaptureMessage } from "./page_task.ts";

const [path = "", mark = ""] = Deno.args;

function say(message: CaptureMessage): void {
  writeAll(Deno.stdout, lineOf(message, mark));
}

if (import.meta.main) {
  // Ctrl-C goes to all processes of a terminal: the one that was started by hand ends the others.
  Deno.addSignalListener("SIGINT", () => {});
  const artefact = readArtefact(await Deno.readTextFile(path));
  const { name, file } = artefact.scenario;
  const { scenario } = await findScenario(file === undefined ? name : join(dirname(path), file));
  const capture = new RunCapture(
    (bytes) => say({ piece: bytes.toBase64() }),
    nameOfArtefact(artefact),
  );
  const replayed = await replayRun(captured(scenario, capture), artefact, {
    onChoice: capture.chose,
  });
  capture.close(findingsOf(replayed));
  say({ piece: null });
  Deno.exit();
}
