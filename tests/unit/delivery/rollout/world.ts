import assert from "node:assert/strict";
import { DeliveryError } from "../../../../delivery/errors.ts";
import type { ReleaseRecord, TrafficStep } from "../../../../delivery/release-log.ts";
import { canaryProgress, lastGood } from "../../../../delivery/rollout/log-state.ts";
import { nextMove } from "../../../../delivery/rollout/promotion.ts";
import { wayBack } from "../../../../delivery/rollout/way-back.ts";
import { type EndpointConfig, nextStep, planDeployment, planShift } from "../../../../delivery/rollout.ts";
import { withoutZeros } from "../../../../delivery/traffic.ts";

/** What goes wrong in an update, and how far it gets before. */
export type Fault =
  | "none"
  | "locked"
  | "create fails"
  | "traffic fails"
  | "removal fails"
  | "killed after edit"
  | "killed after traffic"
  | "killed before record";

export type Command =
  | {
      readonly kind: "deploy";
      readonly model: number;
      readonly share: number;
      readonly restart: boolean;
      readonly keep: number;
    }
  | { readonly kind: "promote"; readonly verdict: "pass" | "fail" | "inconclusive" | "unreachable" }
  | { readonly kind: "to"; readonly share: number }
  | { readonly kind: "abort" }
  | { readonly kind: "mirror"; readonly model: number; readonly share: number }
  | { readonly kind: "rollback"; readonly to: number | undefined }
  /** An edit of the stack file by hand, and its update: the last deployment gets `share`, the first the rest. */
  | { readonly kind: "edit"; readonly share: number }
  /** One that no update may carry out. */
  | { readonly kind: "bad edit"; readonly fault: "sum" | "stranger" | "removal" | "gate" }
  /** A model that fails its gate. */
  | { readonly kind: "ungated" }
  /** Traffic moved at Azure itself: the last deployment gets `share`, the first the rest. */
  | { readonly kind: "drift"; readonly share: number };

/** A model that may be deployed. */
export type Model = { readonly version: string; readonly model: string };

/**
 * Config, cloud and log in one process, and the commands on them as they are: the project's own planners and rules,
 * an update that works through additions, traffic and removals one by one, and faults at every place. The cloud checks
 * at each change what its callers would see.
 */
export class World {
  config: EndpointConfig = { deployments: {}, traffic: {} };
  cloud: { deployments: Set<string>; traffic: Readonly<Record<string, number>> } = {
    deployments: new Set(),
    traffic: {},
  };
  readonly log: ReleaseRecord[] = [];
  /** Whether anything was live already: from then on there is no instant without. */
  begun = false;
  #minutes = 0;
  readonly #model: (number: number) => Model;

  constructor(model: (number: number) => Model = madeUp) {
    this.#model = model;
  }

  /** Runs a command; gives false where it was refused or failed. */
  run(command: Command, fault: Fault): boolean {
    this.#minutes += 20;
    try {
      this.#act(command, fault);
      return true;
    } catch (error) {
      if (error instanceof DeliveryError || error instanceof Killed) return false;
      throw error;
    }
  }

