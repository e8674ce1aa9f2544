import { Button, EmptyState, type Refusal, useErrorText, useSession } from "@slotcast/ui";
import type { SupabaseClient } from "@supabase/supabase-js";
import { useMutation } from "@tanstack/react-query";
import { MailOpen } from "lucide-react";
import { Outside } from "./outside";
import { useTexts } from "./texts";

export interface AcceptInvitationProps {
  token: string;
  /** Slug of the workspace that the link names; empty where it names none. */
  workspace: string;
  /** *slug*: of the workspace that let them in; undefined if none did. */
  onDone: (slug?: string) => void;
}

/** Asks whoever is signed in whether to accept an invitation, or says why that cannot be. */
export function AcceptInvitation({ token, workspace, onDone }: AcceptInvitationProps) {
  const t = useTexts();
  const errorText = useErrorText();
  const { supabase, user, signOut } = useSession();
  const { mutate, isPending, error } = useMutation<string, Refusal>({
    mutationFn: () => accept(supabase, token, workspace, user?.id),
    onSuccess: (slug) => onDone(slug),
  });
  const named = { workspace: workspace || t("shell.invitation.thisWorkspace") };
  // What the server refused for a reason, it would refuse again.
  const isRefused = Boolean(error?.hint);
  return (
    <Outside>
      <div role={error ? "alert" : undefined}>
        <EmptyState
          icon={MailOpen}
          heading="h1"
          title={error ? t("shell.invitation.failed") : t("shell.invitation.title", named)}
          action={
            <div className="flex flex-wrap justify-center gap-2">
              {!isRefused && (
                <Button variant="primary" busy={isPending} onClick={() => mutate()}>
                  {t("shell.invitation.join", named)}
                </Button>
              )}
              <Button onClick={() => onDone()}>{t("shell.invitation.goOn")}</Button>
              <Button onClick={() => void signOut()}>{t("shell.invitation.other")}</Button>
            </div>
          }
        >
          {error && errorText(error)}
          <span className="mt-3 block">{t("shell.signedInAs", { name: user?.email ?? "" })}</span>
        </EmptyState>
      </div>
    </Outside>
  );
}

/** Gives the slug of the workspace. An invitation is good for once: if the answer was lost, they are in by now. */
async function accept(
  client: SupabaseClient,
  token: string,
  workspace: string,
  userId: string | undefined,
): Promise<string> {
  const { data, error } = await client.rpc("accept_invitation", { p_token: token });
  if (!error) return data;
  if (error.hint !== "no_such_invitation") throw error;
  const { data: memberships } = await client
    .from("workspace_members")
    .select("workspaces!inner(slug)")
    .eq("user_id", userId)
    .eq("workspaces.slug", workspace);
  if (!memberships?.length) throw error;
  return workspace;
}
