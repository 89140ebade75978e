/**
 * `@pulumi/policy` wants of `@pulumi/pulumi` two things and loads all of it, 0.4 s of CPU before each preview. This gives
 * it the two from their own modules. A third one would be missing, and the pack would end with an error, not pass.
 */
const index = require.resolve("@pulumi/pulumi");
require.cache[index] ??= {
  id: index,
  filename: index,
  loaded: true,
  exports: { asset: require("@pulumi/pulumi/asset"), Output: require("@pulumi/pulumi/output").Output },
};
