/**
 * Everything that there is to come by, and what runs have not come by.
 *
 * @module
 */

import type { AnyStateMachine } from "xstate";
import { GUEST_CHANNEL_ACTOR } from "../../actors/bus/guest/channel_machine.ts";
import { tableOf } from "../../actors/chart/compile.ts";
import { CHANNEL_ACTORS } from "../../actors/channel/actor_kinds.ts";
import type { Coverage } from "./coverage.ts";
import { DOCUMENTED_STATUSES } from "./documented_statuses.ts";
import { transitionsIn } from "./transitions.ts";
