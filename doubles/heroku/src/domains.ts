import { createHash, createPrivateKey, randomBytes, X509Certificate } from "node:crypto";
import { describeApp } from "./describe-app.js";
import { answer, type Call, invalid, notFound, type Route, refuse, text } from "./http.js";
import { newId, now } from "./ids.js";
import { appOf, appRef } from "./lookup.js";
import type { App, Domain, SniEndpoint } from "./state.js";
import { takeScript, type World } from "./world.js";

/** Host names, automated certificates, and certificates of one's own. */
export function domainRoutes(world: World): Route[] {
  const find = (app: App, name: string): Domain =>
    app.domains.find((one) => one.id === name || one.hostname === name) ?? notFound("domain");
  const findEndpoint = (app: App, name: string): SniEndpoint =>
    app.sniEndpoints.find((one) => one.id === name || one.name === name) ?? notFound("SNI endpoint");
  const show = (app: App, domain: Domain): unknown => describeDomain(app, domain);

  function target(app: App, domain: Domain): string {
    const words = createHash("sha256").update(`${app.id} ${domain.hostname} ${app.acm}`).digest("hex");
    return `${words.slice(0, 24)}.herokudns.com`;
  }

  function create(call: Call): { app: App; domain: Domain } {
    const app = appOf(world, call, "operate");
    const hostname = (text(call.body, "hostname") ?? "").toLowerCase();
    if (!("sni_endpoint" in call.body)) invalid("sni_endpoint is required: null, or the id of one.");
    if (!/^(\*\.)?([a-z0-9_]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/.test(hostname))
      invalid(`${hostname} is not a valid domain.`);
    const owner = world.state.apps.find((one) => one.domains.some((domain) => domain.hostname === hostname));
    if (owner !== undefined || world.scripts.claimedHostnames.includes(hostname))
      invalid(`${hostname} is currently in use by another app.`);
    const endpoint = text(call.body, "sni_endpoint");
    const domain: Domain = {
      id: newId(),
      hostname,
      kind: "custom",
      cname: null,
      status: "pending",
      acmStatus: null,
      acmReason: null,
      sniEndpoint: endpoint === undefined ? null : findEndpoint(app, endpoint).id,
      createdAt: now(),
      updatedAt: now(),
    };
    app.domains.push(domain);
    const ready = (): void => {
      Object.assign(domain, { cname: target(app, domain), status: "succeeded", updatedAt: now() });
      if (app.acm) issue(app, domain);
    };
    if (world.delays.domainTarget === 0) ready();
    else world.later(world.delays.domainTarget, ready);
    return { app, domain };
  }

  /** Takes a domain through the states of its automated certificate. */
  function issue(app: App, domain: Domain): void {
    if (domain.kind === "heroku" || domain.sniEndpoint !== null) return;
    const script = takeScript(world.scripts.certificates, (one) => one.hostname === domain.hostname);
    const usual = ["pending", "verified", "dns-verified", "cert issued"].map((status) => ({
      status,
      reason: undefined,
    }));
    const wildcard = [{ status: "failing", reason: "Automated certificates do not cover wildcard domains" }];
    const states = script?.states ?? (domain.hostname.startsWith("*.") ? wildcard : usual);
    const step = (index: number): void => {
      const state = states[index];
      if (state === undefined || !app.acm || !app.domains.includes(domain)) return;
      Object.assign(domain, { acmStatus: state.status, acmReason: state.reason ?? null, updatedAt: now() });
      world.later(world.delays.certificateStep, () => step(index + 1));
    };
    step(0);
  }

  function turn(call: Call, on: boolean): App {
    const app = appOf(world, call, "operate");
    if (on && !app.formation.some((one) => !["Eco"].includes(one.size)) && app.formation.length > 0)
      refuse(402, "invalid_params", "Automated certificates need dynos larger than Eco.");
    const changed = app.acm !== on;
    app.acm = on;
    app.updatedAt = now();
    for (const domain of app.domains.filter((one) => one.kind === "custom")) {
      // The targets of all domains change when ACM is turned on: DNS has to be read again.
      if (changed && domain.cname !== null) domain.cname = target(app, domain);
      if (!on) Object.assign(domain, { acmStatus: null, acmReason: null });
      else if (changed || domain.acmStatus === "failed" || domain.acmStatus === "failing") issue(app, domain);
    }
    return app;
  }

  function certificate(call: Call): { chain: string; privateKey: string } {
    const chain = text(call.body, "certificate_chain") ?? "";
    const privateKey = text(call.body, "private_key") ?? "";
    try {
      if (!new X509Certificate(chain).checkPrivateKey(createPrivateKey(privateKey)))
        throw new Error("no match");
    } catch {
      invalid("The certificate could not be read, or its private key does not belong to it.");
    }
    return { chain, privateKey };
  }

  const domains = "/apps/{app}/domains";
  const endpoints = "/apps/{app}/sni-endpoints";
  return [
    {
      method: "GET",
      path: domains,
      list: true,
      handle: (call) => {
        const app = appOf(world, call);
        return answer(app.domains.map((one) => show(app, one)));
      },
    },
    {
      method: "POST",
      path: domains,
      handle: (call) => {
        const { app, domain } = create(call);
        return answer(show(app, domain), 201);
      },
    },
    {
      method: "GET",
      path: `${domains}/{domain}`,
      handle: (call) => {
        const app = appOf(world, call);
        return answer(show(app, find(app, call.params.domain ?? "")));
      },
    },
    {
      method: "PATCH",
      path: `${domains}/{domain}`,
      handle: (call) => {
        const app = appOf(world, call, "operate");
        const domain = find(app, call.params.domain ?? "");
        const endpoint = text(call.body, "sni_endpoint");
        domain.sniEndpoint = endpoint === undefined ? null : findEndpoint(app, endpoint).id;
        domain.updatedAt = now();
        return answer(show(app, domain));
      },
    },
    {
      method: "DELETE",
      path: `${domains}/{domain}`,
      handle: (call) => {
        const app = appOf(world, call, "operate");
        const domain = find(app, call.params.domain ?? "");
        if (domain.kind === "heroku") invalid("The app's own domain cannot be removed.");
        app.domains = app.domains.filter((one) => one !== domain);
        return answer(show(app, domain));
      },
    },
    ...(["POST", "PATCH"] as const).map(
      (method): Route => ({
        method,
        path: "/apps/{app}/acm",
        shows: "app",
        handle: (call) => answer(describeApp(world, turn(call, true)), method === "POST" ? 201 : 200),
      }),
    ),
    {
      method: "DELETE",
      path: "/apps/{app}/acm",
      shows: "app",
      handle: (call) => answer(describeApp(world, turn(call, false))),
    },
    {
      method: "GET",
      path: endpoints,
      list: true,
      handle: (call) => {
        const app = appOf(world, call);
        return answer(app.sniEndpoints.map((one) => describeEndpoint(app, one)));
      },
    },
    {
      method: "POST",
      path: endpoints,
      handle: (call) => {
        const app = appOf(world, call, "operate");
        const name = `animal-${randomBytes(3).toString("hex")}`;
        const made: SniEndpoint = {
          id: newId(),
          name,
          ...certificate(call),
          acm: false,
          createdAt: now(),
          updatedAt: now(),
        };
        app.sniEndpoints.push(made);
        return answer(describeEndpoint(app, made), 201);
      },
    },
    {
      method: "GET",
      path: `${endpoints}/{endpoint}`,
      handle: (call) => {
        const app = appOf(world, call);
        return answer(describeEndpoint(app, findEndpoint(app, call.params.endpoint ?? "")));
      },
    },
    {
      method: "PATCH",
      path: `${endpoints}/{endpoint}`,
      handle: (call) => {
        const app = appOf(world, call, "operate");
        const found = findEndpoint(app, call.params.endpoint ?? "");
        Object.assign(found, certificate(call), { updatedAt: now() });
        return answer(describeEndpoint(app, found));
      },
    },
    {
      method: "DELETE",
      path: `${endpoints}/{endpoint}`,
      handle: (call) => {
        const app = appOf(world, call, "operate");
        const found = findEndpoint(app, call.params.endpoint ?? "");
        if (app.domains.some((one) => one.sniEndpoint === found.id))
          invalid("Cannot remove an endpoint which domains still use.");
        app.sniEndpoints = app.sniEndpoints.filter((one) => one !== found);
        return answer(describeEndpoint(app, found));
      },
    },
  ];
}

function describeDomain(app: App, domain: Domain): unknown {
  const endpoint = app.sniEndpoints.find((one) => one.id === domain.sniEndpoint);
  return {
    acm_status: domain.acmStatus,
    acm_status_reason: domain.acmReason,
    app: appRef(app),
    cname: domain.cname,
    created_at: domain.createdAt,
    hostname: domain.hostname,
    id: domain.id,
    kind: domain.kind,
    sni_endpoint: endpoint ? { id: endpoint.id, name: endpoint.name } : null,
    status: domain.status,
    updated_at: domain.updatedAt,
  };
}

function describeEndpoint(app: App, endpoint: SniEndpoint): unknown {
  const read = new X509Certificate(endpoint.chain);
  const date = (value: string): string => new Date(value).toISOString().replace(/\.\d+/, "");
  const names = (read.subjectAltName ?? "")
    .split(", ")
    .flatMap((one) => (one.startsWith("DNS:") ? [one.slice(4)] : []));
  return {
    app: appRef(app),
    certificate_chain: endpoint.chain,
    created_at: endpoint.createdAt,
    display_name: null,
    domains: app.domains.filter((one) => one.sniEndpoint === endpoint.id).map((one) => one.id),
    id: endpoint.id,
    name: endpoint.name,
    ssl_cert: {
      "ca_signed?": !read.checkIssued(read),
      cert_domains: names,
      expires_at: date(read.validTo),
      id: endpoint.id,
      issuer: read.issuer.replaceAll("\n", ", "),
      "self_signed?": read.checkIssued(read),
      starts_at: date(read.validFrom),
      subject: read.subject.replaceAll("\n", ", "),
    },
    updated_at: endpoint.updatedAt,
  };
}
