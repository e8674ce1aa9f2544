import { useSupabase, type WorkspaceMember, type WorkspaceRole } from "@slotcast/realtime";
import {
  Avatar,
  Button,
  dayOf,
  Field,
  formatDay,
  IconButton,
  Input,
  Select,
  useLanguage,
} from "@slotcast/ui";
import { LogOut, Plus, X } from "lucide-react";
import { useState } from "react";
import { useForm } from "react-hook-form";
import { Confirm } from "../desk/confirm";
import { canWriteSettings, type Desk } from "../desk/desk";
import { Card } from "../desk/page";
import { useWorkspaceMembers } from "../desk/use-workspace-members";
import { CopyButton } from "./copy-button";
import { Problem, SettingsDialog } from "./form-parts";
import { Invitations, type Invited, InvitedDialog, useInvite } from "./invitations";
import { useTexts } from "./texts";
import { useSaving } from "./use-saving";

const ROLES = ["owner", "admin", "staff", "viewer"] as const satisfies readonly WorkspaceRole[];
const EMAIL = /^\S+@\S+$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Who may see and change the workspace. */
export function Members({ desk }: { desk: Desk }) {
  const t = useTexts();
  const mayWrite = canWriteSettings(desk.role);
  const [isAdding, setIsAdding] = useState(false);
  const [invited, setInvited] = useState<Invited | null>(null);
  const { members, nameOf } = useWorkspaceMembers(desk);
  return (
    <Card
      title={t("settings.people.title")}
      lead={t("settings.people.lead")}
      actions={
        mayWrite && (
          <Button size="sm" onClick={() => setIsAdding(true)}>
            <Plus aria-hidden className="size-4" strokeWidth={2} />
            {t("settings.people.add")}
          </Button>
        )
      }
    >
      <ul className="divide-y divide-line">
        {members.map((member) => (
          <MemberRow
            key={member.user_id}
            desk={desk}
            member={member}
            name={nameOf(member.user_id) ?? "…"}
          />
        ))}
      </ul>
      {mayWrite && <Invitations desk={desk} memberCount={members.length} />}
      <div className="mt-4 flex flex-wrap items-center justify-between gap-2 border-line border-t pt-4 text-sm">
        <span className="min-w-0">
          <span className="block font-medium">{t("settings.people.yourAccount")}</span>
          <code className="break-all text-ink-soft text-xs">{desk.me}</code>
        </span>
        <CopyButton text={desk.me} label={t("settings.people.copyAccount")} />
      </div>
      {isAdding && (
        <NewMembership desk={desk} onInvited={setInvited} onClose={() => setIsAdding(false)} />
      )}
      {invited && <InvitedDialog invited={invited} onClose={() => setInvited(null)} />}
    </Card>
  );
}

interface MemberRowProps {
  desk: Desk;
  member: WorkspaceMember;
  name: string;
}

function MemberRow({ desk, member, name }: MemberRowProps) {
  const t = useTexts();
  const { locale } = useLanguage();
  const client = useSupabase();
  const { save, problem } = useSaving();
  const [isLeaving, setIsLeaving] = useState(false);
  const isMe = member.user_id === desk.me;
  const color = desk.members.find(({ user_id }) => user_id === member.user_id)?.color ?? null;
  // Only owners make owners, and touch them.
  const mayChange =
    canWriteSettings(desk.role) && (desk.role === "owner" || member.role !== "owner");
  const offered = ROLES.filter((role) => role !== "owner" || desk.role === "owner");
  const day = dayOf(member.created_at, desk.zone);

  const changeRole = (role: WorkspaceRole) =>
    save(() =>
      client
        .from("workspace_members")
        .update({ role })
        .eq("workspace_id", member.workspace_id)
        .eq("user_id", member.user_id)
        .select("user_id"),
    );

  return (
    <li className="py-2.5">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <Avatar name={name} color={color} />
        <span className="min-w-32 flex-1">
          <span className="block truncate font-medium text-md">
            {name}
            {isMe && (
              <span className="ms-1.5 font-normal text-ink-faint">
                ({t("settings.people.you")})
              </span>
            )}
          </span>
          <span className="block text-ink-soft text-sm">
            {t("settings.people.since", { date: formatDay(day, locale, "full") })}
          </span>
        </span>
        {mayChange ? (
          <Select<WorkspaceRole>
            size="sm"
            className="w-40"
            aria-label={t("settings.people.role", { name })}
            value={member.role}
            onChange={(role) => void changeRole(role)}
            options={offered.map((role) => ({ value: role, label: t(`settings.role.${role}`) }))}
          />
        ) : (
          <span className="text-ink-soft text-md">{t(`settings.role.${member.role}`)}</span>
        )}
        {(mayChange || isMe) && (
          <IconButton
            icon={isMe ? LogOut : X}
            label={isMe ? t("settings.people.leave") : t("settings.people.remove", { name })}
            onClick={() => setIsLeaving(true)}
          />
        )}
      </div>
      <Problem text={problem} />
      {isLeaving && (
        <EndMembership
          desk={desk}
          member={member}
          name={name}
          onClose={() => setIsLeaving(false)}
        />
      )}
    </li>
  );
}