  #act(command: Command, fault: Fault): void {
    if (["deploy", "mirror", "promote", "to"].includes(command.kind)) this.#settle();
    switch (command.kind) {
      case "deploy": {
        const { version, model } = this.#model(command.model);
        const plan = planDeployment(
          this.config,
          { version, modelPath: model, percentage: command.share },
          { restartCanary: command.restart, keepPrevious: command.keep },
        );
        if (plan.changes.length > 0) this.#release("deploy", plan.endpoint, fault);
        return;
      }
      case "mirror": {
        const { version, model } = this.#model(command.model);
        const request = { version, modelPath: model, percentage: 0 };
        this.#release("deploy", planDeployment(this.config, { ...request, mirror: command.share }).endpoint, fault);
        return;
      }
      case "promote":
        this.#promote(command.verdict, fault);
        break;
      case "to": {
        const canary = this.#canary();
        if (command.share < (this.config.traffic[canary] ?? 0)) throw new DeliveryError("refused", "less");
        this.#release("promote", planShift(this.config, canary, command.share).endpoint, fault);
        return;
      }
      case "abort":
        this.#abort(fault);
        break;
      case "rollback": {
        const to = command.to === undefined ? undefined : this.#model(command.to).version;
        const way = wayBack(this.log, this.config, to, this.cloud.traffic);
        const inPlace = sameTraffic(this.cloud.traffic, this.config.traffic);
        if (way.kind === "there" && inPlace) return;
        if (!this.cloud.deployments.has(way.deployment)) throw new DeliveryError("refused", "not in Azure");
        this.#release("rollback", planShift(this.config, way.deployment, 100).endpoint, fault);
        return;
      }
      case "edit":
        this.#edit(split(Object.keys(this.config.deployments), command.share));
        return;
      case "bad edit":
      case "ungated":
        throw new DeliveryError("refused", command.kind);
      case "drift":
        if (!this.begun) throw new DeliveryError("refused", "nothing is live");
        this.cloud.traffic = withoutZeros(split(this.present(), command.share));
        this.look();
        return;
    }
  }

  /** An update without a refresh: where somebody else has moved traffic, it is not overwritten. */
  #edit(traffic: EndpointConfig["traffic"]): void {
    if (sameTraffic(traffic, this.config.traffic)) return;
    const shadows = Object.keys(withoutZeros(this.config.mirror));
    if (shadows.some((name) => (traffic[name] ?? 0) > 0)) throw new DeliveryError("refused", "live and mirrored");
    const moved = !sameTraffic(this.cloud.traffic, this.config.traffic);
    if (moved && !sameTraffic(this.cloud.traffic, traffic)) throw new DeliveryError("refused", "moved by others");
    this.config = { ...this.config, traffic };
    this.#update(this.config, "none");
  }

  /** `pulumi up --refresh`, as a refusal over traffic that was moved by hand advises: what the file says, goes. */
  bringInLine(): void {
    this.#update(this.config, "none");
  }

  /** The configured deployments that the cloud has, in the config's order. */
  present(): string[] {
    return Object.keys(this.config.deployments).filter((name) => this.cloud.deployments.has(name));
  }

  #canary(): string {
    const progress = canaryProgress(this.log, this.config);
    if (progress === undefined) throw new DeliveryError("refused", "no canary");
    return progress.canary;
  }

  #promote(verdict: "pass" | "fail" | "inconclusive" | "unreachable", fault: Fault): void {
    const canary = this.#canary();
    const before = this.config.traffic[canary] ?? 0;
    const rollout = { steps: [10, 25, 50, 100], bakeMinutes: 10, keepPrevious: 1 };
    const move = nextMove({
      ...{ progress: canaryProgress(this.log, this.config), rollout, now: this.#now(), overridden: false },
      ...{ patienceMinutes: 0, verdict, unreachable: verdict === "unreachable" ? 1 : 0 },
    });
    if (verdict === "pass") {
      assert.deepEqual(move, { kind: "shift", to: nextStep(this.config, canary, rollout.steps) });
      this.#release(
        "promote",
        planShift(this.config, canary, nextStep(this.config, canary, rollout.steps) ?? 100).endpoint,
        fault,
      );
    } else if (verdict === "fail") {
      assert.deepEqual(move, { kind: "back", because: "fail" });
      this.#abort(fault);
    } else {
      assert.deepEqual(move, { kind: "hold", because: verdict });
      assert.equal(this.config.traffic[canary], before);
    }
  }

  #abort(fault: Fault): void {
    const canary = this.#canary();
    const good = lastGood(this.log, this.config);
    const plan =
      good.kind === "target" ? planShift(this.config, good.deployment, 100) : planShift(this.config, canary, 0);
    this.#release("abort", plan.endpoint, fault);
  }

  /** What the next command finds unrecorded is applied and recorded first. */
  #settle(): void {
    const last = this.log.at(-1)?.to ?? {};
    const cutShort = !sameTraffic(last, this.config.traffic) && sameTraffic(this.cloud.traffic, last);
    if (!sameTraffic(this.cloud.traffic, this.config.traffic) && !cutShort) {
      throw new DeliveryError("refused", "changed by hand");
    }
    if (!sameTraffic(last, this.config.traffic)) this.#release("edit", this.config, "none", last);
    // What was found unrecorded is watched from now on.
    this.#minutes += 20;
  }

  #release(what: TrafficStep, next: EndpointConfig, fault: Fault, from = this.config.traffic): void {
    const before = this.config;
    this.config = next;
    if (fault === "killed after edit") throw new Killed();
    try {
      this.#update(next, fault);
    } catch (error) {
      if (error instanceof Killed) throw error;
      // As the command does: where traffic has moved as planned, that is written down; else the file is put back.
      const moved = !sameTraffic(this.cloud.traffic, before.traffic);
      if (moved) this.#record(what, from);
      else this.config = before;
      throw error;
    }
    if (fault === "killed before record") throw new Killed();
    this.#record(what, from);
  }

  #record(what: TrafficStep, from: EndpointConfig["traffic"]): void {
    const at = this.#now().toISOString();
    const told = {
      schema: 1,
      at,
      who: "t",
      what,
      environment: "p",
      endpoint: "e",
      evidence: {},
      commit: null,
    } as const;
    this.log.push({ ...told, from: withoutZeros(from), to: withoutZeros(this.config.traffic) });
  }

  /** Additions, traffic, removals, as the engine orders them. */
  #update(next: EndpointConfig, fault: Fault): void {
    if (fault === "locked") throw new DeliveryError("surroundings", "locked");
    for (const name of Object.keys(next.deployments)) {
      if (this.cloud.deployments.has(name)) continue;
      if (fault === "create fails") throw new DeliveryError("surroundings", "create");
      this.cloud.deployments.add(name);
      this.look();
    }
    if (fault === "traffic fails") throw new DeliveryError("surroundings", "traffic");
    this.cloud.traffic = withoutZeros(next.traffic);
    this.look();
    if (fault === "killed after traffic") throw new Killed();
    for (const name of [...this.cloud.deployments].filter((name) => next.deployments[name] === undefined)) {
      if (fault === "removal fails") throw new DeliveryError("surroundings", "removal");
      assert.equal(this.cloud.traffic[name] ?? 0, 0, `${name} is removed and has traffic`);
      this.cloud.deployments.delete(name);
      this.look();
    }
  }

  /** What callers see now. */
  look(): void {
    const sum = Object.values(this.cloud.traffic).reduce((total, share) => total + share, 0);
    this.begun ||= sum === 100;
    assert.equal(sum, this.begun ? 100 : 0, `traffic sums to ${sum}`);
    for (const name of Object.keys(this.cloud.traffic)) {
      assert.ok(this.cloud.deployments.has(name), `${name} has traffic and is not there`);
    }
  }

  #now(): Date {
    return new Date(Date.UTC(2026, 0, 5) + this.#minutes * 60_000);
  }
}

class Killed extends Error {}

export function versionOf(model: number): string {
  return model.toString(16).padStart(8, "0").padEnd(16, "f");
}

function madeUp(number: number): Model {
  const version = versionOf(number);
  return { version, model: `s3://models/models/${version}/` };
}

/** The last gets `share`, the first the rest; nothing where there are none. */
export function split(deployments: readonly string[], share: number): Record<string, number> {
  const [first, last] = [deployments[0], deployments.at(-1)];
  if (first === undefined || last === undefined) throw new DeliveryError("refused", "nothing is deployed");
  return first === last ? { [first]: 100 } : { [first]: 100 - share, [last]: share };
}

export function sameTraffic(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): boolean {
  return [...Object.keys(a), ...Object.keys(b)].every((name) => (a[name] ?? 0) === (b[name] ?? 0));
}
