import { act, cleanup, renderHook } from "@testing-library/react";
import { afterEach, describe, expect, test } from "vitest";
import { forgetYou, useYou } from "./you";

describe("what a customer typed", () => {
  afterEach(() => {
    cleanup();
    forgetYou();
  });

  const typed = (accountId: string | undefined) => {
    const hook = renderHook((id: string | undefined) => useYou(id), { initialProps: accountId });
    act(() => hook.result.current.change({ name: "Clara", notes: "By the window" }));
    return hook;
  };

  test("stays when a visitor signs in, and goes with them", () => {
    const { result, rerender } = typed(undefined);
    rerender("clara");
    expect(result.current.you).toMatchObject({ name: "Clara", notes: "By the window" });

    rerender(undefined);
    expect(result.current.you).not.toHaveProperty("name");
  });

  test("is out of sight until a session that has ended is begun again, over a reload too", () => {
    const { result: before, rerender } = typed("clara");
    rerender(undefined);
    expect(before.current.you).not.toHaveProperty("name");
    cleanup();

    const { result } = renderHook(() => useYou("clara"));

    expect(result.current.you).toMatchObject({ name: "Clara", notes: "By the window" });
  });

  test("is not for whoever signs in instead", () => {
    const { result, rerender } = typed("clara");
    rerender(undefined);
    rerender("otto");
    expect(result.current.you).not.toHaveProperty("name");

    act(() => result.current.change({ notes: "Short, please" }));

    expect(result.current.you).toMatchObject({ notes: "Short, please", accountId: "otto" });
    expect(result.current.you).not.toHaveProperty("name");
  });
});
