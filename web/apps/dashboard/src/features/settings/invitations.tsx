import { useSupabase, type WorkspaceRole } from "@slotcast/realtime";
import { Avatar, Banner, Button, Dialog, formatDay, IconButton, useLanguage } from "@slotcast/ui";
import { dayOf } from "@slotcast/ui/zones";
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { X } from "lucide-react";
import type { Desk } from "../desk/desk";
import { CopyButton } from "./copy-button";
import { Problem } from "./form-parts";
import { useTexts } from "./texts";
import { useSaving } from "./use-saving";

interface Invitation {
  id: string;
  email: string;
  role: WorkspaceRole;
  expires_at: string;
}

/** What has become of inviting somebody. */
export interface Invited {
  email: string;
  /** Where it is accepted, by whoever signs in with that address. */
  link: string;
  isMailed: boolean;
}

const keyOf = (workspaceId: string) => ["invitations", workspaceId];

/** Who is invited and has not accepted yet: whoever has makes the members more, which is when it is read again. */
export function Invitations({ desk, memberCount }: { desk: Desk; memberCount: number }) {
  const client = useSupabase();
  const { data } = useQuery({
    queryKey: [...keyOf(desk.workspace.id), memberCount],
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const answer = await client
        .from("workspace_invitations")
        .select("id,email,role,expires_at")
        .eq("workspace_id", desk.workspace.id)
        .gt("expires_at", new Date().toISOString())
        .order("created_at")
        .abortSignal(signal)
        .overrideTypes<Invitation[], { merge: false }>()
        .throwOnError();
      return answer.data;
    },
  });
  if (!data || data.length === 0) return null;
  return (
    <ul className="divide-y divide-line border-line border-t">
      {data.map((invitation) => (
        <InvitationRow key={invitation.id} desk={desk} invitation={invitation} />
      ))}
    </ul>
  );
}

function InvitationRow({ desk, invitation }: { desk: Desk; invitation: Invitation }) {
  const t = useTexts();
  const { locale } = useLanguage();
  const client = useSupabase();
  const queries = useQueryClient();
  const { save, problem } = useSaving();
  const { id, email, role } = invitation;
  const day = dayOf(invitation.expires_at, desk.zone);

  async function takeBack() {
    await save(() => client.from("workspace_invitations").delete().eq("id", id).select("id"));
    await queries.invalidateQueries({ queryKey: keyOf(desk.workspace.id) });
  }

  return (
    <li className="py-2.5">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <Avatar name={email} color={null} />
        <span className="min-w-32 flex-1">
          <span className="block break-all font-medium text-md">{email}</span>
          <span className="block text-ink-soft text-sm">
            {t("settings.people.invitedUntil", { date: formatDay(day, locale, "full") })}
          </span>
        </span>
        <span className="text-ink-soft text-md">{t(`settings.role.${role}`)}</span>
        {(desk.role === "owner" || role !== "owner") && (
          <IconButton
            icon={X}
            label={t("settings.people.takeBack", { email })}
            onClick={() => void takeBack()}
          />
        )}
      </div>
      <Problem text={problem} />
    </li>
  );
}

/** Invites by address: the mail signs in with it, and leads to where the invitation is accepted. */
export function useInvite(desk: Desk) {
  const client = useSupabase();
  const queries = useQueryClient();
  const { save, ...state } = useSaving();

  async function invite(email: string, role: WorkspaceRole): Promise<Invited | null> {
    let link = "";
    const isSaved = await save(async () => {
      const wish = { p_workspace: desk.workspace.id, p_email: email, p_role: role };
      const answer = await client.rpc("invite_member", wish);
      link = `${location.origin}/dashboard/?invitation=${answer.data}&workspace=${desk.workspace.slug}`;
      return answer;
    });
    if (!isSaved) return null;
    void queries.invalidateQueries({ queryKey: keyOf(desk.workspace.id) });
    const { error } = await client.auth.signInWithOtp({
      email,
      options: { emailRedirectTo: link },
    });
    return { email, link, isMailed: error === null };
  }
  return { ...state, invite };
}

/** Says that somebody is invited, and gives the link for those whom no mail reaches. */
export function InvitedDialog({ invited, onClose }: { invited: Invited; onClose: () => void }) {
  const t = useTexts();
  const { email, link, isMailed } = invited;
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={t("settings.people.invited", { email })}
      footer={
        <Button variant="primary" onClick={onClose}>
          {t("settings.people.done")}
        </Button>
      }
    >
      <div className="flex flex-col items-start gap-3">
        <Banner tone={isMailed ? "success" : "warning"} role="status" className="self-stretch">
          {t(isMailed ? "settings.people.mailed" : "settings.people.notMailed")}
        </Banner>
        <code className="break-all text-ink-soft text-xs">{link}</code>
        <CopyButton text={link} label={t("settings.people.copyInvitation")} />
      </div>
    </Dialog>
  );
}
