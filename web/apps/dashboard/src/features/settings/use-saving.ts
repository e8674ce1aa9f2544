import { TAKEN, useErrorText } from "@slotcast/ui";
import { useMutation } from "@tanstack/react-query";
import { useTexts } from "./texts";

/** An answer of the API to a write that asked for the rows it wrote. */
type Answer = PromiseLike<{ data: unknown; error: unknown }>;

/** Row level security does not refuse a change: it finds nothing to change. */
class NothingWritten extends Error {
  override name = "NothingWritten";
}

/**
 * Writes, and says in words what went wrong.
 *
 * @param words - By SQLSTATE, where the usual words would say the wrong thing.
 */
export function useSaving(words: Readonly<Record<string, string>> = {}) {
  const t = useTexts();
  const errorText = useErrorText();
  const { mutateAsync, isPending, error, reset } = useMutation({ mutationFn: run });

  function problem(): string | null {
    if (error === null) return null;
    if (error instanceof NothingWritten) return t("settings.gone");
    const { code = "" } = error as { code?: string };
    if (words[code]) return words[code];
    switch (code) {
      case "23503":
        return t("settings.stillUsed");
      case "23505":
        return t("settings.alreadyThere");
      case TAKEN:
        return t("settings.overlapping");
      default:
        return errorText(error);
    }
  }

  /** Does the writes one after the other; false when one of them failed. */
  async function save(...writes: (() => Answer)[]): Promise<boolean> {
    try {
      await mutateAsync(writes);
      return true;
    } catch {
      // It is shown as the problem.
      return false;
    }
  }

  return { save, isBusy: isPending, problem: problem(), reset };
}

async function run(writes: readonly (() => Answer)[]): Promise<void> {
  for (const write of writes) {
    const { data, error } = await write();
    if (error) throw error;
    if (Array.isArray(data) && data.length === 0) throw new NothingWritten();
  }
}
