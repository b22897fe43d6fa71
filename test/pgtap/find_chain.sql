-- Visits one after another, and visits with several providers at once.
begin;
select plan(49);
\ir include/fixture.psql

-- What is found, on the clinic's wall clock: "provider start provider start; ...".
create function t.chains(services text[], arguments text) returns text language plpgsql as $$
declare
  answer text;
begin
  execute format($q$
    select coalesce(string_agg(c.said, '; ' order by c.chain), 'none')
    from (
      select f.chain, string_agg(concat(x.name, ' ', to_char(lower(f.slot) at time zone 'Europe/Berlin', case when lower(f.slot) < t.at('00:00', 1) then '' else 'FMDD.' end || 'HH24:MI')),
                                 ' ' order by f.step) as said
      from clinic.find_chain(array(select t.id(s) from unnest(%L::text[]) with ordinality u (s, n) order by n), %s) f
      join t.thing x on x.id = f.provider_id
      group by f.chain) c$q$, services, arguments) into answer;
  return answer;
end $$;
create function t.panels(arguments text, service text default 'half') returns text language plpgsql as $$
declare
  answer text;
begin
  execute format($q$
    select coalesce(string_agg(concat((select string_agg(x.name, '+' order by u.n) from unnest(f.panel) with ordinality u (id, n) join t.thing x using (id)), ' ',
                                      to_char(lower(f.slot) at time zone 'Europe/Berlin', 'HH24:MI-'), to_char(upper(f.slot) at time zone 'Europe/Berlin', 'HH24:MI')), ', ' order by f.n), 'none')
    from clinic.find_panel(t.id(%L), %s) with ordinality f (slot, panel, n)$q$, service, arguments) into answer;
  return answer;
end $$;
create function t.day(first text, until text, days int default 0) returns text language sql
  as $$select format('tstzrange(%L, %L)', t.at($1, $3), t.at($2, $3))$$;
-- What a query answers after a statement, of which nothing stays.
create function t.after(statement text, query text) returns text language plpgsql as $$
declare
  answer text;
begin
  begin
    execute statement;
    execute 'select ' || query into answer;
    raise exception using errcode = 'T0000';
  exception when sqlstate 'T0000' then
    return answer;
  end;
end $$;

