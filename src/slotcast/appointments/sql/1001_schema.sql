-- The appointments of many workspaces, shared by their staff and their customers.
--
-- Every child carries workspace_id and refers to its parents by (workspace_id, id): foreign keys do not ask
-- row level security, so without it staff could attach another workspace's team member or service.

-- Exclusion constraints on uuid and range together need it.
create extension if not exists btree_gist with schema extensions;

-- Helpers of policies and triggers; never exposed through the REST API.
create schema app_private;
revoke all on schema app_private from public;
grant usage on schema app_private to authenticated, service_role;

-- People and workspaces

create table public.profiles (
  id           uuid primary key references auth.users (id) on delete cascade,
  display_name text not null check (length(display_name) between 1 and 120),
  phone        text check (length(phone) between 3 and 40),
  avatar_url   text,
  time_zone    text not null default 'UTC',
  locale       text not null default 'en',
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now()
);

create table public.workspaces (
  id                    uuid primary key default gen_random_uuid(),
  name                  text not null check (length(name) between 1 and 120),
  slug                  text not null unique check (slug ~ '^[a-z0-9][a-z0-9-]{1,62}$'),
  description           text check (length(description) <= 2000),
  address               text check (length(address) <= 500),
  phone                 text check (length(phone) between 3 and 40),
  currency              char(3) not null default 'EUR' check (currency ~ '^[A-Z]{3}$'),  -- of new services
  -- A name of the IANA's, which browsers know as well: PostgreSQL refuses what it cannot convert to, the pattern
  -- what only PostgreSQL understands.
  time_zone             text not null
                        check (time_zone ~ '^[A-Za-z_]+(/[A-Za-z0-9_+-]+)*$'
                               and timestamptz 'epoch' at time zone time_zone is not null),
  online_booking        boolean not null default true,
  auto_confirm          boolean not null default false,
  slot_step_minutes     smallint not null default 15 check (slot_step_minutes between 5 and 240),
  min_notice_minutes    integer not null default 60 check (min_notice_minutes between 0 and 525600),
  max_ahead_days        integer not null default 90 check (max_ahead_days between 1 and 730),
  change_cutoff_minutes integer not null default 120 check (change_cutoff_minutes between 0 and 525600),
  max_open_per_customer smallint not null default 20 check (max_open_per_customer between 1 and 1000),
  created_at            timestamptz not null default now(),
  updated_at            timestamptz not null default now()
);

create table public.workspace_members (
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  user_id      uuid not null references public.profiles (id) on delete cascade,
  role         text not null default 'staff' check (role in ('owner', 'admin', 'staff', 'viewer')),
  created_at   timestamptz not null default now(),
  primary key (workspace_id, user_id)
);
create index workspace_members_user_idx on public.workspace_members (user_id, workspace_id);

-- Somebody who can be booked, with or without a login.
create table public.team_members (
  id           uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  user_id      uuid references public.profiles (id) on delete set null,
  name         text not null check (length(name) between 1 and 120),
  title        text check (length(title) <= 120),  -- what they do, for customers
  color        text not null default '#2563eb' check (color ~ '^#[0-9a-f]{6}$'),
  time_zone    text  -- null: the workspace's
               check (time_zone is null
                      or time_zone ~ '^[A-Za-z_]+(/[A-Za-z0-9_+-]+)*$'
                         and timestamptz 'epoch' at time zone time_zone is not null),
  bookable     boolean not null default true,
  sort_order   smallint not null default 0,
  created_at   timestamptz not null default now(),
  unique (workspace_id, id)
);
create unique index team_members_user_uq on public.team_members (workspace_id, user_id) where user_id is not null;

create table public.services (
  id                    uuid primary key default gen_random_uuid(),
  workspace_id          uuid not null references public.workspaces (id) on delete cascade,
  name                  text not null check (length(name) between 1 and 120),
  description           text check (length(description) <= 1000),
  duration_minutes      smallint not null check (duration_minutes between 5 and 1440),
  buffer_before_minutes smallint not null default 0 check (buffer_before_minutes between 0 and 480),
  buffer_after_minutes  smallint not null default 0 check (buffer_after_minutes between 0 and 480),
  price_cents           integer check (price_cents >= 0),
  currency              char(3),
  color                 text check (color ~ '^#[0-9a-f]{6}$'),
  active                boolean not null default true,
  sort_order            smallint not null default 0,
  unique (workspace_id, id)
);

