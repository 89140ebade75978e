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

/**
 * The SDK reads a resource's inputs anew for every rule that looks at it. No rule changes them, so once is enough: a
 * twentieth of a preview. With secrets marked they are asked for once, by the one rule that needs that.
 */
const deserialize = require("@pulumi/policy/deserialize");
const { deserializeProperties } = deserialize;
const known = new WeakMap();
deserialize.deserializeProperties = (inputs, marksSecrets) => {
  if (marksSecrets) return deserializeProperties(inputs, marksSecrets);
  if (!known.has(inputs)) known.set(inputs, deserializeProperties(inputs, false));
  return known.get(inputs);
};
