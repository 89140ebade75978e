import type { Service } from "../service.ts";
import { type Moto, startMoto } from "./moto.ts";

/** AWS: S3, IAM, STS and KMS by moto. IAM is stored, not enforced, so any key would do; these two say what they are. */
export function createAwsService(): Service {
  let running: { moto: Promise<Moto>; ending: AbortController } | undefined;
  return {
    name: "aws",
    async start(context) {
      const port = await context.port("http");
      const ending = new AbortController();
      running = { moto: startMoto(context, port, ending.signal), ending };
      await running.moto;
      const url = `http://127.0.0.1:${port}`;
      return {
        url,
        env: {
          AWS_ENDPOINT_URL: url,
          AWS_REGION: "us-east-1",
          AWS_ACCESS_KEY_ID: "rehearsal",
          AWS_SECRET_ACCESS_KEY: "rehearsal",
        },
      };
    },
    async stop() {
      const stopping = running;
      running = undefined;
      // One that does not answer yet has nothing to lose; one that does is asked to write its state.
      stopping?.ending.abort();
      const moto = await stopping?.moto.catch(() => undefined);
      await moto?.stop();
    },
  };
}
