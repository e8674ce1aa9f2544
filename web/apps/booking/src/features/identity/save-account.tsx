import { Banner, Button, nameOf, Refused, useSession } from "@slotcast/ui";
import { EmailField, NewPasswordField } from "@slotcast/ui/sign-in";
import { ShieldCheck } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useTexts } from "../../texts";

/** Makes an account out of a guest: with an address and a password the appointments can be found again. */
export function SaveAccount() {
  const t = useTexts();
  const { supabase, user, isGuest } = useSession();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [saved, setSaved] = useState<"mailed" | "done">();

  async function save(event: FormEvent) {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setError(null);
    const name = nameOf(user);
    const answer = await supabase.auth.updateUser({
      email,
      password,
      ...(name ? { data: { name } } : {}),
    });
    setBusy(false);
    setError(answer.error);
    if (answer.error) return;
    setSaved(answer.data.user.email === email ? "done" : "mailed");
    await supabase.auth.refreshSession();
  }

  if (saved) {
    return (
      <Banner tone="success" role="status">
        {t(saved === "done" ? "account.saved" : "account.mailed", { email })}
      </Banner>
    );
  }
  if (!isGuest) return null;
  return (
    <section className="rounded-card border border-line bg-surface p-5">
      <h2 className="flex items-center gap-2 font-semibold text-base">
        <ShieldCheck aria-hidden className="size-5 text-accent-text" strokeWidth={1.75} />
        {t("account.keepTitle")}
      </h2>
      <p className="mt-1 text-ink-soft text-md">{t("account.keepWhy")}</p>
      <form onSubmit={(event) => void save(event)} className="mt-4 flex flex-col gap-4">
        <EmailField value={email} onChange={setEmail} size="lg" />
        <NewPasswordField
          label={t("account.password")}
          value={password}
          onChange={setPassword}
          size="lg"
        />
        <Refused error={error} />
        <Button type="submit" size="lg" busy={busy}>
          {t(busy ? "account.saving" : "account.save")}
        </Button>
      </form>
    </section>
  );
}
