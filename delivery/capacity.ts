/** Machines that a stack's config asks Azure for, in one location: what quota is needed for, and most of what it costs. */
export interface Capacity {
  /** Azure location. */
  readonly location: string;
  readonly cluster: { readonly vmSize: string; readonly minNodes: number; readonly maxNodes: number };
  readonly endpoint: {
    readonly instanceType: string;
    readonly deployments: Readonly<Record<string, DeploymentCapacity>>;
    /** @default - as many instances as each deployment says */
    readonly autoscale?: { readonly min: number; readonly max: number } | undefined;
  };
}

interface DeploymentCapacity {
  readonly instances: number;
  /** @default - the endpoint's */
  readonly instanceType?: string | undefined;
}
