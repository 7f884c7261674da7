import { expect, test } from "vitest";
import { TICKET_LIFE } from "../http/tickets.js";
import { createShellDesk } from "./shell-desk.js";

test("the instance of a ticket is told once, and while the ticket is good", () => {
  let now = 1_000;
  const desk = createShellDesk(() => now);
  desk.put("one", "web.1");
  desk.put("two", "web.2");
  expect(desk.take("one")).toBe("web.1");
  expect(desk.take("one")).toBeUndefined();
  expect(desk.take("none")).toBeUndefined();
  now += TICKET_LIFE;
  expect(desk.take("two")).toBeUndefined();
});

test("fifty shells are open at once, and a place that was left is free again, once", () => {
  const desk = createShellDesk(Date.now);
  const places = Array.from({ length: 50 }, () => desk.enter());
  expect(places.every((place) => place !== undefined)).toBe(true);
  expect(desk.enter()).toBeUndefined();
  places[0]?.();
  expect(desk.enter()).toBeDefined();
  expect(desk.enter()).toBeUndefined();
});
