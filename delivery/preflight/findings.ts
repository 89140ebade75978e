/** What was found before anything is created. */
export interface Findings {
  /** Why nothing may be created: Azure would refuse it, half-way through the update. */
  readonly refusals: readonly string[];
  /** What somebody should know and may go on in spite of. */
  readonly warnings: readonly string[];
}

/** All findings as one. */
export function together(findings: readonly Findings[]): Findings {
  return {
    refusals: findings.flatMap(({ refusals }) => refusals),
    warnings: findings.flatMap(({ warnings }) => warnings),
  };
}
