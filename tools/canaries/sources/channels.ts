/**
 * Bugs in what becomes of channels: their states, callbacks, offers and memory.
 *
 * @module
 */

import type { SourceCanary } from "../canary.ts";

/** Each by its name. */
export const CHANNEL_CANARIES: readonly SourceCanary[] = [
  {
    name: "gpadl-not-unpinned",
    breaks: "memory of a GPADL stays pinned when it was torn down (kmcl.md S11)",
    file: "actors/bus/guest/gpadls.ts",
    text: "for (const { pfns } of gpadl.ranges) this.#end.memory.unpin(pfns);",
    replacement: "for (const { pfns } of gpadl.ranges.slice(1)) this.#end.memory.unpin(pfns);",
    scenario: "everything",
  },
  {
    name: "suspend-in-a-call",
    breaks: "Suspend is called while ProcessPacket is unfinished (kmcl.md S7)",
    file: "actors/channel/change_calls.ts",
    text: "isHeldUp: ({ incoming }) => incoming.isBusy,",
    replacement: "isHeldUp: () => false,",
    scenario: "everything-honest",
  },
  {
    name: "instance-stays-offered",
    breaks: "a rescinded offer keeps its instance from being offered again (kmcl.md S2)",
    file: "actors/bus/host/offered_channels.ts",
    text: "this.#byEndpoint.delete(endpoint);",
    replacement: "this.#byEndpoint.get(endpoint);",
    scenario: "everything",
  },
  {
    name: "message-left-behind",
    breaks: "the last control message of several stays where it is (wire.md 4)",
    file: "actors/bus/lane.ts",
    text: "if (this.#queue.length > 0) this.schedule();",
    replacement: "if (this.#queue.length > 1) this.schedule();",
    scenario: "everything",
  },
  {
    name: "disabled-before-routines",
    breaks: "Disable resolves before completion routines have run (kmcl.md S11)",
    file: "actors/channel/endpoint.ts",
    text: `if (hasLeftBus && !this.completions.isDue) this.tell({ type: "released" });`,
    replacement: `if (hasLeftBus) this.tell({ type: "released" });`,
    scenario: "everything",
  },
  {
    name: "id-not-freed",
    breaks: "a channel id that the guest has released stays in use (wire.md 4.2)",
    file: "actors/bus/host/offered_channels.ts",
    text: "    this.#byId.delete(channelId);",
    replacement: "    this.#byId.has(channelId);",
    scenario: "everything",
  },
  {
    name: "pause-before-packets",
    breaks: "Pause returns while the driver holds packets (kmcl.md S8)",
    file: "actors/channel/machine.ts",
    text: `draining: { tags: "draining", entry: "endDraining",`,
    replacement: `draining: { tags: "draining", entry: ["answerPause", "endDraining"],`,
    scenario: "everything",
  },
  {
    name: "announced-while-leaving",
    breaks: "PostStarted is called while the channel leaves (kmcl.md S10)",
    file: "actors/channel/change_calls.ts",
    text: `endpoint.is("leaving") || !endpoint.isSound ? "leaveOut"`,
    replacement: `!endpoint.isSound ? "leaveOut"`,
    scenario: "everything",
  },
  {
    name: "requests-not-released",
    breaks: "callers that wait for an answer wait on while the channel closes (kmcl.md S10)",
    file: "actors/channel/machine.ts",
    text: `entry: ["releaseRequests", "runNextCallback"], initial: "byPeer"`,
    replacement: `entry: ["runNextCallback"], initial: "byPeer"`,
    scenario: "waiting-callers",
  },
  {
    name: "disable-before-closed",
    breaks: "Disable returns before Closed has returned (kmcl.md S11)",
    file: "actors/channel/change_calls.ts",
    text: `      endpoint.end?.tellClosed(endpoint);
`,
    replacement:
      `      endpoint.end?.tellClosed(endpoint), (endpoint as any).callers.answerDisabled();
`,
    scenario: "everything",
  },
  {
    name: "ring-pages-kept",
    breaks: "the pages of a client's rings stay allocated when it is Disabled (kmcl.md S11)",
    file: "actors/bus/guest/guest_end.ts",
    text: "    this.memory.free(taken.ringPages);",
    replacement: "    void taken.ringPages;",
    scenario: "everything",
  },
  {
    name: "refusal-misnamed",
    breaks: "a GPADL that the host refuses has a status of another function (kmcl.md G2)",
    file: "actors/bus/guest/gpadls.ts",
    text: "return { status: STATUS_UNSUCCESSFUL, gpadlHandle: null };",
    replacement: "return { status: STATUS_UNSUCCESSFUL + 33, gpadlHandle: null };",
    scenario: "everything",
  },
  {
    name: "latency-kept",
    breaks: "the next open has the signal latency of the last one (kmcl.md S11)",
    file: "actors/channel/endpoint.ts",
    text: `    this.latency100ns = 0;
`,
    replacement: `    this.latency100ns += 0;
`,
    scenario: "everything",
  },
];
