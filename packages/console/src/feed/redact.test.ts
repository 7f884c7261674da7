import fc from "fast-check";
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

describe("known values", () => {
  const value = `p@ss w/ord"ü'1+x`;
  it.each([
    ["as it is", value],
    ["in a URL", encodeURIComponent(value)],
    ["in a URL, small letters", encodeURIComponent(value).replace(/%../g, (code) => code.toLowerCase())],
    ["in a form", new URLSearchParams({ v: value }).toString().slice(2)],
    ["in JSON", JSON.stringify(value).slice(1, -1)],
    ["in JSON in JSON", JSON.stringify(JSON.stringify(value)).slice(3, -3)],
    ["in base64", Buffer.from(value).toString("base64").replace(/=+$/, "")],
  ])("%s", (_how, form) => {
    const text = redactOne(`before ${form} behind`, [value]);
    expect(text).toBe("before <redacted> behind");
  });

  it("within base64 of something longer, wherever it begins", () => {
    for (const name of ["", "a", "ab", "abc"]) {
      const encoded = Buffer.from(`${name}:${value}:more`).toString("base64");
      const text = redactOne(`x ${encoded} y`, [value]);
      const left = (text.match(/[A-Za-z0-9+/]{2,}/g) ?? []).filter((part) => part !== "redacted");
      for (const part of left) expect(Buffer.from(part, "base64").toString()).not.toContain("w/ord");
      expect(text).toContain("<redacted>");
    }
  });

  it("of several lines goes line by line; the password of a URL by itself, too", () => {
    const key = "first line of it\nsecond line of it\n";
    expect(redactAll(["a first line of it", "second line of it."], [key])).toEqual([
      "a <redacted>",
      "<redacted>.",
    ]);
    expect(redactOne("login with tops3cret", ["postgres://u:tops3cret@db/x"])).toBe("login with <redacted>");
  });

  it("overlapping and touching ones leave nothing between", () => {
    expect(redactOne("xabcdefghix", ["abcdef", "defghi"])).toBe("x<redacted>x");
    expect(redactOne("abcdefabcdef", ["abcdef"])).toBe("<redacted>");
  });

  it("cut by the platform in the middle goes on both sides", () => {
    const secret = "0123456789abcdefghijKLMNOP";
    const long = "x".repeat(10_000);
    const [head, tail] = redactAll(
      [`${long}${secret.slice(0, 12)}`, `${secret.slice(12)} and more`],
      [secret],
    );
    expect(head).toBe(`${long}<redacted>`);
    expect(tail).toBe("<redacted> and more");
    const [marked] = redactAll([`short ${secret.slice(0, 12)}…↩`], [secret]);
    expect(marked).toBe("short <redacted>…↩");
  });

  it("shorter than six characters are not looked for", () => {
    expect(redactOne("a 12345 b", ["12345"])).toBe("a 12345 b");
  });

  it("never survive, whatever they are and wherever they stand", () => {
    const letters = fc.string({ unit: "grapheme", minLength: 6, maxLength: 120 });
    const plain = fc.stringMatching(/^[ -~]{6,120}$/);
    fc.assert(
      fc.property(
        fc.array(fc.oneof(letters, plain), { minLength: 1, maxLength: 8 }),
        fc.array(fc.tuple(fc.string({ maxLength: 40 }), fc.nat(), fc.nat(7), fc.string({ maxLength: 40 }))),
        (found, places) => {
          // The mark itself is no secret, and neither is what it makes together with its neighbours.
          const secrets = found.filter(
            (one) => !/[\r\n]/.test(one) && one.trim().length >= 6 && !overlapsMark(one),
          );
          const redactor = createRedactor();
          redactor.learn(secrets);
          for (const [before, which, how, behind] of places) {
            const secret = secrets[which % Math.max(1, secrets.length)];
            if (secret === undefined) continue;
            const form = formsOf(secret)[how % 4] ?? secret;
            const clean = redactor.line({ source, text: before + form + behind });
            for (const one of secrets) expect(clean).not.toContain(one);
            if (!overlapsMark(form)) expect(clean).not.toContain(form);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it("never survive in whatever pieces the platform cuts a long line", () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-z0-9]{12,90}$/),
        fc.integer({ min: 0, max: 200 }),
        fc.integer({ min: 0, max: 300 }),
        (secret, before, cutAt) => {
          const text = `${"-".repeat(9_000 + before)}${secret}${"-".repeat(9_000)}`;
          const at = 9_000 + cutAt;
          const redactor = createRedactor();
          redactor.learn([secret]);
          const joined = [text.slice(0, at), text.slice(at)]
            .map((piece) => redactor.line({ source, text: piece }))
            .join("");
          expect(joined).not.toContain(secret);
          // Not more than two letters at the border are left.
          expect(joined.replaceAll("<redacted>", "").replaceAll("-", "").length).toBeLessThanOrEqual(4);
        },
      ),
      { numRuns: 500 },
    );
  });
});

function formsOf(secret: string): string[] {
  return [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString("base64").replace(/=+$/, ""),
  ];
}

function overlapsMark(text: string): boolean {
  return /[<>]|redacted/.test(text) || "<redacted>".includes(text);
}

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
