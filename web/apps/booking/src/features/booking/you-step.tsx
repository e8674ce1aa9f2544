import { Button, Field, Input, nameOf, type SignInView, Textarea, useSession } from "@slotcast/ui";
import type { User } from "@supabase/supabase-js";
import { type FormEvent, lazy, Suspense, useState } from "react";
import { useTexts } from "../../texts";
import type { Shop } from "../shop/shop";
import { StepHeading } from "./step-heading";
import type { You } from "./you";

const SignInDialog = lazy(async () => ({
  default: (await import("../identity/sign-in-dialog")).SignInDialog,
}));

export interface YouStepProps {
  formId: string;
  shop: Shop;
  you: Pick<You, "name" | "phone" | "notes">;
  onChange: (changes: Partial<You>) => void;
  onSubmit: () => void;
}

export function YouStep(props: YouStepProps) {
  const { formId, shop, you, onChange, onSubmit } = props;
  const t = useTexts();
  function submit(event: FormEvent) {
    event.preventDefault();
    onSubmit();
  }
  return (
    <section>
      <StepHeading hint={t(shop.auto_confirm ? "you.hintConfirmed" : "you.hintRequest")}>
        {t("you.title")}
      </StepHeading>
      <Who name={you.name} />
      <form id={formId} onSubmit={submit} className="mt-5 flex flex-col gap-4">
        <Field label={t("you.name")}>
          <Input
            size="lg"
            autoComplete="name"
            required
            pattern=".*\S.*"
            maxLength={120}
            value={you.name}
            onChange={(event) => onChange({ name: event.target.value })}
          />
        </Field>
        <Field label={t("you.phone")} aside={t("optional")} hint={t("you.phoneHint")}>
          <Input
            size="lg"
            type="tel"
            autoComplete="tel"
            maxLength={40}
            value={you.phone}
            onChange={(event) => onChange({ phone: event.target.value })}
          />
        </Field>
        <Field label={t("you.notes", { shop: shop.name })} aside={t("optional")}>
          <Textarea
            maxLength={2000}
            className="text-base"
            value={you.notes}
            onChange={(event) => onChange({ notes: event.target.value })}
          />
        </Field>
      </form>
    </section>
  );
}

/** Who is booking: an account, a guest who has booked before, or nobody yet. */
function Who({ name }: { name: string }) {
  const { user, isGuest } = useSession();
  return user && !isGuest ? <KnownUser user={user} /> : <Visitor name={name} isGuest={isGuest} />;
}

function KnownUser({ user }: { user: User }) {
  const t = useTexts();
  const { signOut } = useSession();
  return (
    <div className="flex flex-wrap items-center justify-between gap-x-4 rounded-card bg-sunken px-4 py-2">
      <p className="min-w-0 text-md">
        {t("you.signedInAs")} <span className="break-words font-medium">{nameOf(user)}</span>
        <span className="block truncate text-ink-faint text-sm">{user.email}</span>
      </p>
      <Button variant="quiet" className="-me-3 h-11" onClick={() => void signOut()}>
        {t("you.notYou")}
      </Button>
    </div>
  );
}

function Visitor({ name, isGuest }: { name: string; isGuest: boolean }) {
  const t = useTexts();
  const [asked, setAsked] = useState<SignInView>();
  return (
    <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 rounded-card bg-sunken px-4 py-3">
      <p className="min-w-0 flex-1 basis-52 text-md">
        {t(isGuest ? "you.knownGuest" : "you.guest")}
      </p>
      <div className="flex flex-wrap gap-2">
        <Button className="h-11" onClick={() => setAsked("sign-in")}>
          {t("account.signIn")}
        </Button>
        {!isGuest && (
          <Button variant="quiet" className="h-11" onClick={() => setAsked("sign-up")}>
            {t("account.signUp")}
          </Button>
        )}
      </div>
      <Suspense>
        {asked && (
          <SignInDialog open onOpenChange={() => setAsked(undefined)} initial={asked} name={name} />
        )}
      </Suspense>
    </div>
  );
}
