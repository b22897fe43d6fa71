begin;
select plan(70);
\ir include/fixture.psql

-- One of the visits, by names.
create function t.one(patient text, provider text, starts_at timestamptz, more jsonb default '{}') returns jsonb language sql
  as $$select jsonb_strip_nulls(jsonb_build_object('patient_id', t.id($1), 'provider_id', t.id($2), 'service_id', t.id('half'), 'starts_at', $3)) || $4$$;
-- What became of each, in their order.
create function t.many(variadic visits jsonb[]) returns text language sql
  as $$select string_agg(m.outcome, ' ' order by m.row_number) from clinic.book_many(to_jsonb($1)) m$$;
create function t.standing() returns bigint language sql as $$select count(*) from clinic.appointment where status in ('held', 'scheduled')$$;
-- what comes of rows
select results_eq(
  $$select row_number, appointment_id is not null, outcome, detail from clinic.book_many(jsonb_build_array(t.one('ada', 'house', t.at('09:00')), t.one('bob', 'house', t.at('09:00')), t.one('bob', 'house', t.at('09:30'))))$$,
  $$values (1, true, 'booked', null), (2, false, 'slot_taken', 'that time is not free'), (3, true, 'booked', null)$$,
  'each row is booked, or says why not');
select is(t.standing(), 2::bigint, 'what is booked stands');
select is((select array_agg(resource_id || ' ' || seat order by starts_at) from clinic.claim), array[t.id('house') || ' 1', t.id('house') || ' 1'], 'with its claims');
select is((select count(*) from clinic.journal where entity = 'appointment' and action = 'insert' and new ->> 'code' is not null), 2::bigint, 'and its rows in the journal');
select is((select count(distinct entity_id) from clinic.journal j where j.entity = 'appointment' and j.new ->> 'id' = j.entity_id::text), 2::bigint, 'one of its own each');
select is((select count(*) from clinic.appointment where code ~ '^APT-2099-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$'), 2::bigint, 'and its code');
select is((select count(*) from clinic.verify()), 0::bigint, 'and everything is as it should be');
create temp table result as select * from clinic.book_many(jsonb_build_array(t.one('ada', 'grey', t.at('15:00')), t.one('bob', 'grey', t.at('14:00'))));
select is((select array_agg(a.patient_id order by r.row_number) from result r join clinic.appointment a on a.id = r.appointment_id), array[t.id('ada'), t.id('bob')], 'the ids are those of the rows'' visits');
select is((select count(*) from clinic.book_many('[]')), 0::bigint, 'of nothing, nothing is booked');
select is((select string_agg(outcome, '') from clinic.book_many((select jsonb_agg(t.one('ada', 'trio', t.at('00:00') + n * interval '30 min')) from generate_series(1, 600) n))), repeat('booked', 600), 'there may be many');
select is((select array_agg(row_number order by row_number) = array_agg(row_number) and count(*) = 600 from clinic.book_many((select jsonb_agg(t.one('ada', 'trio', t.at('00:00') + n * interval '30 min')) from generate_series(1, 600) n))), true, 'they come in their order');
select is((select count(*) from clinic.verify()), 0::bigint, 'and still everything is as it should be');
select is((select count(*) from clinic.claim where resource_id = t.id('trio') and seat = 2), 600::bigint, 'the second of a time has the second seat');

delete from clinic.appointment where provider_id = t.id('trio');

-- conflicts within a run
select is(t.many(t.one('ada', 'house', t.at('09:00', 1)), t.one('bob', 'house', t.at('09:15', 1)), t.one('cleo', 'house', t.at('09:30', 1))), 'booked slot_taken booked', 'of rows in each other''s way the first is booked');
select is(t.many(t.one('ada', 'pair', t.at('09:00', 1)), t.one('bob', 'pair', t.at('09:00', 1)), t.one('cleo', 'pair', t.at('09:00', 1))), 'booked booked slot_taken', 'as many as there are seats');
select is((select string_agg(outcome, ' ' order by row_number) from clinic.book_many((select jsonb_agg(t.one('ada', 'grey', t.at('08:00', 2) + (n / 2) * interval '30 min') order by n) from generate_series(0, 9) n))), 'booked slot_taken booked slot_taken booked slot_taken booked slot_taken booked slot_taken', 'every second one refused, the others stand');

