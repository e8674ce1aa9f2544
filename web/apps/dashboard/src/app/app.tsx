/** Everything that all pages stand on, and the door. */
import { RealtimeProvider } from "@slotcast/realtime";
import {
  Announcer,
  type Config,
  type Notice,
  SessionProvider,
  Toaster,
  useSession,
} from "@slotcast/ui";
import { Catch, Router } from "@slotcast/ui/router";
import type { SupabaseClient } from "@supabase/supabase-js";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { PageBroken } from "./failures";
import { Page } from "./page";
import { Root } from "./root";

const AcceptInvitation = lazy(async () => ({
  default: (await import("../features/shell/accept-invitation")).AcceptInvitation,
}));
const SignInPage = lazy(async () => ({
  default: (await import("../features/shell/sign-in-page")).SignInPage,
}));

const FRESH_MS = 30_000;

/** Every link stays in the workspace. */
const KEPT = ["workspace"] as const;

export interface AppProps {
  config: Config;
  client: SupabaseClient;
  notice: Notice | null;
}

export function App({ config, client, notice }: AppProps) {
  const [queries] = useState(
    () => new QueryClient({ defaultOptions: { queries: { staleTime: FRESH_MS, retry: 1 } } }),
  );
  return (
    <QueryClientProvider client={queries}>
      <SessionProvider
        app="dashboard"
        client={client}
        config={config}
        initialNotice={notice}
        onSignedOut={() => queries.clear()}
      >
        <RealtimeProvider client={client}>
          <Door />
          <Toaster />
          <Announcer />
        </RealtimeProvider>
      </SessionProvider>
    </QueryClientProvider>
  );
}

function Door() {
  const { status, isRecovering, user } = useSession();
  const { invitation, close } = useInvitation();
  if (status === "loading") return null;
  if (status === "signed-out" || isRecovering) {
    return (
      <Suspense>
        <SignInPage />
      </Suspense>
    );
  }
  if (invitation) {
    return (
      <Suspense>
        <AcceptInvitation {...invitation} onDone={close} />
      </Suspense>
    );
  }
  // Another person begins with nothing of what the one before them saw.
  return (
    <Router key={user?.id} base="/dashboard" keeps={KEPT}>
      <Catch broken={<PageBroken />}>
        <Root>
          <Page />
        </Root>
      </Catch>
    </Router>
  );
}

const INVITATION = "invitation";
const WORKSPACE = "workspace";

interface Invitation {
  token: string;
  /** Slug of the workspace that it is for, as the link says; empty where it does not. */
  workspace: string;
}

/** The invitation in the address, until it is accepted or put away; it stays there while somebody signs in. */
function useInvitation() {
  const [invitation, setInvitation] = useState(readInvitation);
  function close(slug?: string) {
    const address = new URL(location.href);
    address.searchParams.delete(INVITATION);
    if (slug) address.searchParams.set(WORKSPACE, slug);
    else address.searchParams.delete(WORKSPACE);
    history.replaceState(history.state, "", address);
    setInvitation(null);
  }
  return { invitation, close };
}

function readInvitation(): Invitation | null {
  const search = new URLSearchParams(location.search);
  const token = search.get(INVITATION);
  return token ? { token, workspace: search.get(WORKSPACE) ?? "" } : null;
}
