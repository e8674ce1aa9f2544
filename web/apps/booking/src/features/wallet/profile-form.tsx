import { useSupabase } from "@slotcast/realtime";
import {
  announce,
  Button,
  Field,
  Input,
  Refused,
  Skeleton,
  useLanguage,
  useSession,
} from "@slotcast/ui";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { UserRound } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useTexts } from "../../texts";
import { type Profile, saveProfile, useProfile } from "../identity/profile";

/** Name and phone, as shops see them. */
export function ProfileForm() {
  const t = useTexts();
  const { user } = useSession();
  const { data: profile } = useProfile(user?.id);
  return (
    <section className="rounded-card border border-line bg-surface p-5">
      <h2 className="flex items-center gap-2 font-semibold text-base">
        <UserRound aria-hidden className="size-5 text-accent-text" strokeWidth={1.75} />
        {t("profile.title")}
      </h2>
      <p className="mt-1 text-ink-soft text-md">{user?.email || t("account.guest")}</p>
      {user && profile ? (
        <Fields key={user.id} userId={user.id} profile={profile} />
      ) : (
        <Skeleton className="mt-4 h-32" />
      )}
    </section>
  );
}

function Fields({ userId, profile }: { userId: string; profile: Profile }) {
  const t = useTexts();
  const client = useSupabase();
  const queries = useQueryClient();
  const { language } = useLanguage();
  const [typed, setTyped] = useState<Partial<Profile>>({});
  const shown = { ...profile, ...typed };
  const isChanged = shown.name !== profile.name || shown.phone !== profile.phone;
  const saving = useMutation({
    mutationFn: (next: Profile) => saveProfile(client, userId, next, language),
    async onSuccess() {
      await queries.invalidateQueries({ queryKey: ["profile", userId] });
      setTyped({});
      announce(t("profile.saved"));
    },
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    if (isChanged && !saving.isPending) saving.mutate(shown);
  }
  return (
    <form onSubmit={submit} className="mt-4 flex flex-col gap-4">
      <Field label={t("you.name")}>
        <Input
          size="lg"
          autoComplete="name"
          required
          pattern=".*\S.*"
          maxLength={120}
          value={shown.name}
          onChange={(event) => setTyped({ ...typed, name: event.target.value })}
        />
      </Field>
      <Field label={t("you.phone")} aside={t("optional")}>
        <Input
          size="lg"
          type="tel"
          autoComplete="tel"
          maxLength={40}
          value={shown.phone}
          onChange={(event) => setTyped({ ...typed, phone: event.target.value })}
        />
      </Field>
      <Refused error={saving.error} />
      <Button
        type="submit"
        size="lg"
        busy={saving.isPending}
        aria-disabled={!isChanged || saving.isPending || undefined}
      >
        {t(saving.isSuccess && !isChanged ? "profile.savedShort" : "profile.save")}
      </Button>
    </form>
  );
}
