/** One appointment: what it is, what can be done with it, and its form. It stays while the row changes or goes. */
import type { Appointment, LiveAppointments, LiveRow } from "@slotcast/realtime";
import { Banner, Button, EmptyState, Loading, Sheet, Skeleton, StatusBadge } from "@slotcast/ui";
import { CircleHelp, Pencil } from "lucide-react";
import { useId, useState } from "react";
import { canWriteAppointments, type Desk } from "../desk/desk";
import type { ServiceOffer } from "../desk/offers";
import type { OpeningData } from "../desk/opening";
import { offeredActions } from "../desk/statuses";
import { AppointmentForm } from "./appointment-form";
import { useRowsAround } from "./create-sheet";
import { Details } from "./details";
import type { Failure } from "./failure";
import { errorsOf } from "./form-values";
import { StaffNotes } from "./staff-notes";
import { useTexts } from "./texts";
import { TheirChange } from "./their-change";
import type { Changes } from "./use-changes";
import { type Editing, useEditing } from "./use-editing";
import { useLastActor } from "./use-last-actor";
import { useOneAppointment } from "./use-one-appointment";

export interface DetailSheetProps {
  desk: Desk;
  opening: OpeningData;
  offers: readonly ServiceOffer[];
  live: Pick<LiveAppointments, "appointments" | "mutate">;
  changes: Changes;
  id: string;
  nowMs: number;
  /** Whether the calendar stays usable beside it. */
  isModal: boolean;
  customerHref: (contactId: string) => string;
  onClose: () => void;
}

export function DetailSheet(props: DetailSheetProps) {
  const { live, id, isModal, onClose } = props;
  const t = useTexts();
  const { row, state } = useOneAppointment(id, live.appointments);
  if (row) return <Known {...props} row={row} isGone={state === "gone"} />;
  return (
    <Sheet
      open
      modal={isModal}
      title={t(state === "loading" ? "appointment.sheet.loading" : "appointment.sheet.missing")}
      onOpenChange={(isOpen) => {
        if (!isOpen) onClose();
      }}
    >
      {state === "loading" ? (
        <Loading className="flex flex-col gap-3">
          <Skeleton className="h-8" />
          <Skeleton className="h-24" />
        </Loading>
      ) : (
        <EmptyState icon={CircleHelp} title={t("appointment.sheet.missing")} />
      )}
    </Sheet>
  );
}

type KnownProps = DetailSheetProps & { row: LiveRow<Appointment>; isGone: boolean };

function Known(props: KnownProps) {
  const { desk, row, isGone, isModal, onClose } = props;
  const t = useTexts();
  const formId = useId();
  const editing = useEditing(row, desk.zone);
  const [isLeaving, setLeaving] = useState(false);
  const { isBusy, isTried, failure, submit, dismiss } = useSave(props, editing);
  const canWrite = canWriteAppointments(desk.role) && !isGone;

  function close(isOpen: boolean) {
    if (isOpen) return;
    if (editing.isDirty) setLeaving(true);
    else onClose();
  }
  function stop() {
    dismiss();
    editing.stop();
  }

  return (
    <Sheet
      open
      modal={isModal}
      onOpenChange={close}
      title={row.customer_name}
      description={<StatusBadge status={row.status} />}
      onOpenAutoFocus={focusSheet}
      footer={
        editing.values ? (
          <>
            <Button variant="quiet" onClick={stop}>
              {t("appointment.sheet.stopEditing")}
            </Button>
            <Button type="submit" form={formId} variant="primary" busy={isBusy} disabled={isGone}>
              {t("appointment.sheet.save")}
            </Button>
          </>
        ) : (
          canWrite && (
            <Button onClick={editing.start}>
              <Pencil aria-hidden className="size-4" strokeWidth={1.75} />
              {t("appointment.sheet.edit")}
            </Button>
          )
        )
      }
    >
      <div className="flex flex-col gap-4">
        {isGone && <Deleted {...props} />}
        {isLeaving && (
          <Banner
            tone="warning"
            role="alert"
            action={
              <Button size="sm" variant="danger" onClick={onClose}>
                {t("appointment.sheet.discard")}
              </Button>
            }
          >
            {t("appointment.sheet.unsaved")}
          </Banner>
        )}
        {editing.disputed.length > 0 && <TheirChange desk={desk} row={row} editing={editing} />}
        {failure && <Failed failure={failure} onAnyway={submit} />}
        {editing.values ? (
          <Form
            {...props}
            id={formId}
            editing={editing}
            isTried={isTried}
            onSubmit={() => submit()}
          />
        ) : (
          <Details desk={desk} row={row} customerHref={props.customerHref}>
            {canWrite && <Actions {...props} />}
          </Details>
        )}
        {desk.role !== "viewer" && !isGone && (
          <StaffNotes
            appointmentId={row.id}
            workspaceId={desk.workspace.id}
            canWrite={canWriteAppointments(desk.role)}
          />
        )}
      </div>
    </Sheet>
  );
}

