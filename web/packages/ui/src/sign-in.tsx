import { Eye, EyeOff } from "lucide-react";
import { type ComponentProps, type FormEvent, type ReactNode, useEffect, useState } from "react";
import { Avatar } from "./components/avatar";
import { Banner } from "./components/banner";
import { Button } from "./components/button";
import { Field, Input, type InputProps } from "./components/field";
import { type DemoAccount, loadDemoAccounts } from "./config";
import { useErrorText } from "./errors";
import { useSession } from "./session";
import { useTexts } from "./texts";

const LEAST_PASSWORD_LENGTH = 6;

export type SignInView = "sign-in" | "sign-up" | "forgot";

export interface SignInProps {
  /** Which form stands there first. */
  initial?: SignInView;
  /** Where links in mails lead back to; this page when left out. */
  redirectTo?: string;
  /** Replaces the title, which is a `<h2>`; null leaves it out. */
  title?: ReactNode;
  /** `lg` for thumbs. */
  size?: "md" | "lg";
  /** Which demo accounts to offer in demo mode; all when left out. */
  offers?: (account: DemoAccount) => boolean;
  /** The name to begin signing up with. */
  name?: string;
}

/**
 * Signs in with email and password, signs up, and sends a link to those who forgot theirs. In demo mode it offers
 * the demo's accounts. Watch `useSession()` for the outcome.
 */
export function SignIn(props: SignInProps) {
  const { initial = "sign-in", size = "md", title, offers } = props;
  const [view, setView] = useState<SignInView>(initial);
  const [email, setEmail] = useState("");
  const t = useTexts();
  const titles = {
    "sign-in": t("signIn.title"),
    "sign-up": t("signIn.signUpTitle"),
    forgot: t("signIn.forgotTitle"),
  };
  const shared = { email, setEmail, setView, size, redirectTo: props.redirectTo ?? location.href };
  return (
    <div className="flex flex-col gap-5">
      {title !== null && <h2 className="font-semibold text-xl">{title ?? titles[view]}</h2>}
      {view === "sign-in" && <SignInForm {...shared} />}
      {view === "sign-up" && <SignUpForm {...shared} initialName={props.name ?? ""} />}
      {view === "forgot" && <ForgotForm {...shared} />}
      {view !== "forgot" && <DemoAccounts {...(offers ? { offers } : {})} />}
    </div>
  );
}

interface FormProps {
  email: string;
  setEmail: (email: string) => void;
  setView: (view: SignInView) => void;
  size: "md" | "lg";
  redirectTo: string;
}

function SignInForm({ email, setEmail, setView, size }: FormProps) {
  const t = useTexts();
  const { supabase } = useSession();
  const [password, setPassword] = useState("");
  const { busy, error, submit } = useSubmit(() =>
    supabase.auth.signInWithPassword({ email, password }),
  );
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <EmailField value={email} onChange={setEmail} size={size} />
      <Field label={t("signIn.password")}>
        <PasswordInput
          size={size}
          autoComplete="current-password"
          required
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
      </Field>
      <Refused error={error} />
      <Button type="submit" variant="primary" size={size} busy={busy}>
        {busy ? t("signIn.busy") : t("signIn.submit")}
      </Button>
      <div className="flex flex-wrap justify-between gap-x-4">
        <LinkButton onClick={() => setView("sign-up")}>{t("signIn.toSignUp")}</LinkButton>
        <LinkButton onClick={() => setView("forgot")}>{t("signIn.forgot")}</LinkButton>
      </div>
    </form>
  );
}

function SignUpForm(props: FormProps & { initialName: string }) {
  const { email, setEmail, setView, size, redirectTo, initialName } = props;
  const t = useTexts();
  const { supabase } = useSession();
  const [name, setName] = useState(initialName);
  const [password, setPassword] = useState("");
  const [mailed, setMailed] = useState(false);
  const { busy, error, submit } = useSubmit(async () => {
    const answer = await supabase.auth.signUp({
      email,
      password,
      options: { data: { name }, emailRedirectTo: redirectTo },
    });
    setMailed(!answer.error && !answer.data.session);
    return answer;
  });
  if (mailed) {
    return (
      <Banner tone="success" role="status">
        {t("signIn.checkMail", { email })}
      </Banner>
    );
  }
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <Field label={t("signIn.name")}>
        <Input
          size={size}
          autoComplete="name"
          required
          maxLength={120}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      </Field>
      <EmailField value={email} onChange={setEmail} size={size} />
      <NewPasswordField
        label={t("signIn.password")}
        value={password}
        onChange={setPassword}
        size={size}
      />
      <Refused error={error} />
      <Button type="submit" variant="primary" size={size} busy={busy}>
        {busy ? t("signIn.signUpBusy") : t("signIn.signUp")}
      </Button>
      <LinkButton onClick={() => setView("sign-in")}>{t("signIn.toSignIn")}</LinkButton>
    </form>
  );
}

function ForgotForm({ email, setEmail, setView, size, redirectTo }: FormProps) {
  const t = useTexts();
  const { supabase } = useSession();
  const [sent, setSent] = useState(false);
  const { busy, error, submit } = useSubmit(async () => {
    const answer = await supabase.auth.resetPasswordForEmail(email, { redirectTo });
    setSent(!answer.error);
    return answer;
  });
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <EmailField value={email} onChange={setEmail} size={size} />
      <Refused error={error} />
      {sent ? (
        <Banner tone="success" role="status">
          {t("signIn.forgotSent", { email })}
        </Banner>
      ) : (
        <Button type="submit" variant="primary" size={size} busy={busy}>
          {busy ? t("signIn.forgotBusy") : t("signIn.forgotSubmit")}
        </Button>
      )}
      <LinkButton onClick={() => setView("sign-in")}>{t("signIn.back")}</LinkButton>
    </form>
  );
}

