import { expect, test } from "vitest";
import { isSlug, slugOf } from "./slug";

test.each([
  ["Salon Lumière & Co.", "salon-lumiere-co"],
  ["  Études  ", "etudes"],
  ["---", ""],
  ["理容室", ""],
  [`${"a".repeat(62)} b`, "a".repeat(62)],
])("%s suggests %s", (name, slug) => {
  expect(slugOf(name)).toBe(slug);
});

test("a slug is what the database takes for one", () => {
  expect(["salon", "a1", "0-0"].every(isSlug)).toBe(true);
  expect(["", "a", "-salon", "Salon", "salon/x", "a".repeat(64)].some(isSlug)).toBe(false);
});
