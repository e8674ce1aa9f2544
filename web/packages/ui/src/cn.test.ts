import { expect, test } from "vitest";
import { cn } from "./cn";

test.each([
  ["a shorter button", ["h-9 px-3.5 text-md", "h-6 px-1.5 text-xs"], "h-6 px-1.5 text-xs"],
  ["a square one", ["h-9 px-3.5 text-md", "px-0 size-9"], "text-md px-0 size-9"],
  ["without any padding", ["px-3.5 py-2", "p-0"], "p-0"],
  ["of another colour", ["text-md text-ink-soft", "text-accent-text"], "text-md text-accent-text"],
  ["that floats", ["relative rounded-control", "fixed rounded-full"], "fixed rounded-full"],
  ["that grows", ["shrink-0 px-5", "flex-1"], "px-5 flex-1"],
])("what a component is given overrides what it has: %s", (_, given, expected) => {
  expect(cn(...given)).toBe(expected);
});

test("what holds only sometimes overrides only what holds at those times", () => {
  expect(cn("h-9 max-sm:h-11 hover:bg-hover", "h-8 bg-raised")).toBe(
    "max-sm:h-11 hover:bg-hover h-8 bg-raised",
  );
  expect(cn("peer-checked:bg-accent", "peer-checked:bg-pending")).toBe("peer-checked:bg-pending");
});

test("what goes together stays together", () => {
  const classes =
    "border border-b-2 border-line p-4 px-2 text-sm text-start text-ink flex-col flex-1 basis-56";
  expect(cn(classes, false, undefined)).toBe(classes);
});
