/**
 * Control messages about the connection itself: which version both ends speak, with which features, where messages
 * and monitor pages are, and how it ends or rests (wire.md 4.2, 4.3, 4.5).
 *
 * @module
 */

import { assert } from "../assert.ts";
import { Damage, reserved, struct, u32, u8 } from "../layout/mod.ts";

/** {@linkcode VersionResponse.connectionState} where a version is agreed on (wire.md 4.2). */
export const CONNECTION_SUCCESSFUL = 0;
/** {@linkcode VersionResponse.connectionState} where the host has no room (wire.md 4.2). */
export const CONNECTION_FAILED_LOW_RESOURCES = 1;
/** {@linkcode VersionResponse.connectionState} where the host failed otherwise (wire.md 4.2). */
export const CONNECTION_FAILED_UNKNOWN = 2;

/** Message 14, to the host, also while there is no connection: speak this version with me ([wire.md 4.5](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export interface InitiateContact {
  /** Which message this is. */
  readonly message: "initiateContact";
  /** u32: the version that the guest asks for. */
  readonly version: number;
  /** u32: virtual processor that gets the host's messages; honoured from version 3.0 on. */
  readonly targetMessageVp: number;
  /**
   * u64: guest physical address of the interrupt page below version 2.4; from version 5.0 on a
   * {@linkcode TargetInfo}, as {@linkcode readTargetInfo} reads it. A bigint from 2^53 on.
   */
  readonly targetInfo: number | bigint;
  /** u64: guest physical address of the monitor page that the host writes, 0 for none. */
  readonly parentToChildMonitorGpa: number;
  /** u64: guest physical address of the monitor page that the guest writes, 0 for none. */
  readonly childToParentMonitorGpa: number;
}

/** Message 14 where its size says so: the guest says who it is ([wire.md 4.2](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export interface InitiateContact2 extends InitiateContact {
  /** The guest's own name for itself, a lower-case GUID. */
  readonly clientId: string;
}

/** Message 15, to the guest: whether the host speaks that version ([wire.md 4.5](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export interface VersionResponse {
  /** Which message this is. */
  readonly message: "versionResponse";
  /** u8: 0 where the host does not speak the version. */
  readonly supported: number;
  /** u8: a `CONNECTION_…` number; from version 2.4 on a failure is told here. */
  readonly connectionState: number;
  /** u32: the version below 5.0; from then on the connection through which the guest sends its messages. */
  readonly selected: number;
}

/** Message 15 as version 6.0 has it ([wire.md 4.2](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export interface VersionResponse2 extends VersionResponse {
  /** u32: the features that both ends have. */
  readonly supportedFeatures: number;
}

/** Message 15 where the host brings the monitor pages ([wire.md 4.2](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export interface VersionResponse3 extends VersionResponse2 {
  /** u64: guest physical address of the monitor page that the host writes, 0 for none. */
  readonly parentToChildMonitorGpa: number;
  /** u64: guest physical address of the monitor page that the guest writes. */
  readonly childToParentMonitorGpa: number;
}

/** Message 16, to the host: the guest leaves the bus ([wire.md 4.5](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export interface Unload {
  /** Which message this is. */
  readonly message: "unload";
}

/** Message 17, to the guest: the host has let go of everything of the guest ([wire.md 4.5](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export interface UnloadComplete {
  /** Which message this is. */
  readonly message: "unloadComplete";
}

/** Message 25, to the host: the monitor pages are somewhere else from now on ([wire.md 4.5](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export interface ModifyConnection {
  /** Which message this is. */
  readonly message: "modifyConnection";
  /** u64: guest physical address of the monitor page that the host writes, 0 for none. */
  readonly parentToChildMonitorGpa: number;
  /** u64: guest physical address of the monitor page that the guest writes, 0 for none. */
  readonly childToParentMonitorGpa: number;
}

/** Message 26, to the guest: how {@linkcode ModifyConnection} ended ([wire.md 4.5](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export interface ModifyConnectionResponse {
  /** Which message this is. */
  readonly message: "modifyConnectionResponse";
  /** u8: a `CONNECTION_…` number. */
  readonly connectionState: number;
}

/** Message 27, to the host: say nothing more until {@linkcode Resume} ([wire.md 4.5](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export interface Pause {
  /** Which message this is. */
  readonly message: "pause";
}

/** Message 28, to the guest: the last message until {@linkcode Resume} ([wire.md 4.5](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export interface PauseResponse {
  /** Which message this is. */
  readonly message: "pauseResponse";
}

/** Message 29, to the host: go on with what is to be said ([wire.md 4.5](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export interface Resume {
  /** Which message this is. */
  readonly message: "resume";
}

/** What {@linkcode InitiateContact.targetInfo} holds from version 5.0 on ([wire.md 4.2](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export interface TargetInfo {
  /** u8: synthetic interrupt source that gets the host's messages. */
  readonly sint: number;
  /** u8: virtual trust level that is spoken to; honoured from version 5.1 on. */
  readonly vtl: number;
  /** u32: the features that the guest asks for; honoured from version 6.0 on. */
  readonly featureFlags: number;
}

/** Where each part of it lies. */
const TARGET_INFO = struct("target info", 8, {
  sint: [0, u8],
  vtl: [1, u8],
  reserved: [2, reserved(2)],
  featureFlags: [4, u32],
});

/** The number that stands for `info` in a message. */
export function targetInfoOf(info: TargetInfo): number | bigint {
  const bytes = TARGET_INFO.encode(info);
  return narrowed(new DataView(bytes.buffer).getBigUint64(0, true));
}

/** What a number of {@linkcode InitiateContact.targetInfo} stands for. */
export function readTargetInfo(targetInfo: number | bigint): TargetInfo {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(targetInfo), true);
  const info = TARGET_INFO.decode(new Uint8Array(view.buffer));
  assert(!(info instanceof Damage), "any 8 bytes are a target");
  return info;
}

/** A number of 64 bits as layouts give it: exact, and a bigint only where it must be. */
function narrowed(value: bigint): number | bigint {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}