-- reading
select is(t.many('3'::jsonb, 'null'::jsonb, '[]'::jsonb, '"x"'::jsonb, t.one('ada', 'house', t.at('10:00', 1))), 'invalid_text invalid_text invalid_text invalid_text booked', 'what is no object is invalid_text');
select is(t.many(t.one('ada', 'house', t.at('11:00', 1), '{"colour": "blue"}')), 'unknown_field', 'what is no argument is an unknown_field');
select is(t.many(t.one('ada', 'house', t.at('11:00', 1)) - 'patient_id', t.one('ada', 'house', t.at('11:00', 1)) - 'service_id', t.one('ada', 'house', t.at('11:00', 1)) - 'starts_at'), 'missing_argument missing_argument missing_argument', 'what is needed must be there');
select is(t.many(t.one('ada', 'house', t.at('11:00', 1), '{"patient_id": null}')), 'missing_argument', 'a null is as if left out');
select is(t.many(t.one('ada', 'house', t.at('11:00', 1), '{"patient_id": "x"}'), t.one('ada', 'house', t.at('11:00', 1), '{"starts_at": "soon"}'), t.one('ada', 'house', t.at('11:00', 1), '{"duration": "long"}'), t.one('ada', 'house', t.at('11:00', 1), '{"patient_id": {}}')),
          '22P02 22007 22007 invalid_text', 'what cannot be read has its SQLSTATE');
select is(t.many(t.one('ada', 'house', t.at('11:00', 1), '{"starts_at": "infinity"}'), t.one('ada', 'house', t.at('11:00', 1), '{"starts_at": "10000-01-01"}'), t.one('ada', 'house', t.at('11:00', 1), '{"duration": "0"}'), t.one('ada', 'house', t.at('11:00', 1), '{"hold_for": "0.5 s"}')),
          'invalid_time invalid_time invalid_duration invalid_duration', 'what cannot be is refused as by book()');
select is(t.many(t.one('ada', 'house', t.at('11:00', 1), '{"patient_id": "00000000-0000-7000-8000-0000000000ff"}'), t.one('ada', 'house', t.at('11:00', 1), '{"provider_id": "00000000-0000-7000-8000-0000000000ff"}'), t.one('ada', 'house', t.at('11:00', 1), '{"service_id": "00000000-0000-7000-8000-0000000000ff"}')),
          'not_found not_found not_found', 'so is who is not there');
select is(t.refusal($$select clinic.book_many('{}')$$), 'PT400 invalid_text', 'an object is no array');
select is(t.refusal($$select clinic.book_many('3')$$), 'PT400 invalid_text', 'nor is a number');
select is(t.refusal($$select clinic.book_many(null)$$), 'PT400 missing_argument', 'and null is missing');
select is(t.refusal($$select clinic.book_many('[]', null)$$), 'PT400 missing_argument', 'so is the clinic');

