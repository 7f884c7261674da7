import { describe, expect, it } from "vitest";
import { createRedactor } from "./redact.js";

const source = "web.1 stdout";

function redactOne(text: string, values: readonly string[] = []): string {
  const redactor = createRedactor();
  redactor.learn(values);
  return redactor.line({ source, text });
}

function redactAll(lines: readonly string[], values: readonly string[] = []): string[] {
  const redactor = createRedactor();
  redactor.learn(values);
  return lines.map((text) => redactor.line({ source, text }));
}

describe("what looks like a secret", () => {
  const jwt =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U";
  it.each([
    ["postgres://maria:pass@db:5432/shop", "postgres://maria:<redacted>@db:5432/shop"],
    ["redis://:s3cr3t@redis:6379/0 ok", "redis://:<redacted>@redis:6379/0 ok"],
    ["at amqp://a:p@ss:w@rd@mq/ now", "at amqp://a:<redacted>@mq/ now"],
    ["Authorization: Bearer abc", "Authorization: Bearer <redacted>"],
    ["authorization: Basic dXNlcjpwYXNz", "authorization: Basic <redacted>"],
    [`{"Authorization": "Token 1234", "a": 1}`, `{"Authorization": "Token <redacted>", "a": 1}`],
    ["sent bearer 0123456789abcdef01 to it", "sent bearer <redacted> to it"],
    ["Cookie: sessionid=abc; csrftoken=def", "Cookie: <redacted>"],
    ["key AKIAIOSFODNN7EXAMPLE used", "key <redacted> used"],
    [
      "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
      "aws_secret_access_key = <redacted>",
    ],
    ['"SecretAccessKey": "wJalrXUtnFEMI/K7MDENG"', '"SecretAccessKey": "<redacted>"'],
    [`got ${jwt} from`, "got <redacted> from"],
    ["push with ghp_0123456789abcdefghijABCDEFGHIJ012345", "push with <redacted>"],
    ["github_pat_11ABCDEFG0abcdefghij_0123456789", "<redacted>"],
    ["xoxb-123456789012-abcdefABCDEF", "<redacted>"],
    [
      "https://hooks.slack.com/services/T000/B000/XXXXXXXXXXXX",
      "https://hooks.slack.com/services/<redacted>",
    ],
    ["stripe sk_live_4eC39HqLyjWDarjtT1zdp7dc!", "stripe <redacted>!"],
    ["signed with whsec_0123456789abcdefABCDEF", "signed with <redacted>"],
    ["glpat-0123456789abcdefghij in CI", "<redacted> in CI"],
    ["socket xapp-1-A000-0123456789-abcdef", "socket <redacted>"],
    ["//registry/:_npm npm_0123456789abcdefghijABCDEFGHIJ012345", "//registry/:_npm <redacted>"],
    ["maps AIza0123456789abcdefghijABCDEFGHIJ01234 ok", "maps <redacted> ok"],
    ["mail SG.0123456789abcdefghij.ABCDEFGHIJ0123456789 sent", "mail <redacted> sent"],
    ["HRKU-01234567-89ab-cdef-0123-456789abcdef", "<redacted>"],
    ["with dpl_0123456789abcdefghijkl", "with <redacted>"],
    ["password=hunter2 user=maria", "password=<redacted> user=maria"],
    ["level=info db_pass=abc msg=ok", "level=info db_pass=<redacted> msg=ok"],
    [`{"user":"maria","password":"a\\"b","n":1}`, `{"user":"maria","password":"<redacted>","n":1}`],
    [`{"password": 123456, "n": 1}`, `{"password": <redacted>, "n": 1}`],
    [`body {\\"api_key\\":\\"abc\\",\\"n\\":1}`, `body {\\"api_key\\":\\"<redacted>\\",\\"n\\":1}`],
    ["{'client_secret': 'abc def', 'n': 1}", "{'client_secret': '<redacted>', 'n': 1}"],
    ["GET /reset?token=abc123&next=/home", "GET /reset?token=<redacted>&next=/home"],
    ["SECRET_KEY=django-insecure-x%y", "SECRET_KEY=<redacted>"],
    ["password: hunter2hunter2", "password: <redacted>"],
    ["mysql --password hunter2 -u root", "mysql --password <redacted> -u root"],
    [`:password=>"abc"`, `:password=>"<redacted>"`],
    [
      "-----BEGIN PRIVATE KEY-----MIIE-----END PRIVATE KEY-----",
      "-----BEGIN PRIVATE KEY-----<redacted>-----END PRIVATE KEY-----",
    ],
  ])("%s", (text, expected) => {
    expect(redactOne(text)).toBe(expected);
    // Again, as for a line that is read a second time: the same.
    expect(redactOne(expected)).toBe(expected);
  });

  it("a private key over many lines goes, whole, and what follows stays", () => {
    const body = [
      "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj",
      "MzEfYyjiWA4R4/M2bS1GB4t7NXp98C3S",
      "short=",
    ];
    const out = redactAll([
      "loaded:",
      "-----BEGIN RSA PRIVATE KEY-----",
      "Proc-Type: 4,ENCRYPTED",
      "",
      ...body,
      "-----END RSA PRIVATE KEY-----",
      "started on 8000",
    ]);
    expect(out.join("\n")).not.toMatch(/MIIE|MzEf|short|4,ENC/);
    expect(out[1]).toBe("-----BEGIN RSA PRIVATE KEY-----");
    expect(out.slice(-2)).toEqual(["-----END RSA PRIVATE KEY-----", "started on 8000"]);
  });

  it("a key that never ends hides nothing else", () => {
    const out = redactAll([
      "-----BEGIN PRIVATE KEY-----",
      "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcw",
      "GET / 200",
      "done",
    ]);
    expect(out.slice(1)).toEqual(["<redacted>", "GET / 200", "done"]);
  });

  it("a key goes on behind a restart, and lines of another source do not end it", () => {
    const redactor = createRedactor();
    redactor.prime([
      { source, text: "-----BEGIN PRIVATE KEY-----" },
      { source: "web.2 stdout", text: "hello there" },
    ]);
    expect(redactor.line({ source: "web.2 stdout", text: "MIIEvQIBADANBgkq" })).toBe("MIIEvQIBADANBgkq");
    expect(redactor.line({ source, text: "MIIEvQIBADANBgkqhkiG9w0BAQEF" })).toBe("<redacted>");
  });
});

