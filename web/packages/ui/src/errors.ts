import type { Translate } from "./i18n";
import { en } from "./locales/en";
import { useTexts } from "./texts";

/** What PostgREST, the auth client and `fetch` have in common when they say no. */
export interface Refusal {
  code?: string | null | undefined;
  hint?: string | null | undefined;
  message?: string | undefined;
  status?: number | undefined;
}

/** The SQLSTATE with which PostgreSQL says that a time is taken. */
export const TAKEN = "23P01";

type Texts = Translate<typeof en>;

/** Says what happened and what to do; never shows what only programmers understand. */
export function errorText(error: unknown, t: Texts): string {
  if (isNetworkError(error)) return t("error.network");
  const { code, hint, status } = asRefusal(error);
  if (hint && hint in en.error.hint) return t(`error.hint.${hint as keyof typeof en.error.hint}`);
  if (code && code in en.error.auth) return t(`error.auth.${code as keyof typeof en.error.auth}`);
  switch (code) {
    case TAKEN:
      return t("error.taken");
    case "42501":
      return t("error.forbidden");
    case "PGRST301":
    case "PGRST303":
      return t("error.expired");
    case "23502":
    case "23514":
    case "22P02":
      return t("error.invalid");
    default:
      return status === 401 ? t("error.expired") : t("error.unknown");
  }
}

/** {@link errorText} in the reader's language. */
export function useErrorText(): (error: unknown) => string {
  const t = useTexts();
  return (error) => errorText(error, t);
}

/** Whether the request never got an answer. */
export function isNetworkError(error: unknown): boolean {
  if (error instanceof TypeError) return true;
  if (typeof error !== "object" || error === null) return false;
  if ("name" in error && error.name === "AuthRetryableFetchError") return true;
  const { code, message } = asRefusal(error);
  // postgrest-js turns what fetch throws into an error without a code.
  return !code && /fetch|network|load failed/i.test(message ?? "");
}

function asRefusal(error: unknown): Refusal {
  return typeof error === "object" && error !== null ? (error as Refusal) : {};
}
