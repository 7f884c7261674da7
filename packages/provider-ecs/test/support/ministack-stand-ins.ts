import type { Script } from "./scripts.js";

/** What ministack answers with 400: an account in which nothing is scaled by load. docs/testing-ecs.md lists it. */
export function ministackStandIns(): readonly Script[] {
  return [
    { on: "application-autoscaling:DescribeScalableTargets", tell: { answer: { ScalableTargets: [] } } },
    { on: "application-autoscaling:DescribeScalingPolicies", tell: { answer: { ScalingPolicies: [] } } },
  ];
}
