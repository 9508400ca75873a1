import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { ChildMaker } from "../../../../simulator/cli/sweep/child_maker.ts";
import { shrink } from "../../../../simulator/shrinking/shrink.ts";
import type { RunRecord } from "../../../../simulator/artefacts/artefact.ts";
import { isLong } from "../../../support/long.ts";

const ENDINGS = fileURLToPath(new URL("./endings.ts", import.meta.url));
const SETTINGS = { schedule: "random", codec: "msgpack", isFaulty: true, itemsMax: 1000 } as const;

/** A run of which its process dies, or that never ends: what it draws says which. */
function lost(drawn: number, finding: Pick<RunRecord["finding"], "kind" | "rule">): RunRecord {
  return {
    settings: { ...SETTINGS, seed: "0" },
    finding: { ...finding, place: "process", message: "it is gone", by: "sweep", step: 1 },
    steps: null,
    digest: null,
    choices: [`d8.${drawn}`],
  };
}

// Each run that is made ends a process: deno task test:long has the time.
const ignore = !isLong;

Deno.test("ChildMaker: a run that its process dies of, or never ends, is made smaller by others", {
  ignore,
}, async () => {
  const crash = lost(4, { kind: "crash", rule: "a process outlives its worlds" });
  const hang = lost(3, { kind: "liveness", rule: "a world ends" });
  for (const record of [crash, hang]) {
    const task = { scenario: ENDINGS, settings: record.settings, isUntilFailure: false };
    const maker = new ChildMaker(record, {
      task,
      worldMs: 3000,
      signal: new AbortController().signal,
    });
    try {
      const { record: made, reruns, after } = await shrink(maker, record.finding, { rerunsMax: 4 });
      assertEquals([made.choices, made.steps, made.digest], [record.choices, null, null]);
      assertEquals([reruns <= 4, after.draws], [true, 1]);
    } finally {
      await maker.end();
    }
  }
});
