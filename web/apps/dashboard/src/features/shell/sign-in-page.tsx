import { NewPasswordForm, SessionNotice, SignIn, useSession } from "@slotcast/ui";
import { CalendarRange } from "lucide-react";
import type { CSSProperties } from "react";
import { useTexts } from "./texts";

export function SignInPage() {
  const t = useTexts();
  const { isRecovering } = useSession();
  return (
    <main className="grid min-h-dvh lg:grid-cols-[1.1fr_1fr]">
      <section className="hidden flex-col justify-between bg-sunken p-12 lg:flex">
        <p className="flex items-center gap-2 font-semibold text-lg">
          <CalendarRange aria-hidden className="size-6 text-accent-text" strokeWidth={1.75} />
          {t("shell.app")}
        </p>
        <SamplePicture />
        <div>
          <h1 className="font-semibold text-2xl">{t("shell.signIn.title")}</h1>
          <p className="mt-2 max-w-md text-base text-ink-soft">{t("shell.signIn.about")}</p>
        </div>
      </section>
      <section className="flex items-center justify-center bg-surface p-6 sm:p-12">
        <div className="w-full max-w-sm">
          <h1 className="mb-8 flex items-center gap-2 font-semibold text-lg lg:hidden">
            <CalendarRange aria-hidden className="size-6 text-accent-text" strokeWidth={1.75} />
            {t("shell.app")}
          </h1>
          <SessionNotice className="mb-6" />
          {isRecovering ? <NewPasswordForm /> : <SignIn offers={isStaffAccount} />}
        </div>
      </section>
    </main>
  );
}

function isStaffAccount({ role }: { role: string }): boolean {
  return role !== "customer";
}

const SAMPLE = [
  { column: 1, from: 1, to: 4, color: "#7f52db" },
  { column: 1, from: 5, to: 7, color: "#7f52db" },
  { column: 2, from: 2, to: 5, color: "#3a9bfd" },
  { column: 2, from: 6, to: 8, color: "#3a9bfd" },
  { column: 3, from: 1, to: 3, color: "#66a79a" },
  { column: 3, from: 4, to: 8, color: "#66a79a" },
];

/** A day in three columns, as decoration. */
function SamplePicture() {
  return (
    <div
      aria-hidden
      className="grid max-w-lg grid-cols-3 gap-2 self-center rounded-card bg-surface p-4 shadow-float"
      style={{ gridTemplateRows: "repeat(8, 2rem)", width: "100%" }}
    >
      {SAMPLE.map(({ column, from, to, color }) => (
        <span
          key={`${column}-${from}`}
          className="member member-tint member-edge rounded-sm"
          style={
            {
              "--member": color,
              gridColumn: column,
              gridRow: `${from} / ${to}`,
            } as CSSProperties
          }
        />
      ))}
    </div>
  );
}
