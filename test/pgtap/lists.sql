begin;
select plan(156);
\ir include/fixture.psql
-- The visits that a call lists, in order: by their names here, else by their reason.
create function t.listed(arguments text) returns text language plpgsql as $$
declare
  result text;
begin
  execute 'select coalesce(string_agg(coalesce(x.name, (l.appointment).reason), '','' order by l.n), ''-'') from clinic.appointments(' || arguments
    || ') with ordinality l (appointment, total, n) left join t.thing x on x.id = (l.appointment).id' into result;
  return result;
end $$;
-- The total that each row of a list has; null if there is no row, or they do not agree.
create function t.total(arguments text) returns bigint language plpgsql as $$
declare
  result bigint;
begin
  execute 'select case when min(total) = max(total) then min(total) end from clinic.appointments(' || arguments || ')' into result;
  return result;
end $$;
-- Typed in by staff, so that it may start in the past.
create function t.type_in(name text, patient text, provider text, starts_at timestamptz, service text default 'half', reason text default null, hold_for interval default null, duration interval default null) returns void language sql
  as $$select t.call($1, (clinic.book(t.id($2), t.id($3), t.id($5), $4, reason => $6, hold_for => $7, duration => $8, override_reason => 'a test')).id)$$;

select is(t.listed(''), '-', 'a clinic without visits has none to list');
select is(t.total(''), null, 'and no row to say so');
select is_empty('select * from clinic.appointments()', 'nor an empty one');

-- what is upcoming
select t.type_in('tomorrow', 'bob', 'house', now() + interval '1 day', 'hour'), t.type_in('soon', 'ada', 'house', now() + interval '1 hour'), t.type_in('next week', 'ada', 'grey', now() + interval '7 days', reason => 'Dry cough, since Monday'),
  t.type_in('last day', 'cleo', 'grey', clinic.local_to_instant(now() at time zone 'Europe/Berlin' + interval '30 days', 'Europe/Berlin') - interval '1 microsecond'),
  t.type_in('too far', 'cleo', 'trio', clinic.local_to_instant(now() at time zone 'Europe/Berlin' + interval '30 days', 'Europe/Berlin')),
  t.type_in('over', 'ada', 'house', now() - interval '2 days'), t.type_in('just over', 'ada', 'trio', now() - interval '30 min'), t.type_in('nearly over', 'bob', 'trio', now() - interval '30 min' + interval '1 microsecond'),
  t.type_in('long', 'cleo', 'pair', now() - interval '26 hours' + interval '1 microsecond', duration => '26 hours'), t.type_in('cancelled', 'bob', 'trio', now() + interval '2 days'), t.type_in('missed', 'bob', 'pair', now() + interval '2 hours'),
  t.type_in('held', 'ada', 'trio', now() + interval '3 days', hold_for => '1 hour'), t.type_in('expired', 'bob', 'trio', now() + interval '4 days', hold_for => '1 hour'), t.type_in('done', 'ada', 'grey', now() + interval '5 hours'),
  t.type_in('here', 'cleo', 'house', now() + interval '6 hours'), t.type_in('with the doctor', 'cleo', 'grey', now() + interval '7 hours');
insert into clinic.appointment (id, patient_id, service_id, starts_at, mode, status) values (t.call('walk-in', clinic.uuid7()), t.id('cleo'), t.id('half'), now() - interval '5 min', 'walk_in', 'arrived');
insert into clinic.appointment (id, patient_id, provider_id, service_id, starts_at, status) values (t.call('history', clinic.uuid7()), t.id('bob'), t.id('house'), t.id('hour'), '2001-01-01 12:00+01', 'completed');
update clinic.appointment set hold_expires_at = now() where id = t.id('expired');
do $$begin
  perform clinic.cancel(t.id('cancelled'), 'well again'), clinic.set_status(t.id('missed'), 'no_show'), clinic.set_status(t.id('here'), 'arrived'),
    clinic.confirm(t.id('done')), clinic.confirm(t.id('with the doctor'));
  perform clinic.set_status(t.id('done'), 'in_progress'), clinic.set_status(t.id('with the doctor'), 'in_progress');
  perform clinic.set_status(t.id('done'), 'completed');
