import type { Rule, StackRule } from "../rule.ts";
import { clusterAuthentication, clusterIdleNodes } from "./cluster.ts";
import { endpointAuthentication, modelByVersion } from "./endpoint.ts";
import { pinnedImages } from "./images.ts";
import { closedBuckets, networkNeedsIdentity, publicData } from "./public.ts";
import { protectedState } from "./state.ts";
import { tags } from "./tags.ts";

/** Rules that judge a resource by itself. */
export const RULES: readonly Rule[] = [
  endpointAuthentication,
  modelByVersion,
  pinnedImages,
  clusterAuthentication,
  clusterIdleNodes,
  publicData,
  networkNeedsIdentity,
  tags,
  protectedState,
];

/** Rules that need all resources. */
export const STACK_RULES: readonly StackRule[] = [closedBuckets];
