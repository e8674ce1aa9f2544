import { expect, test, vi } from "vitest";
import { later, loadAfterFirstPress } from "./later";

test("code is loaded once, for everybody who asks", async () => {
  const importCode = vi.fn(async () => "code");
  const code = later(importCode);
  const heard = vi.fn();
  code.listen(heard);
  expect(code.loaded()).toBeUndefined();

  expect(await Promise.all([code.load(), code.load()])).toEqual(["code", "code"]);

  expect(importCode).toHaveBeenCalledOnce();
  expect(code.loaded()).toBe("code");
  expect(heard).toHaveBeenCalledOnce();
});

test("what could not be loaded is tried again when it is asked for again", async () => {
  const importCode = vi.fn(async () => "code");
  importCode.mockRejectedValueOnce(new TypeError("offline"));
  const code = later(importCode);

  await expect(code.load()).rejects.toThrow("offline");

  expect(await code.load()).toBe("code");
});

test("the first press loads everything that may be needed next, and what is named after it", () => {
  const one = vi.fn(async () => 1);
  const other = vi.fn(async () => 2);
  later(one);
  later(other);
  loadAfterFirstPress();
  expect(one).not.toHaveBeenCalled();

  for (const key of ["Tab", "Enter"]) dispatchEvent(new KeyboardEvent("keydown", { key }));

  expect(one).toHaveBeenCalledOnce();
  expect(other).toHaveBeenCalledOnce();

  const another = vi.fn(async () => 3);
  later(another);
  expect(another).toHaveBeenCalledOnce();
});
