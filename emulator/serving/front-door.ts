import type { MinuteMetrics } from "./request-metrics.ts";

/** One deployment as the front door sees it. */
export interface DeploymentRoute {
  readonly name: string;
  /** Loopback ports of its processes, used in turn. */
  readonly targets: readonly number[];
  /** Where the container takes scoring requests, for example `/predict`. */
  readonly scoringPath: string;
  /** A request that takes longer is answered 408. */
  readonly timeoutMs: number;
  /** More requests than this at once are answered 429. */
  readonly maxInFlight: number;
  /** The share of answers, 0 to 1, that are collected. */
  readonly collected: number;
}

/** What a deployment's container answered to a request. */
export interface CollectedAnswer {
  /** The endpoint's ARM id. */
  readonly endpoint: string;
  readonly deployment: string;
  /** When it was answered, ISO 8601. */
  readonly time: string;
  /** The same for a request and its copy. */
  readonly requestId: string;
  readonly contentType: string;
  readonly body: string;
}

/** Who may call an endpoint. */
export type EndpointAuth =
  | { readonly mode: "Key"; readonly keys: readonly string[] }
  | { readonly mode: "AMLToken" | "AADToken" };

/** One online endpoint as the front door sees it. */
export interface EndpointRoute {
  /** The endpoint's ARM id. */
  readonly id: string;
  /** Loopback port that stands for its host name; see {@link FrontDoor.endpointPort}. */
  readonly port: number;
  /** The path of its scoring URI; requests there reach each deployment's own `scoringPath`. */
  readonly scoringPath: string;
  readonly auth: EndpointAuth;
  /** Deployment → integer percent of live requests. */
  readonly traffic: Readonly<Record<string, number>>;
  /** Deployment → integer percent of live requests that are copied to it. */
  readonly mirror: Readonly<Record<string, number>>;
  readonly deployments: readonly DeploymentRoute[];
}

/** The front door of all online endpoints. */
export interface FrontDoor {
  /** The port that stands for the host name of an endpoint, the same for its life and over restarts. */
  endpointPort(location: string, name: string): Promise<number>;
  /** Makes the door route by this. Resolves once it does; requests under way end by the old route. */
  route(route: EndpointRoute): Promise<void>;
  /** Closes an endpoint once its requests under way have ended. Nothing happens where there is none. */
  unroute(endpointId: string): Promise<void>;
  /** Resolves once no request is on its way to these ports. Call it after a route without them. */
  drained(targets: readonly number[]): Promise<void>;
  /** Figures of an endpoint's requests in the minutes that start in `[from, to)`, up to this moment. */
  requestMetrics(endpointId: string, from: number, to: number): Promise<readonly MinuteMetrics[]>;
  /** Gives answers of deployments that collect them to `take`, every few seconds. */
  onCollected(take: (answers: readonly CollectedAnswer[]) => void): void;
  /** The public key (PEM) by which callers' tokens are verified. */
  trustTokensOf(publicPem: string): Promise<void>;
}

/** What a deployment's processes are started from. */
export interface ScoringSpec {
  /** A name for logs and files: letters, digits, hyphens and dots. */
  readonly name: string;
  /** Command and arguments, run in the project's root. */
  readonly command: readonly string[];
  /** Added to a plain environment; PORT and HOST are set for each process. */
  readonly env: Readonly<Record<string, string>>;
  readonly instances: number;
  /** Answers 200 once a process can score. */
  readonly readinessPath: string;
  /** How long a process may take until it is ready. */
  readonly readyWithinMs: number;
}

/** The processes of one deployment. A process that ends by itself is started again. */
export interface ScoringProcesses {
  /** Ports of the processes that were ready at last. */
  targets(): readonly number[];
  /** Starts more until there are as many as `instances` asks for. Resolves once they are ready. */
  growTo(instances: number): Promise<void>;
  /** The ports that are too many for `instances`. */
  surplus(instances: number): readonly number[];
  /** Leaves these ports out of {@link targets}, so that they can be drained before {@link end}. */
  release(targets: readonly number[]): void;
  /** Ends the processes on these ports, or all. */
  end(targets?: readonly number[]): Promise<void>;
  /** The last lines that the processes wrote. */
  logTail(lines: number): Promise<string>;
}

/** Starts scoring processes. */
export interface ScoringHost {
  /** @throws with the end of the log when a process ends or is not ready in time; nothing is left running then. */
  startScoring(spec: ScoringSpec): Promise<ScoringProcesses>;
}
