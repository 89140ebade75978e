/**
 * The Pulumi SDK notes a stack trace with every promise, and maps each of its lines through source maps: a third of the
 * time of a preview. Node strips types in place, so the lines of this program are right without a map.
 */
Reflect.deleteProperty(Error, "prepareStackTrace");