-- all that a visit may have
select is(t.many(t.one('ada', 'house', t.at('12:00', 1), '{"duration": "45 min", "reason": "cough", "notes": "dry"}')), 'booked', 'duration, reason and notes may be given');
select is((select row(ends_at - starts_at, reason, notes)::text from clinic.appointment where starts_at = t.at('12:00', 1)), row('45 min'::interval, 'cough', 'dry')::text, 'and are kept');
select is(t.many(t.one('ada', 'house', t.at('12:45', 1), '{"hold_for": "10 min"}')), 'booked', 'a visit may be held');
select is((select row(status, hold_expires_at - now())::text from clinic.appointment where starts_at = t.at('12:45', 1)), row('held', '10 min'::interval)::text, 'and is');
update clinic.clinic set status = 'closed';
select is(t.many(t.one('ada', 'house', t.at('14:00', 1)), t.one('ada', 'house', t.at('14:00', 1), '{"override_reason": "agreed by phone"}')), 'clinic_closed booked', 'rules are kept, or set aside with a reason');
update clinic.clinic set status = 'open';
select is(t.many(t.one('ada', 'house', t.at('15:00', 1), jsonb_build_object('resource_ids', array[t.id('room'), t.id('laser')]))), 'booked', 'rooms may be named');
select is((select array_agg(resource_id order by resource_id) from clinic.claim where starts_at = t.at('15:00', 1)), array[t.id('house'), t.id('room'), t.id('laser')], 'and are claimed');
select is(t.many(t.one('bob', 'grey', t.at('15:00', 1), jsonb_build_object('resource_ids', array[t.id('room')])), t.one('bob', 'grey', t.at('15:00', 1), '{"resource_ids": "x"}'), t.one('bob', 'grey', t.at('15:00', 1), '{"resource_ids": ["x"]}')), 'slot_taken invalid_text 22P02', 'or refused');
select is(t.many(t.one('ada', null, t.at('16:00', 1)), t.one('bob', null, t.at('16:00', 1)), t.one('cleo', 'grey', t.at('16:00', 1))), 'booked booked slot_taken', 'any provider may be asked for, in the order of the rows');
insert into clinic.service_requirement (service_id, kind) values (t.id('hour'), 'room');
select is(t.many(t.one('ada', 'house', t.at('18:00', 1), jsonb_build_object('service_id', t.id('hour'))), t.one('bob', 'grey', t.at('18:00', 1), jsonb_build_object('service_id', t.id('hour'))), t.one('cleo', 'pair', t.at('18:00', 1), jsonb_build_object('service_id', t.id('hour')))),
          'booked booked slot_taken', 'rooms are found as far as there are any');
select is((select array_agg(distinct r) from clinic.appointment, unnest(resource_ids) r where starts_at = t.at('18:00', 1)), array[t.id('room'), t.id('theatre')], 'another one for each');

-- keys
select is(t.many(t.one('ada', 'house', t.at('09:00', 3), '{"idempotency_key": "k1"}'), t.one('bob', 'house', t.at('09:30', 3), '{"idempotency_key": "k2"}')), 'booked booked', 'with keys');
select is((select count(*) from clinic.appointment where starts_at::date = t.at('09:00', 3)::date), 2::bigint, 'there are two');
select is((select array_agg(m.appointment_id order by row_number) from clinic.book_many(jsonb_build_array(t.one('ada', 'house', t.at('09:00', 3), '{"idempotency_key": "k1"}'), t.one('bob', 'house', t.at('09:30', 3), '{"idempotency_key": "k2"}'))) m),
          (select array_agg(id order by starts_at) from clinic.appointment where starts_at::date = t.at('09:00', 3)::date), 'sent again they are the same');
select is((select count(*) from clinic.appointment where starts_at::date = t.at('09:00', 3)::date), 2::bigint, 'and no more');
select is(t.many(t.one('ada', 'house', t.at('10:00', 3), '{"idempotency_key": "k1"}'), t.one('cleo', 'house', t.at('11:00', 3), '{"idempotency_key": "k3"}'), t.one('cleo', 'house', t.at('11:00', 3), '{"idempotency_key": "k3"}')), 'idempotency_mismatch booked booked', 'another request with a key is refused, the same twice is one');
select is((clinic.book(t.id('cleo'), t.id('house'), t.id('half'), t.at('11:00', 3), idempotency_key => 'k3')).id, (select id from clinic.appointment where starts_at = t.at('11:00', 3)), 'also for book()');

