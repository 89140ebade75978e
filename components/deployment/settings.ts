/** How long a request may take, and how many at once. */
export interface RequestLimits {
  /** Seconds until a caller gets 408; Azure allows 180. @default 30 */
  readonly timeoutSeconds?: number | undefined;
  /** What an instance works on at once. Azure takes twice as many and answers 429 to the rest. @default 16 */
  readonly perInstance?: number | undefined;
  /** Seconds that a request may wait for its turn. @default - Azure's, half a second */
  readonly queueSeconds?: number | undefined;
}

/** The limits as Azure ML has them. */
export function requestSettings({ timeoutSeconds = 30, perInstance = 16, queueSeconds }: RequestLimits) {
  return {
    requestTimeout: `PT${timeoutSeconds}S`,
    maxConcurrentRequestsPerInstance: perInstance,
    ...(queueSeconds === undefined ? {} : { maxQueueWait: `PT${queueSeconds}S` }),
  };
}

/**
 * When Azure looks, and what it makes of the answers. A container has five minutes to load its model; one that fell
 * silent gets no requests after 15 seconds and is started anew after a minute and a half.
 *
 * There is no startup probe: its route would be part of the environment's version, which cannot change.
 */
export const probes = {
  livenessProbe: { initialDelay: "PT5M", period: "PT30S", timeout: "PT5S", successThreshold: 1, failureThreshold: 3 },
  readinessProbe: { initialDelay: "PT10S", period: "PT5S", timeout: "PT2S", successThreshold: 1, failureThreshold: 3 },
};
