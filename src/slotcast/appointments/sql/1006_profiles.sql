-- Whoever signs up has a profile from then on, since all the rest refers to profiles.
--
-- The name is what the app's sign-up form put into the user's metadata, or the address up to the @. An error here
-- would refuse the sign-up, so whatever people enter is made to fit.

create function app_private.make_profile() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  insert into public.profiles (id, display_name)
  values (
    new.id,
    left(
      coalesce(
        nullif(btrim(new.raw_user_meta_data ->> 'name'), ''),
        nullif(btrim(new.raw_user_meta_data ->> 'full_name'), ''),
        nullif(btrim(new.raw_user_meta_data ->> 'display_name'), ''),
        nullif(split_part(new.email, '@', 1), ''),
        'Guest'
      ),
      120
    )
  )
  on conflict do nothing;
  return null;
end $$;

revoke execute on function app_private.make_profile() from public;

create trigger make_profile after insert on auth.users
  for each row execute function app_private.make_profile();

insert into public.profiles (id, display_name)
select id, coalesce(left(nullif(split_part(to_jsonb(u) ->> 'email', '@', 1), ''), 120), 'Guest') from auth.users u
on conflict do nothing;