/** For those who came by a link to reset their password: `isRecovering` of `useSession()`. */
export function NewPasswordForm({ size = "md" }: { size?: "md" | "lg" }) {
  const t = useTexts();
  const { supabase, endRecovery } = useSession();
  const [password, setPassword] = useState("");
  const { busy, error, submit } = useSubmit(async () => {
    const answer = await supabase.auth.updateUser({ password });
    if (!answer.error) endRecovery();
    return answer;
  });
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <h2 className="font-semibold text-xl">{t("signIn.newPasswordTitle")}</h2>
      <NewPasswordField
        label={t("signIn.newPassword")}
        value={password}
        onChange={setPassword}
        size={size}
      />
      <Refused error={error} />
      <Button type="submit" variant="primary" size={size} busy={busy}>
        {busy ? t("signIn.newPasswordBusy") : t("signIn.newPasswordSubmit")}
      </Button>
    </form>
  );
}

interface TextFieldProps {
  value: string;
  onChange: (value: string) => void;
  size?: "md" | "lg";
}

/** An address, as browsers and password managers know it. */
export function EmailField({ value, onChange, size = "md" }: TextFieldProps) {
  const t = useTexts();
  return (
    <Field label={t("signIn.email")}>
      <Input
        size={size}
        type="email"
        inputMode="email"
        autoComplete="email"
        autoCapitalize="none"
        spellCheck={false}
        required
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </Field>
  );
}

/** A password that is being chosen. */
export function NewPasswordField(props: TextFieldProps & { label: ReactNode }) {
  const t = useTexts();
  return (
    <Field label={props.label} hint={t("signIn.passwordHint", { count: LEAST_PASSWORD_LENGTH })}>
      <PasswordInput
        size={props.size ?? "md"}
        autoComplete="new-password"
        required
        minLength={LEAST_PASSWORD_LENGTH}
        value={props.value}
        onChange={(event) => props.onChange(event.target.value)}
      />
    </Field>
  );
}

/** A password that can be made visible, which helps on phones. */
export function PasswordInput(props: InputProps) {
  const t = useTexts();
  const [shown, setShown] = useState(false);
  const Icon = shown ? EyeOff : Eye;
  return (
    <span className="relative block">
      <Input {...props} type={shown ? "text" : "password"} className="pe-12" />
      <button
        type="button"
        aria-label={t("signIn.showPassword")}
        aria-pressed={shown}
        onClick={() => setShown(!shown)}
        className="absolute inset-y-0 end-0 flex w-11 items-center justify-center rounded-control text-ink-faint hover:text-ink"
      >
        <Icon aria-hidden className="size-5" strokeWidth={1.75} />
      </button>
    </span>
  );
}

function DemoAccounts({ offers }: { offers?: (account: DemoAccount) => boolean }) {
  const t = useTexts();
  const { supabase, config } = useSession();
  const accounts = useDemoAccounts(config.demo);
  const [chosen, setChosen] = useState<DemoAccount | null>(null);
  const { busy, error, run } = useSubmit(async (account: DemoAccount) => {
    setChosen(account);
    return supabase.auth.signInWithPassword({ email: account.email, password: account.password });
  });
  const offered = offers ? accounts.filter(offers) : accounts;
  if (offered.length === 0) return null;
  return (
    <section className="flex flex-col gap-2 border-line border-t pt-4">
      <h3 className="font-medium text-sm">{t("signIn.demo")}</h3>
      <ul className="flex flex-wrap gap-2">
        {offered.map((account) => (
          <li key={account.email}>
            <Button
              className="h-11 ps-1.5"
              busy={busy && chosen === account}
              onClick={() => run(account)}
            >
              <Avatar name={account.name} size="sm" className="size-8" />
              <span className="text-start leading-tight">
                {account.name}
                <span className="block font-normal text-ink-faint text-xs">{account.role}</span>
              </span>
            </Button>
          </li>
        ))}
      </ul>
      <Refused error={error} />
      <p className="text-ink-faint text-sm">{t("signIn.demoHint")}</p>
    </section>
  );
}

function useDemoAccounts(isDemo: boolean): DemoAccount[] {
  const [accounts, setAccounts] = useState<DemoAccount[]>([]);
  useEffect(() => {
    if (!isDemo) return;
    let wanted = true;
    void loadDemoAccounts().then((loaded) => {
      if (wanted) setAccounts(loaded);
    });
    return () => {
      wanted = false;
    };
  }, [isDemo]);
  return accounts;
}

/** What went wrong, read aloud when it appears. */
export function Refused({ error }: { error: unknown }) {
  const errorText = useErrorText();
  return (
    <div role="alert" className="empty:hidden">
      {error != null && <Banner tone="danger">{errorText(error)}</Banner>}
    </div>
  );
}

function LinkButton(props: ComponentProps<"button">) {
  return (
    <button
      type="button"
      className="inline-flex min-h-11 items-center self-start font-medium text-accent-text text-md hover:underline"
      {...props}
    />
  );
}

/** Runs what talks to the server: one at a time, keeping what it said when it said no. */
function useSubmit<Given extends unknown[]>(
  action: (...given: Given) => Promise<{ error: unknown }>,
) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  async function perform(...given: Given) {
    if (busy) return;
    setBusy(true);
    setError(null);
    try {
      setError((await action(...given)).error);
    } catch (thrown) {
      setError(thrown);
    } finally {
      setBusy(false);
    }
  }
  function run(...given: Given) {
    void perform(...given);
  }
  function submit(this: void, event: FormEvent, ...given: Given) {
    event.preventDefault();
    run(...given);
  }
  return { busy, error, run, submit };
}
