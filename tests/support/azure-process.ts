// Storage, serving and Azure as a process that a test can kill. Prints how they are reached.
import { createAzureHome } from "./azure.ts";

const { home, services } = await createAzureHome(process.argv[2]);
console.log(JSON.stringify({ env: home.env, blob: services.storage.account("stkill") }));
setInterval(() => undefined, 60_000);
