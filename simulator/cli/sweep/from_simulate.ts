/**
 * `simulate sweep`: a sweep starts processes, which `simulate` may not; where it may, it sweeps.
 *
 * @module
 */

import { shellQuoted } from "../../text.ts";
import { endWith, tell, UsageError } from "../command.ts";
import { mayStartProcesses } from "../processes.ts";
import { siblingOf, type Start } from "../start.ts";
import { sweepMain } from "./main.ts";

/**
 * Says which command sweeps, and starts it where the permissions allow that; gives the exit code.
 *
 * @param readStart Tells how `simulate` was started; the first argument is the word `sweep`.
 */
export async function sweepFromSimulate(readStart: () => Start): Promise<number> {
  try {
    const { command, args, isDumb } = readStart();
    const own = args.slice(1);
    const sweep = siblingOf(command, "sweep");
    const whole = [sweep, ...own.map(shellQuoted)].join(" ");
    if (mayStartProcesses()) {
      tell(`sweep is a command of its own: ${whole}\n`);
      return await sweepMain(own, () => ({ command: sweep, args: own, isDumb }));
    }
    const reason = `${command} may start no process, and a sweep runs in several`;
    throw new UsageError(`Cannot sweep: ${reason}; use ${whole}`);
  } catch (error) {
    return endWith(error);
  }
}
