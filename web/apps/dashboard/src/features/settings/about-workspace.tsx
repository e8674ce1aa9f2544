import type { Workspace } from "@slotcast/realtime";
import { Field, Input, Textarea, toast } from "@slotcast/ui";
import { useMemo } from "react";
import { Card } from "../desk/page";
import { Problem, SaveButton, Theirs } from "./form-parts";
import type { WorkspaceCardProps } from "./online-booking";
import { useTexts } from "./texts";
import { useLiveForm } from "./use-live-form";
import { useWorkspaceWrite } from "./use-workspace-write";
import { isZone } from "./zone";
import { ZoneInput } from "./zone-input";

interface Values {
  name: string;
  description: string;
  address: string;
  phone: string;
  currency: string;
  zone: string;
}

/** What customers read of the workspace, and in which zone and currency it works. */
export function AboutWorkspace({ workspace, mayWrite }: WorkspaceCardProps) {
  const t = useTexts();
  const values = useMemo(() => valuesOf(workspace), [workspace]);
  const form = useLiveForm<Values>(values);
  const { register, formState } = form;
  const { write, isBusy, problem } = useWorkspaceWrite(workspace.id);
  const { errors, isDirty } = formState;

  const submit = form.handleSubmit(async (typed) => {
    if (!(await write(columnsOf(form.changed(typed))))) return;
    form.reset(typed);
    toast.success(t("settings.saved"));
  });

  return (
    <Card title={t("settings.workspace.about")}>
      <form noValidate onSubmit={(event) => void submit(event)}>
        <fieldset disabled={!mayWrite} className="flex flex-col gap-4">
          <Problem text={problem} />
          <Theirs fields={form.theirs.map((field) => t(`settings.workspace.${field}`))} />
          <Field label={t("settings.workspace.name")} error={errors.name?.message}>
            <Input
              {...register("name", {
                required: t("settings.required"),
                maxLength: { value: 120, message: t("settings.tooLong", { count: 120 }) },
              })}
            />
          </Field>
          <Field
            label={t("settings.workspace.description")}
            aside={t("settings.optional")}
            hint={t("settings.workspace.descriptionHint")}
          >
            <Textarea rows={2} maxLength={1000} {...register("description")} />
          </Field>
          <div className="grid gap-4 sm:grid-cols-2">
            <Field label={t("settings.workspace.address")} aside={t("settings.optional")}>
              <Input maxLength={300} autoComplete="off" {...register("address")} />
            </Field>
            <Field label={t("settings.workspace.phone")} aside={t("settings.optional")}>
              <Input type="tel" maxLength={40} autoComplete="off" {...register("phone")} />
            </Field>
            <Field
              label={t("settings.workspace.zone")}
              hint={t("settings.workspace.zoneHint")}
              error={errors.zone?.message}
            >
              <ZoneInput
                {...register("zone", {
                  validate: (zone) => isZone(zone) || t("settings.unknownZone"),
                })}
              />
            </Field>
            <Field label={t("settings.workspace.currency")} error={errors.currency?.message}>
              <Input
                maxLength={3}
                autoCapitalize="characters"
                {...register("currency", {
                  validate: (currency) =>
                    /^([A-Za-z]{3})?$/.test(currency) || t("settings.notACurrency"),
                })}
              />
            </Field>
          </div>
          {mayWrite && <SaveButton isBusy={isBusy} disabled={!isDirty} />}
        </fieldset>
      </form>
    </Card>
  );
}

function valuesOf(workspace: Workspace): Values {
  return {
    name: workspace.name,
    description: workspace.description ?? "",
    address: workspace.address ?? "",
    phone: workspace.phone ?? "",
    currency: workspace.currency ?? "",
    zone: workspace.time_zone,
  };
}

/** Columns for the fields that are there. */
function columnsOf(values: Partial<Values>): Partial<Workspace> {
  const { name, description, address, phone, currency, zone } = values;
  return {
    ...(name === undefined ? {} : { name: name.trim() }),
    ...(description === undefined ? {} : { description: description.trim() || null }),
    ...(address === undefined ? {} : { address: address.trim() || null }),
    ...(phone === undefined ? {} : { phone: phone.trim() || null }),
    ...(currency === undefined ? {} : { currency: currency.toUpperCase() || null }),
    ...(zone === undefined ? {} : { time_zone: zone }),
  };
}
