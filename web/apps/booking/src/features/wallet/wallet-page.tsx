import {
  type Appointment,
  type LiveAppointments,
  type LiveRow,
  useCustomerAppointments,
} from "@slotcast/realtime";
import {
  Banner,
  Button,
  EmptyState,
  Loading,
  SignIn,
  Skeleton,
  Tabs,
  useErrorText,
  useNow,
  useSession,
} from "@slotcast/ui";
import { Link } from "@slotcast/ui/router";
import { CalendarHeart } from "lucide-react";
import { useEffect } from "react";
import { useTexts } from "../../texts";
import { SaveAccount } from "../identity/save-account";
import { type Place, usePlaces } from "../ticket/place";
import { Ticket } from "../ticket/ticket";
import { TicketActions } from "../ticket/ticket-actions";
import { CalendarFeed } from "./calendar-feed";
import { ProfileForm } from "./profile-form";
import { Reschedule } from "./reschedule";
import { sortWallet, TABS, type Tab, tabOf, type WalletView } from "./wallet";

export interface WalletPageProps {
  view: WalletView;
  onView: (view: WalletView, options?: { replace: boolean }) => void;
}

/** All appointments of a customer, in all shops, live: a wallet of tickets. */
export function WalletPage(props: WalletPageProps) {
  const t = useTexts();
  const { status } = useSession();
  useEffect(() => {
    document.title = t("mine.title");
  }, [t]);
  if (status === "loading") return <WalletSkeleton />;
  if (status === "signed-out") {
    return (
      <div className="mx-auto max-w-sm">
        <h1 className="mb-2 font-semibold text-2xl">{t("mine.title")}</h1>
        <p className="mb-6 text-base text-ink-soft">{t("mine.signIn")}</p>
        <SignIn size="lg" offers={({ role }) => role === "customer"} />
      </div>
    );
  }
  return <Wallet {...props} />;
}

function Wallet({ view, onView }: WalletPageProps) {
  const t = useTexts();
  const errorText = useErrorText();
  const now = useNow();
  const { user } = useSession();
  const { appointments, isLoading, error, mutate, resync } = useCustomerAppointments(user?.id);
  const placeOf = usePlaces(appointments);
  const sorted = sortWallet(appointments, now);
  const changing = appointments.find(({ id }) => id === view.change);
  const tab = view.tab ?? (changing ? tabOf(changing, now) : "upcoming");

  return (
    <div className="grid gap-8 lg:grid-cols-[minmax(0,1fr)_22rem]">
      <div className="min-w-0">
        <h1 className="mb-4 font-semibold text-2xl">{t("mine.title")}</h1>
        {error && (
          <Banner
            tone="danger"
            role="alert"
            className="mb-4"
            action={
              <Button size="sm" onClick={() => void resync()}>
                {t("retry")}
              </Button>
            }
          >
            {errorText(error)}
          </Banner>
        )}
        {isLoading ? (
          <WalletSkeleton />
        ) : (
          <Tabs
            label={t("mine.title")}
            value={tab}
            onChange={(next) => onView({ tab: next }, { replace: true })}
            tabs={TABS.map((name) => ({
              value: name,
              label: (
                <>
                  {t(`mine.${name}`)}{" "}
                  <span className="figures font-normal text-ink-faint">{sorted[name].length}</span>
                </>
              ),
              content: (
                <Pocket
                  tab={name}
                  rows={sorted[name]}
                  placeOf={placeOf}
                  mutate={mutate}
                  view={view}
                  onView={onView}
                />
              ),
            }))}
          />
        )}
      </div>
      <aside className="flex flex-col gap-4">
        <SaveAccount />
        <CalendarFeed />
        <ProfileForm />
      </aside>
    </div>
  );
}

interface PocketProps extends WalletPageProps {
  tab: Tab;
  rows: readonly LiveRow<Appointment>[];
  placeOf: (appointment: Appointment) => Place | undefined;
  mutate: LiveAppointments["mutate"];
}

/** The tickets of one kind. */
function Pocket({ tab, rows, placeOf, mutate, view, onView }: PocketProps) {
  const t = useTexts();
  if (rows.length === 0) {
    return (
      <EmptyState
        icon={CalendarHeart}
        title={t(`mine.${tab}None`)}
        action={
          tab === "upcoming" && (
            <Button asChild size="lg" variant="primary">
              <Link to="/">{t("mine.book")}</Link>
            </Button>
          )
        }
      >
        {t(`mine.${tab}NoneHint`)}
      </EmptyState>
    );
  }
  return (
    <ul className="flex flex-col gap-4 pt-4">
      {rows.map((appointment) => {
        const place = placeOf(appointment);
        const isMoving = view.change === appointment.id;
        return (
          <li key={appointment.id}>
            <Ticket
              appointment={appointment}
              place={place}
              showsShop
              headingLevel="h2"
              actions={
                place &&
                tab === "upcoming" &&
                !isMoving && (
                  <TicketActions
                    appointment={appointment}
                    place={place}
                    mutate={mutate}
                    change={
                      <button
                        type="button"
                        onClick={() => onView({ tab: view.tab, change: appointment.id })}
                      >
                        {t("ticket.change")}
                      </button>
                    }
                  />
                )
              }
            >
              {place && tab === "upcoming" && isMoving && (
                <Reschedule
                  appointment={appointment}
                  place={place}
                  mutate={mutate}
                  view={view}
                  onView={onView}
                />
              )}
            </Ticket>
          </li>
        );
      })}
    </ul>
  );
}

function WalletSkeleton() {
  return (
    <Loading className="grid gap-4">
      <Skeleton className="h-11 w-72" />
      <Skeleton className="h-48" />
      <Skeleton className="h-48" />
    </Loading>
  );
}
