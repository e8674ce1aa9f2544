// @vitest-environment node
import { expect, test } from "vitest";
import { formatMoney } from "./money";

test("whole amounts are written without decimals, others with the currency's own", () => {
  expect(formatMoney(4500, "EUR", "en")).toBe("€45");
  expect(formatMoney(4550, "EUR", "en")).toBe("€45.50");
});

test("the smallest unit is the currency's, which is not always a hundredth", () => {
  expect(formatMoney(500, "JPY", "en")).toBe("¥500");
  expect(formatMoney(1500, "KWD", "en")).toMatch(/^KWD\s1\.500$/u);
});
