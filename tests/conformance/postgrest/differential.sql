-- What the differential test asks about: every kind of relationship, and types whose text forms
-- matter. All rows are made from numbers, so that every run asks about the same data.

create schema shop;

create type shop.mood as enum ('sad', 'fine', 'happy');

create table shop.company (
    id int primary key,
    name text not null,
    founded date,
    rating numeric,
    tags text[],
    data jsonb,
    parent_id int references shop.company
);

create table shop.person (
    id int primary key,
    company_id int references shop.company,
    name text not null,
    email text unique,
    born date,
    height double precision,
    active boolean,
    seen timestamptz,
    data json,
    scores int[],
    mood shop.mood,
    token uuid
);

create table shop.project (
    id int primary key,
    company_id int references shop.company,
    lead_id int,
    deputy_id int,
    title text,
    budget numeric(10, 2),
    period daterange,
    document tsvector,
    big bigint,
    constraint project_lead foreign key (lead_id) references shop.person,
    constraint project_deputy foreign key (deputy_id) references shop.person
);

create table shop.assignment (
    person_id int references shop.person,
    project_id int references shop.project,
    hours int,
    primary key (person_id, project_id)
);

create table shop.badge (
    person_id int primary key references shop.person,
    code varchar(10)
);

create table shop.place (
    country text,
    city text,
    population int,
    primary key (country, city)
);

create table shop.visit (
    id int primary key,
    person_id int references shop.person,
    country text,
    city text,
    day date,
    constraint visit_place foreign key (country, city) references shop.place
);

create table shop."odd name" (
    "Id" int primary key,
    "a.b" text,
    "x,y" text,
    "über" text,
    person_id int references shop.person
);

create view shop.active_person as
select id, company_id, name, mood, born from shop.person where active;

create function shop.label(shop.person) returns text language sql stable as
$$ select $1.name || ' #' || $1.id $$;

create function shop.staff(shop.company) returns setof shop.person language sql stable as
$$ select * from shop.person where company_id = $1.id $$;

create function shop.owner(shop.project) returns setof shop.company rows 1 language sql stable as
$$ select * from shop.company where id = $1.company_id $$;

create function shop.people_of(company int, minimum int default 0) returns setof shop.person
language sql stable as
$$ select * from shop.person where company_id = company and id >= minimum order by id $$;

create function shop.add(a int, b int default 2) returns int language sql immutable as
$$ select a + b $$;

create function shop.join_all(variadic words text[]) returns text language sql immutable as
$$ select array_to_string(words, '+') $$;

create function shop.numbers(n int) returns setof int language sql immutable as
$$ select generate_series(1, n) $$;

create function shop.pair(a text, out first text, out second int) language sql immutable as
$$ select a, length(a) $$;

create function shop.rows_of(n int) returns table (i int, t text) language sql immutable as
$$ select g, 'row ' || g from generate_series(1, n) g $$;

insert into shop.company
select i,
    (array['Acme', 'Böse & Söhne', 'c,omma', 'quo"te', 'per%cent', 'under_score', 'Zed'])[i],
    case when i <> 3 then date '1990-01-01' + i * 400 end,
    case when i <> 5 then i * 1.25 end,
    case i % 3 when 0 then '{}' when 1 then array['a', 'b c'] else array['a', null, 'x,y'] end,
    case when i <> 2 then
        jsonb_build_object('size', i, 'name', 'n' || i, 'list', jsonb_build_array(i, 'two', null),
            'deep', jsonb_build_object('a-b', i % 2 = 0, 'null', null))
    end,
    nullif(i / 2, 0)
from generate_series(1, 7) i;

insert into shop.person
select i, case when i % 5 > 0 then i % 7 + 1 end, 'person ' || (i * 7 % 23),
    case when i % 3 > 0 then 'p' || i || '@example.com' end,
    case when i % 4 > 0 then date '1980-02-28' + i * 123 end,
    1.5 + i / 100.0::double precision, case i % 4 when 0 then null when 1 then false else true end,
    timestamptz '2024-03-31 01:30:00+00' + i * interval '1000 s',
    json_build_object('k', i, 'list', json_build_array(1, 2, i)),
    case when i % 6 > 0 then array[i, i % 3, null] end,
    case when i % 5 > 0 then (array['sad', 'fine', 'happy'])[i % 3 + 1]::shop.mood end,
    md5(i::text)::uuid
from generate_series(1, 40) i;

insert into shop.project
select i, i % 7 + 1, case when i % 6 > 0 then i % 40 + 1 end, nullif(i * 3 % 41, 0),
    'Title of ' || (array['cats', 'dogs', 'a quiet house'])[i % 3 + 1] || ' ' || i, i * 100.5,
    case when i % 4 > 0 then daterange(date '2024-01-01' + i, date '2024-01-01' + i * 2) end,
    to_tsvector('english', 'The ' || (array['cats', 'dogs', 'houses'])[i % 3 + 1] || ' are running'),
    9007199254740993 + i
from generate_series(1, 25) i;

insert into shop.assignment
select p, q, (p * q) % 40 from generate_series(1, 40) p, generate_series(1, 25) q
where (p * 31 + q * 17) % 11 = 0;

insert into shop.badge select i, 'B' || i from generate_series(1, 40, 3) i;

insert into shop.place values
    ('de', 'Berlin', 3700000), ('de', 'Köln', 1000000), ('fr', 'Paris', 2100000), ('fr', 'x', null);

insert into shop.visit
select i, i % 40 + 1, country, city, date '2025-01-01' + i
from generate_series(1, 30) i
left join (select *, row_number() over (order by country, city) n from shop.place) places on n = i % 5;

insert into shop."odd name"
select i, 'dot ' || i, case when i % 2 = 0 then 'comma,' || i end, 'ü' || i, i
from generate_series(1, 5) i;

analyze;

create role shop_reader nologin;
grant usage on schema shop to shop_reader;
grant select on all tables in schema shop to shop_reader;
grant shop_reader to current_user;
