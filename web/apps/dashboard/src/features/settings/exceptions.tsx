import {
  type TeamMember,
  useLiveTable,
  useSupabase,
  type WorkingHourException,
} from "@slotcast/realtime";
import {
  Button,
  Field,
  formatDay,
  IconButton,
  Input,
  Skeleton,
  today,
  useLanguage,
} from "@slotcast/ui";
import { Plus, X } from "lucide-react";
import { useState } from "react";
import { useForm } from "react-hook-form";
import type { Desk } from "../desk/desk";
import { Card } from "../desk/page";
import { SwitchRow } from "../desk/switch-row";
import { Problem, SettingsDialog } from "./form-parts";
import { useTexts } from "./texts";
import { useSaving } from "./use-saving";

export interface ExceptionsProps {
  desk: Desk;
  member: TeamMember;
  mayWrite: boolean;
}

/** Days on which somebody's hours are not the usual ones; those that are over are left out. */
export function Exceptions({ desk, member, mayWrite }: ExceptionsProps) {
  const t = useTexts();
  const client = useSupabase();
  const [isAdding, setIsAdding] = useState(false);
  const { save, problem } = useSaving();
  const { rows, isLoading } = useLiveTable<WorkingHourException>({
    table: "working_hour_exceptions",
    filter: `workspace_id=eq.${desk.workspace.id}`,
  });
  const from = today(member.time_zone ?? desk.workspace.time_zone);
  const ahead = rows
    .filter(({ team_member_id, on_date }) => team_member_id === member.id && on_date >= from)
    .toSorted((a, b) => a.on_date.localeCompare(b.on_date));

  return (
    <Card
      title={t("settings.team.exceptions")}
      lead={t("settings.team.exceptionsLead")}
      actions={
        mayWrite && (
          <Button size="sm" onClick={() => setIsAdding(true)}>
            <Plus aria-hidden className="size-4" strokeWidth={2} />
            {t("settings.team.addException")}
          </Button>
        )
      }
    >
      <Problem text={problem} />
      {isLoading && <Skeleton className="h-9" />}
      {!isLoading && ahead.length === 0 && (
        <p className="text-ink-faint text-md">{t("settings.team.noExceptions")}</p>
      )}
      <ul className="divide-y divide-line">
        {ahead.map((exception) => (
          <ExceptionRow
            key={exception.id}
            exception={exception}
            onRemove={
              mayWrite
                ? () =>
                    void save(() =>
                      client
                        .from("working_hour_exceptions")
                        .delete()
                        .eq("id", exception.id)
                        .select("id"),
                    )
                : undefined
            }
          />
        ))}
      </ul>
      {isAdding && (
        <NewException desk={desk} member={member} from={from} onClose={() => setIsAdding(false)} />
      )}
    </Card>
  );
}

interface ExceptionRowProps {
  exception: WorkingHourException;
  onRemove: (() => void) | undefined;
}

function ExceptionRow({ exception: { on_date, opens, closes }, onRemove }: ExceptionRowProps) {
  const t = useTexts();
  const { locale } = useLanguage();
  const date = formatDay(on_date, locale, "full");
  return (
    <li className="flex items-center justify-between gap-3 py-1.5">
      <span className="min-w-0 text-md">
        <span className="font-medium">{date}</span>{" "}
        <span className="figures text-ink-soft">
          {opens && closes
            ? `${opens.slice(0, 5)} – ${closes.slice(0, 5)}`
            : t("settings.team.closedAllDay")}
        </span>
      </span>
      {onRemove && (
        <IconButton
          icon={X}
          label={t("settings.team.removeException", { date })}
          onClick={onRemove}
        />
      )}
    </li>
  );
}

interface NewExceptionProps {
  desk: Desk;
  member: TeamMember;
  /** The first day that can be chosen. */
  from: string;
  onClose: () => void;
}

function NewException({ desk, member, from, onClose }: NewExceptionProps) {
  const t = useTexts();
  const client = useSupabase();
  const { save, isBusy, problem } = useSaving();
  const { register, handleSubmit, formState, watch, setValue, getValues } = useForm({
    defaultValues: { date: from, isClosed: true, opens: "09:00", closes: "13:00" },
  });
  const isClosed = watch("isClosed");
  const { errors } = formState;

  const submit = handleSubmit(async ({ date, opens, closes }) => {
    const row = {
      workspace_id: desk.workspace.id,
      team_member_id: member.id,
      on_date: date,
      opens: isClosed ? null : opens,
      closes: isClosed ? null : closes,
    };
    const isSaved = await save(() =>
      client.from("working_hour_exceptions").insert(row).select("id"),
    );
    if (isSaved) onClose();
  });

  return (
    <SettingsDialog
      title={t("settings.team.addException")}
      problem={problem}
      isBusy={isBusy}
      onSubmit={submit}
      onClose={onClose}
    >
      <Field label={t("settings.team.date")} error={errors.date?.message}>
        <Input type="date" min={from} {...register("date", { required: t("settings.required") })} />
      </Field>
      <SwitchRow
        label={t("settings.team.closedAllDay")}
        checked={isClosed}
        onChange={(closed) => setValue("isClosed", closed)}
      />
      {!isClosed && (
        <div className="grid grid-cols-2 gap-3">
          <Field label={t("settings.team.from")}>
            <Input type="time" {...register("opens", { required: true })} />
          </Field>
          <Field label={t("settings.team.until")} error={errors.closes?.message}>
            <Input
              type="time"
              {...register("closes", {
                validate: (closes) => closes > getValues("opens") || t("settings.team.endsEarly"),
              })}
            />
          </Field>
        </div>
      )}
    </SettingsDialog>
  );
}
