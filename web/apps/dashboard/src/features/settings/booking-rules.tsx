import { Field, formatDuration, Select, useLanguage } from "@slotcast/ui";
import { Card } from "../desk/page";
import { SwitchRow } from "../desk/switch-row";
import { Problem } from "./form-parts";
import type { WorkspaceCardProps } from "./online-booking";
import { AHEAD_DAYS, CUTOFF_MINUTES, NOTICE_MINUTES, STEP_MINUTES, withCurrent } from "./rules";
import { useTexts } from "./texts";
import { useWorkspaceWrite } from "./use-workspace-write";

const DAY_MINUTES = 1_440;

/** Which times customers get to see, and how long they may change their minds. Each choice acts at once. */
export function BookingRules({ workspace, mayWrite }: WorkspaceCardProps) {
  const t = useTexts();
  const { locale } = useLanguage();
  const { write, problem } = useWorkspaceWrite(workspace.id);

  const minutes = (value: number) => {
    if (value === 0) return t("settings.workspace.atOnce");
    return value % DAY_MINUTES === 0
      ? daysText(value / DAY_MINUTES, locale)
      : formatDuration(value, locale);
  };
  const choice = (
    column: NumberColumn,
    usual: readonly number[],
    label: (value: number) => string,
  ) => ({
    value: String(workspace[column]),
    options: withCurrent(usual, workspace[column]).map((value) => ({
      value: String(value),
      label: label(value),
    })),
    disabled: !mayWrite,
    onChange: (value: string) => void write({ [column]: Number(value) }),
  });

  return (
    <Card title={t("settings.workspace.rules")}>
      <div className="flex flex-col gap-4">
        <Problem text={problem} />
        <SwitchRow
          label={t("settings.workspace.autoConfirm")}
          hint={t("settings.workspace.autoConfirmHint")}
          checked={workspace.auto_confirm}
          disabled={!mayWrite}
          onChange={(auto_confirm) => void write({ auto_confirm })}
        />
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label={t("settings.workspace.step")}>
            <Select {...choice("slot_step_minutes", STEP_MINUTES, minutes)} />
          </Field>
          <Field label={t("settings.workspace.notice")}>
            <Select {...choice("min_notice_minutes", NOTICE_MINUTES, minutes)} />
          </Field>
          <Field label={t("settings.workspace.ahead")}>
            <Select {...choice("max_ahead_days", AHEAD_DAYS, (days) => daysText(days, locale))} />
          </Field>
          <Field label={t("settings.workspace.cutoff")} hint={t("settings.workspace.cutoffHint")}>
            <Select {...choice("change_cutoff_minutes", CUTOFF_MINUTES, minutes)} />
          </Field>
        </div>
      </div>
    </Card>
  );
}

type NumberColumn =
  | "slot_step_minutes"
  | "min_notice_minutes"
  | "max_ahead_days"
  | "change_cutoff_minutes";

function daysText(days: number, locale: string): string {
  return new Intl.NumberFormat(locale, { style: "unit", unit: "day", unitDisplay: "long" }).format(
    days,
  );
}
