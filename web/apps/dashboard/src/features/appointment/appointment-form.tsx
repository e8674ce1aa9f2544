/** The fields of an appointment, new or not; it also says what stands in the way while one still types. */
import type { Appointment, Service } from "@slotcast/realtime";
import {
  Banner,
  Button,
  Checkbox,
  Field,
  formatDuration,
  formatTime,
  Input,
  Select,
  Textarea,
  toWall,
  useLanguage,
} from "@slotcast/ui";
import { type ReactNode, useId, useMemo } from "react";
import type { Desk } from "../desk/desk";
import type { ServiceOffer } from "../desk/offers";
import type { OpeningData } from "../desk/opening";
import { CustomerField } from "./customer-field";
import { useFailures } from "./failure";
import { errorsOf, type FormValues, timesOf } from "./form-values";
import { servicesOf } from "./guess";
import { type Candidate, overlapping } from "./overlap";
import { useTexts } from "./texts";
import { worksAround } from "./working-times";

const NOTHING = "none";

export interface AppointmentFormProps {
  id: string;
  desk: Desk;
  opening: OpeningData;
  offers: readonly ServiceOffer[];
  /** Appointments around the chosen day, to see what is in the way. */
  rows: readonly Appointment[];
  /** The one that is being edited; absent for a new one. */
  row?: Appointment | undefined;
  values: FormValues;
  onChange: (values: FormValues) => void;
  /** Whether errors are shown yet. */
  isTried: boolean;
  onSubmit: () => void;
  /** Stands above the fields. */
  children?: ReactNode;
}

export function AppointmentForm(props: AppointmentFormProps) {
  const { desk, offers, values, onChange, isTried, onSubmit } = props;
  const t = useTexts();
  const errors = isTried ? errorsOf(values) : {};
  const set = (change: Partial<FormValues>) => onChange({ ...values, ...change });

  function chooseService(serviceId: string | null) {
    const service = desk.services.find(({ id }) => id === serviceId);
    set({
      serviceId,
      ...(service ? { minutes: String(service.duration_minutes) } : {}),
    });
  }

  return (
    <form
      id={props.id}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
      className="flex flex-col gap-4"
    >
      {props.children}
      <CustomerField
        workspaceId={desk.workspace.id}
        value={values.customer}
        onChange={(customer) => set({ customer })}
        error={errors.customer && t(`appointment.sheet.${errors.customer}`)}
        isLocked={props.row !== undefined && values.customer.kind === "known"}
      />
      <Field label={t("appointment.sheet.service")}>
        <Select
          value={values.serviceId ?? NOTHING}
          onChange={(id) => chooseService(id === NOTHING ? null : id)}
          options={[
            ...servicesShown(desk.services, offers, values).map((service) => ({
              value: service.id,
              label: <ServiceLabel service={service} />,
            })),
            { value: NOTHING, label: t("appointment.sheet.noService") },
          ]}
        />
      </Field>
      <Field label={t("appointment.sheet.member")}>
        <Select
          value={values.memberId ?? NOTHING}
          onChange={(id) => set({ memberId: id === NOTHING ? null : id })}
          options={[
            ...desk.members.map((member) => ({ value: member.id, label: member.name })),
            { value: NOTHING, label: t("appointment.sheet.nobody") },
          ]}
        />
      </Field>
      <div className="grid grid-cols-[minmax(0,1.25fr)_minmax(0,1fr)_4.25rem] gap-2">
        <Field
          label={t("appointment.sheet.date")}
          error={errors.date && t(`appointment.sheet.${errors.date}`)}
        >
          <Input
            type="date"
            required
            value={values.date}
            onChange={(event) => set({ date: event.target.value })}
          />
        </Field>
        <Field label={t("appointment.sheet.time")}>
          <Input
            type="time"
            required
            step={300}
            value={values.time}
            onChange={(event) => set({ time: event.target.value })}
          />
        </Field>
        <Field
          label={t("appointment.sheet.minutes")}
          error={errors.minutes && t(`appointment.sheet.${errors.minutes}`)}
        >
          <Input
            inputMode="numeric"
            required
            value={values.minutes}
            onChange={(event) => set({ minutes: event.target.value })}
          />
        </Field>
      </div>
      <Obstacles {...props} set={set} />
      <Field label={t("appointment.sheet.notes")} hint={t("appointment.sheet.notesHint")}>
        <Textarea
          rows={2}
          maxLength={2000}
          value={values.notes}
          onChange={(event) => set({ notes: event.target.value })}
        />
      </Field>
    </form>
  );
}

