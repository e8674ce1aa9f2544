import type { AuthChangeEvent, SupabaseClient } from "@supabase/supabase-js";
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { type ReactNode, useState } from "react";
import { afterEach, describe, expect, test, vi } from "vitest";
import { useDraft } from "./drafts";
import { SessionProvider, useSession } from "./session";

type Listener = (event: AuthChangeEvent, session: object | null) => void;

/** An auth client that is told what happens. */
class Accounts {
  #listener: Listener = () => {};

  readonly client = {
    realtime: { setAuth: async () => {} },
    auth: {
      onAuthStateChange: (listener: Listener) => {
        this.#listener = listener;
        return { data: { subscription: { unsubscribe: () => {} } } };
      },
      signOut: async () => this.#listener("SIGNED_OUT", null),
    },
  } as unknown as SupabaseClient;

  signIn(id: string) {
    return this.#tell("SIGNED_IN", { user: { id, user_metadata: {} } });
  }

  endSession() {
    return this.#tell("SIGNED_OUT", null);
  }

  #tell(...event: Parameters<Listener>) {
    return act(async () => {
      this.#listener(...event);
      await settled();
    });
  }
}

const config = { url: "http://salon.example", publishableKey: "key", demo: false };

function Page() {
  const { user, notice, signOut } = useSession();
  if (!user) return <p>{notice ?? "welcome"}</p>;
  return (
    <>
      <button type="button" onClick={() => void signOut()}>
        Sign out
      </button>
      <Form />
    </>
  );
}

function SignOut() {
  const { signOut } = useSession();
  return (
    <button type="button" onClick={() => void signOut()}>
      Leave
    </button>
  );
}

function Form() {
  const [text, setText] = useDraft("note", () => "");
  const [isOpen, setOpen] = useState(true);
  return (
    <>
      <button type="button" onClick={() => setOpen(!isOpen)}>
        Open or close
      </button>
      {isOpen && <Field />}
      <textarea aria-label="Note" value={text} onChange={(event) => setText(event.target.value)} />
    </>
  );
}

function Field() {
  const [text, setText] = useDraft("name", () => "");
  return <input aria-label="Name" value={text} onChange={(event) => setText(event.target.value)} />;
}

function renderTab(content: ReactNode, onSignedOut = (_isAsked: boolean) => {}): Accounts {
  const accounts = new Accounts();
  render(
    <SessionProvider app="salon" client={accounts.client} config={config} onSignedOut={onSignedOut}>
      {content}
    </SessionProvider>,
  );
  return accounts;
}

async function opened(onSignedOut?: (isAsked: boolean) => void): Promise<Accounts> {
  const accounts = renderTab(<Page />, onSignedOut);
  await accounts.signIn("olga");
  fireEvent.change(screen.getByLabelText("Note"), { target: { value: "typed" } });
  return accounts;
}

const note = () => screen.getByLabelText<HTMLTextAreaElement>("Note").value;
const name = () => screen.getByLabelText<HTMLInputElement>("Name").value;
const settled = () => new Promise((resolve) => setTimeout(resolve));

describe("what was typed", () => {
  afterEach(() => {
    cleanup();
    localStorage.clear();
  });

  test("is there again for whoever signs in after their session has ended", async () => {
    const accounts = await opened();
    await accounts.endSession();
    expect(screen.getByText("ended")).toBeDefined();

    await accounts.signIn("olga");

    expect(note()).toBe("typed");
  });

  test("is forgotten when nobody comes back to it for ten minutes", async () => {
    const accounts = await opened();
    await accounts.endSession();
    vi.spyOn(Date, "now").mockReturnValue(Date.now() + 10 * 60_000);

    await accounts.signIn("olga");

    expect(note()).toBe("");
  });

  test("is not for anybody else, nor for its author after them", async () => {
    const accounts = await opened();
    await accounts.endSession();
    await accounts.signIn("samir");
    expect(note()).toBe("");
    await accounts.endSession();

    await accounts.signIn("olga");

    expect(note()).toBe("");
  });

  test("goes with who signs out", async () => {
    const accounts = await opened();
    await act(async () => {
      fireEvent.click(screen.getByText("Sign out"));
      await settled();
    });
    expect(screen.getByText("welcome")).toBeDefined();

    await accounts.signIn("olga");

    expect(note()).toBe("");
  });

  test("goes with who signs out in another tab", async () => {
    const signedOut = vi.fn();
    const accounts = await opened(signedOut);
    await renderTab(<SignOut />).signIn("olga");
    await act(async () => {
      fireEvent.click(screen.getByText("Leave"));
      await settled();
    });

    await accounts.endSession();

    expect(screen.getByText("welcome")).toBeDefined();
    expect(signedOut.mock.calls).toEqual([[true]]);
    await accounts.signIn("olga");
    expect(note()).toBe("");
    await accounts.endSession();
    expect(screen.getByText("ended")).toBeDefined();
  });

  test("goes with the form that is closed", async () => {
    const accounts = await opened();
    fireEvent.change(screen.getByLabelText("Name"), { target: { value: "Clara" } });
    fireEvent.click(screen.getByText("Open or close"));
    fireEvent.click(screen.getByText("Open or close"));
    expect(name()).toBe("");
    await accounts.endSession();

    await accounts.signIn("olga");

    expect(name()).toBe("");
    expect(note()).toBe("typed");
  });
});
