import type { TeamMember } from "@slotcast/realtime";
import { Avatar, Badge, Banner, Button, cn, EmptyState } from "@slotcast/ui";
import { ChevronLeft, Plus, Trash2, Users } from "lucide-react";
import { useState } from "react";
import { canWriteSettings, type Desk } from "../desk/desk";
import { Page } from "../desk/page";
import { Exceptions } from "./exceptions";
import { MemberForm, NewMember } from "./member-form";
import { RemoveRow } from "./remove-row";
import { useTexts } from "./texts";
import { TimeOffList } from "./time-off";
import { WeeklyHours } from "./weekly-hours";

export interface TeamPageProps {
  desk: Desk;
  /** Whose page is open; absent: nobody's on phones, the first one's elsewhere. */
  memberId?: string | undefined;
  onMember: (id: string | undefined) => void;
}

/** Who can be booked, and when they are there. */
export function TeamPage({ desk, memberId, onMember }: TeamPageProps) {
  const t = useTexts();
  const mayWrite = canWriteSettings(desk.role);
  const [isAdding, setIsAdding] = useState(false);
  const chosen = desk.members.find(({ id }) => id === memberId);
  const shown = chosen ?? desk.members[0];
  const add = (
    <Button variant="primary" onClick={() => setIsAdding(true)}>
      <Plus aria-hidden className="size-4" strokeWidth={2} />
      {t("settings.team.add")}
    </Button>
  );

  return (
    <Page title={t("settings.team.title")} lead={t("settings.team.lead")} actions={mayWrite && add}>
      {!mayWrite && <Banner>{t("settings.readOnly")}</Banner>}
      {shown ? (
        <div className="flex flex-col gap-5 md:flex-row">
          <MemberList
            members={desk.members}
            shownId={shown.id}
            isHiddenOnPhones={chosen !== undefined}
            onChoose={onMember}
          />
          <div className={cn("min-w-0 flex-1 flex-col gap-4", chosen ? "flex" : "hidden md:flex")}>
            <Button
              variant="quiet"
              className="self-start md:hidden"
              onClick={() => onMember(undefined)}
            >
              <ChevronLeft aria-hidden className="size-4 rtl:rotate-180" strokeWidth={2} />
              {t("settings.team.back")}
            </Button>
            <MemberPage
              key={shown.id}
              desk={desk}
              member={shown}
              mayWrite={mayWrite}
              onRemoved={() => onMember(undefined)}
            />
          </div>
        </div>
      ) : (
        <EmptyState icon={Users} title={t("settings.team.emptyTitle")} action={mayWrite && add}>
          {t("settings.team.empty")}
        </EmptyState>
      )}
      {isAdding && <NewMember desk={desk} onMade={onMember} onClose={() => setIsAdding(false)} />}
    </Page>
  );
}

interface MemberListProps {
  members: readonly TeamMember[];
  shownId: string;
  isHiddenOnPhones: boolean;
  onChoose: (id: string) => void;
}

function MemberList({ members, shownId, isHiddenOnPhones, onChoose }: MemberListProps) {
  const t = useTexts();
  return (
    <nav
      aria-label={t("settings.team.choose")}
      className={cn("shrink-0 md:w-52", isHiddenOnPhones && "hidden md:block")}
    >
      <ul className="flex flex-col gap-0.5">
        {members.map(({ id, name, color, title, bookable }) => (
          <li key={id}>
            <button
              type="button"
              aria-current={id === shownId ? "page" : undefined}
              onClick={() => onChoose(id)}
              className="flex w-full items-center gap-2.5 rounded-control p-2 text-start hover:bg-hover md:aria-[current]:bg-accent-soft"
            >
              <Avatar name={name} color={color} />
              <span className="min-w-0 flex-1">
                <span className="block truncate font-medium text-md">{name}</span>
                {title && <span className="block truncate text-ink-soft text-sm">{title}</span>}
              </span>
              {!bookable && <Badge>{t("settings.team.notBookable")}</Badge>}
            </button>
          </li>
        ))}
      </ul>
    </nav>
  );
}

interface MemberPageProps {
  desk: Desk;
  member: TeamMember;
  mayWrite: boolean;
  onRemoved: () => void;
}

function MemberPage({ desk, member, mayWrite, onRemoved }: MemberPageProps) {
  const t = useTexts();
  const [isRemoving, setIsRemoving] = useState(false);
  return (
    <>
      <MemberForm desk={desk} member={member} mayWrite={mayWrite} />
      <WeeklyHours desk={desk} member={member} mayWrite={mayWrite} />
      <Exceptions desk={desk} member={member} mayWrite={mayWrite} />
      <TimeOffList desk={desk} member={member} />
      {mayWrite && (
        <Button variant="dangerQuiet" className="self-start" onClick={() => setIsRemoving(true)}>
          <Trash2 aria-hidden className="size-4" strokeWidth={1.75} />
          {t("settings.team.remove", { name: member.name })}
        </Button>
      )}
      {isRemoving && (
        <RemoveRow
          table="team_members"
          id={member.id}
          title={t("settings.team.confirmRemove", { name: member.name })}
          lead={t("settings.team.confirmRemoveLead")}
          onRemoved={onRemoved}
          onClose={() => setIsRemoving(false)}
        />
      )}
    </>
  );
}
