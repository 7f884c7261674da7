import { accessRules } from "./rules/access.js";
import { databaseRules } from "./rules/databases.js";
import { loadBalancingRules } from "./rules/load-balancing.js";
import { machineRules } from "./rules/machines.js";
import { observationRules } from "./rules/observation.js";
import type { Memory, Rule } from "./rules/rule.js";
import { serviceRules } from "./rules/services.js";
import { taskDefinitionRules } from "./rules/task-definitions.js";

/*
 * What AWS refuses although every member has its type, range and pattern: rules across members, and limits that only the
 * documentation knows. Each has the page it is taken from. Nothing here follows an emulator.
 */

/** Every rule, by the service it belongs to. */
const rules: readonly Rule[] = [
  ...taskDefinitionRules,
  ...serviceRules,
  ...loadBalancingRules,
  ...machineRules,
  ...accessRules,
  ...observationRules,
  ...databaseRules,
];

/** A memory of nothing yet. */
export function createMemory(): Memory {
  return { taskDefinitions: new Map(), targetGroups: new Map() };
}

/** What an input violates, each with the rule's name and source; remembers what later inputs refer to. */
export function crossFieldViolations(name: string, input: Record<string, unknown>, memory: Memory): string[] {
  const found = rules
    .filter(({ on }) => on.includes(name))
    .flatMap(({ rule, source, check }) =>
      check(input, memory).map((problem) => `${problem} (${rule}, ${source})`),
    );
  if (name === "ecs:RegisterTaskDefinition") memory.taskDefinitions.set(String(input.family), input);
  if (name === "elasticloadbalancing:CreateTargetGroup") memory.targetGroups.set(String(input.Name), input);
  return found;
}
