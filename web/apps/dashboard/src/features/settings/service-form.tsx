import { type Service, useSupabase } from "@slotcast/realtime";
import { Field, Input, MEMBER_PALETTE, Sheet, Textarea, toast, useLanguage } from "@slotcast/ui";
import { useMemo, useState } from "react";
import type { Desk } from "../desk/desk";
import { SwitchRow } from "../desk/switch-row";
import { CheckList } from "./check-list";
import { ColorPicker, Group, SettingsDialog, Theirs } from "./form-parts";
import { parsePrice, priceText } from "./price";
import { useTexts } from "./texts";
import { useLiveForm } from "./use-live-form";
import { useOffers, useOfferWrites } from "./use-offers";
import { useSaving } from "./use-saving";

const DEFAULT_CURRENCY = "EUR";
const DEFAULT_MINUTES = 30;

interface Values {
  name: string;
  description: string;
  duration: number;
  before: number;
  after: number;
  price: string;
  color: string;
  active: boolean;
}

export interface ServiceFormProps {
  desk: Desk;
  /** Null: a new one. */
  service: Service | null;
  onClose: () => void;
}

/** Makes or changes a service, and says who gives it. */
export function ServiceForm({ desk, service, onClose }: ServiceFormProps) {
  const t = useTexts();
  const client = useSupabase();
  const { locale } = useLanguage();
  const currency = service?.currency ?? desk.workspace.currency ?? DEFAULT_CURRENCY;
  const values = useMemo(() => valuesOf(service, currency, locale), [service, currency, locale]);
  const form = useLiveForm<Values>(values);
  const { register, formState, watch, setValue } = form;
  const { save, isBusy, problem } = useSaving();
  const { offers } = useOffers(desk);
  const offerWrites = useOfferWrites(desk.workspace.id);
  const [chosenMembers, setChosenMembers] = useState<ReadonlySet<string> | null>(null);
  const mine = offers.filter(({ service_id }) => service_id === service?.id);
  const givenBy = chosenMembers ?? new Set(mine.map(({ team_member_id }) => team_member_id));

  const minutes = (from: number, to: number) => {
    const wrong = t("settings.outOfRange", { from, to });
    return {
      valueAsNumber: true,
      validate: (value: number) => (value >= from && value <= to) || wrong,
    };
  };

  const submit = form.handleSubmit(async (typed) => {
    const serviceId = service?.id ?? crypto.randomUUID();
    const columns = columnsOf(service ? form.changed(typed) : typed, currency);
    const write = () =>
      service
        ? client.from("services").update(columns).eq("id", service.id).select("id")
        : client
            .from("services")
            .insert({
              ...columns,
              id: serviceId,
              workspace_id: desk.workspace.id,
              currency,
              sort_order: desk.services.length,
            })
            .select();
    const isChanged = Object.keys(columns).length > 0;
    const wanted = [...givenBy].map((team_member_id) => ({
      team_member_id,
      service_id: serviceId,
    }));
    const isSaved = await save(...(isChanged ? [write] : []), ...offerWrites(mine, wanted));
    if (!isSaved) return;
    toast.success(t("settings.saved"));
    onClose();
  });

  const { errors } = formState;
  return (
    <SettingsDialog
      frame={Sheet}
      title={service?.name ?? t("settings.services.add")}
      problem={problem}
      isBusy={isBusy}
      onSubmit={submit}
      onClose={onClose}
    >
      <Theirs fields={form.theirs.map((field) => labelOf(field, currency, t))} />
      <Field label={t("settings.services.name")} error={errors.name?.message}>
        <Input
          {...register("name", {
            required: t("settings.required"),
            maxLength: { value: 120, message: t("settings.tooLong", { count: 120 }) },
          })}
        />
      </Field>
      <Field label={t("settings.services.description")} aside={t("settings.optional")}>
        <Textarea rows={2} maxLength={1000} {...register("description")} />
      </Field>
      <div className="grid grid-cols-2 gap-3">
        <Field label={t("settings.services.duration")} error={errors.duration?.message}>
          <Input
            type="number"
            min={5}
            max={1440}
            step={5}
            {...register("duration", minutes(5, 1440))}
          />
        </Field>
        <Field
          label={t("settings.services.price", { currency })}
          aside={t("settings.optional")}
          error={errors.price?.message}
        >
          <Input
            inputMode="decimal"
            {...register("price", {
              validate: (text) =>
                parsePrice(text, currency) !== undefined || t("settings.notAPrice"),
            })}
          />
        </Field>
        <Field label={t("settings.services.before")} error={errors.before?.message}>
          <Input
            type="number"
            min={0}
            max={480}
            step={5}
            {...register("before", minutes(0, 480))}
          />
        </Field>
        <Field label={t("settings.services.after")} error={errors.after?.message}>
          <Input type="number" min={0} max={480} step={5} {...register("after", minutes(0, 480))} />
        </Field>
      </div>
      <p className="-mt-2 text-ink-faint text-sm">{t("settings.services.bufferHint")}</p>
      <ColorPicker
        label={t("settings.services.color")}
        value={watch("color")}
        onChange={(color) => setValue("color", color, { shouldDirty: true })}
      />
      <SwitchRow
        label={t("settings.services.active")}
        checked={watch("active")}
        onChange={(active) => setValue("active", active, { shouldDirty: true })}
      />
      <Group label={t("settings.services.givenBy")}>
        <CheckList items={desk.members} chosen={givenBy} onChange={setChosenMembers} />
      </Group>
    </SettingsDialog>
  );
}

function valuesOf(service: Service | null, currency: string, locale: string): Values {
  return {
    name: service?.name ?? "",
    description: service?.description ?? "",
    duration: service?.duration_minutes ?? DEFAULT_MINUTES,
    before: service?.buffer_before_minutes ?? 0,
    after: service?.buffer_after_minutes ?? 0,
    price: priceText(service?.price_cents ?? null, currency, locale),
    color: service?.color ?? MEMBER_PALETTE[0].hex,
    active: service?.active ?? true,
  };
}

/** Columns for the fields that are there. */
function columnsOf(values: Partial<Values>, currency: string): Partial<Service> {
  const { name, description, duration, before, after, price, color, active } = values;
  return {
    ...(name === undefined ? {} : { name: name.trim() }),
    ...(description === undefined ? {} : { description: description.trim() || null }),
    ...(duration === undefined ? {} : { duration_minutes: duration }),
    ...(before === undefined ? {} : { buffer_before_minutes: before }),
    ...(after === undefined ? {} : { buffer_after_minutes: after }),
    ...(price === undefined ? {} : { price_cents: parsePrice(price, currency) ?? null }),
    ...(color === undefined ? {} : { color }),
    ...(active === undefined ? {} : { active }),
  };
}

function labelOf(field: keyof Values, currency: string, t: ReturnType<typeof useTexts>): string {
  return t(`settings.services.${field}`, { currency });
}
