-- A person's appointments as an iCalendar feed (RFC 5545), for calendars that know a URL and nothing else: the
-- token in it is the key. It is kept as it is, since whoever can read it here can read the appointments, too, and
-- since people want to look at their URL again.

-- What a function returns as this is the answer as it is, whatever media types the client says it accepts.
create domain public."*/*" as bytea;

create table app_private.calendar_tokens (
  user_id    uuid primary key references public.profiles (id) on delete cascade,
  token      text not null unique,
  created_at timestamptz not null default now()
);

-- Two random UUIDs have 244 random bits.
create function app_private.new_calendar_token() returns text
language sql volatile set search_path = '' as $$
  select replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '')
$$;

-- The caller's token; p_renew makes another, and the former URL worthless.
create function public.calendar_token(p_renew boolean default false) returns text
language plpgsql security definer set search_path = '' as $$
declare
  me uuid := auth.uid();
  found_token text;
begin
  if me is null then
    raise exception 'sign in first' using errcode = '42501', hint = 'sign_in_first';
  end if;
  insert into app_private.calendar_tokens as kept (user_id, token)
  values (me, app_private.new_calendar_token())
  on conflict (user_id) do update
    set token = case when p_renew then excluded.token else kept.token end,
        created_at = case when p_renew then now() else kept.created_at end
  returning token into found_token;
  return found_token;
end $$;

create function app_private.ics_text(value text) returns text
language sql immutable set search_path = '' as $$
  select regexp_replace(
    regexp_replace(
      regexp_replace(value, '([\\;,])', '\\\1', 'g'),
      E'\r\n|\r|\n', '\\n', 'g'),
    '[\x01-\x08\x0B-\x1F\x7F]', '', 'g')
$$;

create function app_private.ics_time(instant timestamptz) returns text
language sql immutable set search_path = '' as $$
  select to_char(instant at time zone 'UTC', 'YYYYMMDD"T"HH24MISS"Z"')
$$;

-- A line may have 75 octets. A character has up to four of them, and must not be torn apart.
create function app_private.ics_line(line text) returns text
language sql immutable set search_path = '' as $$
  select case
    when octet_length(line) <= 75 then line
    when octet_length(line) = length(line) then regexp_replace(line, '(.{74})(?=.)', E'\\1\r\n ', 'g')
    else regexp_replace(line, '(.{18})(?=.)', E'\\1\r\n ', 'g')
  end || E'\r\n'
$$;

-- is_theirs: in the calendar of the customer, who knows who they are.
create function app_private.ics_event(
  visit public.appointments, place public.workspaces, service text, member text, is_theirs boolean
) returns text
language sql stable set search_path = '' as $$
  select string_agg(app_private.ics_line(line), '' order by number)
  from unnest(array[
    'BEGIN:VEVENT',
    'UID:' || visit.id,
    'SEQUENCE:' || visit.version,
    'DTSTAMP:' || app_private.ics_time(visit.updated_at),
    'LAST-MODIFIED:' || app_private.ics_time(visit.updated_at),
    'CREATED:' || app_private.ics_time(visit.created_at),
    'DTSTART:' || app_private.ics_time(visit.start_time),
    'DTEND:' || app_private.ics_time(visit.end_time),
    'SUMMARY:' || app_private.ics_text(concat_ws(
      ' · ', service, case when is_theirs then place.name else visit.customer_name end)),
    'DESCRIPTION:' || app_private.ics_text(nullif(concat_ws(E'\n', case when is_theirs then member end, visit.notes), '')),
    'LOCATION:' || app_private.ics_text(case when is_theirs then coalesce(place.address, place.name) end),
    'STATUS:' || case visit.status when 'pending' then 'TENTATIVE' when 'cancelled' then 'CANCELLED' else 'CONFIRMED' end,
    'TRANSP:' || case visit.status when 'cancelled' then 'TRANSPARENT' else 'OPAQUE' end,
    'END:VEVENT'
  ]) with ordinality as written (line, number)
  where line is not null
$$;

-- The owner's appointments, as a customer and as somebody who is booked, from 90 days ago on.
create function app_private.ics_calendar(owner uuid) returns text
language sql stable security definer set search_path = '' as $$
  select app_private.ics_line('BEGIN:VCALENDAR')
      || app_private.ics_line('VERSION:2.0')
      || app_private.ics_line('PRODID:-//Slotcast//Appointments//EN')
      || app_private.ics_line('CALSCALE:GREGORIAN')
      || app_private.ics_line('METHOD:PUBLISH')
      || app_private.ics_line('NAME:' || title.escaped)
      || app_private.ics_line('X-WR-CALNAME:' || title.escaped)
      || app_private.ics_line('REFRESH-INTERVAL;VALUE=DURATION:PT15M')
      || app_private.ics_line('X-PUBLISHED-TTL:PT15M')
      || coalesce(events.text, '')
      || app_private.ics_line('END:VCALENDAR')
  from (
    select app_private.ics_text(p.display_name) as escaped from public.profiles p where p.id = owner
  ) title
  cross join lateral (
    select string_agg(
             app_private.ics_event(a, w, coalesce(s.name, 'Appointment'), t.name, a.customer_id is not distinct from owner),
             '' order by a.start_time, a.id) as text
    from public.appointments a
    join public.workspaces w on w.id = a.workspace_id
    left join public.services s on s.id = a.service_id
    left join public.team_members t on t.id = a.team_member_id
    where a.start_time >= now() - interval '90 days'
      and (a.customer_id = owner
           or t.user_id = owner and exists (
             select from public.workspace_members m where m.workspace_id = a.workspace_id and m.user_id = owner))
  ) events
$$;

create function public.calendar_feed(token text) returns public."*/*"
language plpgsql stable security definer set search_path = '' as $$
declare
  owner uuid := (select c.user_id from app_private.calendar_tokens c where c.token = calendar_feed.token);
begin
  if owner is null then
    raise exception 'there is no such calendar' using errcode = 'PT404', hint = 'no_such_calendar';
  end if;
  perform set_config(
    'response.headers',
    '[{"Content-Type": "text/calendar; charset=utf-8"}, {"Cache-Control": "private, max-age=60"}]',
    true
  );
  return convert_to(app_private.ics_calendar(owner), 'UTF8');
end $$;

revoke execute on function
  app_private.new_calendar_token(), app_private.ics_text(text), app_private.ics_time(timestamptz),
  app_private.ics_line(text), app_private.ics_calendar(uuid),
  app_private.ics_event(public.appointments, public.workspaces, text, text, boolean)
  from public;
-- Default privileges of schema public have opened these to everybody.
revoke execute on function public.calendar_token(boolean), public.calendar_feed(text) from public, anon;
grant execute on function public.calendar_token(boolean) to authenticated;
grant execute on function public.calendar_feed(text) to anon, authenticated;
