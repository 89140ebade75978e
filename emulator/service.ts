/** What a service is given when it starts. */
export interface ServiceContext {
  /** The service's own folder, which exists and survives restarts. */
  readonly folder: string;
  /** The project's root: where `node_modules`, `src` and `emulator/images.json` are found. */
  readonly root: string;
  /** The emulator's own certificate, for 127.0.0.1 and localhost (PEM), and the file a client must trust. */
  readonly certificate: {
    readonly key: string;
    readonly cert: string;
    readonly keyFile: string;
    readonly certFile: string;
  };
  /** A free loopback port for `purpose`, the same one at every start as long as nobody else has taken it. */
  readonly port: (purpose: string) => Promise<number>;
  /** Variables of the services started before this one. */
  readonly env: Readonly<Record<string, string>>;
  /** Writes a line to the service's log. Never pass a secret. */
  readonly log: (line: string) => void;
  /** Tells the emulator that somebody uses it, which puts off its end by idleness. */
  readonly touch: () => void;
}

/** What a started service offers. */
export interface ServiceAddress {
  /** Where it listens; shown by `status`. */
  readonly url: string;
  /** Variables that clients need to reach it. */
  readonly env: Readonly<Record<string, string>>;
}

/** A part of the emulator with its own life: Closed → start → Running → stop → Closed. */
export interface Service {
  readonly name: string;
  /** Listens on 127.0.0.1 only, takes up the state in its folder, and resolves once it answers. */
  start(context: ServiceContext): Promise<ServiceAddress>;
  /** Ends everything it started. Safe to call at any time, twice included. */
  stop(): Promise<void>;
}
