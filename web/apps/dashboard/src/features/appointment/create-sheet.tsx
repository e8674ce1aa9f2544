/** Makes an appointment: everything is guessed already but whom it is for. */
import {
  type Appointment,
  type LiveAppointments,
  useSupabase,
  useWorkspaceAppointments,
  uuid,
} from "@slotcast/realtime";
import { Banner, Button, fromWall, Refused, Sheet, startOfDay, useDraft } from "@slotcast/ui";
import { useId, useMemo, useState } from "react";
import { instantsAround } from "../desk/days";
import type { Desk } from "../desk/desk";
import type { ServiceOffer } from "../desk/offers";
import type { OpeningData } from "../desk/opening";
import { AppointmentForm } from "./appointment-form";
import { type Failure, useFailures } from "./failure";
import {
  type CustomerChoice,
  errorsOf,
  type FormValues,
  newRowOf,
  timesOf,
  valuesOfGuess,
} from "./form-values";
import { type Guess, guessAppointment } from "./guess";
import { overlapping } from "./overlap";
import { useTexts } from "./texts";
import { worksAround } from "./working-times";

/** Where it was drawn. */
export interface NewPlace {
  /** Wall time, or only the day. */
  start: string;
  minutes?: number | undefined;
  memberId?: string | undefined;
}

export interface CreateSheetProps {
  desk: Desk;
  opening: OpeningData;
  offers: readonly ServiceOffer[];
  live: Pick<LiveAppointments, "appointments" | "mutate">;
  place: NewPlace;
  chosenMembers: readonly string[];
  /** Whether the calendar stays usable beside it. */
  isModal: boolean;
  onClose: () => void;
  onCreated: (row: Appointment) => void;
}

export function CreateSheet(props: CreateSheetProps) {
  const { desk, opening, offers, live, isModal, onClose } = props;
  const t = useTexts();
  const formId = useId();
  const [values, setValues] = useGuessedValues(props);
  const [isTried, setTried] = useState(false);
  const rows = useRowsAround(desk, values.date, live.appointments);
  const { isBusy, failure, error, save } = useCreate(props);

  function submit() {
    setTried(true);
    const times = timesOf(values, desk.zone);
    if (times && Object.keys(errorsOf(values)).length === 0) void save(values, times);
  }

  return (
    <Sheet
      open
      modal={isModal}
      onOpenChange={(isOpen) => {
        if (!isOpen) onClose();
      }}
      title={t("appointment.sheet.new")}
      footer={
        <Button type="submit" form={formId} variant="primary" busy={isBusy}>
          {t("appointment.sheet.book")}
        </Button>
      }
    >
      <AppointmentForm
        id={formId}
        desk={desk}
        opening={opening}
        offers={offers}
        rows={rows}
        values={values}
        onChange={setValues}
        isTried={isTried}
        onSubmit={submit}
      >
        {failure && (
          <Banner tone="danger" role="alert" title={failure.title}>
            {failure.description}
          </Banner>
        )}
        <Refused error={error} />
      </AppointmentForm>
    </Sheet>
  );
}

/** Drawing somewhere else moves the open form there, and keeps what was typed. */
function useGuessedValues(props: CreateSheetProps): [FormValues, (values: FormValues) => void] {
  const { place, desk } = props;
  const drawn = `${place.start} ${place.minutes} ${place.memberId}`;
  const [state, setState] = useDraft(`new in ${desk.workspace.id}`, () => ({
    drawn,
    values: valuesOfGuess(guess(props), desk.zone),
  }));
  if (state.drawn !== drawn) {
    const { customer, notes } = state.values;
    setState({ drawn, values: { ...valuesOfGuess(guess(props), desk.zone), customer, notes } });
  }
  return [state.values, (values) => setState({ drawn, values })];
}

function guess({ desk, opening, offers, live, place, chosenMembers }: CreateSheetProps): Guess {
  const isDay = place.start.length === "YYYY-MM-DD".length;
  const dayStart = isDay ? Date.parse(startOfDay(place.start, desk.zone)) : 0;
  return guessAppointment({
    startMs: isDay ? undefined : Date.parse(fromWall(place.start, desk.zone)),
    minutes: place.minutes,
    memberId: place.memberId,
    chosenMembers,
    me: desk.me,
    members: desk.members,
    services: desk.services,
    offers,
    rows: live.appointments,
    earliestMs: Math.max(Date.now(), dayStart),
    isFree: (memberId, startMs, endMs) =>
      worksAround(desk, opening, memberId, startMs)(startMs, endMs) &&
      overlapping(live.appointments, { memberId, startMs, endMs }) === undefined,
  });
}

/** The appointments of the days around a date, for whom the calendar may show others. */
export function useRowsAround(
  desk: Desk,
  date: string,
  shown: readonly Appointment[],
): readonly Appointment[] {
  const range = useMemo(() => instantsAround(date, desk.zone), [date, desk.zone]);
  const { appointments, isLoading } = useWorkspaceAppointments(
    range ? desk.workspace.id : null,
    undefined,
    range ? { range } : {},
  );
  return isLoading ? shown : appointments;
}

function useCreate({ desk, opening, live, onClose, onCreated }: CreateSheetProps) {
  const supabase = useSupabase();
  const { explain } = useFailures(desk, opening);
  const [isBusy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [error, setError] = useState<unknown>(null);

  /** Keeps a record of somebody who left a way to reach them. */
  async function contactOf(customer: CustomerChoice): Promise<string | null> {
    if (customer.kind === "known") return customer.contactId;
    const [phone, email] = [customer.phone.trim(), customer.email.trim()];
    if (phone === "" && email === "") return null;
    const id = uuid();
    const answer = await supabase.from("customers").insert({
      id,
      workspace_id: desk.workspace.id,
      name: customer.name.trim(),
      phone: phone || null,
      email: email || null,
    });
    if (answer.error) throw answer.error;
    return id;
  }

  async function save(values: FormValues, times: { start_time: string; end_time: string }) {
    setBusy(true);
    setFailure(null);
    setError(null);
    try {
      const contactId = await contactOf(values.customer);
      const row = newRowOf(values, desk.zone, desk.workspace.id, times, contactId);
      const outcome = await live.mutate.create(row);
      if (outcome.kind === "saved") onCreated(outcome.row);
      if (outcome.kind === "saved" || outcome.kind === "unsent") onClose();
      else {
        const before = { ...emptyRow, ...row } as Appointment;
        setFailure(await explain(outcome, before, {}, live.appointments));
      }
    } catch (thrown) {
      setError(thrown);
    } finally {
      setBusy(false);
    }
  }
  return { isBusy, failure, error, save };
}

/** What the database fills in, as far as words about a failure need it. */
const emptyRow = { buffer_before_minutes: 0, buffer_after_minutes: 0 };
