// @vitest-environment node
import { expect, test } from "vitest";
import { errorText, isNetworkError } from "./errors";

const key = (name: string) => name;

test("a hint says more than its code, and a code more than its status", () => {
  expect(errorText({ code: "P0001", hint: "past_cutoff" }, key)).toBe("error.hint.past_cutoff");
  expect(errorText({ code: "23P01", hint: null, status: 400 }, key)).toBe("error.taken");
  expect(errorText({ code: "invalid_credentials", status: 400 }, key)).toBe(
    "error.auth.invalid_credentials",
  );
  expect(errorText({ status: 401 }, key)).toBe("error.expired");
});

test("what nobody has words for is never shown as it came", () => {
  expect(errorText({ code: "XX000", message: "tuple concurrently updated" }, key)).toBe(
    "error.unknown",
  );
});

test("a request without an answer is the network's fault, whichever client made it", () => {
  expect(isNetworkError(new TypeError("Failed to fetch"))).toBe(true);
  expect(isNetworkError({ message: "TypeError: Failed to fetch", code: "" })).toBe(true);
  expect(isNetworkError({ message: "fetch first", code: "P0001" })).toBe(false);
});
