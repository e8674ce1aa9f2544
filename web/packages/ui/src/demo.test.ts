import type { SupabaseClient } from "@supabase/supabase-js";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { enterDemo } from "./demo";

const config = { url: "http://salon.example", publishableKey: "key", demo: true };
const olga = {
  email: "owner@salon.example",
  password: "x",
  name: "Olga",
  role: "owner",
  workspace: "salon",
};

function signing(error: Error | null, signedIn: string | null = null) {
  const signInWithPassword = vi.fn(async () => {
    // Whoever reloads now comes here again.
    expect(location.search).toContain("as=");
    return { error };
  });
  const session = signedIn && { user: { email: signedIn } };
  const getSession = async () => ({ data: { session } });
  const client = { auth: { getSession, signInWithPassword } } as unknown as SupabaseClient;
  return { client, signInWithPassword };
}

describe("whoever the address names", () => {
  beforeEach(() => {
    history.replaceState({ key: "kept" }, "", "/dashboard/?view=day&as=owner@salon.example");
    vi.spyOn(globalThis, "fetch").mockImplementation(async () =>
      Response.json({ accounts: [olga] }),
    );
  });

  test("is signed in, and then named no more", async () => {
    const { client, signInWithPassword } = signing(null);

    expect(await enterDemo(client, config)).toBe(true);

    expect(signInWithPassword).toHaveBeenCalledWith(olga);
    expect(location.search).toBe("?view=day");
    expect(history.state).toEqual({ key: "kept" });
  });

  test("need not sign in twice", async () => {
    const { client, signInWithPassword } = signing(null, olga.email);

    expect(await enterDemo(client, config)).toBe(true);

    expect(signInWithPassword).not.toHaveBeenCalled();
    expect(location.search).toBe("?view=day");
  });

  test("stays named where that fails, for another attempt", async () => {
    expect(await enterDemo(signing(new Error("no")).client, config)).toBe(false);
    expect(location.search).toContain("as=");
  });

  test("has to be of the demo", async () => {
    history.replaceState(null, "", "/dashboard/?as=nobody@salon.example");
    const { client, signInWithPassword } = signing(null);

    expect(await enterDemo(client, config)).toBe(false);
    expect(await enterDemo(client, { ...config, demo: false })).toBe(true);

    expect(signInWithPassword).not.toHaveBeenCalled();
  });
});
