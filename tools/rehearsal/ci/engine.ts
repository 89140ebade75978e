import type { CiOptions } from "../../../pipelines/render/files.ts";
import type { Repository } from "../pipeline.ts";
import type { Screen } from "../screen.ts";
import type { Workplace } from "../stacks.ts";
import type { Stages } from "../stages.ts";

/** What an engine needs to run a delivery of a rehearsal. */
export interface CiContext {
  /** The project's root, whose installed packages and tools the jobs use. */
  readonly root: string;
  /** The rehearsal's home; an engine keeps its own things in `ci/` there. */
  readonly home: string;
  readonly place: Workplace;
  readonly repository: Repository;
  readonly stages: Stages;
  readonly screen: Screen;
  /** As the pipelines of the repository were made. */
  readonly options: CiOptions;
  /** What is said where somebody is asked before production. @default true */
  readonly approve?: boolean;
}

/**
 * Runs the delivery's whole pipeline for the newest commit on main, from data to production, as the CI system would. Each
 * step is shown as a stage of the rehearsal. The model it delivered is the one that `latest` names.
 *
 * @throws Refused when a step's answer is no, or production was not approved; Error when something broke.
 */
export type CiEngine = (context: CiContext) => Promise<void>;
