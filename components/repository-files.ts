import * as pulumi from "@pulumi/pulumi";

/** Arguments of {@link RepositoryFiles}. */
export interface RepositoryFilesArgs {
  readonly owner: string;
  /** Without its owner. It has a first commit. */
  readonly repository: string;
  readonly branch: string;
  /** Texts by path, from the repository's root. Other files of the repository are left alone. */
  readonly files: Readonly<Record<string, string>>;
}

/**
 * Files of a repository that are put in place, changed and taken away together: one commit for all of them, so that no
 * workflow ever runs beside another one's older half. `github.RepositoryFile` makes a commit for each.
 *
 * Costs nothing. Deleting it takes the files off the branch: without workflows nothing is trained or deployed by CI;
 * what serves goes on.
 */
export class RepositoryFiles extends pulumi.CustomResource {
  static readonly type = "pulumi-nodejs:dynamic/repository:RepositoryFiles";

  /** The commit that put the files in place. */
  declare readonly commit: pulumi.Output<string>;

  constructor(name: string, args: RepositoryFilesArgs, opts?: pulumi.CustomResourceOptions) {
    const { owner, repository, branch, files } = args;
    const inputs = { owner, repository, branch, files, commit: undefined };
    super(RepositoryFiles.type, name, { ...inputs, __provider: provider }, opts);
  }
}

/** As in traffic.ts: a module's text, by which the engine finds the code in the project's folder. */
const provider = 'exports.handler = () => require(process.cwd() + "/components/repository-files-provider.ts");';