function ServiceLabel({ service }: { service: Service }) {
  const { locale } = useLanguage();
  return (
    <>
      {service.name}
      <span className="text-ink-faint"> · {formatDuration(service.duration_minutes, locale)}</span>
    </>
  );
}

/** What the member offers, and what is chosen already, whether it is offered or not. */
function servicesShown(
  services: readonly Service[],
  offers: readonly ServiceOffer[],
  values: FormValues,
): Service[] {
  const offered = servicesOf(services, offers, values.memberId);
  const chosen = services.find(({ id }) => id === values.serviceId);
  return chosen && !offered.includes(chosen) ? [chosen, ...offered] : offered;
}

type ObstaclesProps = AppointmentFormProps & { set: (change: Partial<FormValues>) => void };

/** Says before anything is saved that a time is taken, or that nobody works then. */
function Obstacles({ desk, opening, rows, row, values, set }: ObstaclesProps) {
  const t = useTexts();
  const { locale } = useLanguage();
  const { taken } = useFailures(desk, opening);
  const overlapId = useId();
  const candidate = useCandidate(desk, row, values);
  const isTaken = candidate !== undefined && overlapping(rows, candidate) !== undefined;
  if (candidate && isTaken) {
    const failure = taken(rows, candidate);
    return (
      <div className="flex flex-col gap-2" role="status">
        <Banner tone="warning" title={failure.title}>
          {failure.nearest.length === 0
            ? failure.description
            : t("appointment.failure.nearestLabel")}
          <div className="mt-2 flex flex-wrap gap-1.5">
            {failure.nearest.map((startMs) => {
              const wall = toWall(new Date(startMs).toISOString(), desk.zone);
              return (
                <Button
                  key={startMs}
                  size="sm"
                  onClick={() => set({ date: wall.slice(0, 10), time: wall.slice(11, 16) })}
                >
                  {formatTime(new Date(startMs).toISOString(), desk.zone, locale)}
                </Button>
              );
            })}
          </div>
        </Banner>
        <div className="flex items-start gap-2.5 px-1">
          <Checkbox
            id={overlapId}
            checked={values.allowOverlap}
            onCheckedChange={(checked) => set({ allowOverlap: checked === true })}
          />
          <label htmlFor={overlapId} className="text-md leading-tight">
            {t("appointment.sheet.overlapAnyway")}
            <span className="block text-ink-faint text-sm">
              {t("appointment.sheet.overlapHint")}
            </span>
          </label>
        </div>
      </div>
    );
  }
  const member = desk.members.find(({ id }) => id === candidate?.memberId);
  const works = worksAround(desk, opening, values.memberId, candidate?.startMs ?? 0);
  if (candidate && member && !works(candidate.startMs, candidate.endMs)) {
    return (
      <Banner tone="info" role="status">
        {t("appointment.sheet.outside", { name: member.name })}
      </Banner>
    );
  }
  return null;
}

function useCandidate(
  desk: Desk,
  row: Appointment | undefined,
  values: FormValues,
): Candidate | undefined {
  const { services, zone } = desk;
  return useMemo(() => {
    const times = timesOf(values, zone);
    if (!times) return undefined;
    const service = services.find(({ id }) => id === values.serviceId);
    const isSameService = row?.service_id === values.serviceId;
    return {
      id: row?.id,
      memberId: values.memberId,
      startMs: Date.parse(times.start_time),
      endMs: Date.parse(times.end_time),
      bufferBeforeMinutes: (isSameService ? row : service)?.buffer_before_minutes ?? 0,
      bufferAfterMinutes: (isSameService ? row : service)?.buffer_after_minutes ?? 0,
    };
  }, [row, values, services, zone]);
}
