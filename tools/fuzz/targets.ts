/**
 * The package's own targets, as `deno task fuzz` knows them.
 *
 * @module
 */

import type { FuzzTarget } from "../../simulator/fuzzing/mod.ts";
import type { PackageTarget } from "./package_target.ts";
import { captureTarget } from "./targets/captures.ts";
import { controlTargets } from "./targets/control.ts";
import { deviceTargets } from "./targets/devices.ts";
import { gpadlTarget } from "./targets/gpadl.ts";
import { hostileGuestTargets } from "./targets/hostile_guest.ts";
import { hostileHostTargets } from "./targets/hostile_host.ts";
import { listeningTargets } from "./targets/listening.ts";
import { packetTargets } from "./targets/packets.ts";
import { ringTarget } from "./targets/ring.ts";
import { savedTargets } from "./targets/saved.ts";
import { streamHeaderTarget } from "./targets/stream_headers.ts";

/** All of them, with what makes their seeds. */
export const packageTargets: readonly PackageTarget[] = [
  ringTarget,
  ...packetTargets,
  streamHeaderTarget,
  ...controlTargets,
  gpadlTarget,
  ...listeningTargets,
  ...savedTargets,
  captureTarget,
  ...deviceTargets,
  ...hostileGuestTargets,
  ...hostileHostTargets,
];

/** The targets. */
export const targets: readonly FuzzTarget[] = packageTargets.map(({ target }) => target);
