/**
 * The simulator's library: scenarios, which run driver pairs and check everything that they did, vectors,
 * which check the ring byte by byte, and peers, which are the opposite side of a driver in the hands of a
 * test. It runs in any runtime: files are given to it, and what it finds is returned.
 *
 * @example
 * ```ts
 * import { findScenario } from "@vmbus/kmcl/simulator";
 *
 * const bytes = new TextEncoder().encode("all that is to go to the host and back");
 * const file = {
 *   name: "a text",
 *   byteCount: bytes.length,
 *   read: (offset: number, byteCount: number) =>
 *     Promise.resolve(bytes.subarray(offset, offset + byteCount)),
 * };
 * const result = await findScenario("echo")?.run({ seed: 7n, numbers: { packets: 10 }, files: { file } });
 * console.log(result?.ok); // true
 * ```
 *
 * @module
 */

import { echo } from "./echo/scenario.ts";
import type { Scenario } from "./scenario.ts";
import { simulatedScenarios } from "./scenarios/all.ts";
import { singleRun } from "./scenarios/single_run.ts";

export { echo };
export { CALLBACK_NAMES } from "../actors/channel/driver_port.ts";
export type { CallbackName } from "../actors/channel/driver_port.ts";
export type { Look } from "./layout.ts";
// Also a door of its own: `@vmbus/kmcl/peers`
export * from "./peers/mod.ts";
export { jsonFailure, jsonReport, textReport } from "./report.ts";
export type { JsonFailure, JsonReport, RunFacts } from "./report.ts";
export { fileOf, numberOf, OptionError } from "./scenario.ts";
export type {
  DigestedBytes,
  FileOption,
  NamedTable,
  NumberOption,
  PathOption,
  PercentOption,
  ResultColumn,
  ResultFigure,
  ResultRow,
  ResultTable,
  RunHooks,
  SavedRun,
  Scenario,
  ScenarioOption,
  ScenarioResult,
  ScenarioSettings,
  SourceFile,
} from "./scenario.ts";
export type {
  CheckContext,
  Checker,
  CheckerAtWork,
  Observation,
  ObservationKind,
  ObservationOf,
  ObservedEndpoint,
  ObservedFacts,
  Sees,
} from "./checkers/checker.ts";
export { capture } from "./capture/capture.ts";
export type { CaptureOptions, FabricCapture } from "./capture/capture.ts";
export type { CaptureSink } from "./capture/capture_writer.ts";
export { isCapture, readCapture } from "./capture/read_capture.ts";
export type { CaptureDamage, ReadCapture } from "./capture/read_capture.ts";
export type { CaptureHeader, CaptureInterface, CaptureRecord } from "./capture/record.ts";
export { checkFabric } from "./checkers/check_fabric.ts";
export type { CheckFabricOptions, FabricChecks } from "./checkers/check_fabric.ts";
export { exploreScenario } from "./exploring/explore_scenario.ts";
export type {
  ExploreBounds,
  ExploreFailure,
  ExploreReport,
  ExploreSettings,
} from "./exploring/settings.ts";
export type { SearchCounts } from "./exploring/search.ts";
export { findHangs } from "./checkers/hangs.ts";
export type { Hang } from "./checkers/hangs.ts";
export { CHECKERS } from "./checkers/library.ts";
export { COUNT_MAX, CoverageSum, mergeCoverage, WAYS_MAX } from "./coverage/coverage.ts";
export type { Counts, Coverage, Nearness, ReachCoverage } from "./coverage/coverage.ts";
export { coverageGaps, coverageSpace } from "./coverage/space.ts";
export type { CoverageGaps, CoverageSpace } from "./coverage/space.ts";
export type { DecodedField, DecodedFields } from "../core/layout/mod.ts";
export { fieldsOfControlMessage } from "./decoding/control_message.ts";
export { fieldsOfGpadl } from "./decoding/gpadl.ts";
export type { DecodedGpadl } from "./decoding/gpadl.ts";
export { fieldsOfPacket } from "./decoding/packet.ts";
export type { DecodedPacket, PacketDevice, PacketForm } from "./decoding/packet.ts";
export { DEVICE_PAYLOADS } from "./decoding/devices.ts";
export { PayloadReader } from "./decoding/payloads.ts";
export type { DecodedPayload, PayloadPlace } from "./decoding/payloads.ts";
export type { DecodedDamage } from "./decoding/parts.ts";
export { fieldsOfRing, fieldsOfRings } from "./decoding/ring.ts";
export type { DecodedRing, DecodedRings, RingPacket } from "./decoding/ring.ts";
export type { AnyRule, BroughtAbout, ChannelWhere, GuestWhere } from "./faults/basics.ts";
export type {
  BusRule,
  DeviceRemovedRule,
  DirectedWhere,
  ExternalDataPendingRule,
  GpadlRefusedRule,
  InterruptDelayedRule,
  InterruptMergedRule,
  InterruptSpuriousRule,
  MessageDelayedRule,
  MessageWhere,
  OfferRescindedRule,
  OpenRefusedRule,
} from "./faults/catalogue/bus.ts";
export type {
  CallbackPromisesRule,
  CallbackSlowRule,
  CallbackThrowsRule,
  CallbackWhere,
  CompletionLateRule,
  CompletionSwappedRule,
  DriverRule,
  MisdeedWhere,
  OpenedRefusedRule,
  PacketDeferredRule,
  PacketFailedRule,
  PacketHeldRule,
  RestoreThrowsRule,
  SaveThrowsRule,
} from "./faults/catalogue/drivers.ts";
export type {
  GuestCrashedRule,
  GuestMigratedRule,
  GuestPausedRule,
  GuestRestoredRule,
  GuestRule,
  GuestSavedRule,
} from "./faults/catalogue/guest.ts";
export type {
  ImageRule,
  ImageWhere,
  StorageFailedRule,
  StorageReorderedRule,
  StorageSlowRule,
} from "./faults/catalogue/images.ts";
export { faultyImage } from "./faults/images/faulty_image.ts";
export type { ImageAtFault, PlainImage } from "./faults/images/faulty_image.ts";
export type {
  AllocationSite,
  AllocationWhere,
  MachineRule,
  MemoryExhaustedRule,
  ProcessorTakenRule,
  ProcessorWhere,
} from "./faults/catalogue/machine.ts";
export type {
  AttackWhere,
  ChannelAttackWhere,
  CompletionForgedRule,
  ForgedCompletionWhere,
  ForgedMessageWhere,
  GpadlForgedRule,
  GpadlLieWhere,
  MessageDamagedRule,
  MessageForgedRule,
  MessageRepeatedRule,
  PeerRule,
  RingCorruptedRule,
  RingLieWhere,
  RingWordSetRule,
} from "./faults/catalogue/peers.ts";
export type { Attacker } from "./faults/peers/attack.ts";
export type { ForgedCompletion } from "./faults/peers/completion_attacks.ts";
export type { GpadlLieName } from "./faults/peers/gpadl_lies.ts";
export type { FaultName, FaultRule, FiredFault } from "./faults/rule.ts";
export { pageOf } from "./pages/page.ts";
export { recordRun } from "./pages/record_run.ts";
export type {
  RecordedArrow,
  RecordedBytes,
  RecordedField,
  RecordedFinding,
  RecordedLane,
  RecordedMark,
  RecordedRun,
  RecordedStates,
  Recording,
  StatePath,
} from "./pages/recording.ts";
export { traceEventsOf } from "./pages/trace_events.ts";
export type { TraceEvent, TraceEventFile } from "./pages/trace_events.ts";
export { simulatedScenarios };
export { singleRun };
export type {
  ExpectedGroup,
  FailureGroup,
  ReachedBehaviour,
  ShrunkFailure,
  SweepSummary,
} from "./sweeps/summary.ts";
export { shrinkRun } from "./shrinking/shrink_run.ts";
export type { ShrinkOptions, ShrinkProgress, ShrunkRun } from "./shrinking/shrink_run.ts";
export type { RunSize } from "./shrinking/size.ts";
export { ShrinkError } from "./shrinking/attempt.ts";
export type { ArtefactScenario, RunArtefact, RunSettings } from "./artefacts/artefact.ts";
export { ArtefactError } from "./artefacts/read_artefact.ts";
export type { Divergence } from "./artefacts/replay.ts";
export { mermaidOfStory } from "./story/mermaid.ts";
export type { Story, StoryLine, StoryMark } from "./story/story.ts";
export { storyOf } from "./story/story_of.ts";
export type { ToldRun } from "./story/story_of.ts";
export { textOfStory } from "./story/text.ts";
export type { StoryTextOptions } from "./story/text.ts";
export { sweepWorlds } from "./sweeps/sweep_worlds.ts";
export type { SweepOptions } from "./sweeps/sweep_worlds.ts";
export { defineScenario } from "./worlds/define_scenario.ts";
export type { Finding, FindingKind } from "./finding.ts";
export type { ScenarioPayload } from "./worlds/payloads.ts";
export { runInTurn } from "./worlds/run_in_turn.ts";
export { runWorld } from "./worlds/run_world.ts";
export type { Choice, ChoiceKind, WorldResult, WorldSettings } from "./worlds/settings.ts";
export type {
  DrawnOption,
  Draws,
  DriverOptions,
  DriverTable,
  ExpectedFinding,
  InstanceOf,
  ScenarioDefinition,
  ScenarioGuestDriver,
  ScenarioHostDriver,
  ScenarioNumber,
  ScenarioPartition,
  World,
} from "./worlds/world.ts";
export { TextError } from "./vectors/json_text.ts";
export { runRingVectors } from "./vectors/run.ts";
export type { VectorResult } from "./vectors/run.ts";

/** By these names the command line copies files; as worlds they are what a sweep runs. */
const COPIES: readonly string[] = ["disk", "storage", echo.name];

/**
 * The scenarios that run in any runtime: a copy of a file by echo, and one world of each other one. The command line
 * has one more, which needs files.
 */
export const scenarios: readonly Scenario[] = [
  echo,
  ...simulatedScenarios.filter(({ name }) => !COPIES.includes(name)).map((each) => singleRun(each)),
];

/** The scenario called `name`; undefined where there is none. */
export function findScenario(name: string): Scenario | undefined {
  return scenarios.find((scenario) => scenario.name === name);
}
