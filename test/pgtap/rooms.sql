begin;
select plan(22);
\ir include/fixture.psql

-- What a service requires, and what a visit got: the codes, sorted.
create function t.require(service text, kind text, codes text[] default null, quantity int default 1) returns uuid language sql
  as $$insert into clinic.service_requirement (service_id, kind, codes, quantity) values (t.id($1), $2::clinic.resource_kind, $3, $4) returning id$$;
create function t.codes(ids uuid[]) returns text language sql
  as $$select string_agg(r.code, ',' order by r.code) from clinic.resource r where r.id = any ($1)$$;
create function t.got(visit text) returns text language sql
  as $$select t.codes(a.resource_ids) from clinic.appointment a where a.id = t.id($1)$$;
create function t.claimed(visit text) returns text language sql
  as $$select t.codes(array_agg(c.resource_id)) from clinic.claim c where c.appointment_id = t.id($1)$$;

-- what may be required
select is(t.refusal(format('select t.require(%L, %L, %L)', 'half', 'room', codes)), '23514 service_requirement_codes_check', format('no requirement has the codes %s', codes))
from unnest(array['{}', '{room,NULL}', '{{room,theatre}}', '{{room},{theatre}}']) codes;

-- a provider besides the provider
select t.require('half', 'provider', '{grey,house,pair}');
select t.call('two', t.book('ada', 'grey', t.at('08:00')));
select is(t.got('two'), 'house', 'a further provider is another than the provider');
select clinic.reschedule(t.id('two'), t.at('08:30'), provider_id => t.id('house'));
select is(t.got('two'), 'grey', 'who was the further provider may become the provider, and another is found');
update clinic.appointment set provider_id = t.id('grey') where id = t.id('two');
select is(t.claimed('two'), 'grey,house', 'also by an UPDATE');
select is(t.refusal($$update clinic.appointment set provider_id = t.id('house'), resource_ids = array[t.id('house')] where id = t.id('two')$$), 'PT409 in_use', 'but not who is named besides');
select clinic.reschedule(t.id('two'), t.at('09:00'), provider_id => t.id('trio'));
select is(t.claimed('two'), 'house,trio', 'another provider keeps the further one');
update clinic.appointment set resource_ids = array[t.id('house'), t.id('grey')] where id = t.id('two');
select is(t.refusal($$select clinic.reschedule(t.id('two'), t.at('09:00'), provider_id => t.id('grey'))$$), 'PT409 in_use', 'nor does one more than is required become the provider');

delete from clinic.service_requirement;
create function t.any_with(starts_at timestamptz, variadic names text[]) returns text language sql
  as $$select t.codes(array[b.provider_id]) || '+' || t.codes(b.resource_ids) from clinic.book(t.id('bob'), null, t.id('half'), $1, resource_ids => array(select t.id(x) from unnest($2) x)) b$$;
select is(t.any_with(t.at('12:00'), 'grey'), 'house+grey', 'who is named besides is not the provider who is found');
select is(t.any_with(t.at('13:00'), 'grey', 'house'), 'pair+grey,house', 'nor is any of several');
select is(t.refusal($$select t.any_with(t.at('14:00'), 'grey', 'house', 'pair', 'trio')$$), 'PT409 slot_taken', 'so that somebody must be left');

-- a visit that is moved
create function t.offered(service text, starts_at timestamptz, moving text) returns text language sql
  as $$select coalesce(s.reason, 'available') from clinic.available_slots(t.id('house'), t.id($1), tstzrange($2, $2 + interval '1 hour'), moving => t.id($3)) s limit 1$$;
select t.require('half', 'room', '{theatre}');
select t.call('moved', t.book('ada', 'house', t.at('16:00')));
select t.call('other', t.book('bob', 'grey', t.at('17:00')));
select is(t.offered('half', t.at('17:00'), 'moved'), 'slot_taken', 'a visit that is moved needs its service''s room there');
select is(t.offered('hour', t.at('17:00'), 'moved'), 'available', 'as one for another service it does not');
select is(t.refusal($$update clinic.appointment set starts_at = t.at('17:00'), service_id = t.id('hour') where id = t.id('moved')$$), 'not refused', 'and so it is moved');
update clinic.appointment set resource_ids = resource_ids || t.id('room') where id = t.id('moved');
insert into clinic.closure (resource_id, during) values (t.id('room'), tstzrange(t.at('18:00'), t.at('19:00')));
select is(t.offered('half', t.at('18:00'), 'moved'), 'provider_absent', 'a closed room that was named besides is the reason');
select is(t.refusal($$select clinic.reschedule(t.id('moved'), t.at('18:00'))$$), 'PT422 provider_absent', 'for which the move is refused');
update clinic.room set is_active = false where code = 'room';
select is(t.offered('half', t.at('19:00'), 'moved') || ', ' || t.refusal($$select clinic.reschedule(t.id('moved'), t.at('19:00'))$$), 'inactive, PT422 inactive', 'so is one that takes no new visits');

-- a provider's own duration
update clinic.room set is_active = true, hours = '08:00-20:00' where code = 'room';
insert into clinic.provider_service (provider_id, service_id, duration) values (t.id('pair'), t.id('hour'), '15 min');
select is(codes, 'pair', 'any provider: one whose visit is short enough for a room that closes soon') from (select t.codes(array[b.provider_id]) from clinic.book(t.id('ada'), null, t.id('hour'), t.at('19:45'), resource_ids => array[t.id('room')]) b) b (codes);
select is(t.refusal($$select clinic.book(t.id('ada'), null, t.id('hour'), t.at('19:50'), resource_ids => array[t.id('room')])$$), 'PT422 outside_hours', 'and if there is none, the room''s hours are the reason');

select is_empty('select * from clinic.verify()', 'and every claim is what it should be');
select * from finish();
rollback;