describe("ordinary lines stay as they are", () => {
  it.each([
    "[2026-11-22 10:00:00 +0000] [7] [INFO] Starting gunicorn 21.2.0",
    "[2026-11-22 10:00:00 +0000] [7] [INFO] Listening at: http://0.0.0.0:8000 (7)",
    '10.0.0.1 - - [22/Nov/2026:10:00:00 +0000] "GET /static/tokens.css?v=3 HTTP/1.1" 200 512 "https://example.org/" "Mozilla/5.0"',
    '10.0.0.1 - maria@example.org [22/Nov/2026:10:00:00 +0000] "GET http://a:80/@x HTTP/1.1" 200 1',
    "Forbidden (CSRF token missing.): /accounts/login/",
    "django.core.exceptions.ImproperlyConfigured: The SECRET_KEY setting must not be empty.",
    '  File "/app/auth/tokens.py", line 12, in check_password',
    "ValidationError: password: This password is too short. It must contain at least 8 characters.",
    "WARNING:root:Invalid token: unexpected end of input",
    "SyntaxError: Unexpected token < in JSON at position 0",
    "max_tokens=4096 prompt_tokens=12 total_tokens: 400",
    "token_type=bearer expires_in=3600 password_changed_at=2026-11-22T10:00:00Z",
    "Applying auth.0002_alter_permission_name_max_length... OK",
    "PWD=/app OLDPWD=/ HOME=/root",
    "Bearer authentication is required",
    'WWW-Authenticate: Bearer realm="example"',
    "password: required, token: none, secret=None, api_key=****",
    '2026/11/22 10:00:00 [error] 31#31: *1 connect() failed (111: Connection refused) while connecting to upstream, client: 10.0.0.1, server: _, request: "GET / HTTP/1.1", upstream: "http://127.0.0.1:8000/"',
    "test_live_server passed=12 pass: 10",
    "UserPasswordValidator=on AUTH_PASSWORD_VALIDATORS loaded",
    "keyspace=shop primary_key=12 key=value sort_key: id",
    "usage: deploy --token TOKEN  the token to use",
    "secretKeyRef name: db, secret_name=shop/db secretArn=arn:aws:secretsmanager:x",
    "https://example.org:443/a?b=c#d user@example.org",
    "authorization: required for /admin",
  ])("%s", (text) => {
    expect(redactOne(text)).toBe(text);
  });
});

describe("time", () => {
  it("is linear: a megabyte of what patterns like takes no longer per byte than a kilobyte of it", () => {
    const units = [
      "a",
      "eyJ",
      "-eyJa.",
      "token=(",
      "pwd=/",
      "pass:",
      "authorization:",
      "cookie=",
      "://a:",
      "://",
      "x@",
      "\\",
      '"',
      'password="\\',
      " ",
      "-----BEGIN PRIVATE KEY-----",
      "ghp_",
      "SG.a.",
      "bearer ",
      "--token ",
      "abcdefghij",
      "token: ",
      "_live_",
      "sk_live_a",
      "passpass=",
      "secret=$secret",
    ];
    const redactor = createRedactor();
    redactor.learn(["abcdefghijk", "aaaaaaaaaaaaaaaaaaaaaaab", "x".repeat(2_000)]);
    for (const unit of units) {
      const text = unit.repeat(Math.ceil(1_000_000 / unit.length));
      const began = performance.now();
      redactor.line({ source: unit, text });
      // Quadratic would be minutes; this is not a measure of speed.
      expect(performance.now() - began, unit).toBeLessThan(5_000);
    }
  });
});
