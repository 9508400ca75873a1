import { assertEquals } from "@std/assert";
import { NOT_SHRUNK, shrinkCauses } from "../../../../simulator/cli/sweep/shrink_causes.ts";
import { type Cause, causeOf } from "../../../../simulator/artefacts/causes.ts";

function cause(rule: string): Cause {
  const finding = { kind: "liveness", rule, place: "p", message: "m", by: "b", step: 0 } as const;
  return { finding, seed: "1", worlds: 1, record: null };
}

const settings = { schedule: "random", codec: null, isFaulty: true, itemsMax: 1 } as const;
const task = {
  child: { scenario: "echo", settings, isUntilFailure: false },
  workers: 1,
  worldMs: 1000,
  shrinkMs: 1000,
};

Deno.test("shrinkCauses: says of each run that it does not make smaller why that is so", async () => {
  const causes = [cause("S1"), cause("S2")];
  const onProgress = () => {};
  const stopped = await shrinkCauses(causes, task, { signal: AbortSignal.abort(), onProgress });
  const reasonsOf = (ends: typeof stopped) =>
    causes.map(({ finding }) => ends.get(causeOf(finding)));
  const because = (reason: string) => causes.map(() => ({ reason }));
  assertEquals(reasonsOf(stopped), because(NOT_SHRUNK.stopped));
  const { signal } = new AbortController();
  const lost = await shrinkCauses(causes, task, { signal, onProgress });
  assertEquals(reasonsOf(lost), because(NOT_SHRUNK.lost));
});
