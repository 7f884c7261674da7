import { defineApp } from "@deploy/core";
import { cloudflare } from "@deploy/dns-cloudflare";
import { namecheap } from "@deploy/dns-namecheap";
import { route53 } from "@deploy/dns-route53";
import { ecs, fargate } from "@deploy/provider-ecs";
import { heroku } from "@deploy/provider-heroku";

const aws = ecs({ region: "us-east-1", capacity: fargate() });

/** The load balancer redirects, and Amazon's certificate covers the wildcard. */
const onAws = {
  "example.org": "web",
  "www.example.org": { redirect: "example.org" },
  "*.example.org": "web",
} as const;

/** Heroku's router redirects nothing: Cloudflare's edge does; and its certificates are for single hosts. */
const atEdge = { "example.org": "web", "www.example.org": { redirect: "example.org" } } as const;

/** Where nobody in front of the app redirects, it does so itself. */
const inApp = { "example.org": "web", "www.example.org": "web" } as const;

export default defineApp({
  name: "domains",
  build: { dockerfile: "Dockerfile" },
  processes: { web: { command: "node server.mjs", health: "/healthz" } },
  environments: {
    "aws-cloudflare": { target: aws, dns: cloudflare(), domains: onAws },
    "aws-route53": { target: aws, dns: route53(), domains: onAws },
    "heroku-cloudflare": { target: heroku(), dns: cloudflare(), domains: atEdge },
    "heroku-namecheap": { target: heroku(), dns: namecheap(), domains: inApp },
  },
});