function EndMembership({ desk, member, name, onClose }: MemberRowProps & { onClose: () => void }) {
  const t = useTexts();
  const client = useSupabase();
  const { save, isBusy, problem } = useSaving();
  const isMe = member.user_id === desk.me;

  async function end() {
    const deletion = client
      .from("workspace_members")
      .delete()
      .eq("workspace_id", member.workspace_id)
      .eq("user_id", member.user_id);
    // Who has left can read nothing back.
    if (await save(() => (isMe ? deletion : deletion.select("user_id")))) onClose();
  }

  return (
    <Confirm
      title={
        isMe
          ? t("settings.people.confirmLeave", { workspace: desk.workspace.name })
          : t("settings.people.confirmRemove", { name })
      }
      lead={t(isMe ? "settings.people.confirmLeaveLead" : "settings.people.confirmRemoveLead")}
      action={isMe ? t("settings.people.leave") : t("settings.people.remove", { name })}
      cancel={t("settings.cancel")}
      isBusy={isBusy}
      problem={problem}
      onConfirm={() => void end()}
      onClose={onClose}
    />
  );
}

interface NewMembershipProps {
  desk: Desk;
  onInvited: (invited: Invited) => void;
  onClose: () => void;
}

/** Adds an account that is known by its id, and invites everybody else by their address. */
function NewMembership({ desk, onInvited, onClose }: NewMembershipProps) {
  const t = useTexts();
  const client = useSupabase();
  const inviting = useInvite(desk);
  const { save, isBusy, problem } = useSaving({ "23503": t("settings.people.unknownAccount") });
  const { register, handleSubmit, formState, watch, setValue } = useForm<{
    account: string;
    role: WorkspaceRole;
  }>({ defaultValues: { account: "", role: "staff" } });
  const offered = ROLES.filter((role) => role !== "owner" || desk.role === "owner");

  async function invite(email: string, role: WorkspaceRole) {
    const invited = await inviting.invite(email, role);
    if (!invited) return;
    onClose();
    onInvited(invited);
  }
  async function add(userId: string, role: WorkspaceRole) {
    const membership = { workspace_id: desk.workspace.id, user_id: userId, role };
    const isSaved = await save(() =>
      client.from("workspace_members").insert(membership).select("user_id"),
    );
    if (isSaved) onClose();
  }
  const submit = handleSubmit(({ account, role }) => {
    const who = account.trim();
    return who.includes("@") ? invite(who, role) : add(who, role);
  });

  return (
    <SettingsDialog
      title={t("settings.people.add")}
      submit={t("settings.people.add")}
      problem={problem ?? inviting.problem}
      isBusy={isBusy || inviting.isBusy}
      onSubmit={submit}
      onClose={onClose}
    >
      <Field
        label={t("settings.people.account")}
        hint={t("settings.people.accountHint")}
        error={formState.errors.account?.message}
      >
        <Input
          autoComplete="off"
          spellCheck={false}
          {...register("account", {
            validate: (account) =>
              UUID.test(account.trim()) ||
              EMAIL.test(account.trim()) ||
              t("settings.people.notAnAccount"),
          })}
        />
      </Field>
      <Field label={t("settings.people.roleField")} hint={t(`settings.roleHint.${watch("role")}`)}>
        <Select<WorkspaceRole>
          value={watch("role")}
          onChange={(role) => setValue("role", role)}
          options={offered.map((role) => ({ value: role, label: t(`settings.role.${role}`) }))}
        />
      </Field>
    </SettingsDialog>
  );
}