end$$;
select is(t.listed(''), 'long,nearly over,walk-in,soon,here,with the doctor,tomorrow,held,next week,last day', 'without arguments it lists what is upcoming in the next 30 days, by start');
select is(t.total(''), 10::bigint, 'and counts it');
select is(t.listed('status => ''{held}'''), 'held', 'a hold that has expired is not upcoming, whatever status is asked for');
select is(t.listed('status => ''{cancelled,no_show}'''), 'missed,cancelled', 'by status it lists these in the next 30 days');
select is(t.listed('status => ''{completed}'''), 'done', 'be they completed');
select is(t.listed('status => ''{}'''), '-', 'no status is no visit''s');

-- during
select is(t.listed('during => ''(,)'''), 'history,over,long,just over,nearly over,walk-in,soon,missed,done,here,with the doctor,tomorrow,cancelled,held,expired,next week,last day,too far', 'during a time it lists visits of every status');
select is(t.total('during => ''(,)'''), 18::bigint, 'all there are');
select is(t.listed('during => ''(-infinity,infinity)'''), t.listed('during => ''(,)'''), 'infinite bounds are none');
select is(t.listed('during => ''[2001-01-01 12:30+01,2001-01-01 12:31+01)'''), 'history', 'a visit that overlaps it is listed');
select is(t.listed('during => ''[2001-01-01 11:00+01,2001-01-01 12:00+01)'''), '-', 'one that touches its end is not');
select is(t.listed('during => ''[2001-01-01 11:00+01,2001-01-01 12:00+01]'''), 'history', 'unless that is included');
select is(t.listed('during => ''[2001-01-01 13:00+01,2001-01-01 14:00+01)'''), '-', 'one that ends at its beginning is not');
select is(t.listed('during => ''[2001-01-01 12:59:59.999999+01,2001-01-01 14:00+01)'''), 'history', 'a microsecond before it is');
select is(t.listed('during => ''(2001-01-01 12:59:59.999999+01,2001-01-01 14:00+01)'''), '-', 'unless that is left out');
select is(t.listed('during => ''(,2002-01-01)'''), 'history', 'it may have no beginning');
select is(t.listed('during => tstzrange(now() + interval ''6 days'', null)'), 'next week,last day,too far', 'or no end');
select is(t.listed('during => ''empty'''), '-', 'in an empty time there is no visit');
select is(t.listed('during => ''[2001-01-01 12:00+01,2001-01-01 12:00+01]'''), 'history', 'in an instant there may be');
select is(t.listed('during => tstzrange(now(), now() + interval ''1 microsecond''), status => ''{held,scheduled,confirmed,arrived,in_progress}'''), 'long,nearly over,walk-in', 'what began up to 26 hours before is found');
select is(t.listed('during => tstzrange(now(), null), status => ''{held}'''), 'held,expired', 'during a time a hold that has expired is listed as any other');

-- whose, with whom, for what
select is(t.listed('patient_id => t.id(''ada'')'), 'soon,held,next week', 'of a patient');
select is(t.listed('provider_id => t.id(''house'')'), 'soon,here,tomorrow', 'of a provider');
select is(t.listed('service_id => t.id(''hour'')'), 'tomorrow', 'of a service');
select is(t.listed('patient_id => t.id(''ada''), provider_id => t.id(''house'')'), 'soon', 'of both');
select is(t.listed('patient_id => t.id(''bob''), provider_id => t.id(''house''), service_id => t.id(''hour''), status => ''{completed,scheduled}'', during => ''(,)'''), 'history,tomorrow', 'of all');
select is(t.total('patient_id => t.id(''bob''), provider_id => t.id(''house''), service_id => t.id(''hour''), status => ''{completed,scheduled}'', during => ''(,)'''), 2::bigint, 'counted so too');
select is(t.listed('provider_id => t.id(''room'')'), '-', 'a room is nobody''s provider');
select is(t.listed('patient_id => t.id(''nobody''), during => ''(,)'''), '-', 'nobody has no visits');
select t.call('second', (clinic.create_clinic('Second', 'UTC')).id);
select is(t.listed('during => ''(,)'', clinic_id => t.id(''second'')'), '-', 'another clinic has its own');

