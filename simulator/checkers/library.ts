/**
 * The checkers that every world has.
 *
 * @module
 */

import { agreementChecker } from "./agreement.ts";
import { boundsChecker } from "./bounds.ts";
import { callbacksChecker } from "./callbacks.ts";
import type { Checker } from "./checker.ts";
import { functionsChecker } from "./functions.ts";
import { hangsChecker } from "./hangs.ts";
import { leaksChecker } from "./leaks.ts";
import { memoryChecker } from "./memory.ts";
import { messagesChecker } from "./messages.ts";
import { orderChecker } from "./order.ts";
import { protocolChecker } from "./protocol.ts";
import { trafficChecker } from "./traffic.ts";
import { transactionsChecker } from "./transactions.ts";

/** All of them, in the order in which they are told of what happens. */
export const CHECKERS: readonly Checker[] = Object.freeze([
  transactionsChecker,
  trafficChecker,
  orderChecker,
  boundsChecker,
  callbacksChecker,
  agreementChecker,
  memoryChecker,
  functionsChecker,
  protocolChecker,
  messagesChecker,
  hangsChecker,
  leaksChecker,
]);
