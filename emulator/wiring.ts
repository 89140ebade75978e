import { createAwsService } from "./aws/service.ts";
import { createAzureService } from "./azure/service.ts";
import { createGithubService } from "./github/service.ts";
import { createProvidersService } from "./providers/service.ts";
import { createServingService } from "./serving/service.ts";
import { createStorageService } from "./storage/service.ts";
import type { Step } from "./supervisor.ts";

/** Every service, in starting order; they are stopped in reverse. Those that wait for nothing start side by side. */
export function wireServices(): Step[] {
  const storage = createStorageService();
  const serving = createServingService();
  return [
    { service: storage, after: [], reason: "blobs need nobody" },
    { service: createAwsService(), after: [], reason: "S3 and IAM need nobody" },
    { service: createGithubService(), after: [], reason: "a repository and its settings need nobody" },
    { service: serving, after: [], reason: "the front door opens empty; Azure tells it what to serve" },
    {
      service: createAzureService({ storage, serving }),
      after: ["storage", "serving"],
      reason: "it brings back datastores and deployments, which live in these two",
    },
    {
      service: createProvidersService(),
      after: ["storage", "aws", "github", "serving", "azure"],
      reason: "a provider turns a resource into calls on the others",
    },
  ];
}