-- what a receptionist types
select is(t.listed('query => ''love'''), 'soon,held,next week', 'a part of the patient''s name');
select is(t.total('query => ''love'''), 3::bigint, 'counted so too');
select is(t.listed(E'query => '' LOVELACE\t ada '''), 'soon,held,next week', 'words in any case and order, with any space between');
select is(t.listed('query => ''love bob'''), '-', 'which all are needed');
select is(t.listed('query => ''030 222'''), 'nearly over,tomorrow', 'digits of the phone');
select is(t.listed('query => ''cough'''), 'next week', 'a part of the reason');
select is(t.listed('query => ''monday ada'''), 'next week', 'or of both');
select is(t.listed('query => ''monday bob'''), '-', 'of one visit');
select is(t.listed('query => ''%'''), '-', 'no character is a wildcard');
select is(t.listed('query => '' ''') || t.listed('query => '''''), t.listed('') || t.listed(''), 'a blank query asks for nothing');
select is(t.listed('during => ''(,)'', query => ''cleo'', status => ''{arrived}'', sort => ''-starts_at'''), 'here,walk-in', 'with other filters');
update clinic.appointment set code = 'APT-2099-7K3M-9QXD' where id = t.id('soon');
update clinic.appointment set code = 'APT-2099-7K3M-0000' where id = t.id('tomorrow');
update clinic.appointment set code = 'old-17' where id = t.id('held');
select is(t.listed(format('query => %L', query)), expected, format('a code is found by %s', query)) from (values
  ('APT-2099-7K3M-9QXD', 'soon'), ('apt-2099-7k3m-9qxd', 'soon'), ('apt20997K3M9QXD', 'soon'), (' APT-2099-7K3M-9 ', 'soon'), ('APT-2099-7K3M', 'soon,tomorrow'), ('apt-2099', 'soon,tomorrow'), ('OLD', 'held'), ('old1', 'held')) x (query, expected);
select is(t.listed(format('query => %L', query)), '-', format('and not by %s', query)) from unnest('{a-,apt,APT-,-,7K3M-9QXD,APT-2099-7K3M-9QXDX,9QXD}'::text[]) query;
-- Where no reason and no code speaks for a visit, those of the patients found are listed.
update clinic.appointment set reason = null;
insert into clinic.patient (id, name, email) values (t.call('anne', clinic.uuid7()), 'Anne-Marie O''Neill', 'am@example.org');
select t.type_in('anne''s', 'anne', 'trio', now() + interval '9 days');
select is((select string_agg(v.id::text, ',' order by v.id) from (select (l.appointment).id from clinic.appointments(during => '(,)', query => q, page_size => 100) l) v),
          (select string_agg(a.id::text, ',' order by a.id) from clinic.find_patients(q) p join clinic.appointment a on a.patient_id = p.id), format('patients are found as find_patients finds them: %s', translate(q, E'\n', ' ')))
from unnest(array['ada', 'ADA love', 'o''neill', 'am@', 'anne example', 'ada bob', '030 111', '+49 30 2222222', '0049 30 2222222', '(030) 33-33/333', '1', '49', '0', '00', '-', '.', '_', '\', '''', E'love\nada', 'zz']) q;

-- order
create function t.put(name text, starts_at timestamptz, created_at timestamptz, updated_at timestamptz, code text) returns void language sql
  as $$insert into clinic.appointment (id, patient_id, provider_id, service_id, status, starts_at, created_at, updated_at, code) values (t.call($1, clinic.uuid7()), t.id('ada'), t.id('grey'), t.id('half'), 'completed', $2, $3, $4, $5)$$;
select t.put('x', '2011-03-01 09:00+00', '2011-01-03', '2011-02-01', 'C-2'), t.put('y', '2011-03-01 10:00+00', '2011-01-01', '2011-02-03', 'C-3'), t.put('z', '2011-03-01 11:00+00', '2011-01-02', '2011-02-02', 'C-1');
select is(t.listed(format('during => ''[2011-03-01,2011-03-02)'', sort => %L', sort)), expected, format('sorted by %s', coalesce(sort, 'null: starts_at'))) from (values
  (null, 'x,y,z'), ('starts_at', 'x,y,z'), ('-starts_at', 'z,y,x'), ('created_at', 'y,z,x'), ('-created_at', 'x,z,y'), ('updated_at', 'x,z,y'), ('-updated_at', 'y,z,x'), ('code', 'z,x,y'), ('-code', 'y,x,z')) x (sort, expected);
select is(t.refusal(format('select clinic.appointments(sort => %L)', sort)), 'PT400 invalid_sort', format('nothing is sorted by "%s"', sort)) from unnest('{"",-,name,--code,Code,code desc,"code;","starts_at ",id}'::text[]) sort;

-- pages: 45 visits that start at 9 times
insert into clinic.appointment (patient_id, provider_id, service_id, status, starts_at, reason)
select t.id('ada'), t.id('pair'), t.id('half'), 'completed', '2012-03-01 00:00+00'::timestamptz + (n * 7 % 9) * interval '1 hour', n::text from generate_series(1, 45) n;
create function t.page(arguments text) returns text language sql as $$select t.listed(concat_ws(', ', 'during => ''[2012-03-01,2012-03-02)''', nullif($1, '')))$$;
-- All pages, one after the other, by number or by key.
create function t.pages(size int, sort text, by_key boolean) returns text language plpgsql as $$
declare
  last uuid; result text; ids uuid[]; words text; number int := 1;
