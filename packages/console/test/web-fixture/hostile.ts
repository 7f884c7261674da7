/** Lines as processes print them: plain, coloured, data, tracebacks, and such as want to do harm. */
export const LINES: readonly string[] = [
  "GET /healthz 200 in 2 ms",
  "[2026-11-22 10:00:00 +0000] [7] [INFO] Booting worker with pid: 7",
  '\u001b[32mINFO\u001b[0m:     127.0.0.1:51234 - \u001b[1m"GET /books HTTP/1.1"\u001b[0m \u001b[32m200 OK\u001b[0m',
  '{"time":"2026-11-22T10:00:00Z","level":"info","msg":"order placed","order":{"id":12345678901234567890,"items":[{"sku":"b-1","count":2}]},"user":"maria"}',
  'level=warn ts=2026-11-22T10:00:01Z msg="slow query" table=orders ms=1840 path="/orders?x=1 2"',
  "ERROR:app:payment refused",
  "\u001b[41;97m FATAL \u001b[0m disk is full",
  "<script>document.title='pwned'</script><img src=x onerror=\"document.title='pwned'\">",
  "bidi \u202egnp.exe\u202c and zero\u200bwidth, NUL \u0000 and bell \u0007",
  "\u001b[2J\u001b[H\u001b]0;owned\u0007screen cleared? \u001b]8;;http://evil.example\u001b\\link\u001b]8;;\u001b\\",
  "invalid UTF-8: \ufffd\ufffd and a lone surrogate \ud800",
  "Grüße, שלום, 日本語, 👩‍👩‍👧 ✅",
  "10%\r20%\r100% done",
  "\u001b[31mr\u001b[33ma\u001b[32mi\u001b[36mn\u001b[34mb\u001b[35mo\u001b[91mw\u001b[0m \u001b[38;5;208m256\u001b[0m \u001b[38;2;80;200;120mrgb\u001b[0m \u001b[8mhidden\u001b[0m \u001b[7minverse\u001b[0m",
];

export const PYTHON: readonly string[] = [
  "Traceback (most recent call last):",
  '  File "/app/shop/views.py", line 42, in checkout',
  "    charge(order, card)",
  '  File "/app/shop/payments.py", line 17, in charge',
  "    raise ConnectionError(address)",
  "ConnectionError: ('10.0.3.7', 443)",
  "",
  "During handling of the above exception, another exception occurred:",
  "",
  "Traceback (most recent call last):",
  '  File "/app/shop/wsgi.py", line 9, in handle',
  "    return view(request)",
  "shop.errors.PaymentUnavailable: the payment service cannot be reached",
];

export const NODE: readonly string[] = [
  "TypeError: Cannot read properties of undefined (reading 'price')",
  "    at total (/app/cart.js:12:22)",
  "    at process.processTicksAndRejections (node:internal/process/task_queues:95:5) {",
  "  code: 'E_CART'",
  "}",
];

export const JAVA: readonly string[] = [
  "java.lang.IllegalStateException: pool is closed",
  "\tat com.example.Pool.take(Pool.java:88)",
  "\tat com.example.App.main(App.java:14)",
  "Caused by: java.io.IOException: Broken pipe",
  "\tat com.example.Wire.write(Wire.java:31)",
  "\t... 2 more",
];
