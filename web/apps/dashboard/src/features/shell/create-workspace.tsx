import { useSupabase, type Workspace } from "@slotcast/realtime";
import { Button, Field, Input, Refused, readerZone } from "@slotcast/ui";
import { type FormEvent, useState } from "react";
import { isSlug, slugOf } from "./slug";
import { useTexts } from "./texts";

export interface CreateWorkspaceProps {
  onCreated: (workspace: Workspace) => void;
  onCancel?: (() => void) | undefined;
}

/** Begins a workspace; whoever does so owns it. */
export function CreateWorkspace({ onCreated, onCancel }: CreateWorkspaceProps) {
  const t = useTexts();
  const supabase = useSupabase();
  const [name, setName] = useState("");
  const [typedSlug, setTypedSlug] = useState<string | null>(null);
  const [zone, setZone] = useState(readerZone);
  const [isBusy, setBusy] = useState(false);
  const [isTried, setTried] = useState(false);
  const [error, setError] = useState<{ code?: string } | null>(null);
  const slug = typedSlug ?? slugOf(name);

  async function create() {
    setTried(true);
    if (name.trim() === "" || !isSlug(slug)) return;
    setBusy(true);
    setError(null);
    const answer = await supabase.rpc("create_workspace", {
      p_name: name.trim(),
      p_slug: slug,
      p_time_zone: zone,
    });
    setBusy(false);
    if (answer.error) setError(answer.error);
    else onCreated(answer.data as Workspace);
  }
  function submit(event: FormEvent) {
    event.preventDefault();
    void create();
  }

  const isTaken = error?.code === "23505";
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-4 text-start">
      <Field
        label={t("shell.create.name")}
        hint={t("shell.create.nameHint")}
        error={isTried && name.trim() === "" ? t("shell.create.nameHint") : undefined}
      >
        <Input
          required
          maxLength={120}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      </Field>
      <Field
        label={t("shell.create.slug")}
        hint={t("shell.create.slugHint", { url: `${location.origin}/book/${slug}` })}
        error={
          isTaken
            ? t("shell.create.slugTaken")
            : isTried && !isSlug(slug)
              ? t("shell.create.slugInvalid")
              : undefined
        }
      >
        <Input
          required
          spellCheck={false}
          autoCapitalize="none"
          value={slug}
          onChange={(event) => setTypedSlug(event.target.value)}
        />
      </Field>
      <Field label={t("shell.create.zone")}>
        <ZoneInput value={zone} onChange={setZone} />
      </Field>
      {error && !isTaken && <Refused error={error} />}
      <div className="flex justify-end gap-2">
        {onCancel && (
          <Button variant="quiet" onClick={onCancel}>
            {t("shell.create.cancel")}
          </Button>
        )}
        <Button type="submit" variant="primary" busy={isBusy}>
          {t("shell.create.submit")}
        </Button>
      </div>
    </form>
  );
}

interface ZoneInputProps {
  value: string;
  onChange: (zone: string) => void;
  id?: string;
}

/** All zones that the browser knows: too many to look through, so they can be typed. */
function ZoneInput({ value, onChange, ...props }: ZoneInputProps) {
  const [zones] = useState(() => Intl.supportedValuesOf("timeZone"));
  return (
    <>
      <Input
        {...props}
        list="zones"
        required
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
      <datalist id="zones">
        {zones.map((zone) => (
          <option key={zone} value={zone} />
        ))}
      </datalist>
    </>
  );
}
