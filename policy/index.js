/**
 * Where the engine starts the pack. Plain JavaScript: Pulumi's own entry point would put its old TypeScript between Node
 * and a `.ts` file here; past this line Node strips the types itself.
 */
import "./lean.cjs";
import "./pack.ts";
