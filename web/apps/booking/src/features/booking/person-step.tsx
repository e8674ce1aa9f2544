import { Avatar } from "@slotcast/ui";
import { ChevronRight, Users } from "lucide-react";
import type { ReactNode } from "react";
import { useTexts } from "../../texts";
import type { ShopMember } from "../shop/shop";
import { ANYONE, type Draft } from "./draft";
import { DraftLink } from "./draft-link";
import { StepHeading } from "./step-heading";

export function PersonStep({ members, draft }: { members: readonly ShopMember[]; draft: Draft }) {
  const t = useTexts();
  return (
    <section>
      <StepHeading>{t("person.title")}</StepHeading>
      <ul className="flex flex-col gap-2.5">
        <li>
          <PersonCard
            person={ANYONE}
            draft={draft}
            name={t("person.anyone")}
            hint={t("person.anyoneHint")}
            mark={
              <span className="inline-flex size-12 items-center justify-center rounded-full bg-sunken text-ink-soft">
                <Users aria-hidden className="size-5" strokeWidth={1.75} />
              </span>
            }
          />
        </li>
        {members.map((member) => (
          <li key={member.id}>
            <PersonCard
              person={member.id}
              draft={draft}
              name={member.name}
              hint={member.title}
              mark={<Avatar name={member.name} color={member.color} size="lg" />}
            />
          </li>
        ))}
      </ul>
    </section>
  );
}

interface PersonCardProps {
  person: string;
  draft: Draft;
  name: string;
  hint: string | null;
  mark: ReactNode;
}

function PersonCard({ person, draft, name, hint, mark }: PersonCardProps) {
  const isChosen = draft.person === person;
  const next: Draft = isChosen
    ? { ...draft, step: "time" }
    : { service: draft.service, day: draft.day, person, step: "time" };
  return (
    <DraftLink
      draft={next}
      isChosen={isChosen}
      data-person={person}
      className="group flex min-h-18 items-center gap-4 rounded-card border border-line bg-surface p-3.5 transition-colors hover:border-line-strong hover:bg-raised aria-[current]:border-accent aria-[current]:bg-accent-soft sm:px-5"
    >
      {mark}
      <span className="min-w-0 flex-1">
        <span className="block font-medium text-base">{name}</span>
        {hint && <span className="block text-ink-soft text-md">{hint}</span>}
      </span>
      <ChevronRight
        aria-hidden
        className="size-5 shrink-0 text-ink-faint transition-transform group-hover:translate-x-0.5 rtl:-scale-x-100"
        strokeWidth={1.75}
      />
    </DraftLink>
  );
}
