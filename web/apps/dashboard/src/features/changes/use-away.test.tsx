import type { ChannelStatus } from "@slotcast/realtime";
import { act, cleanup, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Desk } from "../desk/desk";
import type { Change } from "./change";
import { useAway } from "./use-away";

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  cleanup();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const desk = { me: "ana" } as Desk;

/** Changes of somebody else, newest first. */
function changesUpTo(newestId: number): Change[] {
  const ids = Array.from({ length: newestId }, (_, place) => newestId - place);
  return ids.map((id) => ({ id, actor_id: "ben", action: "created" }) as Change);
}

/** Shows one change to a reader, who was live when it was read. */
function shown() {
  const onReturn = vi.fn();
  const state = { status: "live" as ChannelStatus, newestId: 1, lastSyncedAt: new Date() };
  const { rerender } = renderHook(
    ({ status, newestId, lastSyncedAt }) =>
      useAway({ desk, status, changes: changesUpTo(newestId), lastSyncedAt, onReturn }),
    { initialProps: state },
  );
  async function become(change: Partial<typeof state>, afterMs: number) {
    await act(() => vi.advanceTimersByTimeAsync(afterMs));
    rerender(Object.assign(state, change));
    await act(() => vi.advanceTimersByTimeAsync(1));
  }
  return { become, onReturn };
}

test.each([50, 5_000])(
  "an absence of %i ms is summed up when what was missed has been read",
  async (ms) => {
    const { become, onReturn } = shown();

    await become({ status: "closed" }, 10);
    await become({ status: "live" }, ms);
    expect(onReturn).not.toHaveBeenCalled();
    await become({ newestId: 4, lastSyncedAt: new Date() }, 10);

    expect(onReturn.mock.calls).toEqual([[3]]);
  },
);

test("a network that is back before the stream has noticed makes an absence, too", async () => {
  const { become, onReturn } = shown();
  const onLine = vi.spyOn(navigator, "onLine", "get");
  async function turn(isOnline: boolean) {
    onLine.mockReturnValue(isOnline);
    await act(async () => window.dispatchEvent(new Event(isOnline ? "online" : "offline")));
  }

  await become({}, 10);
  await turn(false);
  await become({}, 50);
  await turn(true);
  await become({ newestId: 4, lastSyncedAt: new Date() }, 10);

  expect(onReturn.mock.calls).toEqual([[3]]);
});

test("nothing is said of an absence in which there was nothing", async () => {
  const { become, onReturn } = shown();

  await become({ status: "closed" }, 10);
  await become({ status: "live" }, 50);
  await become({ lastSyncedAt: new Date() }, 10);
  await become({ newestId: 2 }, 10);

  expect(onReturn).not.toHaveBeenCalled();
});