-- Codes are not in the order of the ids: grey, house, pair, trio.
select is(t.chains('{half,hour}', '''0'', ' || t.day('09:00', '11:00') || ', 5'),
  'grey 09:00 grey 09:30; house 09:00 grey 09:30; pair 09:00 grey 09:30; trio 09:00 grey 09:30; grey 09:30 grey 10:00', 'the earliest come first, each with the earliest next');
select is((select string_agg(concat_ws(' ', f.chain, f.step, s.code, to_char(upper(f.slot) - lower(f.slot), 'HH24:MI')), ', ' order by n)
           from clinic.find_chain(array[t.id('hour'), t.id('half')], '0', tstzrange(t.at('09:00'), t.at('12:00')), 2) with ordinality f (chain, step, service_id, provider_id, slot, n)
           join clinic.service s on s.id = f.service_id),
  '1 1 hour 01:00, 1 2 half 00:30, 2 1 hour 01:00, 2 2 half 00:30', 'chains and their visits are numbered, and come in this order');
select is((select count(distinct chain) from clinic.find_chain(array[t.id('half'), t.id('half')], '0', tstzrange(t.at('09:00'), t.at('19:00')))), 10::bigint, 'ten are found, if it is not said how many');
select is((select count(distinct chain) from clinic.find_chain(array[t.id('half'), t.id('half')], '0', tstzrange(t.at('09:00'), t.at('19:00')), null)), 76::bigint, 'and all if null is said, one for each start and provider');
select is(t.chains('{half}', '''0'', ' || t.day('09:00', '10:00') || ', 5'), 'grey 09:00; house 09:00; pair 09:00; trio 09:00; grey 09:30', 'one visit is a chain');
select is(t.chains('{half,half,half,half,half,half,half,half}', '''0'', ' || t.day('09:00', '13:00') || ', 1'),
  'grey 09:00 grey 09:30 grey 10:00 grey 10:30 grey 11:00 grey 11:30 grey 12:00 grey 12:30', 'and so are eight');
select is(t.chains('{half,hour}', '''0'', ' || t.day('09:00', '10:29')), 'none', 'the last has to be over by the end');
select is(t.chains('{half,hour}', '''1 day'', ''empty'''), 'none', 'nothing is found in an empty stretch');
select is((select count(*) from clinic.find_chain(array[t.id('half')], '0', tstzrange(now() - interval '10 days', now()))), 0::bigint, 'nor in the past');

-- With whom
select is(t.chains('{half,hour}', '''0'', ' || t.day('09:00', '11:00') || ', 3, true'), 'grey 09:00 grey 09:30; house 09:00 house 09:30; pair 09:00 pair 09:30', 'all with the same provider');
select is(t.chains('{half,hour}', '''0'', ' || t.day('09:00', '11:00') || ', 3, false'), 'grey 09:00 house 09:30; house 09:00 grey 09:30; pair 09:00 grey 09:30', 'or no two with the same');
select is(t.chains('{half,half,half}', '''0'', ' || t.day('09:00', '11:00') || $$, 1, false, array[t.id('trio'), t.id('house')]$$), 'none', 'then there have to be as many');
select is(t.chains('{half,half}', '''0'', ' || t.day('09:00', '10:00') || $$, 9, null, array[t.id('trio'), t.id('house')]$$), 'house 09:00 house 09:30; trio 09:00 house 09:30', 'providers can be named');
select is(t.after($$insert into clinic.provider_service (provider_id, service_id) values (t.id('house'), t.id('hour')), (t.id('grey'), t.id('half')), (t.id('grey'), t.id('buffered'))$$,
  $$t.chains('{hour,half}', '''0'', tstzrange(t.at(''09:00''), t.at(''10:30'')), 1, null, array[t.id(''grey''), t.id(''house'')]')$$), 'house 09:00 grey 10:00', 'who does not offer a service has no part in it');
select is(t.after($$insert into clinic.provider_service (provider_id, service_id) values (t.id('house'), t.id('hour')), (t.id('grey'), t.id('half'))$$,
  $$t.chains('{hour,half}', '''0'', tstzrange(t.at(''09:00''), t.at(''10:30'')), 1, true, array[t.id(''grey''), t.id(''house'')]')$$), 'none', 'and nobody has both');
select is(t.after($$insert into clinic.provider_service (provider_id, service_id) values (t.id('grey'), t.id('hour')), (t.id('grey'), t.id('half')), (t.id('house'), t.id('half')), (t.id('pair'), t.id('half')), (t.id('trio'), t.id('half'))$$,
  $$t.chains('{half,half,hour}', '''0'', tstzrange(t.at(''09:00''), t.at(''11:00'')), null, false')$$), 'house 09:00 pair 09:30 grey 10:00; pair 09:00 house 09:30 grey 10:00; trio 09:00 house 09:30 grey 10:00', 'what is of no use to one chain may be to another');
select is(t.after($$insert into clinic.provider_service (provider_id, service_id, duration) values (t.id('grey'), t.id('half'), '45 min')$$,
  $$t.chains('{half,hour}', '''30 min'', tstzrange(t.at(''09:00''), t.at(''11:00'')), 2')$$), 'house 09:00 house 09:30; pair 09:00 house 09:30', 'who takes longer comes later');

-- The time between
select t.call('taken', (clinic.book(t.id('ada'), t.id('grey'), t.id('hour'), t.at('09:30'), '90 min')).id);
select is(t.chains('{half,half}', '''0'', ' || t.day('09:00', '12:00') || $$, 2, null, array[t.id('grey')]$$), 'grey 11:00 grey 11:30', 'with no time between, the next begins when one is over');
select is(t.chains('{half,half}', '''89 min'', ' || t.day('09:00', '12:00') || $$, 1, null, array[t.id('grey')]$$), 'grey 11:00 grey 11:30', 'a gap that is too short is of no use');
select is(t.chains('{half,half}', '''90 min'', ' || t.day('09:00', '12:00') || $$, 2, null, array[t.id('grey')]$$), 'grey 09:00 grey 11:00; grey 11:00 grey 11:30', 'one as long as allowed is');
select is(t.chains('{half,half}', '''40 days'', ' || 'tstzrange(t.at(''09:00''), t.at(''12:00'', 60)), 1, null, array[t.id(''grey'')]'), 'grey 09:00 grey 11:00', 'the gap may be long');
select is(t.after($$insert into clinic.closure (resource_id, during) values (t.id('grey'), tstzrange(t.at('11:00'), t.at('00:00', 30)))$$,
  $$t.chains('{half,half}', '''40 days'', tstzrange(t.at(''09:00''), t.at(''12:00'', 60)), 2, null, array[t.id(''grey'')]')$$), 'grey 09:00 grey 1.00:00; grey 1.00:00 grey 1.00:30', 'as long as somebody is away');
-- After half past nine house could go on at once, but then grey would come too late.
select is(t.after($$insert into clinic.closure (resource_id, during) values (t.id('house'), tstzrange(t.at('10:30'), t.at('12:30')));
  insert into clinic.provider_service (provider_id, service_id) values (t.id('house'), t.id('half')), (t.id('house'), t.id('hour')), (t.id('grey'), t.id('hour'))$$,
  $$t.chains('{half,half,hour}', '''30 min'', tstzrange(t.at(''09:00''), t.at(''12:00'')), 1, null, array[t.id(''house''), t.id(''grey'')]')$$), 'house 09:00 house 10:00 grey 11:00', 'a visit waits for the one after it');

-- Buffers: ten minutes before and five after
select is(t.chains('{buffered,buffered}', '''1 hour'', ' || t.day('12:00', '15:00') || $$, 1, null, array[t.id('house')]$$), 'house 12:00 house 13:00', 'with the same provider the buffers add up');
select is(t.chains('{buffered,buffered}', '''0'', ' || t.day('12:00', '15:00') || $$, 1, null, array[t.id('house'), t.id('grey')]$$), 'grey 12:00 house 12:30', 'with another they do not matter');
select is(t.chains('{buffered,buffered}', '''0'', ' || t.day('12:00', '15:00') || $$, 1, null, array[t.id('house')]$$), 'none', 'with no time between there is none');
select is(t.chains('{buffered,buffered}', '''0'', ' || t.day('12:00', '15:00') || $$, 1, null, array[t.id('pair')]$$), 'pair 12:00 pair 12:30', 'who has two seats has room for both');
select is(t.chains('{buffered,buffered,buffered}', '''0'', ' || t.day('12:00', '15:00') || $$, 1, null, array[t.id('pair')]$$), 'pair 12:00 pair 12:30 pair 13:00', 'and so on');
select is(t.after($$update clinic.service set buffer_before = '40 min' where id = t.id('buffered')$$,
  $$t.chains('{buffered,buffered,buffered}', '''0'', tstzrange(t.at(''12:00''), t.at(''15:00'')), 1, null, array[t.id(''pair'')]')$$), 'none', 'but three at once are one too many');

-- What is required besides
insert into clinic.service_requirement (service_id, kind, codes) values (t.id('buffered'), 'room', '{room}');
select is(t.chains('{buffered,buffered}', '''0'', ' || t.day('12:00', '15:00')), 'none', 'a room that both need is free for both');
select is(t.chains('{buffered,buffered}', '''30 min'', ' || t.day('12:00', '15:00') || ', 1'), 'grey 12:00 grey 13:00', 'one after the other');
select is(t.after($$update clinic.resource set seats = 2 where id = t.id('room')$$, $$t.chains('{buffered,buffered}', '''0'', tstzrange(t.at(''12:00''), t.at(''15:00'')), 1')$$), 'grey 12:00 house 12:30', 'or has a seat for each');
select is(t.chains('{buffered,half}', '''0'', ' || t.day('12:00', '15:00') || ', 1'), 'grey 12:00 house 12:30', 'who does not need it may come at once');
select t.call('in the room', (clinic.book(t.id('bob'), t.id('trio'), t.id('hour'), t.at('12:30'), resource_ids => array[t.id('room')])).id);
select is(t.chains('{half,buffered}', '''0'', ' || t.day('12:00', '15:00') || ', 1'), 'grey 13:30 house 14:00', 'a room that is taken is nobody''s');
delete from clinic.service_requirement;

-- Panels
select is(t.panels(t.day('08:30', '10:30')), 'grey+house 08:30-09:00, grey+house 09:00-09:30, house+pair 09:30-10:00, house+pair 10:00-10:30', 'two who are free at once, the first by code');
select is(t.panels(t.day('08:30', '10:30') || ', 3, panel_size => 4'), 'grey+house+pair+trio 08:30-09:00, grey+house+pair+trio 09:00-09:30', 'or four');
select is(t.panels(t.day('09:00', '12:00') || $$, 1, array[t.id('trio'), t.id('grey'), t.id('pair')]$$), 'grey+pair+trio 09:00-09:30', 'all who are named');
select is(t.panels(t.day('09:30', '12:00') || $$, 1, array[t.id('grey'), t.id('house')]$$), 'grey+house 11:00-11:30', 'when they are free');
select is(t.panels(t.day('09:30', '12:00') || $$, 1, array[t.id('trio'), t.id('grey'), t.id('pair')], 2$$), 'pair+trio 09:30-10:00', 'or so many of them');
select is(t.after($$insert into clinic.provider_service (provider_id, service_id, duration) values (t.id('house'), t.id('half'), '45 min'), (t.id('pair'), t.id('half'), '45 min')$$,
  $$t.panels('tstzrange(t.at(''08:30''), t.at(''09:15'')), 9')$$), 'grey+trio 08:30-09:00, house+pair 08:30-09:15', 'for the same time');
select is(t.panels(t.day('08:00', '09:30') || $$, 9, duration => '90 min'$$), 'grey+house 08:00-09:30', 'which can be given');
select lives_ok($$select clinic.book(t.id('cleo'), f.panel[1], t.id('half'), lower(f.slot), resource_ids => f.panel[2:]) from clinic.find_panel(t.id('half'), tstzrange(t.at('09:00'), t.at('09:30')), panel_size => 3) f$$, 'a panel can be booked');
select is(t.panels(t.day('09:00', '09:30')), 'pair+trio 09:00-09:30', 'and has its time taken then');

-- What is refused
select is((select string_agg(arguments || ': ' || got, E'\n') from (values
    ('null, ''0'', ''[2099-06-01,2099-06-02)''', 'PT400 missing_argument'),
    ('array[t.id(''half'')], null, ''[2099-06-01,2099-06-02)''', 'PT400 missing_argument'),
    ('array[t.id(''half'')], ''0'', null', 'PT400 missing_argument'),
    ('''{}'', ''0'', ''[2099-06-01,2099-06-02)''', 'PT400 missing_argument'),
    ('''{null}'', ''0'', ''[2099-06-01,2099-06-02)''', 'PT400 missing_argument'),
    ('array[t.id(''half'')], ''0'', ''[2099-06-01,2099-06-02)'', clinic_id => null', 'PT400 missing_argument'),
    ('array[t.id(''half''), t.id(''nobody'')], ''0'', ''[2099-06-01,2099-06-02)''', 'PT404 not_found'),
    ('array[t.id(''half'')], ''0'', ''[2099-06-01,2099-06-02)'', providers => array[t.id(''room'')]', 'PT404 not_found'),
    ('array_fill(t.id(''half''), ''{9}''), ''0'', ''[2099-06-01,2099-06-02)''', 'PT422 limit_reached'),
    ('array[t.id(''half'')], ''-1 min'', ''[2099-06-01,2099-06-02)''', 'PT422 invalid_duration'),
    ('array[t.id(''half'')], ''367 days'', ''[2099-06-01,2099-06-02)''', 'PT422 invalid_duration'),
    ('array[t.id(''half'')], ''0'', ''[2099-06-01,)''', 'PT400 invalid_time'),
    ('array[t.id(''half'')], ''0'', ''[2099-06-01,2099-06-02)'', 0', 'PT400 invalid_page')) a (arguments, expected)
  cross join lateral t.refusal(format('select * from clinic.find_chain(%s)', arguments)) got where got <> expected), null, 'chains that make no sense are refused');
select is((select string_agg(arguments || ': ' || got, E'\n') from (values
    ('null, ''[2099-06-01,2099-06-02)''', 'PT400 missing_argument'),
    ('t.id(''half''), null', 'PT400 missing_argument'),
    ('t.id(''half''), ''[2099-06-01,2099-06-02)'', clinic_id => null', 'PT400 missing_argument'),
    ('t.id(''nobody''), ''[2099-06-01,2099-06-02)''', 'PT404 not_found'),
    ('t.id(''half''), ''[2099-06-01,2099-06-02)'', 0', 'PT400 invalid_page'),
    ('t.id(''half''), ''[2099-06-01,2099-06-02)'', panel_size => 1', 'PT400 invalid_number'),
    ('t.id(''half''), ''[2099-06-01,2099-06-02)'', panel_size => 11', 'PT400 invalid_number'),
    ('t.id(''half''), ''[2099-06-01,2099-06-02)'', providers => array[t.id(''grey''), t.id(''grey'')]', 'PT400 invalid_number'),
    ('t.id(''half''), ''[2099-06-01,2099-06-02)'', duration => ''0''', 'PT422 invalid_duration')) a (arguments, expected)
  cross join lateral t.refusal(format('select * from clinic.find_panel(%s)', arguments)) got where got <> expected), null, 'and so are panels');
select is(t.after($$insert into clinic.service (id, code, name, duration, mode) values (t.id('nobody'), 'token', 'A token', '15 min', 'token')$$,
  $$t.refusal('select * from clinic.find_panel(t.id(''nobody''), ''[2099-06-01,2099-06-02)'')')$$), 'PT422 wrong_mode', 'a token is of one provider');
select is(t.after($$insert into clinic.service (id, code, name, duration, mode) values (t.id('nobody'), 'token', 'A token', '15 min', 'token');
  insert into clinic.hours (resource_id, valid, weekly, mode, seats) values (t.id('trio'), '[2099-06-02,2099-06-05)', '24/7', 'token', 5)$$,
  $$t.chains('{half,nobody,half}', '''9 hours'', tstzrange(t.at(''14:00''), t.at(''00:00'', 3)), 1')$$), 'grey 14:30 trio 2.00:00 grey 3.00:00', 'in a chain it lasts its day');

-- Who may ask
create role t_reader;
grant usage on schema clinic to t_reader;
select is((select string_agg(t.refusal_of('t_reader', q), ', ') from unnest(array[
    $$select * from clinic.find_chain('{00000000-0000-7000-8000-0000000000b1}', '0', '[2099-06-01,2099-06-02)', clinic_id => current_setting('clinic_sched.clinic_id')::uuid)$$,
    $$select * from clinic.find_panel('00000000-0000-7000-8000-0000000000b1', '[2099-06-01,2099-06-02)', clinic_id => current_setting('clinic_sched.clinic_id')::uuid)$$]) q), '42501, 42501', 'nobody may, unless it is granted');
grant execute on function clinic.find_chain, clinic.find_panel to t_reader;
select is((select string_agg(t.refusal_of('t_reader', q), ', ') from unnest(array[
    $$select * from clinic.find_chain('{00000000-0000-7000-8000-0000000000b1}', '0', '[2099-06-01,2099-06-02)', clinic_id => current_setting('clinic_sched.clinic_id')::uuid)$$,
    $$select * from clinic.find_panel('00000000-0000-7000-8000-0000000000b1', '[2099-06-01,2099-06-02)', clinic_id => current_setting('clinic_sched.clinic_id')::uuid)$$]) q), 'not refused, not refused', 'then without a right to see a visit');

select * from finish();
rollback;