-- tokens
select t.call('tokens', clinic.uuid7());
insert into clinic.service (id, code, name, duration, mode) values (t.id('tokens'), 'token', 'Token', '15 min', 'token');
insert into clinic.hours (resource_id, valid, weekly, mode, seats) values (t.id('trio'), '[2099-07-01,)', '24/7', 'token', 2);
select is((select string_agg(outcome, ' ' order by row_number) from clinic.book_many((select jsonb_agg(jsonb_build_object('patient_id', t.id(p), 'provider_id', t.id('trio'), 'day', '2099-07-02') order by p) from unnest(array['ada', 'bob', 'cleo']) p))), 'booked booked capacity_reached', 'a day instead of a start is a token');
select is((select array_agg(seat order by patient_id) from clinic.appointment where mode = 'token'), array[1, 2], 'with its number');

select is(t.many(jsonb_build_object('patient_id', t.id('bob'), 'provider_id', t.id('trio'), 'day', '2099-07-03', 'idempotency_key', 't1')), 'booked', 'with a key');
select is((clinic.book_token(t.id('bob'), t.id('trio'), '2099-07-03', idempotency_key => 't1')).id, (select id from clinic.appointment where idempotency_key = 't1'), 'it is the same for book_token()');
select is(t.many(t.one('bob', 'trio', t.at('09:00', 40), '{"day": "2099-07-04"}')), 'invalid_text', 'a start and a day are not both given');
select is(t.refusal($$select clinic.book_token(t.id('bob'), null, '2099-06-20')$$), 'PT422 wrong_mode', 'where nobody has tokens that day, it is booked in another way');

-- the patients' rules, within a run and before it
update clinic.clinic set prevent_patient_overlap = true;
select is(t.many(t.one('ada', 'house', t.at('09:00', 5)), t.one('ada', 'grey', t.at('09:15', 5)), t.one('ada', 'grey', t.at('09:30', 5))), 'booked patient_overlap booked', 'a patient''s visits do not overlap');
select is(t.many(t.one('ada', 'pair', t.at('09:15', 5)), t.one('bob', 'pair', t.at('09:15', 5))), 'patient_overlap booked', 'nor those of before');
select is(t.many(t.one('ada', 'pair', t.at('09:15', 5), '{"override_reason": "x"}')), 'patient_overlap', 'whatever the reason');
update clinic.clinic set prevent_patient_overlap = false, max_per_day_per_patient = 2;
select is(t.many(t.one('cleo', 'house', t.at('09:00', 6)), t.one('cleo', 'house', t.at('10:00', 6)), t.one('cleo', 'house', t.at('11:00', 6)), t.one('cleo', 'house', t.at('09:00', 7))), 'booked booked limit_reached booked', 'a day''s limit holds');
update clinic.clinic set max_per_day_per_patient = null;
update clinic.patient set is_active = false where id = t.id('cleo');
select is(t.many(t.one('cleo', 'house', t.at('13:00', 6)), t.one('cleo', 'house', t.at('13:00', 6), '{"override_reason": "x"}')), 'inactive booked', 'a patient who takes no visits gets none but by override');

-- who, and when all is undone
select t.act_as('ada''s account');
select is(t.refusal(format('select clinic.book_many(%L)', jsonb_build_array(t.one('ada', 'house', t.at('09:00', 8))))), 'PT403 staff_only', 'it is for the staff');
select t.act_as('the receptionist');
select is(t.many(t.one('ada', 'house', t.at('09:00', 8))), 'booked', 'who are logged');
select is((select actor_id from clinic.journal j join clinic.appointment a on a.id = j.entity_id where a.starts_at = t.at('09:00', 8)), t.id('the receptionist'), 'as who acted');
select t.act_as(null);
create function t.leave_out() returns trigger language plpgsql as $$begin return null; end$$;
create trigger a_leave_out before insert on clinic.appointment for each row when (new.reason = 'leave out') execute function t.leave_out();
select is(t.refusal(format('select clinic.book_many(%L)', jsonb_build_array(t.one('ada', 'house', t.at('09:00', 9)), t.one('ada', 'house', t.at('10:00', 9), '{"reason": "leave out"}')))), '09000', 'a trigger that leaves out a row ends the whole');
select is((select count(*) from clinic.appointment where starts_at = t.at('09:00', 9)), 0::bigint, 'and nothing is left of it');
select is((clinic.book(t.id('bob'), t.id('house'), t.id('half'), t.at('09:00', 9))).status, 'scheduled', 'a booking after it is as any other');

