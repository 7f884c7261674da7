import type { Page } from "playwright-core";
import { expect } from "vitest";

/** The password of everybody in a journey. */
export const PASSWORD = "a long password of a test";

/** Takes the one-time link as the first owner would, and waits for the overview. */
export async function enterAsOwner(page: Page, link: string): Promise<void> {
  await page.goto(link);
  await page.getByLabel("E-mail").fill("owner@example.org");
  await page.getByLabel("Name").fill("Olga Owner");
  await page.getByRole("button", { name: "Sign in as owner" }).click();
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
}

/** Invites somebody on the page of people; answers with the link that is shown once. */
export async function invite(page: Page, email: string, app: string, role: string): Promise<string> {
  await page.goto("/people");
  await page.getByRole("button", { name: "Invite", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("E-mail").fill(email);
  await dialog.getByLabel("For", { exact: true }).selectOption(app);
  await dialog.getByLabel("Role").selectOption(role);
  await dialog.getByRole("button", { name: "Invite", exact: true }).click();
  const link = await page.getByLabel(`Invitation for ${email}`).inputValue();
  expect(link).toContain("/invitation#invitation=");
  return link;
}

/** Takes an invitation with a password. */
export async function acceptInvitation(page: Page, link: string): Promise<void> {
  await page.goto(link);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Accept and sign in" }).click();
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
}

/** Signs in by the form, without waiting for what comes of it. */
export async function signIn(page: Page, email: string, password: string = PASSWORD): Promise<void> {
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}
