import type { SupabaseClient } from "@supabase/supabase-js";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { roomOf } from "./room";

const DAY = { view: "day", date: "2026-11-24" } as const;
const WEEK = { view: "week", date: "2026-11-24" } as const;
const SUBSCRIBED = "SUBSCRIBED";

type Status = (status: string) => void;

/** A client whose channels answer when the test says so. */
function fakeClient() {
  const channels: FakeChannel[] = [];
  const open = new Set<FakeChannel>();
  const client = {
    getChannels: () => [...open].map(({ topic }) => ({ topic: `realtime:${topic}` })),
    channel: (topic: string, options: unknown) => {
      const channel = new FakeChannel(topic, options);
      channels.push(channel);
      open.add(channel);
      return channel;
    },
    removeChannel: vi.fn((channel: FakeChannel) => open.delete(channel)),
  };
  return { client: client as unknown as SupabaseClient, channels, left: client.removeChannel };
}

class FakeChannel {
  readonly track = vi.fn();
  state: Record<string, unknown[]> = {};
  #sync: () => void = () => {};
  #status: Status = () => {};

  constructor(
    readonly topic: string,
    readonly options: unknown,
  ) {}

  on(_kind: string, _filter: unknown, sync: () => void) {
    this.#sync = sync;
    return this;
  }

  subscribe(status: Status) {
    this.#status = status;
    return this;
  }

  presenceState() {
    return this.state;
  }

  say(status: string) {
    this.#status(status);
  }

  show(state: Record<string, unknown[]>) {
    this.state = state;
    this.#sync();
  }
}

/** A room that is entered, and its channel. */
function entered() {
  const fake = fakeClient();
  const room = roomOf(fake.client, "salon", "ana");
  const listener = vi.fn();
  const leave = room.subscribe(listener);
  const [channel] = fake.channels;
  if (!channel) throw new Error("no channel was made");
  return { ...fake, room, listener, leave, channel };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a room", () => {
  test("is the workspace's private channel", () => {
    const { channel } = entered();

    expect(channel.topic).toBe("workspace:salon");
    expect(channel.options).toMatchObject({ config: { private: true } });
  });

  test("survives that its only listener leaves and comes back at once", () => {
    const { room, leave, channels, left } = entered();

    leave();
    room.subscribe(() => {});
    vi.advanceTimersByTime(60_000);

    expect(channels).toHaveLength(1);
    expect(left).not.toHaveBeenCalled();
  });

  test("is left a moment after its last listener", () => {
    const { leave, left } = entered();

    leave();
    expect(left).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1_000);

    expect(left).toHaveBeenCalledOnce();
  });

  test("is told where the tab is as soon as it is entered, and again after each entering", () => {
    const { room, channel } = entered();
    room.goTo(DAY);
    expect(channel.track).not.toHaveBeenCalled();

    channel.say(SUBSCRIBED);
    channel.say("CHANNEL_ERROR");
    channel.say(SUBSCRIBED);

    expect(channel.track).toHaveBeenCalledTimes(2);
    expect(channel.track).toHaveBeenLastCalledWith(
      expect.objectContaining({ user_id: "ana", ...DAY }),
    );
  });

  test("is told of the last place only when somebody hurries through several", () => {
    const { room, channel } = entered();
    room.goTo(DAY);
    channel.say(SUBSCRIBED);

    room.goTo(WEEK);
    room.goTo(DAY);
    room.goTo(WEEK);
    vi.advanceTimersByTime(1_000);

    expect(channel.track).toHaveBeenCalledTimes(2);
    expect(channel.track).toHaveBeenLastCalledWith(expect.objectContaining(WEEK));
  });

  test("shows who is there, and nobody while it is cut off", () => {
    const { room, channel, listener } = entered();
    channel.say(SUBSCRIBED);

    channel.show({ tab: [{ user_id: "ben" }] });
    expect(room.getState()).toHaveProperty("tab");
    expect(listener).toHaveBeenCalled();

    channel.say("CHANNEL_ERROR");
    expect(room.getState()).toEqual({});
  });

  test("is entered anew when the server has closed it", () => {
    const { channel, channels } = entered();
    channel.say(SUBSCRIBED);

    channel.say("CLOSED");
    vi.advanceTimersByTime(5_000);

    expect(channels).toHaveLength(2);
  });

  test("is entered by who signs in next only once the last one has left", () => {
    const { client, channels, leave } = entered();
    leave();

    roomOf(client, "salon", "ben").subscribe(() => {});
    expect(channels).toHaveLength(1);
    vi.advanceTimersByTime(1_000);

    expect(channels).toHaveLength(2);
  });

  test("is one for each person: who signs in next is not taken for the last one", () => {
    const { client } = fakeClient();

    expect(roomOf(client, "salon", "ana")).toBe(roomOf(client, "salon", "ana"));
    expect(roomOf(client, "salon", "ben")).not.toBe(roomOf(client, "salon", "ana"));
  });
});