-- triggers of others, which may write visits themselves
create function t.on_booking() returns trigger language plpgsql as $$
begin
  case new.reason
    when 'cancel' then
      update clinic.appointment set status = 'cancelled', cancellation_reason = 'by trigger' where id = new.id;
    when 'move' then
      update clinic.appointment set starts_at = starts_at + interval '1 hour' where id = new.id;
    when 'delete' then
      delete from clinic.appointment where id = new.id;
    when 'undo' then
      begin
        perform t.book('bob', 'grey', new.starts_at);
        raise exception 'undone';
      exception when raise_exception then
      end;
    when 'book many' then
      perform t.many(t.one('bob', 'grey', new.starts_at), t.one('bob', 'grey', new.starts_at));
  end case;
  return null;
end$$;
create trigger zz_on_booking after insert on clinic.appointment for each row
  when (new.reason in ('cancel', 'move', 'delete', 'undo', 'book many')) execute function t.on_booking();
create function t.many_with(reason text, days int) returns text language sql
  as $$select t.many(t.one('ada', 'house', t.at('09:00', $2), jsonb_build_object('reason', $1)), t.one('cleo', 'house', t.at('12:00', $2), '{"override_reason": "x"}'))$$;
create function t.standing_on(days int) returns text language sql
  as $$select string_agg(x.name || ' ' || to_char(a.starts_at at time zone 'Europe/Berlin', 'HH24:MI'), ', ' order by a.starts_at, x.name) from clinic.appointment a join t.thing x on x.id = a.provider_id where a.status = 'scheduled' and a.starts_at >= t.at('00:00', $1) and a.starts_at < t.at('00:00', $1 + 1)$$;
select is(t.many_with('cancel', 10) || ': ' || t.standing_on(10), 'booked booked: house 12:00', 'a trigger may cancel a visit that is being booked');
select is(t.many_with('move', 11) || ': ' || t.standing_on(11), 'booked booked: house 10:00, house 12:00', 'or move it');
select is(t.many_with('delete', 12) || ': ' || t.standing_on(12), 'booked booked: house 12:00', 'or delete it');
select is(t.many_with('undo', 13) || ': ' || t.standing_on(13), 'booked booked: house 09:00, house 12:00', 'or book another and undo that');
select is(t.many_with('book many', 14) || ': ' || t.standing_on(14), 'booked booked: grey 09:00, house 09:00, house 12:00', 'or book many others');
select is((select count(*) from clinic.journal j where j.entity = 'appointment' and j.action = 'insert' and not exists (select from clinic.appointment a where a.id = j.entity_id) and not exists (select from clinic.journal d where d.entity_id = j.entity_id and d.action = 'delete')), 0::bigint, 'the journal has nothing that was undone');

-- memory: a trigger tells how much this backend has when a visit is written
create table t.memory (at timestamptz, bytes bigint);
create function t.measure() returns trigger language plpgsql as $$begin insert into t.memory select clock_timestamp(), sum(total_bytes) from pg_backend_memory_contexts; return null; end$$;
create trigger zz_measure after insert on clinic.appointment for each row when (new.reason = 'measure') execute function t.measure();
select is((select count(*) from clinic.book_many((select jsonb_agg(t.one('bob', null, t.at('00:00', 20) + n * interval '30 min', '{"reason": "measure"}')) from generate_series(1, 200) n)) where outcome = 'booked'), 200::bigint, 'many rows for which a provider is chosen');
select cmp_ok((select bytes from t.memory order by at desc limit 1) - (select bytes from t.memory order by at offset 20 limit 1), '<', 10000000::bigint, 'take little more memory than few');
select is((select count(*) from clinic.verify()), 0::bigint, 'and everything is as it should be');
select * from finish();
rollback;
