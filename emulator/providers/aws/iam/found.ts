import type { Found, Known } from "../../provider.ts";
import type { Properties } from "../../values.ts";

/** How what IAM keeps is read by its id; `find` gives all that IAM tells of it, undefined where it is gone. */
export function readById(find: (id: string) => Promise<Properties | undefined>) {
  return {
    async read({ id }: Known): Promise<Found | undefined> {
      const live = await find(id);
      return live === undefined ? undefined : { id, inputs: live, outputs: live };
    },
    /** Outputs after a write: what IAM adds, and the inputs as they were written. */
    found: async (id: string, inputs: Properties): Promise<Properties> => ({ ...(await find(id)), ...inputs }),
  };
}