create table public.team_member_services (
  workspace_id   uuid not null,
  team_member_id uuid not null,
  service_id     uuid not null,
  primary key (team_member_id, service_id),
  foreign key (workspace_id, team_member_id) references public.team_members (workspace_id, id) on delete cascade,
  foreign key (workspace_id, service_id) references public.services (workspace_id, id) on delete cascade
);

-- The workspace's own record of a person it serves; walk-ins have no login.
create table public.customers (
  id           uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  user_id      uuid references public.profiles (id) on delete set null,
  name         text not null check (length(name) between 1 and 200),
  email        text,
  phone        text,
  created_at   timestamptz not null default now(),
  unique (workspace_id, id)
);
create unique index customers_user_uq on public.customers (workspace_id, user_id) where user_id is not null;
create index customers_user_idx on public.customers (user_id) where user_id is not null;

-- Weekly opening: local wall-clock times, which become instants per date in the member's time zone.
create table public.working_hours (
  id             uuid primary key default gen_random_uuid(),
  workspace_id   uuid not null,
  team_member_id uuid not null,
  weekday        smallint not null check (weekday between 1 and 7),  -- ISO: Monday is 1
  opens          time not null,
  closes         time not null,
  check (closes > opens),
  foreign key (workspace_id, team_member_id) references public.team_members (workspace_id, id) on delete cascade,
  exclude using gist (
    team_member_id with =,
    weekday with =,
    int4range((extract(epoch from opens) / 60)::int, (extract(epoch from closes) / 60)::int) with &&
  )
);

-- What differs on one date: other hours, or closed (opens is null).
create table public.working_hour_exceptions (
  id             uuid primary key default gen_random_uuid(),
  workspace_id   uuid not null,
  team_member_id uuid not null,
  on_date        date not null,
  opens          time,
  closes         time,
  check ((opens is null) = (closes is null) and (opens is null or closes > opens)),
  foreign key (workspace_id, team_member_id) references public.team_members (workspace_id, id) on delete cascade
);
create index working_hour_exceptions_idx on public.working_hour_exceptions (team_member_id, on_date);

create table public.time_off (
  id             uuid primary key default gen_random_uuid(),
  workspace_id   uuid not null,
  team_member_id uuid not null,
  start_time     timestamptz not null,
  end_time       timestamptz not null,
  reason         text,
  check (end_time > start_time),
  foreign key (workspace_id, team_member_id) references public.team_members (workspace_id, id) on delete cascade
);

-- The shared table

create table public.appointments (
  id                    uuid primary key default gen_random_uuid(),
  workspace_id          uuid not null references public.workspaces (id) on delete cascade,
  customer_id           uuid references public.profiles (id) on delete set null,  -- auth.uid(); null for walk-ins
  contact_id            uuid,  -- the workspace's record of them
  team_member_id        uuid,
  service_id            uuid,
  customer_name         text not null check (length(customer_name) between 1 and 200),
  start_time            timestamptz not null,
  end_time              timestamptz not null,
  buffer_before_minutes smallint not null default 0 check (buffer_before_minutes between 0 and 480),
  buffer_after_minutes  smallint not null default 0 check (buffer_after_minutes between 0 and 480),
  status                text not null default 'pending'
                        check (status in ('pending', 'confirmed', 'completed', 'cancelled', 'no_show')),
  price_cents           integer check (price_cents >= 0),
  currency              char(3),
  notes                 text check (length(notes) <= 2000),  -- both sides see it
  cancel_reason         text check (length(cancel_reason) <= 500),
  allow_overlap         boolean not null default false,  -- staff may overbook on purpose
  version               bigint not null default 1,  -- raised by each update: merge key and optimistic lock
  mutation_id           uuid,  -- set by the client that wrote, so that its tab knows its own echo
  created_by            uuid,
  updated_by            uuid,
  created_at            timestamptz not null default now(),
  updated_at            timestamptz not null default now(),
  unique (workspace_id, id),
  -- timestamptz - interval depends on the session's time zone; by way of UTC it does not, as a generated
  -- column demands.
  blocked               tstzrange generated always as (tstzrange(
                          ((start_time at time zone 'UTC') - make_interval(mins => buffer_before_minutes)) at time zone 'UTC',
                          ((end_time at time zone 'UTC') + make_interval(mins => buffer_after_minutes)) at time zone 'UTC',
                          '[)')) stored,
  check (end_time > start_time),
  check (end_time - start_time <= interval '24 hours'),
  foreign key (workspace_id, team_member_id) references public.team_members (workspace_id, id),
  foreign key (workspace_id, service_id) references public.services (workspace_id, id),
  foreign key (workspace_id, contact_id) references public.customers (workspace_id, id),
  -- Pending blocks too, or two customers would wait for the same hour.
  constraint appointments_no_double_booking
    exclude using gist (team_member_id with =, blocked with &&)
    where (team_member_id is not null and status in ('pending', 'confirmed') and not allow_overlap)
);
create index appointments_workspace_start_idx on public.appointments (workspace_id, start_time);
create index appointments_workspace_recent_idx on public.appointments (workspace_id, updated_at desc);
create index appointments_customer_start_idx on public.appointments (customer_id, start_time) where customer_id is not null;
create index appointments_member_start_idx on public.appointments (team_member_id, start_time) where team_member_id is not null;