/** The sheet itself, so that it is read from its title on, and no field looks as if it were to be filled in. */
function focusSheet(event: Event): void {
  event.preventDefault();
  if (event.target instanceof HTMLElement) event.target.focus();
}

function Actions({ row, nowMs, changes }: KnownProps) {
  const hasBegun = Date.parse(row.start_time) <= nowMs;
  return (
    <div className="flex flex-wrap gap-2">
      {offeredActions(row.status, hasBegun).map((offered, index) => (
        <Button
          key={offered.action}
          variant={
            offered.action === "cancel" ? "dangerQuiet" : index === 0 ? "primary" : "secondary"
          }
          disabled={row.pending !== undefined}
          onClick={() => changes.act(row, offered)}
        >
          {changes.actionLabel(offered)}
        </Button>
      ))}
    </div>
  );
}

interface FormProps extends Omit<KnownProps, "id"> {
  /** Of the form's element. */
  id: string;
  editing: Editing;
  isTried: boolean;
  onSubmit: () => void;
}

function Form({ desk, opening, offers, live, row, id, editing, isTried, onSubmit }: FormProps) {
  const rows = useRowsAround(desk, editing.values?.date ?? "", live.appointments);
  if (!editing.values) return null;
  return (
    <AppointmentForm
      id={id}
      desk={desk}
      opening={opening}
      offers={offers}
      rows={rows}
      row={row}
      values={editing.values}
      onChange={editing.set}
      isTried={isTried}
      onSubmit={onSubmit}
    />
  );
}

interface FailedProps {
  failure: Failure;
  onAnyway: (theirs: Appointment) => void;
}

function Failed({ failure, onAnyway }: FailedProps) {
  const t = useTexts();
  const { theirs } = failure;
  return (
    <Banner
      tone="danger"
      role="alert"
      title={failure.title}
      action={
        theirs && (
          <Button size="sm" onClick={() => onAnyway(theirs)}>
            {t("appointment.failure.anyway")}
          </Button>
        )
      }
    >
      {failure.description}
    </Banner>
  );
}

/** Somebody deleted it; what is known of it can be put back as it was. */
function Deleted({ desk, row, live }: KnownProps) {
  const t = useTexts();
  const actor = useLastActor(row.id, row.version);
  const [isBusy, setBusy] = useState(false);
  async function restore() {
    setBusy(true);
    const { version, mutation_id, blocked, pending, ...values } = row;
    await live.mutate.create(values);
    setBusy(false);
  }
  return (
    <Banner
      tone="warning"
      role="alert"
      action={
        canWriteAppointments(desk.role) && (
          <Button size="sm" busy={isBusy} onClick={() => void restore()}>
            {t("appointment.sheet.restore")}
          </Button>
        )
      }
    >
      {t("appointment.sheet.deleted", { who: actor ?? t("appointment.failure.somebody") })}
    </Banner>
  );
}

function useSave({ desk, row, changes }: KnownProps, editing: Editing) {
  const t = useTexts();
  const [isBusy, setBusy] = useState(false);
  const [isTried, setTried] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);

  async function save(onto: Appointment) {
    const { values } = editing;
    setTried(true);
    if (!values || Object.keys(errorsOf(values)).length > 0) return;
    setBusy(true);
    const why = await changes.attempt(onto, editing.patchFor(onto, desk.services), (saved) =>
      t("appointment.done.edited", { customer: saved.customer_name }),
    );
    setBusy(false);
    setFailure(why);
    if (why === null) editing.stop();
  }
  return {
    isBusy,
    isTried,
    failure,
    submit: (theirs?: Appointment) => void save(theirs ?? row),
    dismiss: () => setFailure(null),
  };
}
