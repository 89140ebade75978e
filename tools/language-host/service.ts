import { createRequire } from "node:module";
import { join } from "node:path";
import { type handleUnaryCall, type ServiceError, status } from "@grpc/grpc-js";
import type { ILanguageRuntimeServer } from "@pulumi/pulumi/proto/language_grpc_pb.js";
import language from "@pulumi/pulumi/proto/language_pb.js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import { directDependencies, resourcePackages } from "./packages.ts";
import { endPrograms, runPlugin, runProgram } from "./run.ts";
import { installDependencies } from "./stream.ts";

/** The methods of LanguageRuntime that running a program needs. */
type Methods = Pick<
  ILanguageRuntimeServer,
  | "handshake"
  | "getPluginInfo"
  | "about"
  | "getRequiredPackages"
  | "getRequiredPlugins"
  | "getProgramDependencies"
  | "runtimeOptionsPrompts"
  | "template"
  | "run"
  | "runPlugin"
  | "installDependencies"
  | "cancel"
>;

/** The service's methods; programs report to the engine at `engine`. */
export function languageRuntime(engine: string): Methods {
  return {
    handshake: unary(() => new language.LanguageHandshakeResponse()),
    getPluginInfo: unary(() => new plugin.PluginInfo().setVersion(sdkVersion(import.meta.dirname))),
    about: unary(() => new language.AboutResponse().setExecutable(process.execPath).setVersion(process.version)),
    getRequiredPackages: unary((request) => {
      const found = resourcePackages(programFolder(request)).map((required) =>
        new plugin.PackageDependency()
          .setName(required.name)
          .setKind("resource")
          .setVersion(required.version)
          .setServer(required.server),
      );
      return new language.GetRequiredPackagesResponse().setPackagesList(found);
    }),
    getRequiredPlugins: unary((request) => {
      const found = resourcePackages(programFolder(request)).map((required) =>
        new plugin.PluginDependency()
          .setName(required.name)
          .setKind("resource")
          .setVersion(required.version)
          .setServer(required.server),
      );
      return new language.GetRequiredPluginsResponse().setPluginsList(found);
    }),
    // Transitive dependencies are only asked for by `pulumi about -t`; walking all of node_modules is not worth it.
    getProgramDependencies: unary((request) => {
      const found = directDependencies(programFolder(request)).map((dependency) =>
        new language.DependencyInfo().setName(dependency.name).setVersion(dependency.version),
      );
      return new language.GetProgramDependenciesResponse().setDependenciesList(found);
    }),
    runtimeOptionsPrompts: unary(() => new language.RuntimeOptionsResponse()),
    template: unary(() => new language.TemplateResponse()),
    run: unary((request) => runProgram(request, engine)),
    runPlugin,
    installDependencies,
    cancel: unary((request) => {
      endPrograms();
      return request;
    }),
  };
}

/** A handler from a plain function; what it throws reaches the engine as gRPC's INTERNAL with the message. */
function unary<Request, Response>(
  answer: (request: Request) => Response | Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    Promise.resolve(call.request)
      .then(answer)
      .then(
        (response) => callback(null, response),
        (error: Error) => callback({ code: status.INTERNAL, details: error.message } as ServiceError),
      );
  };
}

/** The folder whose package.json names the program's dependencies. */
function programFolder(request: { getInfo(): { getProgramDirectory(): string } | undefined }): string {
  return request.getInfo()?.getProgramDirectory() || process.cwd();
}

/** The version of the SDK that a program in `folder` resolves. */
function sdkVersion(folder: string): string {
  const { version } = createRequire(join(folder, "package.json"))("@pulumi/pulumi/package.json") as { version: string };
  return version;
}
