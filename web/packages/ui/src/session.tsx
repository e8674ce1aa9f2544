import { createClient, type Session, type SupabaseClient, type User } from "@supabase/supabase-js";
import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useEffectEvent,
  useMemo,
  useRef,
  useState,
} from "react";
import type { Config } from "./config";
import { forgetDrafts, keepDrafts, stopKeepingDrafts } from "./drafts";
import { forgetStored, isText, readStored, writeStored } from "./stored";

/**
 * Makes the one client of an app.
 *
 * @param app Parts the sessions of apps that are served side by side: one may sign in to the dashboard as the
 *   shop and to the booking app as a customer.
 */
export function makeClient(config: Config, app: string): SupabaseClient {
  return createClient(config.url, config.publishableKey, {
    auth: { storageKey: `slotcast.${app}` },
    // Timers of hidden pages sleep, those of workers do not: heartbeats keep going.
    realtime: { worker: true },
  });
}

/** `ended`: the session could not be renewed. `notEntered`: the demo could not sign in whom the address names. */
export type Notice = "ended" | "notEntered";

export interface SessionState {
  supabase: SupabaseClient;
  config: Config;
  /** `loading` until it is known whether somebody is signed in. */
  status: "loading" | "signed-in" | "signed-out";
  session: Session | null;
  user: User | null;
  /** Whether the user is anonymous: a guest, who has no way back in on another device. */
  isGuest: boolean;
  /** Whether the user came by a link to reset the password; show `NewPasswordForm` then. */
  isRecovering: boolean;
  /** Why nobody is signed in who was to be; null where that is as it was asked for. */
  notice: Notice | null;
  endRecovery: () => void;
  signOut: () => Promise<void>;
}

const SessionContext = createContext<SessionState | null>(null);

export interface SessionProviderProps {
  /** As for {@link makeClient}. */
  app: string;
  client: SupabaseClient;
  config: Config;
  children: ReactNode;
  /** What to say to begin with. */
  initialNotice?: Notice | null;
  /**
   * Called when a user is signed in no more; forget what was theirs, since computers are shared.
   *
   * @param isAsked Whether they asked for it, here or in another tab. What they were typing is not lost otherwise.
   */
  onSignedOut?: (isAsked: boolean) => void;
}

/** Knows who is signed in. Its children see a user only once realtime joins as that user too. */
export function SessionProvider(props: SessionProviderProps) {
  const { app, client, config, children, initialNotice = null, onSignedOut } = props;
  // Who signed out last in this browser: all tabs hear that somebody is signed in no more, but only one was asked to.
  const leftAs = `slotcast.${app}.left`;
  const [known, setKnown] = useState<Session | null | undefined>(undefined);
  const [isRecovering, setRecovering] = useState(false);
  const [notice, setNotice] = useState(initialNotice);
  const isLeaving = useRef(false);
  const lastUserId = useRef<string>(undefined);
  const hasEnded = useRef(false);
  const signedOut = useEffectEvent(() => onSignedOut?.(!hasEnded.current));

  useEffect(() => {
    let latest: symbol | undefined;
    async function take(session: Session | null) {
      const mine = Symbol("event");
      latest = mine;
      await client.realtime.setAuth();
      if (latest === mine) setKnown(session);
    }
    const { data } = client.auth.onAuthStateChange((event, session) => {
      if (event === "PASSWORD_RECOVERY") setRecovering(true);
      if (event === "SIGNED_OUT") ended();
      if (session) began(session.user.id);
      if (event === "SIGNED_IN") {
        setNotice(null);
        if (readStored(leftAs, isText) === lastUserId.current) forgetStored(leftAs);
      }
      // Not from within: the auth client holds its lock while it calls, and setAuth() asks it for the token.
      setTimeout(() => void take(session));
    });
    /** Before anything is drawn anew, so that forms know why they go. */
    function ended() {
      const left = readStored(leftAs, isText);
      const isAsked = isLeaving.current || (left !== undefined && left === lastUserId.current);
      hasEnded.current = !isAsked;
      setNotice(isAsked ? null : "ended");
      if (isAsked) forgetDrafts();
      else keepDrafts();
    }
    function began(userId: string) {
      stopKeepingDrafts();
      if (lastUserId.current !== userId) forgetDrafts();
      lastUserId.current = userId;
    }
    return () => {
      latest = undefined;
      data.subscription.unsubscribe();
    };
  }, [client, leftAs]);

  const wasSignedIn = useRef(false);
  useEffect(() => {
    // Only now: while a user was shown, what is forgotten would be asked for again, by nobody.
    if (known === null && wasSignedIn.current) signedOut();
    wasSignedIn.current = Boolean(known);
  }, [known]);

  const signOut = useCallback(async () => {
    isLeaving.current = true;
    writeStored(leftAs, lastUserId.current ?? null);
    try {
      await client.auth.signOut({ scope: "local" });
    } finally {
      isLeaving.current = false;
    }
  }, [client, leftAs]);
  const endRecovery = useCallback(() => setRecovering(false), []);

  const state = useMemo<SessionState>(() => {
    const user = known?.user ?? null;
    return {
      supabase: client,
      config,
      status: known === undefined ? "loading" : known ? "signed-in" : "signed-out",
      session: known ?? null,
      user,
      isGuest: user?.is_anonymous === true,
      isRecovering,
      notice,
      endRecovery,
      signOut,
    };
  }, [client, config, known, isRecovering, notice, endRecovery, signOut]);
  return <SessionContext value={state}>{children}</SessionContext>;
}

export function useSession(): SessionState {
  const state = useContext(SessionContext);
  if (!state) throw new Error("useSession() needs a <SessionProvider> around it");
  return state;
}

/** What to call somebody: the name of their account, or the address up to the @; empty for guests. */
export function nameOf(user: User | null): string {
  const name: unknown = user?.user_metadata.name;
  return typeof name === "string" && name !== "" ? name : (user?.email?.split("@")[0] ?? "");
}
