import { GithubError, notFound } from "../errors.ts";
import { findRepository, type RestRequest, type RestResponse } from "../rest.ts";

/** GET …/vulnerability-alerts: 204 where they are on, 404 where they are off. */
export function getAlerts(request: RestRequest): RestResponse {
  if (!findRepository(request).vulnerability_alerts) throw notFound();
  return { status: 204 };
}

/** PUT …/vulnerability-alerts */
export function enableAlerts(request: RestRequest): Promise<RestResponse> {
  return change(request, { vulnerability_alerts: true });
}

/** DELETE …/vulnerability-alerts: updates that mend them go too. */
export function disableAlerts(request: RestRequest): Promise<RestResponse> {
  return change(request, { vulnerability_alerts: false, automated_security_fixes: false });
}

/** GET …/automated-security-fixes */
export function getFixes(request: RestRequest): RestResponse {
  return { status: 200, body: { enabled: findRepository(request).automated_security_fixes, paused: false } };
}

/** PUT …/automated-security-fixes */
export function enableFixes(request: RestRequest): Promise<RestResponse> {
  if (!findRepository(request).vulnerability_alerts) {
    throw new GithubError(422, "Vulnerability alerts must be enabled to configure Dependabot security updates.");
  }
  return change(request, { automated_security_fixes: true });
}

/** DELETE …/automated-security-fixes */
export function disableFixes(request: RestRequest): Promise<RestResponse> {
  return change(request, { automated_security_fixes: false });
}

async function change(
  request: RestRequest,
  next: { readonly vulnerability_alerts?: boolean; readonly automated_security_fixes?: boolean },
): Promise<RestResponse> {
  await request.github.store.change((state) => {
    Object.assign(findRepository(request, state), next);
  });
  return { status: 204 };
}
