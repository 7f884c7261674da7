import { describe, expect, test } from "vitest";
import { detectLevel } from "./level.js";

const ESC = "\u001b";

const LINES: readonly (readonly [level: string, line: string])[] = [
  // Python
  ["error", "ERROR:root:it broke"],
  ["warn", "WARNING:django.request:Not Found: /favicon.ico"],
  ["fatal", "CRITICAL:app:out of memory"],
  ["error", "2026-11-22 10:00:00,123 - myapp.views - ERROR - cannot reach the database"],
  ["info", "2026-11-22 10:00:00,123 INFO     orders.tasks: sent"],
  ["debug", "DEBUG django.db.backends (0.001) SELECT 1; args=()"],
  ["info", "INFO 2026-11-22 10:00:00,123 views 7 140 hello"],
  ["error", "Traceback (most recent call last):"],
  ["error", "  + Exception Group Traceback (most recent call last):"],
  ["error", "django.db.utils.OperationalError: could not connect to server"],
  ["error", "KeyError: 'name'"],
  ["warn", "/app/models.py:12: RuntimeWarning: DateTimeField received a naive datetime"],
  ["none", '  File "/app/views.py", line 12, in get'],
  // gunicorn, uvicorn, Celery
  ["info", "[2026-11-22 10:00:00 +0000] [7] [INFO] Starting gunicorn 23.0.0"],
  ["fatal", "[2026-11-22 10:00:00 +0000] [1] [CRITICAL] WORKER TIMEOUT (pid:9)"],
  ["error", "[2026-11-22 10:00:00 +0000] [7] [ERROR] Exception in worker process"],
  ["info", 'INFO:     127.0.0.1:52512 - "GET / HTTP/1.1" 200 OK'],
  ["error", "ERROR:    Exception in ASGI application"],
  ["warn", "[2026-11-22 10:00:00,123: WARNING/ForkPoolWorker-1] slow task"],
  ["info", "[2026-11-22 10:00:00,123: INFO/MainProcess] celery@host ready."],
  // nginx and access logs
  ["error", "2026/11/22 10:00:00 [error] 29#29: *1 connect() failed (111: Connection refused)"],
  ["warn", "2026/11/22 10:00:00 [warn] 1#1: conflicting server name"],
  ["fatal", "2026/11/22 10:00:00 [emerg] 1#1: bind() to 0.0.0.0:80 failed"],
  ["info", "2026/11/22 10:00:00 [notice] 1#1: start worker processes"],
  ["info", '10.0.0.1 - - [22/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 612 "-" "curl/8.5.0"'],
  ["warn", '10.0.0.1 - - [22/Nov/2026:10:00:00 +0000] "GET /x HTTP/2.0" 404 12 "-" "curl/8.5.0"'],
  ["error", '10.0.0.1 - bob [22/Nov/2026:10:00:00 +0000] "POST /pay HTTP/1.1" 502 12 "-" "curl"'],
  ["error", '[22/Nov/2026 10:00:00] "GET / HTTP/1.1" 500 145'],
  // JSON
  ["error", '{"time":"2026-11-22T10:00:00Z","level":"error","msg":"broke"}'],
  ["warn", '{"severity":"WARNING","message":"slow"}'],
  ["info", '{"lvl":"info","msg":"ok"}'],
  ["info", '{"level":30,"time":1763805600000,"pid":1,"msg":"listening"}'],
  ["fatal", '{"name":"app","hostname":"h","pid":1,"level":60,"msg":"dead","v":0}'],
  ["error", '{"version":"1.1","host":"h","short_message":"broke","level":3}'],
  ["fatal", '{"levelname": "CRITICAL", "message": "ERROR everywhere"}'],
  ["none", '{"message":"ERROR in the text only"}'],
  // logfmt, Go
  ["warn", "time=2026-11-22T10:00:00Z level=WARN msg=slow"],
  ["error", 'ts=2026-11-22T10:00:00Z caller=main.go:12 level="error" msg="x"'],
  ["error", 'at=error code=H10 desc="App crashed" method=GET path="/"'],
  ["info", "2026-11-22T10:00:00.000Z\tinfo\tserver/main.go:12\tstarted"],
  ["info", "2026/11/22 10:00:00 INFO hello count=3"],
  ["fatal", "panic: runtime error: invalid memory address or nil pointer dereference"],
  // klog, syslog
  ["warn", "W1122 10:00:00.123456       1 reflector.go:324] failed to list"],
  ["fatal", "F1122 10:00:00.123456       1 main.go:1] gone"],
  ["error", "<11>Nov 22 10:00:00 host app: broke"],
  ["info", "<14>1 2026-11-22T10:00:00Z host app - - - ok"],
  // Java, .NET, Rust, Node, Ruby
  ["error", "2026-11-22 10:00:00,123 [main] ERROR com.example.App - boom"],
  ["info", "2026-11-22T10:00:00.123Z  INFO 1 --- [           main] c.e.Application : Started"],
  ["fatal", "10:00:00.123 [http-nio-8080-exec-1] FATAL c.e.App - gone"],
  ["error", "SEVERE: Servlet.service() for servlet [app] threw exception"],
  ["error", 'Exception in thread "main" java.lang.NullPointerException'],
  ["error", "java.lang.IllegalStateException: no"],
  ["error", "Caused by: java.io.IOException: closed"],
  ["info", "info: Microsoft.Hosting.Lifetime[14]"],
  ["error", "fail: Microsoft.AspNetCore.Server.Kestrel[13]"],
  ["fatal", "crit: App[0]"],
  ["debug", "dbug: App[0]"],
  ["error", "[2026-11-22T10:00:00Z ERROR my_crate::db] broke"],
  ["warn", "2026-11-22T10:00:00.123456Z  WARN hyper::client: slow"],
  ["fatal", "thread 'main' panicked at src/main.rs:2:5:"],
  ["error", "TypeError: Cannot read properties of undefined (reading 'x')"],
  ["error", "Error: connect ECONNREFUSED 127.0.0.1:5432"],
  ["warn", "(node:12) [DEP0040] DeprecationWarning: The `punycode` module is deprecated."],
  ["error", "error: something is wrong"],
  ["warn", "warning: unused variable"],
  ["error", "E, [2026-11-22T10:00:00.123456 #7] ERROR -- : broke"],
  // PostgreSQL, Redis
  ["error", '2026-11-22 10:00:00.123 UTC [42] ERROR:  relation "x" does not exist'],
  ["fatal", '2026-11-22 10:00:00.123 UTC [42] FATAL:  role "x" does not exist'],
  ["info", "2026-11-22 10:00:00.123 UTC [1] LOG:  database system is ready to accept connections"],
  ["info", "1:M 22 Nov 2026 10:00:00.123 * Ready to accept connections tcp"],
  ["warn", "1:C 22 Nov 2026 10:00:00.123 # Warning: no config file specified"],
  // coloured
  ["error", `${ESC}[31mERROR${ESC}[0m something`],
  ["info", `${ESC}[2m2026-11-22T10:00:00.123456Z${ESC}[0m ${ESC}[32m INFO${ESC}[0m app: started`],
  ["warn", `[${ESC}[33mwarn${ESC}[39m] slow`],
  // not a level
  ["none", "listening on port 8000"],
  ["none", "Set the status of the order to ERROR for testing"],
  ["none", "error-page.html was written"],
  ["none", "no errors found"],
  ["none", "Log rotated"],
  ["none", "information about the release"],
  ["none", ""],
  ["none", `${" ".repeat(400)}ERROR too far`],
];

describe("the level of a line", () => {
  test.each(LINES)("%s: %s", (level, line) => {
    expect(detectLevel(line, "stdout")).toBe(level);
  });

  test("a line of stderr is no error by that", () => {
    expect(detectLevel("listening on port 8000", "stderr")).toBe("none");
  });

  test("a line of the platform that says nothing is information", () => {
    expect(detectLevel("web.1 started", "system")).toBe("info");
  });

  test("hostile lines of a megabyte are looked at as quickly as short ones", () => {
    const hostile = ["a.", "A", `"`, "[", " ", `${ESC}[`, "1:", "{", '"level":'].map((part) =>
      part.repeat(1_000_000 / part.length),
    );
    for (const line of hostile) for (let turn = 0; turn < 200; turn++) detectLevel(line, "stdout");
  });
});
