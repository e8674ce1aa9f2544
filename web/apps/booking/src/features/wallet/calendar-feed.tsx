import { useSupabase } from "@slotcast/realtime";
import {
  announce,
  Button,
  Dialog,
  DialogClose,
  Input,
  Refused,
  Skeleton,
  useSession,
} from "@slotcast/ui";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { CalendarSync, Check, Copy } from "lucide-react";
import { useState } from "react";
import { useTexts } from "../../texts";

/** The address at which calendars find all appointments, always up to date. Who has it can read them. */
export function CalendarFeed() {
  const t = useTexts();
  const client = useSupabase();
  const queries = useQueryClient();
  const { user, config } = useSession();
  const key = ["calendar-token", user?.id];
  const token = useQuery({
    queryKey: key,
    queryFn: () => readToken(false),
    enabled: user !== null,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const renewal = useMutation({
    mutationFn: () => readToken(true),
    onSuccess(renewed) {
      queries.setQueryData(key, renewed);
      announce(t("feed.renewed"));
    },
  });

  async function readToken(renew: boolean): Promise<string> {
    const { data, error } = await client.rpc("calendar_token", { p_renew: renew });
    if (error) throw error;
    return String(data);
  }

  const path = `/rest/v1/rpc/calendar_feed?token=${token.data}&apikey=${config.publishableKey}`;
  const url = new URL(path, config.url).href;
  return (
    <section className="rounded-card border border-line bg-surface p-5">
      <h2 className="flex items-center gap-2 font-semibold text-base">
        <CalendarSync aria-hidden className="size-5 text-accent-text" strokeWidth={1.75} />
        {t("feed.title")}
      </h2>
      <p className="mt-1 text-ink-soft text-md">{t("feed.why")}</p>
      {token.data ? (
        <FeedAddress url={url} />
      ) : token.error ? (
        <div className="mt-4">
          <Refused error={token.error} />
        </div>
      ) : (
        <Skeleton className="mt-4 h-12" />
      )}
      <Dialog
        trigger={
          <Button variant="quiet" className="-ms-3 mt-1 h-11" disabled={!token.data}>
            {t("feed.renew")}
          </Button>
        }
        title={t("feed.renewTitle")}
        description={t("feed.renewWhy")}
        footer={
          <>
            <DialogClose>
              <Button size="lg">{t("feed.keep")}</Button>
            </DialogClose>
            <DialogClose>
              <Button size="lg" variant="danger" onClick={() => renewal.mutate()}>
                {t("feed.renew")}
              </Button>
            </DialogClose>
          </>
        }
      />
      <Refused error={renewal.error} />
    </section>
  );
}

/** Browsers let pages copy only when they came over an encrypted connection, or from this machine. */
const CAN_COPY = "clipboard" in navigator;

function FeedAddress({ url }: { url: string }) {
  const t = useTexts();
  const [copied, setCopied] = useState(false);
  async function copy() {
    await navigator.clipboard.writeText(url);
    setCopied(true);
    announce(t("feed.copied"));
  }
  const Icon = copied ? Check : Copy;
  return (
    <div className="mt-4 flex flex-wrap gap-2">
      <Input
        size="lg"
        readOnly
        value={url}
        aria-label={t("feed.address")}
        className="figures min-w-0 flex-1 basis-56 text-md"
        onFocus={(event) => event.target.select()}
      />
      {CAN_COPY && (
        <Button size="lg" onClick={() => void copy()}>
          <Icon aria-hidden className="size-5" strokeWidth={1.75} />
          {t(copied ? "feed.copiedShort" : "feed.copy")}
        </Button>
      )}
      <Button asChild size="lg">
        <a href={url.replace(/^https?:/, "webcal:")}>{t("feed.subscribe")}</a>
      </Button>
    </div>
  );
}