begin
  loop
    select array_agg((l.appointment).id order by l.n), string_agg((l.appointment).reason, ',' order by l.n) into ids, words
    from clinic.appointments(during => '[2012-03-01,2012-03-02)', page_size => size, sort => pages.sort, page => case when by_key then null else number end, after => case when by_key then last end) with ordinality l (appointment, total, n)
    having min(l.total) = 45 and max(l.total) = 45;
    exit when ids is null or number > 50;
    last := ids[cardinality(ids)]; result := concat_ws(',', result, words); number := number + 1;
  end loop;
  return result;
end $$;
create table t.whole as
  select string_agg(reason, ',' order by starts_at, id) as up, string_agg(reason, ',' order by starts_at desc, id desc) as down from clinic.appointment where starts_at >= '2012-03-01' and starts_at < '2012-03-02';
select is(array_length(string_to_array(t.page(''), ','), 1), 20, 'a page has 20 visits');
select is(t.page('page_size => 100'), up, 'or as many as it is asked to have; those that start at once are in order of their ids') from t.whole;
select is(t.page('page_size => 100, sort => ''-starts_at'''), down, 'the other way round it is the same order from its end') from t.whole;
select is(t.page('page => 2'), array_to_string((string_to_array(up, ','))[21:40], ','), 'the second page begins where the first ends') from t.whole;
select is(t.page('page => 3'), array_to_string((string_to_array(up, ','))[41:], ','), 'the last has what is left') from t.whole;
select is(t.page('page => 4'), '-', 'after it comes none');
select is(t.page('page => 2147483647, page_size => 100'), '-', 'however far after');
select is(t.page('page_size => 45, page => 2'), '-', 'nor after one that is full');
select is(t.pages(size, 'starts_at', by_key), up, format('pages of %s are the whole, by %s', size, case when by_key then 'key' else 'number' end)) from t.whole, unnest('{1,7,45,100}'::int[]) size, unnest('{f,t}'::boolean[]) by_key;
select is(t.pages(7, '-starts_at', by_key), down, 'also backwards') from t.whole, unnest('{f,t}'::boolean[]) by_key;
select is(t.pages(7, sort, true), t.pages(100, sort, false), 'by key they are the same sorted by ' || sort) from unnest('{code,-code,created_at,-updated_at}'::text[]) sort;
select is(t.total('during => ''[2012-03-01,2012-03-02)'', page_size => 1'), 45::bigint, 'the total is of all pages');
select is(t.total('during => ''[2012-03-01,2012-03-02)'', page_size => 1, page => 45'), 45::bigint, 'on each of them');
-- The key is a visit's place in the order, be it listed or not.
select is(t.listed('during => ''[2011-03-01,2011-03-02)'', status => ''{completed}'', after => t.id(''y'')'), 'z', 'a page comes after a visit');
select is(t.listed('during => ''[2011-03-01,2011-03-02)'', sort => ''-code'', after => t.id(''y'')'), 'x,z', 'in the order of the list');
select is(t.listed('during => ''[2011-03-01,2011-03-02)'', after => t.id(''history'')'), 'x,y,z', 'also one that is not of the list');
select is(t.listed('during => ''[2011-03-01,2011-03-02)'', after => t.id(''soon'')'), '-', 'before or after it');
select is(t.total('during => ''[2011-03-01,2011-03-02)'', after => t.id(''y'')'), 3::bigint, 'the total is of what comes before too');
select is(t.refusal(statement), refusal, what) from (values
  ('select clinic.appointments(page_size => 0)', 'PT400 invalid_page', 'a page has at least one visit'),
  ('select clinic.appointments(page_size => -1)', 'PT400 invalid_page', 'not less'),
  ('select clinic.appointments(page_size => 101)', 'PT400 invalid_page', 'and at most 100'),
  ('select clinic.appointments(page => 0)', 'PT400 invalid_page', 'the first page is 1'),
  ('select clinic.appointments(page => -2147483648)', 'PT400 invalid_page', 'and none before'),
  ('select clinic.appointments(page => 1, after => t.id(''soon''))', 'PT400 invalid_page', 'a page is asked for by number or by key'),
  ('select clinic.appointments(after => t.id(''nobody''))', 'PT404 not_found', 'the key must be a visit'),
  ('select clinic.appointments(after => t.id(''soon''), clinic_id => t.id(''second''))', 'PT404 not_found', 'of the clinic'),
  ('select clinic.appointments(page_size => 0, during => ''empty'')', 'PT400 invalid_page', 'also where nothing would be listed'),
  ('select clinic.appointments(status => ''{held,null}'')', 'PT400 missing_argument', 'no status is null'),
  ('select clinic.appointments(during => ''[1899-01-01,)'')', 'PT400 invalid_time', 'no visit is before 1900'),
  ('select clinic.appointments(during => ''[infinity,)'')', 'PT400 invalid_time', 'or after the end of time'),
  ('select clinic.appointments(clinic_id => null)', 'PT400 missing_argument', 'a clinic must be known'),
  ('select clinic.appointments(clinic_id => t.id(''nobody''))', 'PT404 not_found', 'and be there')) x (statement, refusal, what);

