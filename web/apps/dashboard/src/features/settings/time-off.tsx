import { type TeamMember, type TimeOff, useLiveTable, useSupabase } from "@slotcast/realtime";
import {
  addDays,
  Button,
  Field,
  formatDayTime,
  fromWall,
  IconButton,
  Input,
  Skeleton,
  today,
  useLanguage,
  useNow,
} from "@slotcast/ui";
import { Plus, X } from "lucide-react";
import { useState } from "react";
import { useForm } from "react-hook-form";
import { canWriteAppointments, type Desk } from "../desk/desk";
import { Card } from "../desk/page";
import { Problem, SettingsDialog } from "./form-parts";
import { useTexts } from "./texts";
import { useSaving } from "./use-saving";

export interface TimeOffListProps {
  desk: Desk;
  member: TeamMember;
}

/** When somebody is away. Staff enter it themselves; viewers do not see it. */
export function TimeOffList({ desk, member }: TimeOffListProps) {
  const t = useTexts();
  const client = useSupabase();
  const nowMs = useNow();
  const [isAdding, setIsAdding] = useState(false);
  const { save, problem } = useSaving();
  const mayRead = canWriteAppointments(desk.role);
  const { rows, isLoading } = useLiveTable<TimeOff>({
    table: "time_off",
    filter: `workspace_id=eq.${desk.workspace.id}`,
    enabled: mayRead,
  });
  if (!mayRead) return null;
  const ahead = rows
    .filter((row) => row.team_member_id === member.id && Date.parse(row.end_time) > nowMs)
    .toSorted((a, b) => Date.parse(a.start_time) - Date.parse(b.start_time));

  return (
    <Card
      title={t("settings.team.timeOff")}
      lead={t("settings.team.timeOffLead")}
      actions={
        <Button size="sm" onClick={() => setIsAdding(true)}>
          <Plus aria-hidden className="size-4" strokeWidth={2} />
          {t("settings.team.addTimeOff")}
        </Button>
      }
    >
      <Problem text={problem} />
      {isLoading && <Skeleton className="h-9" />}
      {!isLoading && ahead.length === 0 && (
        <p className="text-ink-faint text-md">{t("settings.team.noTimeOff")}</p>
      )}
      <ul className="divide-y divide-line">
        {ahead.map((row) => (
          <TimeOffRow
            key={row.id}
            row={row}
            zone={member.time_zone ?? desk.workspace.time_zone}
            onRemove={() =>
              void save(() => client.from("time_off").delete().eq("id", row.id).select("id"))
            }
          />
        ))}
      </ul>
      {isAdding && <NewTimeOff desk={desk} member={member} onClose={() => setIsAdding(false)} />}
    </Card>
  );
}

interface TimeOffRowProps {
  row: TimeOff;
  zone: string;
  onRemove: () => void;
}

function TimeOffRow({ row, zone, onRemove }: TimeOffRowProps) {
  const t = useTexts();
  const { locale } = useLanguage();
  const from = formatDayTime(row.start_time, zone, locale);
  return (
    <li className="flex items-center justify-between gap-3 py-1.5">
      <span className="min-w-0 text-md">
        <span className="figures font-medium">
          {from} – {formatDayTime(row.end_time, zone, locale)}
        </span>
        {row.reason && <span className="block text-ink-soft text-sm">{row.reason}</span>}
      </span>
      <IconButton icon={X} label={t("settings.team.removeTimeOff", { from })} onClick={onRemove} />
    </li>
  );
}

interface NewTimeOffProps {
  desk: Desk;
  member: TeamMember;
  onClose: () => void;
}

function NewTimeOff({ desk, member, onClose }: NewTimeOffProps) {
  const t = useTexts();
  const client = useSupabase();
  const zone = member.time_zone ?? desk.workspace.time_zone;
  const tomorrow = addDays(today(zone), 1);
  const { save, isBusy, problem } = useSaving();
  const { register, handleSubmit, formState, getValues } = useForm({
    defaultValues: { begins: `${tomorrow}T09:00`, ends: `${tomorrow}T18:00`, reason: "" },
  });
  const { errors } = formState;

  const submit = handleSubmit(async ({ begins, ends, reason }) => {
    const row = {
      workspace_id: desk.workspace.id,
      team_member_id: member.id,
      start_time: fromWall(begins, zone),
      end_time: fromWall(ends, zone),
      reason: reason.trim() || null,
    };
    if (await save(() => client.from("time_off").insert(row).select("id"))) onClose();
  });

  return (
    <SettingsDialog
      title={t("settings.team.addTimeOff")}
      description={t("settings.team.hoursLead", { zone })}
      problem={problem}
      isBusy={isBusy}
      onSubmit={submit}
      onClose={onClose}
    >
      <Field label={t("settings.team.begins")} error={errors.begins?.message}>
        <Input
          type="datetime-local"
          {...register("begins", { required: t("settings.required") })}
        />
      </Field>
      <Field label={t("settings.team.ends")} error={errors.ends?.message}>
        <Input
          type="datetime-local"
          {...register("ends", {
            required: t("settings.required"),
            validate: (ends) => ends > getValues("begins") || t("settings.team.endsBeforeBegin"),
          })}
        />
      </Field>
      <Field
        label={t("settings.team.reason")}
        aside={t("settings.optional")}
        hint={t("settings.team.reasonHint")}
      >
        <Input maxLength={500} {...register("reason")} />
      </Field>
    </SettingsDialog>
  );
}
