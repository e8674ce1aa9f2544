import { type TeamMember, useSupabase } from "@slotcast/realtime";
import { Field, Input, MEMBER_PALETTE, toast } from "@slotcast/ui";
import { useMemo, useState } from "react";
import { useForm } from "react-hook-form";
import type { Desk } from "../desk/desk";
import { Card } from "../desk/page";
import { SwitchRow } from "../desk/switch-row";
import { CheckList } from "./check-list";
import { ColorPicker, Group, Problem, SaveButton, SettingsDialog, Theirs } from "./form-parts";
import { useTexts } from "./texts";
import { useLiveForm } from "./use-live-form";
import { useOffers, useOfferWrites } from "./use-offers";
import { useSaving } from "./use-saving";
import { isZone } from "./zone";
import { ZoneInput } from "./zone-input";

interface Values {
  name: string;
  memberTitle: string;
  zone: string;
  color: string;
  bookable: boolean;
}

export interface MemberFormProps {
  desk: Desk;
  member: TeamMember;
  mayWrite: boolean;
}

/** Who somebody is, and what they offer. */
export function MemberForm({ desk, member, mayWrite }: MemberFormProps) {
  const t = useTexts();
  const client = useSupabase();
  const values = useMemo(() => valuesOf(member), [member]);
  const form = useLiveForm<Values>(values);
  const { register, watch, setValue, formState } = form;
  const { save, isBusy, problem } = useSaving();
  const { offers } = useOffers(desk);
  const offerWrites = useOfferWrites(desk.workspace.id);
  const [chosen, setChosen] = useState<ReadonlySet<string> | null>(null);
  const mine = offers.filter(({ team_member_id }) => team_member_id === member.id);
  const offered = chosen ?? new Set(mine.map(({ service_id }) => service_id));

  const submit = form.handleSubmit(async (typed) => {
    const columns = columnsOf(form.changed(typed));
    const write = () =>
      client.from("team_members").update(columns).eq("id", member.id).select("id");
    const isChanged = Object.keys(columns).length > 0;
    const wanted = [...offered].map((service_id) => ({ service_id, team_member_id: member.id }));
    if (!(await save(...(isChanged ? [write] : []), ...offerWrites(mine, wanted)))) return;
    form.reset(typed);
    setChosen(null);
    toast.success(t("settings.saved"));
  });

  const { errors, isDirty } = formState;
  return (
    <Card title={t("settings.team.profile")}>
      <form noValidate onSubmit={(event) => void submit(event)}>
        <fieldset disabled={!mayWrite} className="flex flex-col gap-4">
          <Problem text={problem} />
          <Theirs fields={form.theirs.map((field) => t(`settings.team.${field}`))} />
          <div className="grid gap-4 sm:grid-cols-2">
            <Field label={t("settings.team.name")} error={errors.name?.message}>
              <Input {...register("name", { required: t("settings.required"), maxLength: 120 })} />
            </Field>
            <Field
              label={t("settings.team.memberTitle")}
              aside={t("settings.optional")}
              hint={t("settings.team.titleHint")}
            >
              <Input maxLength={120} {...register("memberTitle")} />
            </Field>
            <Field
              label={t("settings.team.zone")}
              aside={t("settings.optional")}
              hint={t("settings.team.zoneHint", { zone: desk.workspace.time_zone })}
              error={errors.zone?.message}
            >
              <ZoneInput
                {...register("zone", {
                  validate: (zone) => zone === "" || isZone(zone) || t("settings.unknownZone"),
                })}
              />
            </Field>
            <ColorPicker
              label={t("settings.team.color")}
              value={watch("color")}
              onChange={(color) => setValue("color", color, { shouldDirty: true })}
            />
          </div>
          <SwitchRow
            label={t("settings.team.bookable")}
            checked={watch("bookable")}
            disabled={!mayWrite}
            onChange={(bookable) => setValue("bookable", bookable, { shouldDirty: true })}
          />
          <Group label={t("settings.team.offers")}>
            <CheckList
              items={desk.services}
              chosen={offered}
              disabled={!mayWrite}
              onChange={setChosen}
            />
          </Group>
          {mayWrite && <SaveButton isBusy={isBusy} disabled={!isDirty && chosen === null} />}
        </fieldset>
      </form>
    </Card>
  );
}

function valuesOf(member: TeamMember): Values {
  return {
    name: member.name,
    memberTitle: member.title ?? "",
    zone: member.time_zone ?? "",
    color: member.color,
    bookable: member.bookable,
  };
}

/** Columns for the fields that are there. */
function columnsOf({ name, memberTitle, zone, color, bookable }: Partial<Values>) {
  return {
    ...(name === undefined ? {} : { name: name.trim() }),
    ...(memberTitle === undefined ? {} : { title: memberTitle.trim() || null }),
    ...(zone === undefined ? {} : { time_zone: zone || null }),
    ...(color === undefined ? {} : { color }),
    ...(bookable === undefined ? {} : { bookable }),
  } satisfies Partial<TeamMember>;
}

export interface NewMemberProps {
  desk: Desk;
  onMade: (id: string) => void;
  onClose: () => void;
}

/** Asks for no more than a name: the rest is said on the page that opens then. */
export function NewMember({ desk, onMade, onClose }: NewMemberProps) {
  const t = useTexts();
  const client = useSupabase();
  const { register, handleSubmit, formState } = useForm({ defaultValues: { name: "" } });
  const { save, isBusy, problem } = useSaving();

  const submit = handleSubmit(async ({ name }) => {
    const member = {
      id: crypto.randomUUID(),
      workspace_id: desk.workspace.id,
      name: name.trim(),
      color: freeColor(desk.members),
      sort_order: desk.members.length,
    };
    if (!(await save(() => client.from("team_members").insert(member).select("id")))) return;
    onClose();
    onMade(member.id);
  });

  return (
    <SettingsDialog
      title={t("settings.team.add")}
      problem={problem}
      isBusy={isBusy}
      onSubmit={submit}
      onClose={onClose}
    >
      <Field label={t("settings.team.name")} error={formState.errors.name?.message}>
        <Input {...register("name", { required: t("settings.required"), maxLength: 120 })} />
      </Field>
    </SettingsDialog>
  );
}

/** The first colour that nobody has yet, so that columns are told apart. */
function freeColor(members: readonly TeamMember[]): string {
  const free = MEMBER_PALETTE.find(({ hex }) => members.every(({ color }) => color !== hex));
  return (free ?? MEMBER_PALETTE[members.length % MEMBER_PALETTE.length] ?? MEMBER_PALETTE[0]).hex;
}