-- A list shows what the calling statement sees.
with new as (insert into clinic.appointment (patient_id, provider_id, service_id, status, starts_at) values (t.id('ada'), t.id('pair'), t.id('half'), 'completed', '2011-03-01 12:00+00') returning id)
select is((select total from clinic.appointments(during => '[2011-03-01,2011-03-02)') limit 1), 3::bigint, 'not what it writes itself') from new;
select is(t.total('during => ''[2011-03-01,2011-03-02)'''), 4::bigint, 'the next one does');

-- the caller's rights
create role lister;
grant usage on schema clinic to lister;
grant execute on all functions in schema clinic to lister;
select is(t.refusal_of('lister', 'select clinic.appointments()'), '42501', 'who may not read visits lists none');
grant select on clinic.appointment to lister;
create function t.listed_as(role text, arguments text) returns text language plpgsql as $$
declare
  result text;
begin
  perform pg_catalog.set_config('role', role, true);
  result := t.listed(arguments);
  perform pg_catalog.set_config('role', 'none', true);
  return result;
end $$;
select is(t.listed_as('lister', 'provider_id => t.id(''house'')'), 'soon,here,tomorrow', 'who may read visits, and no patients, lists them');
select is(t.listed_as('lister', 'query => '' '', provider_id => t.id(''house'')'), 'soon,here,tomorrow', 'also with a blank query');
select is(t.refusal_of('lister', 'select clinic.appointments(query => ''ada'')'), '42501', 'a query is for who may read patients');
grant select on clinic.patient to lister;
select is(t.listed_as('lister', 'query => ''love'''), 'soon,held,next week', 'who then finds by it');
alter table clinic.appointment enable row level security;
create policy own on clinic.appointment to lister using (patient_id = t.id('ada'));
select is(t.listed_as('lister', ''), 'soon,held,next week', 'what row security hides is not listed');
create function t.total_as_lister() returns bigint language plpgsql as $$
declare
  result bigint;
begin
  perform pg_catalog.set_config('role', 'lister', true);
  result := t.total('');
  perform pg_catalog.set_config('role', 'none', true);
  return result;
end $$;
select is(t.total_as_lister(), 3::bigint, 'nor counted');
select is(t.listed_as('lister', 'query => ''bob'''), '-', 'nor found');
select is(t.refusal_of('lister', 'select clinic.appointments(after => t.id(''tomorrow''))'), 'PT404 not_found', 'nor the key of a page');
alter table clinic.appointment disable row level security;
alter table clinic.patient enable row level security;
create policy own on clinic.patient to lister using (id = t.id('ada'));
select is(t.listed_as('lister', 'provider_id => t.id(''house'')'), 'soon,here,tomorrow', 'a patient who is hidden has visits that are not');
select is(t.listed_as('lister', 'query => ''bob'''), '-', 'they are not found by the patient''s name');
select is(t.listed_as('lister', 'query => ''apt-2099-7k3m'''), 'soon,tomorrow', 'but by their code');

select is_empty('select * from clinic.verify()', 'and every claim is what it should be');
select * from finish();
rollback;
