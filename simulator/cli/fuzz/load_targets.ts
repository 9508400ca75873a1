/**
 * Loads the module in which targets stand: the user's own, or the package's.
 *
 * @module
 */

import { messageOf } from "../../../core/describe.ts";
import { defineFuzzTarget, type FuzzTarget } from "../../fuzzing/mod.ts";
import { cannot } from "../command.ts";

/**
 * The targets that the module at `url` exports, as `targets` or as its default: a list, or one.
 *
 * @throws {UsageError} It cannot be loaded, exports none, or two of one name.
 */
export async function loadTargets(url: string): Promise<readonly FuzzTarget[]> {
  const action = `load the targets in ${url}`;
  const hint = "name a module that exports a list of targets as default, or as targets";
  let module: Readonly<Record<string, unknown>>;
  try {
    module = await import(url);
  } catch (error) {
    throw cannot(action, messageOf(error), hint);
  }
  const exported = module.targets ?? module.default;
  const list = Array.isArray(exported) ? exported : [exported];
  let targets: readonly FuzzTarget[];
  try {
    targets = list.map((each) => defineFuzzTarget(each as FuzzTarget));
  } catch (error) {
    throw cannot(action, messageOf(error), hint);
  }
  const names = targets.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) {
    throw cannot(action, `two are called ${twice}`, "give each a name of its own");
  }
  return targets;
}
