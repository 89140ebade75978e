/** A step somebody else wrote, fixed to one commit: a tag can be moved to other code, a commit cannot. */
export interface Action {
  readonly repository: string;
  /** 40 hex digits. */
  readonly commit: string;
  /** The release the commit was tagged with, for people and for the updater. */
  readonly version: string;
}

/** Every action that a generated workflow uses. Change one here and nowhere else. */
export const actions = {
  checkout: {
    repository: "actions/checkout",
    commit: "3d3c42e5aac5ba805825da76410c181273ba90b1",
    version: "v7.0.1",
  },
  setupNode: {
    repository: "actions/setup-node",
    commit: "820762786026740c76f36085b0efc47a31fe5020",
    version: "v7.0.0",
  },
  uploadArtifact: {
    repository: "actions/upload-artifact",
    commit: "043fb46d1a93c77aae656e7c1c64a875d1fc6a0a",
    version: "v7.0.1",
  },
  downloadArtifact: {
    repository: "actions/download-artifact",
    commit: "3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c",
    version: "v8.0.1",
  },
  pulumi: {
    repository: "pulumi/actions",
    commit: "8e5e406f4007fca908480587cb9893c07090f58d",
    version: "v7",
  },
  awsCredentials: {
    repository: "aws-actions/configure-aws-credentials",
    commit: "e6de054238d6b7531b4efff3b6587d9aade6a06c",
    version: "v6.2.3",
  },
  azureLogin: {
    repository: "azure/login",
    commit: "532459ea530d8321f2fb9bb10d1e0bcf23869a43",
    version: "v3.0.0",
  },
} as const satisfies Record<string, Action>;