-- Row level security knows rows, not columns: what only staff may read needs a table of its own.
create table public.appointment_staff_notes (
  appointment_id uuid primary key,
  workspace_id   uuid not null,
  body           text not null check (length(body) <= 5000),
  updated_by     uuid,
  updated_at     timestamptz not null default now(),
  foreign key (workspace_id, appointment_id) references public.appointments (workspace_id, id) on delete cascade
);

-- Append-only history: recent changes, the audit view and undo. A row says all that a sentence about it needs,
-- since what it speaks of may be gone.
create table public.appointment_events (
  id             bigint generated always as identity primary key,
  appointment_id uuid not null,  -- no foreign key: history survives a delete
  workspace_id   uuid not null references public.workspaces (id) on delete cascade,
  customer_id    uuid,
  customer_name  text not null,
  team_member_id uuid,
  service_id     uuid,
  start_time     timestamptz not null,  -- as it is after the change
  actor_id       uuid,
  actor_kind     text not null check (actor_kind in ('customer', 'staff', 'system')),
  actor_name     text,  -- null: nobody who is signed in
  action         text not null check (action in ('created', 'rescheduled', 'reassigned', 'status', 'edited', 'deleted')),
  version        bigint not null,
  mutation_id    uuid,  -- the appointment's
  before         jsonb,
  after          jsonb,
  at             timestamptz not null default clock_timestamp()
);
create index appointment_events_workspace_idx on public.appointment_events (workspace_id, id desc);
create index appointment_events_appointment_idx on public.appointment_events (appointment_id, id);

-- What a customer may know of other people's bookings: when somebody is taken, nothing else.
create table public.busy_slots (
  id             uuid primary key default gen_random_uuid(),
  workspace_id   uuid not null references public.workspaces (id) on delete cascade,
  team_member_id uuid not null,
  start_time     timestamptz not null,
  end_time       timestamptz not null,
  source_id      uuid not null unique,  -- an appointment or time off; not granted to clients
  foreign key (workspace_id, team_member_id) references public.team_members (workspace_id, id) on delete cascade
);
create index busy_slots_idx on public.busy_slots (workspace_id, start_time);
-- Free times ask what a member's busy hours overlap with, years of past ones among them.
create index busy_slots_member_idx on public.busy_slots
  using gist (team_member_id, tstzrange(start_time, end_time));

-- Old values, filters on DELETE and the verdict on a deleted row all need the whole old row in the WAL.
do $$
declare
  relation text;
begin
  foreach relation in array array[
    'workspaces', 'team_members', 'services', 'team_member_services', 'customers', 'working_hours',
    'working_hour_exceptions', 'time_off', 'appointments', 'appointment_staff_notes', 'busy_slots'
  ] loop
    execute format('alter table public.%I replica identity full', relation);
  end loop;
end $$;
