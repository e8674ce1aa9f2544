import type { Appointment } from "@slotcast/realtime";
import { Banner, Button, formatDayTime, useLanguage } from "@slotcast/ui";
import type { Desk } from "../desk/desk";
import type { Field } from "./draft-merge";
import { useTexts } from "./texts";
import type { Editing } from "./use-editing";
import { useLastActor } from "./use-last-actor";

export interface TheirChangeProps {
  desk: Desk;
  row: Appointment;
  editing: Editing;
}

/** Somebody changed what one is just typing: says to what, and asks whose counts. */
export function TheirChange({ desk, row, editing }: TheirChangeProps) {
  const t = useTexts();
  const { locale } = useLanguage();
  const who = useLastActor(row.id, row.version) ?? t("appointment.failure.somebody");
  const what = new Intl.ListFormat(locale, { type: "conjunction" }).format([
    ...new Set(editing.disputed.map((field) => words(field))),
  ]);

  function words(field: Field): string {
    switch (field) {
      case "start_time":
      case "end_time":
        return t(`appointment.fields.${field}`, {
          value: formatDayTime(row[field], desk.zone, locale),
        });
      case "team_member_id":
        return t("appointment.fields.team_member_id", {
          value: nameOf(desk.members, row.team_member_id) ?? t("appointment.sheet.nobody"),
        });
      case "service_id":
        return t("appointment.fields.service_id", {
          value: nameOf(desk.services, row.service_id) ?? t("appointment.sheet.noService"),
        });
      case "notes":
        return t("appointment.fields.notes", { value: row.notes ?? t("appointment.fields.empty") });
      case "customer_name":
        return t("appointment.fields.customer_name", { value: row.customer_name });
      default:
        return t("appointment.fields.other");
    }
  }

  return (
    <Banner tone="warning" role="alert">
      {t("appointment.sheet.theirs", { who, what })}
      <div className="mt-2 flex gap-2">
        <Button size="sm" onClick={editing.useTheirs}>
          {t("appointment.sheet.useTheirs")}
        </Button>
        <Button size="sm" variant="quiet" onClick={editing.keepMine}>
          {t("appointment.sheet.keepMine")}
        </Button>
      </div>
    </Banner>
  );
}

function nameOf(
  all: readonly { id: string; name: string }[],
  id: string | null,
): string | undefined {
  return all.find((one) => one.id === id)?.name;
}
